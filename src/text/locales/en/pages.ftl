# Words that all pages have
language-name = English
service-name = Kartlegging
page-skip = Go to the content
page-languages = Language
page-back = Back
page-back-label = One step back
page-step = Step { $number } of { $total }
page-next = Continue
page-later = Save and continue later
page-errors = Something needs correcting
page-error-word = Error:

# For those who come without a link
landing-title = Questions before your appointment
landing-lead = Here you answer the form you got a letter about from the hospital or the municipality.
landing-what = Your answers make it easier to talk about what matters to you.
landing-code = Type the code from the letter
landing-letter = Were you given a link? Open it, or scan the QR code in the letter with your phone. No letter? Call the clinic or municipality you have your appointment with.
landing-urgent-title = Do you need help now?
landing-emergency = Call 113 if someone’s life or health is in immediate danger.
landing-urgent = Call the out-of-hours doctor on 116 117 if it is urgent. Otherwise you can call your GP.

# Welcome, before we know who is reading
welcome-title = Welcome
welcome-lead = { $organization } asks you to answer some questions before your appointment.
welcome-why = We would like to know how you are. Then we can talk about what matters to you when we meet.
welcome-time = It only takes a few minutes. You can take a break whenever you like.
welcome-free = It is voluntary. You choose what you want to share.
welcome-readers = Only the people who will help you read your answers.
welcome-when = They read them at your appointment or just before it.
welcome-unwatched = Nobody reads your answers right after you send them. If you need help before your appointment, you must call.
welcome-go = Start

# E-mails, before we know who reads
mails-link = No more e-mails
mails-title = Would you like e-mails from us?
mails-lead = { $organization } sends you an e-mail when we have questions for you.
mails-stopped-title = You get no more e-mails
mails-stopped-lead = { $organization } sends you no more e-mails about questions.
mails-answer = You can answer even if you get no e-mails. The link works as before.
mails-stop = No thanks, send me no more e-mails
mails-again = Yes please, send me e-mails again
mails-save = Save
mails-missing = Tick the box if you want to change your choice. If not, you can close the page.

# The wrong letter
wrong-letter-link = Wrong letter or wrong place?
wrong-letter-title = Did you get the wrong letter?
wrong-letter-lead = Did the letter come to the wrong person? Then please do not answer. You can close the page. Nothing has been saved.
wrong-letter-other = Please call the number in the letter and tell us. Then the right person can get a new letter.
wrong-letter-hospital = Are you going to another hospital or municipality? Use the letter you got from there. If you are not sure where to go, you can call the number in the letter.

# Code and date of birth
code-title = Type the code from the letter
code-label = Code
code-hint = The code has twelve characters, for example ABCD-EFGH-JKMN. You can use capital or small letters.
code-missing = Type the code in the letter.
code-mistyped = The code is not quite right. Look at the letter, and type it again.
code-wrong = The code and the date of birth do not match. Check the letter. Use the date of birth of the person the letter is addressed to.
birth-title = When were you born?
birth-label = Date of birth
birth-hint = For example 27 3 1950. Answering for someone else? Write when they were born.
birth-missing = Write the date of birth.
birth-incomplete = Write the day, the month and the year.
birth-century = Write the year with four digits, for example 1950.
birth-impossible = This date cannot be right. Look at the day, month and year once more.
birth-wrong = The date does not match the letter. Check that it is right. Use the date of birth of the person the letter is addressed to.
birth-remember = Remember me for 24 hours. Choose this only if nobody else uses the phone or computer.
birth-call = Having trouble? Call and ask for help.
birth-call-letter = Having trouble? Call the number in the letter and ask for help.

# After the date of birth
about-hello = Hello, { $name }
about-behalf = You answer for { $name }
about-visit = Your appointment
about-where = Where
about-until = Answer before
about-minutes = It takes about { $number } minutes. Everything you answer is saved as you go.
about-go = Begin
about-wrong = Is something wrong here? Call
who-title = Who is filling in the form?
who-patient = I am answering for myself
who-helper = Someone is helping me to write
who-helper-hint = The answers are yours. The other person only writes what you say.
who-representative = I am answering for someone else
who-representative-hint = For example, you are a parent or guardian, or you have power of attorney.
who-details = About you, the person answering
who-relation = Why are you answering for the other person?
who-parent = I am a parent
who-power-of-attorney = The other person gave me power of attorney
who-assigned-power-of-attorney = A public authority assigned me power of attorney
who-guardian = I am a guardian
who-signed-in = You are signed in as
who-ground = Why you answer
who-name = Your name
who-phone = Your phone number
who-missing = Choose who is filling in the form.
who-relation-missing = Choose why you are answering for the other person.
who-name-missing = Write your name.
who-name-long = The name is too long. Shorten it to 200 characters.
who-name-odd = The name has characters we cannot use. Write it again.
who-phone-missing = Write your phone number.
who-phone-odd = Write the phone number in digits, for example 22 33 44 55.

# The pages of the form
form-optional = You can skip this.
form-several = You can choose more than one.
form-skip = I do not want to answer this
form-other = Something else
form-other-words = Write what
form-day = Day
form-month = Month
form-year = Year
form-clock = Time
form-date = For example 27 3 2026.
form-time = For example 14:30.
form-url = A web address, for example https://www.example.com.
form-choose = Choose
form-unit = Unit
form-between = From { $min } to { $max }.
form-least = At least { $min }.
form-most = { $max } at most.
form-length = You have room for { $count } characters.
form-instance = { $label } – number { $number }
form-more-of = Add: { $label }
form-remove = Remove: { $label }
form-new-questions = Your answer means we ask a little more. Look further down the page.
form-moved = The answers on this page were changed somewhere else, perhaps in another tab. What is on this page now has not been saved. Look it over, and press “Continue” to save it.
form-moved-anew = The answers on this page were changed elsewhere. Below you see them as they are now. What you wrote is not saved.
form-elsewhere-wrong = An answer on another page does not fit with what you answered here. Go to “Check your answers” and correct it there.
missing-choice = Choose one of the answers.
missing-choices = Choose at least one of the answers.
missing-date = Write a date.
missing-number = Write a number.
missing-text = Write an answer.
fault-number = Write a number, for example 12 or 1.5.
fault-number-unsure = We are not sure which number you mean. Write it without a point or comma between thousands.
fault-unit = Choose the unit of the number.
fault-whole-number = Write a whole number, for example 12.
fault-date = This date cannot be right. Write the day, the month and the year.
fault-time = Write the time like this: 14:30.
fault-own-words = Write what you mean by “Something else”.
fault-option = Choose one of the answers given here.

# Check and send
check-title = Check your answers
check-title-amend = Your answers are sent. Do you want to change anything?
elsewhere-sent-title = You have sent your answers
elsewhere-sent-lead = Your answers have reached { $unit }. You do not need to do anything more.
elsewhere-change-title = Do you want to change them?
elsewhere-sent-here = You then start from the beginning. The answers you have sent stand until you send new ones.
state-other = This form is no longer open here. What you wrote just now is not saved. Press Continue to see what you can do.
state-cleared = The other ticks were removed.
check-lead = You can change anything before you send.
check-lead-amend = You have sent your answers before. What you change now only counts when you send again.
check-who = Who is answering
check-who-patient = I am answering for myself
check-who-helper = Someone is helping me to write
check-who-representative = I am answering for someone else
check-change = Change
check-answer = Answer
check-none = Not answered
check-needs = We need an answer here
check-missing = Answer: { $question }
check-read = When you have sent your answers, { $unit } can read them. They do so at your appointment or just before it.
check-send = Send the answers
check-send-again = Send the answers again
check-moved = The answers have changed since you last saw them. Look them over once more before you send.

# Receipt
receipt-title = Thank you, your answers have been sent
receipt-lead = { $unit } has received your answers.
receipt-when = Sent { $when }.
receipt-next-title = What happens now?
receipt-next = We read your answers at your appointment or just before it. You will not hear from us about them before then.
receipt-change-title = Would you like to change something?
receipt-change = You can change your answers until { $until }. Open the link or use the code in the letter again. Use the same phone or computer as now.
receipt-change-over = The time to change your answers is over. If there is something new, you can say it at your appointment.
receipt-call-title = Do you have questions?
receipt-copy-title = Your answers
receipt-copy = You can save or print a copy.
receipt-pdf = Save a copy (PDF)
receipt-file = my-answers
receipt-print = Print
receipt-show = Show the answers
receipt-close-detail = Does anyone else use this phone or computer? Close the form when you have finished.
receipt-close = Close the form
support-title = If you need someone to talk to
support-general = It is common to find things hard when you are ill. You do not need to wait for your appointment to ask for help.
support-general-who = You can talk to your GP. Many municipalities also have a cancer coordinator. You can call us on the number below. If it is urgent, you can call the out-of-hours doctor on 116 117, day or night.

# Not answering
decline-link = I do not want to answer
decline-title = Would you rather not answer?
decline-lead = That is quite all right. You get the same appointment and the same help.
decline-deleted = We will then delete what you have answered so far. We only see that you do not want to answer.
decline-yes = I do not want to answer
decline-no = Go back to the form
decline-call = Would you rather talk to someone? Call
declined-title = You have said no to answering
declined-lead = Thank you for telling us. We have deleted what you had answered.
declined-until = If you change your mind, you can answer until { $until }.
declined-back = I want to answer after all

# Begun somewhere else
elsewhere-title = You began on another phone or computer
elsewhere-lead = We do not show your answers here. That way nobody else can see them.
elsewhere-there-title = Continue where you began
elsewhere-there = Find the phone or computer you used first. Open the link or use the code there. Then you see everything you have answered.
elsewhere-here-title = Start again here
elsewhere-here = Then we delete what you have answered so far, and you begin again.
elsewhere-start = Start again here

# Break and end
paused-title = Your answers are saved
paused-lead = Take the break you need. You can continue until the time to answer is over.
paused-how = When you want to go on, open the link or use the code in the letter. Then do as you did the first time.
paused-device = Use the same phone or computer. Then you come back to the same place in the form.
finished-title = The form is closed
finished-lead = Your answers have been sent. You can close this page.

# Time and saving
time-title = Are you still there?
time-detail = In two minutes we close the form, so that nobody else can see it. What you have answered is saved.
time-more = Yes, I need more time
state-saved = Saved
state-offline = You are offline. What you have written is still here. We save it when you are back online.
state-failed = We could not save just now. What you have written is still here. We will try again.
state-moved = The answers here were changed in another tab. Press Continue to look them over.
state-over = The time is up, and the form is closed. What you have answered is saved. Open the link or use the code again.
state-extended = You have more time.

# When something is in the way
other-letter-title = Another letter is open here
other-letter-detail = You have opened two letters here. What you just wrote belonged to the first letter. It has not been saved. Open the link in the letter you want to answer.
other-letter-on = Go to the form that is open
entrance-over-title = Open the form again
entrance-over-detail = Perhaps it has been a while. Open the link in the letter again, or type the code.
no-link-title = The link does not work
no-link-detail = Perhaps it is not written quite as in the letter. Look at the letter, and try once more. You can also type the code.
no-page-title = The form has no such page
no-page-detail = The address may be slightly wrong. What you have answered is saved.
no-page-on = Go back to the form
cross-site-title = This was sent from another website
cross-site-detail = We only accept answers you write on our own pages. This is how we look after your answers. Open the link in the letter again.
notice-typed = This is what you wrote
notice-typed-detail = It has not been saved. Copy the text or write it down before you go on. Then you can put it in when the form is open again.
notice-again = Try again
notice-again-detail = What you just sent may not have been saved yet. Everything is still on this page. Wait a little, then press the button to send it again. It is saved only once.
notice-front = To the front page
notice-number = Number of the fault: { $id }

# An address that does not exist
not-found-title = We did not find the page
not-found-lead = The address may have been mistyped, or the page has moved.

# Message to the phone
message-notice = { $organization } asks you to fill in a form. Open the link and give your date of birth: { $link }
message-notice-sign-in = { $organization } asks you to fill in a form. Open the link and sign in: { $link }
message-reminder = { $organization } reminds you of a form you can fill in. Open the link and give your date of birth: { $link }
message-reminder-sign-in = { $organization } reminds you of a form you can fill in. Open the link and sign in: { $link }

# Sign-in of patients, where a unit asks for it
patient-sign-in-title = Sign in to open the form
patient-sign-in-lead = Then we can be sure that it is you. Afterwards you come back here.
patient-sign-in-behalf = Do you answer for somebody else? Sign in as yourself.
patient-sign-in-again = Try again
patient-sign-in-other-title = The letter is for someone else
patient-sign-in-other-detail = You are signed in, but the letter is not for you. We do not show the form. If the letter is for you, or you answer for somebody else, please call the department.
patient-sign-in-away-title = The sign-in does not answer
patient-sign-in-away-detail = You did nothing wrong. Wait a little and try again.
patient-sign-in-cancelled-title = You are not signed in
patient-sign-in-cancelled-detail = The sign-in was interrupted. You can try again.
patient-sign-in-unfit-title = The sign-in could not be used
patient-sign-in-unfit-detail = It was too old, or was begun in another browser. Try again.
patient-sign-in-wait-title = Wait a little before you sign in
patient-sign-in-wait-detail = Many have begun to sign in from here without finishing. Wait ten minutes, then try again.
patient-sign-in-level-title = The sign-in was not secure enough
patient-sign-in-level-detail = Sign in again, for example with BankID or Buypass.
patient-sign-in-unknown-title = We could not open the form
patient-sign-in-unknown-detail = The sign-in did not say who you are. Call the department and they will help you.
