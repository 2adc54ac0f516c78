# E-post. Ingenting her skal si hva det gjelder: e-post kan bli lest av andre.
mail-hello = Hei!
mail-notice-subject = Spørsmål til deg før avtalen din
mail-notice-lead = Du har en avtale snart. Vi vil gjerne at du svarer på noen spørsmål først.
mail-reminder-subject = Påminnelse om spørsmål til deg
mail-reminder-lead = Du har en avtale snart. Du har ikke svart på spørsmålene våre ennå.
mail-free = Det er frivillig å svare.
mail-open = Åpne spørsmålene
mail-birth = Du må skrive fødselsdatoen din for å komme inn.
mail-sign-in = Du må logge inn for å komme inn.
mail-private = Andre kan lese e-posten din. Derfor står det ikke mer her.
mail-stop = Vil du ikke ha flere e-poster fra oss? Åpne lenken over, og velg «Ikke flere e-poster».
mail-other = Er e-posten ikke til deg? Da kan du slette den.
mail-no-reply = Du kan ikke svare på denne e-posten.
mail-greeting = Hilsen { $sender }
mail-digest-subject = Nye svar venter
mail-digest-lead = Det har kommet nye svar som ingen har lest ennå.
mail-digest-where = Du finner dem i arbeidslisten, der du pleier å lese svar.
