# Arket med lenkje og kode
letter-title = Vil du svare på nokre spørsmål?
letter-why = { $organization } ber deg svare på nokre spørsmål om korleis du har det. Svara gjer det lettare å snakke om det som er viktig for deg.
letter-free = Det er frivillig. Du vel sjølv kva du vil dele.
letter-phone = Telefon { $phone }
letter-visit = Timen din: { $moment }
letter-visit-until = Timen din: { $moment }. Svar før du kjem.
letter-until = Svar før: { $moment }
letter-how = Slik svarar du
letter-qr = QR-kode med lenkja di
letter-scan = Peik på QR-koden med kameraet i telefonen. Du kan òg opne lenkja:
letter-type = Eller gå til { $address } og skriv denne koden:
letter-birth = Skriv så når du er fødd.
letter-sign-in = Logg så inn med { $provider }.
letter-paper = Vil du ikkje svare på nett?
letter-paper-how = Ligg skjemaet på papir ved, kan du fylle ut det. Du kan òg ringje { $phone } og be om skjemaet på papir, eller om hjelp.
letter-unwatched = Ingen les svara med ein gong du sender dei. Ring 113 om det er akutt fare for liv eller helse. Ring legevakta på 116 117 om det hastar.

# Teksten som eit brev kan ha
letter-text =
    { $organization } ber deg svare på nokre spørsmål om korleis du har det. Svara gjer det lettare å snakke om det som er viktig for deg. Det er frivillig.

    Timen din: { $visit }
    Kvar: { $unit }
    Svar før: { $until }

    Opne lenkja di:
    { $link }
    Eller gå til { $address } og skriv koden:
    { $code }
    { $identify }

    Vil du svare på papir, eller treng du hjelp? Ring { $phone }.

    Ingen les svara med ein gong. Ring 113 om det er akutt fare for liv eller helse. Ring legevakta på 116 117 om det hastar.
