# E-post. Ingenting her skal seie kva det gjeld: e-post kan bli lesen av andre.
mail-hello = Hei!
mail-notice-subject = Spørsmål til deg før avtalen din
mail-notice-lead = Du har ein avtale snart. Vi vil gjerne at du svarer på nokre spørsmål først.
mail-reminder-subject = Påminning om spørsmål til deg
mail-reminder-lead = Du har ein avtale snart. Du har ikkje svart på spørsmåla våre enno.
mail-free = Det er frivillig å svare.
mail-open = Opne spørsmåla
mail-birth = Du må skrive fødselsdatoen din for å kome inn.
mail-sign-in = Du må logge inn for å kome inn.
mail-private = Andre kan lese e-posten din. Difor står det ikkje meir her.
mail-stop = Vil du ikkje ha fleire e-postar frå oss? Opne lenkja over, og vel «Ikkje fleire e-postar».
mail-other = Er e-posten ikkje til deg? Då kan du slette han.
mail-no-reply = Du kan ikkje svare på denne e-posten.
mail-greeting = Helsing { $sender }
mail-digest-subject = Nye svar ventar
mail-digest-lead = Det har kome nye svar som ingen har lese enno.
mail-digest-where = Du finn dei i arbeidslista, der du plar lese svar.
