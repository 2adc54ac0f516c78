# The slip with link and code
letter-title = Would you answer some questions?
letter-why = { $organization } asks you to answer some questions about how you are doing. Your answers make it easier to talk about what matters to you.
letter-free = It is voluntary. You choose what to share.
letter-phone = Phone { $phone }
letter-visit = Your appointment: { $moment }
letter-visit-until = Your appointment: { $moment }. Answer before you come.
letter-until = Answer before: { $moment }
letter-how = How to answer
letter-qr = QR code with your link
letter-scan = Point the camera of your phone at the QR code. You can also open the link:
letter-type = Or go to { $address } and enter this code:
letter-birth = Then enter your date of birth.
letter-sign-in = Then sign in with { $provider }.
letter-paper = Rather not answer online?
letter-paper-how = If the form came with this letter on paper, you can fill in that. You can also call { $phone } and ask for the form on paper, or for help.
letter-unwatched = Nobody reads your answers right when you send them. Call 113 if life or health is in immediate danger. Call the out-of-hours clinic on 116 117 if it is urgent.

# The text that a letter may have
letter-text =
    { $organization } asks you to answer some questions about how you are doing. Your answers make it easier to talk about what matters to you. It is voluntary.

    Your appointment: { $visit }
    Where: { $unit }
    Answer before: { $until }

    Open your link:
    { $link }
    Or go to { $address } and enter the code:
    { $code }
    { $identify }

    Would you rather answer on paper, or do you need help? Call { $phone }.

    Nobody reads your answers right away. Call 113 if life or health is in immediate danger. Call the out-of-hours clinic on 116 117 if it is urgent.
