# The page for those who come without a link
landing-title = Kartlegging før timen din
landing-lead = Her svarer du på skjemaet du har fått brev om frå sjukehuset eller kommunen.
landing-what = Svara dine gjer det lettare å snakke saman om det som er viktig for deg.
landing-letter = Bruk lenkja du har fått, eller skann QR-koden i brevet med telefonen. Har du ikkje brevet? Ring avdelinga eller kommunen du har time hos.
landing-urgent-title = Treng du hjelp no?
landing-emergency = Ring 113 dersom det er akutt fare for liv eller helse.
landing-urgent = Ring legevakta på 116 117 dersom det hastar. Elles kan du ringje fastlegen din.

# An address that does not exist
not-found-title = Vi fann ikkje sida
not-found-lead = Kanskje vart adressa skriven litt feil, eller så er sida flytta.
