# E-mail. Nothing here says what it is about: others may read it.
mail-hello = Hello!
mail-notice-subject = Questions for you before your appointment
mail-notice-lead = You have an appointment soon. We would like you to answer some questions first.
mail-reminder-subject = Reminder of questions for you
mail-reminder-lead = You have an appointment soon. You have not answered our questions yet.
mail-free = Answering is voluntary.
mail-open = Open the questions
mail-birth = You have to type your date of birth to get in.
mail-sign-in = You have to sign in to get in.
mail-private = Others may read your e-mail. That is why it does not say more.
mail-stop = Would you like no more e-mails from us? Open the link above and choose “No more e-mails”.
mail-other = Is this e-mail not for you? Then you can delete it.
mail-no-reply = You cannot reply to this e-mail.
mail-greeting = Regards, { $sender }
mail-digest-subject = New answers are waiting
mail-digest-lead = New answers have come that nobody has read yet.
mail-digest-where = You find them in the worklist, where you usually read answers.
