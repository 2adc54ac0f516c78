# Kort i journalsystemet.
card-service = Uleste svar fra pasienten
card-description = Viser svar som ingen har merket som lest, når journalen til en pasient åpnes.
card-requirements = Send pasienten med identitetsnummer som prefetch. Tjenesten henter ingenting fra journalsystemet.
card-source = Kartlegging
card-link = Åpne oppsummeringen
card-summary = Uleste svar, sendt { $date }.
card-summary-amended = Uleste endringer i svar, sendt { $date }.
