# The page for those who come without a link
landing-title = Questions before your appointment
landing-lead = Here you answer the form you got a letter about from the hospital or the municipality.
landing-what = Your answers help the people you meet to talk with you about what matters to you.
landing-letter = Open the link in the letter, or scan the code in the letter with your phone. No letter? Call the clinic you are going to.
landing-urgent-title = Do you need help now?
landing-emergency = Call 113 if life is in danger.
landing-urgent = Call the emergency clinic on 116 117 if it is urgent. Otherwise you can call your GP.
