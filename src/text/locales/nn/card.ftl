# Kort i journalsystemet.
card-service = Ulesne svar frå pasienten
card-description = Viser svar som ingen har merkt som lesne, når journalen til ein pasient blir opna.
card-requirements = Send pasienten med identitetsnummer som prefetch. Tenesta hentar ingenting frå journalsystemet.
card-source = Kartlegging
card-link = Opne oppsummeringa
card-summary = Ulesne svar, sende { $date }.
card-summary-amended = Ulesne endringar i svar, sende { $date }.
