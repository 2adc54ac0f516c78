# The page for those who come without a link
landing-title = Kartlegging før timen din
landing-lead = Her svarer du på skjemaet du har fått brev om fra sykehuset eller kommunen.
landing-what = Svarene dine gjør det lettere å snakke sammen om det som er viktig for deg.
landing-letter = Bruk lenken du har fått, eller skann QR-koden i brevet med telefonen. Har du ikke brevet? Ring avdelingen eller kommunen du har time hos.
landing-urgent-title = Trenger du hjelp nå?
landing-emergency = Ring 113 hvis det er akutt fare for liv eller helse.
landing-urgent = Ring legevakten på 116 117 hvis det haster. Ellers kan du ringe fastlegen din.

# An address that does not exist
not-found-title = Vi fant ikke siden
not-found-lead = Kanskje ble adressen skrevet litt feil, eller siden er flyttet.
