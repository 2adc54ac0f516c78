# The page for those who come without a link
landing-title = Kartlegging før timen din
landing-lead = Her svarer du på skjemaet du har fått brev om fra sykehuset eller kommunen.
landing-what = Svarene dine hjelper dem du møter, å snakke med deg om det som er viktig for deg.
landing-letter = Åpne lenken som står i brevet, eller skann koden i brevet med telefonen. Har du ikke brevet? Ring avdelingen du skal til.
landing-urgent-title = Trenger du hjelp nå?
landing-emergency = Ring 113 hvis det er fare for liv.
landing-urgent = Ring legevakten på 116 117 hvis det haster. Ellers kan du ringe fastlegen din.
