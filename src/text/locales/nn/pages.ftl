# The page for those who come without a link
landing-title = Kartlegging før timen din
landing-lead = Her svarer du på skjemaet du har fått brev om frå sjukehuset eller kommunen.
landing-what = Svara dine hjelper dei du møter, å snakke med deg om det som er viktig for deg.
landing-letter = Opne lenkja som står i brevet, eller skann koden i brevet med telefonen. Har du ikkje brevet? Ring avdelinga du skal til.
landing-urgent-title = Treng du hjelp no?
landing-emergency = Ring 113 dersom det er fare for liv.
landing-urgent = Ring legevakta på 116 117 dersom det hastar. Elles kan du ringje fastlegen din.
