# The page for those who come without a link
landing-title = Questions before your appointment
landing-lead = Here you answer the form you got a letter about from the hospital or the municipality.
landing-what = Your answers make it easier to talk about what matters to you.
landing-letter = Use the link you were given, or scan the QR code in the letter with your phone. No letter? Call the clinic or municipality you have your appointment with.
landing-urgent-title = Do you need help now?
landing-emergency = Call 113 if someone’s life or health is in immediate danger.
landing-urgent = Call the out-of-hours doctor on 116 117 if it is urgent. Otherwise you can call your GP.

# An address that does not exist
not-found-title = We did not find the page
not-found-lead = The address may have been mistyped, or the page has moved.
