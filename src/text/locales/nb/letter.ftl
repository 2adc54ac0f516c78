# Arket med lenke og kode
letter-title = Vil du svare på noen spørsmål?
letter-why = { $organization } ber deg svare på noen spørsmål om hvordan du har det. Svarene gjør det lettere å snakke om det som er viktig for deg.
letter-free = Det er frivillig. Du velger selv hva du vil dele.
letter-phone = Telefon { $phone }
letter-visit = Timen din: { $moment }
letter-visit-until = Timen din: { $moment }. Svar før du kommer.
letter-until = Svar før: { $moment }
letter-how = Slik svarer du
letter-qr = QR-kode med lenken din
letter-scan = Pek på QR-koden med kameraet i telefonen. Du kan også åpne lenken:
letter-type = Eller gå til { $address } og skriv denne koden:
letter-birth = Skriv så når du er født.
letter-sign-in = Logg så inn med { $provider }.
letter-paper = Vil du ikke svare på nett?
letter-paper-how = Ligger skjemaet på papir ved, kan du fylle ut det. Du kan også ringe { $phone } og be om skjemaet på papir, eller om hjelp.
letter-unwatched = Ingen leser svarene med en gang du sender dem. Ring 113 hvis det er akutt fare for liv eller helse. Ring legevakten på 116 117 hvis det haster.

# Teksten som et brev kan ha
letter-text =
    { $organization } ber deg svare på noen spørsmål om hvordan du har det. Svarene gjør det lettere å snakke om det som er viktig for deg. Det er frivillig.

    Timen din: { $visit }
    Hvor: { $unit }
    Svar før: { $until }

    Åpne lenken din:
    { $link }
    Eller gå til { $address } og skriv koden:
    { $code }
    { $identify }

    Vil du svare på papir, eller trenger du hjelp? Ring { $phone }.

    Ingen leser svarene med en gang. Ring 113 hvis det er akutt fare for liv eller helse. Ring legevakten på 116 117 hvis det haster.
