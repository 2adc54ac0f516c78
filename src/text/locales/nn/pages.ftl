# Ord som alle sidene har
language-name = Nynorsk
service-name = Kartlegging
page-skip = Gå til innhaldet
page-languages = Språk
page-back = Tilbake
page-back-label = Eitt steg tilbake
page-step = Steg { $number } av { $total }
page-next = Hald fram
page-later = Lagre og hald fram seinare
page-errors = Noko må rettast
page-error-word = Feil:

# For den som kjem utan lenkje
landing-title = Kartlegging før timen din
landing-lead = Her svarar du på skjemaet du har fått brev om frå sjukehuset eller kommunen.
landing-what = Svara dine gjer det lettare å snakke saman om det som er viktig for deg.
landing-code = Skriv inn koden frå brevet
landing-letter = Har du fått ei lenkje? Opne lenkja, eller skann QR-koden i brevet med telefonen. Har du ikkje brevet? Ring avdelinga eller kommunen du har time hos.
landing-urgent-title = Treng du hjelp no?
landing-emergency = Ring 113 dersom det er akutt fare for liv eller helse.
landing-urgent = Ring legevakta på 116 117 dersom det hastar. Elles kan du ringje fastlegen din.

# Velkommen, før vi veit kven som les
welcome-title = Velkommen
welcome-lead = { $organization } ber deg svare på nokre spørsmål før timen din.
welcome-why = Vi vil vite korleis du har det. Då kan vi snakke om det som er viktig for deg når vi møtest.
welcome-time = Det tek berre nokre minutt. Du kan ta pause når du vil.
welcome-free = Det er frivillig. Du vel sjølv kva du vil dele.
welcome-readers = Berre dei som skal hjelpe deg, les svara.
welcome-when = Dei les svara når du har time, eller rett før.
welcome-unwatched = Ingen les svara med ein gong du sender dei. Treng du hjelp før timen, må du ringje.
welcome-go = Start

# E-postar, før vi veit kven som les
mails-link = Ikkje fleire e-postar
mails-title = Vil du ha e-postar frå oss?
mails-lead = { $organization } sender deg ein e-post når vi har spørsmål til deg.
mails-stopped-title = Du får ikkje fleire e-postar
mails-stopped-lead = { $organization } sender deg ikkje fleire e-postar om spørsmål.
mails-answer = Du kan svare sjølv om du ikkje får e-postar. Lenkja verkar som før.
mails-stop = Nei takk, ikkje send meg fleire e-postar
mails-again = Ja takk, send meg e-postar igjen
mails-save = Lagre
mails-missing = Kryss av i ruta om du vil endre valet. Om ikkje, kan du lukke sida.

# Feil brev
wrong-letter-link = Er det feil brev eller feil stad?
wrong-letter-title = Har du fått feil brev?
wrong-letter-lead = Har brevet kome til feil person? Då skal du ikkje svare. Du kan lukke sida. Ingenting er lagra.
wrong-letter-other = Ring gjerne nummeret i brevet og sei frå. Då kan den som skal ha brevet, få eit nytt.
wrong-letter-hospital = Skal du til eit anna sjukehus eller ein annan kommune? Bruk brevet du har fått derifrå. Er du usikker på kvar du skal, kan du ringje nummeret i brevet.

# Kode og fødselsdato
code-title = Skriv inn koden frå brevet
code-label = Koden
code-hint = Koden har tolv teikn, til dømes ABCD-EFGH-JKMN. Du kan bruke store eller små bokstavar.
code-missing = Skriv koden som står i brevet.
code-mistyped = Koden stemmer ikkje heilt. Sjå på brevet, og skriv koden på nytt.
code-wrong = Koden og fødselsdatoen passar ikkje saman. Sjå etter i brevet. Bruk fødselsdatoen til den brevet er til.
birth-title = Når er du fødd?
birth-label = Fødselsdato
birth-hint = Til dømes 27 3 1950. Svarar du for ein annan? Skriv når den andre er fødd.
birth-missing = Skriv fødselsdatoen.
birth-incomplete = Skriv både dag, månad og år.
birth-century = Skriv året med fire tal, til dømes 1950.
birth-impossible = Datoen kan ikkje stemme. Sjå på dag, månad og år ein gong til.
birth-wrong = Datoen passar ikkje til brevet. Sjå etter om han er rett. Bruk fødselsdatoen til den brevet er til.
birth-remember = Hugs meg i 24 timar. Vel dette berre dersom ingen andre bruker telefonen eller datamaskina.
birth-call = Får du det ikkje til? Ring og be om hjelp.
birth-call-letter = Får du det ikkje til? Ring nummeret i brevet og be om hjelp.

# Etter fødselsdatoen
about-hello = Hei, { $name }
about-behalf = Du svarer for { $name }
about-visit = Timen din
about-where = Kvar
about-until = Svar før
about-minutes = Det tek omtrent { $number } minutt. Alt du svarar, blir lagra undervegs.
about-go = Start
about-wrong = Er noko feil her? Ring
who-title = Kven fyller ut skjemaet?
who-patient = Eg svarar sjølv
who-helper = Nokon hjelper meg med å skrive
who-helper-hint = Svara er dine. Den andre skriv berre det du seier.
who-representative = Eg svarar for ein annan
who-representative-hint = Du er til dømes forelder eller verje, eller du har fullmakt.
who-details = Om deg som svarar for ein annan
who-relation = Kvifor svarar du for den andre?
who-parent = Eg er forelder
who-power-of-attorney = Den andre har gitt meg fullmakt
who-assigned-power-of-attorney = Eg har «tildelt fullmakt» frå det offentlege
who-guardian = Eg er verje
who-signed-in = Du er logga inn som
who-ground = Kvifor du svarer
who-name = Namnet ditt
who-phone = Telefonnummeret ditt
who-missing = Vel kven som fyller ut skjemaet.
who-relation-missing = Vel kvifor du svarar for den andre.
who-name-missing = Skriv namnet ditt.
who-name-long = Namnet er for langt. Kort det ned til 200 teikn.
who-name-odd = Namnet har teikn vi ikkje kan bruke. Skriv det på nytt.
who-phone-missing = Skriv telefonnummeret ditt.
who-phone-odd = Skriv telefonnummeret med tal, til dømes 22 33 44 55.

# Sidene i skjemaet
form-optional = Du kan hoppe over dette.
form-several = Du kan velje fleire.
form-skip = Eg vil ikkje svare på dette
form-other = Noko anna
form-other-words = Skriv kva
form-day = Dag
form-month = Månad
form-year = År
form-clock = Klokka
form-date = Til dømes 27 3 2026.
form-time = Til dømes 14.30.
form-url = Ei adresse på nettet, til dømes https://www.eksempel.no.
form-choose = Vel
form-unit = Eining
form-between = Frå { $min } til { $max }.
form-least = Minst { $min }.
form-most = Høgst { $max }.
form-length = Du har plass til { $count } teikn.
form-instance = { $label } – nummer { $number }
form-more-of = Legg til: { $label }
form-remove = Ta bort: { $label }
form-new-questions = Svaret ditt gjer at vi spør om litt meir. Sjå lenger ned på sida.
form-moved = Svara på denne sida er endra ein annan stad, kanskje i ei anna fane. Det som står her no, er ikkje lagra. Sjå over det, og trykk «Hald fram» for å lagre det.
form-moved-anew = Svara på denne sida er endra ein annan stad. Under ser du dei slik dei er no. Det du skreiv, er ikkje lagra.
form-elsewhere-wrong = Eit svar på ei anna side passar ikkje med det du har svart her. Gå til «Sjå over svara dine» og rett det der.
missing-choice = Vel eitt av svara.
missing-choices = Vel minst eitt av svara.
missing-date = Skriv ein dato.
missing-number = Skriv eit tal.
missing-text = Skriv eit svar.
fault-number = Skriv eit tal, til dømes 12 eller 1,5.
fault-number-unsure = Vi er ikkje sikre på kva tal du meiner. Skriv det utan punktum eller komma mellom tusen.
fault-unit = Vel kva eining talet har.
fault-whole-number = Skriv eit heilt tal, til dømes 12.
fault-date = Datoen kan ikkje stemme. Skriv dag, månad og år.
fault-time = Skriv klokka slik: 14.30.
fault-own-words = Skriv kva du meiner med «Noko anna».
fault-option = Vel eitt av svara som står her.

# Sjå over og send
check-title = Sjå over svara dine
check-title-amend = Svara er sende. Vil du endre noko?
elsewhere-sent-title = Du har sendt svara
elsewhere-sent-lead = Svara har kome fram til { $unit }. Du treng ikkje gjere noko meir.
elsewhere-change-title = Vil du endre dei?
elsewhere-sent-here = Då byrjar du på nytt. Svara du har sendt, gjeld til du sender nye.
state-other = Dette skjemaet er ikkje ope her lenger. Det du skreiv no, er ikkje lagra. Trykk Hald fram for å sjå kva du kan gjere.
state-cleared = Dei andre kryssa er tekne bort.
check-lead = Du kan endre alt før du sender.
check-lead-amend = Du har sendt svara før. Det du endrar no, gjeld først når du sender på nytt.
check-who = Kven som svarar
check-who-patient = Eg svarar sjølv
check-who-helper = Nokon hjelper meg med å skrive
check-who-representative = Eg svarar for ein annan
check-change = Endre
check-answer = Svar
check-none = Ikkje svart
check-needs = Her treng vi eit svar
check-missing = Svar på: { $question }
check-read = Når du har sendt svara, kan { $unit } lese dei. Det skjer når du har time, eller rett før.
check-send = Send svara
check-send-again = Send svara på nytt
check-moved = Svara er endra sidan du såg dei sist. Sjå over dei ein gong til før du sender.

# Kvittering
receipt-title = Takk, svara er sende
receipt-lead = { $unit } har fått svara dine.
receipt-when = Sendt { $when }.
receipt-next-title = Kva skjer no?
receipt-next = Vi les svara når du har time, eller rett før. Du høyrer ikkje frå oss om dei før det.
receipt-change-title = Vil du endre noko?
receipt-change = Du kan endre svara fram til { $until }. Opne lenkja eller bruk koden i brevet på nytt. Bruk den same telefonen eller datamaskina som no.
receipt-change-over = Fristen for å endre svara er ute. Er det noko nytt, kan du seie det i timen.
receipt-call-title = Har du spørsmål?
receipt-copy-title = Svara dine
receipt-copy = Du kan lagre eller skrive ut ein kopi.
receipt-pdf = Lagre ein kopi (PDF)
receipt-file = svara-mine
receipt-print = Skriv ut
receipt-show = Vis svara
receipt-close-detail = Er det andre som bruker telefonen eller datamaskina? Lukk skjemaet når du er ferdig.
receipt-close = Lukk skjemaet
support-title = Dersom du treng nokon å snakke med
support-general = Det er vanleg å ha det tungt når ein er sjuk. Du treng ikkje vente til timen med å be om hjelp.
support-general-who = Du kan snakke med fastlegen din. Mange kommunar har også ein kreftkoordinator. Du kan ringje oss på nummeret under. Hastar det, kan du ringje legevakta på 116 117, heile døgnet.

# Ikkje svare
decline-link = Eg vil ikkje svare
decline-title = Vil du ikkje svare?
decline-lead = Det er heilt i orden. Du får den same timen og den same hjelpa.
decline-deleted = Då slettar vi det du har svart til no. Vi ser berre at du ikkje vil svare.
decline-yes = Eg vil ikkje svare
decline-no = Gå tilbake til skjemaet
decline-call = Vil du heller snakke med nokon? Ring
declined-title = Du har sagt nei til å svare
declined-lead = Takk for at du sa frå. Vi har sletta det du hadde svart.
declined-until = Skiftar du meining, kan du svare fram til { $until }.
declined-back = Eg vil svare likevel

# Byrja ein annan stad
elsewhere-title = Du har byrja på ein annan telefon eller ei anna datamaskin
elsewhere-lead = Vi viser ikkje svara dine her. Slik passar vi på at ingen andre kan sjå dei.
elsewhere-there-title = Hald fram der du byrja
elsewhere-there = Finn fram telefonen eller datamaskina du brukte først. Opne lenkja eller bruk koden der. Då ser du alt du har svart.
elsewhere-here-title = Start på nytt her
elsewhere-here = Då slettar vi det du har svart til no, og du byrjar på nytt.
elsewhere-start = Start på nytt her

# Pause og slutt
paused-title = Svara er lagra
paused-lead = Ta den pausen du treng. Du kan halde fram heilt til fristen er ute.
paused-how = Når du vil gå vidare, opnar du lenkja eller bruker koden i brevet. Så gjer du som første gongen.
paused-device = Bruk den same telefonen eller datamaskina. Då kjem du til den same staden i skjemaet.
finished-title = Skjemaet er lukka
finished-lead = Svara er sende. Du kan lukke denne sida.

# Tid og lagring
time-title = Er du der framleis?
time-detail = Om to minutt lukkar vi skjemaet, så ingen andre får sjå det. Det du har svart, er lagra.
time-more = Ja, eg treng meir tid
state-saved = Lagra
state-offline = Du er utan nett. Det du har skrive, står framleis her. Vi lagrar det når nettet er tilbake.
state-failed = Vi fekk ikkje lagra akkurat no. Det du har skrive, står framleis her. Vi prøver igjen.
state-moved = Svara her er endra i ei anna fane. Trykk Hald fram for å sjå over dei.
state-over = Tida er ute, og skjemaet er lukka. Det du har svart, er lagra. Opne lenkja eller bruk koden på nytt.
state-extended = Du har fått meir tid.

# Når noko er i vegen
other-letter-title = Eit anna brev er ope her
other-letter-detail = Du har opna to brev her. Det du nettopp skreiv, høyrde til det første brevet. Det er ikkje lagra. Opne lenkja i det brevet du vil svare på.
other-letter-on = Gå til skjemaet som er ope
entrance-over-title = Opne skjemaet på nytt
entrance-over-detail = Kanskje har det gått ei stund sidan sist. Opne lenkja i brevet på nytt, eller skriv inn koden.
no-link-title = Lenkja verkar ikkje
no-link-detail = Kanskje er ho ikkje skriven heilt som i brevet. Sjå på brevet, og prøv ein gong til. Du kan også skrive inn koden.
no-page-title = Skjemaet har ikkje denne sida
no-page-detail = Kanskje er adressa skriven litt feil. Det du har svart, er lagra.
no-page-on = Gå tilbake til skjemaet
cross-site-title = Dette vart sendt frå ei anna nettside
cross-site-detail = Vi tek berre imot svar du skriv på våre eigne sider. Slik passar vi på svara dine. Opne lenkja i brevet på nytt.
notice-typed = Dette skreiv du
notice-typed-detail = Det er ikkje lagra. Kopier teksten eller skriv han av før du går vidare. Då kan du setje han inn når skjemaet er ope igjen.
notice-again = Prøv igjen
notice-again-detail = Det du nettopp sende, er kanskje ikkje lagra enno. Alt står framleis på denne sida. Vent litt, og trykk på knappen. Då blir det sendt på nytt. Det blir lagra berre éin gong.
notice-front = Til framsida
notice-number = Nummeret på feilen: { $id }

# Adressa finst ikkje
not-found-title = Vi fann ikkje sida
not-found-lead = Kanskje vart adressa skriven litt feil, eller så er sida flytta.

# Melding til telefonen
message-notice = { $organization } ber deg fylle ut eit skjema. Opne lenkja og skriv fødselsdatoen din: { $link }
message-notice-sign-in = { $organization } ber deg fylle ut eit skjema. Opne lenkja og logg inn: { $link }
message-reminder = { $organization } minner om eit skjema du kan fylle ut. Opne lenkja og skriv fødselsdatoen din: { $link }
message-reminder-sign-in = { $organization } minner om eit skjema du kan fylle ut. Opne lenkja og logg inn: { $link }

# Innlogging, der ei eining ber om det
patient-sign-in-title = Logg inn for å opne skjemaet
patient-sign-in-lead = Då er vi sikre på at det er deg. Etterpå kjem du tilbake hit.
patient-sign-in-behalf = Svarer du for ein annan? Logg inn som deg sjølv.
patient-sign-in-again = Prøv igjen
patient-sign-in-other-title = Brevet er til ein annan
patient-sign-in-other-detail = Du er logga inn, men brevet er ikkje til deg. Vi viser ikkje skjemaet. Er brevet til deg, eller skal du svare for ein annan, kan du ringe avdelinga.
patient-sign-in-away-title = Innlogginga svarar ikkje
patient-sign-in-away-detail = Det er ikkje noko gale med det du gjorde. Vent litt, og prøv igjen.
patient-sign-in-cancelled-title = Du er ikkje logga inn
patient-sign-in-cancelled-detail = Innlogginga vart avbroten. Du kan prøve igjen.
patient-sign-in-unfit-title = Innlogginga kunne ikkje brukast
patient-sign-in-unfit-detail = Ho var for gammal, eller vart byrja i ein annan nettlesar. Prøv igjen.
patient-sign-in-wait-title = Vent litt før du loggar inn
patient-sign-in-wait-detail = Mange har byrja å logge inn herifrå utan å bli ferdige. Vent i ti minutt, og prøv igjen.
patient-sign-in-level-title = Innlogginga var ikkje sikker nok
patient-sign-in-level-detail = Logg inn på nytt med til dømes BankID eller Buypass.
patient-sign-in-unknown-title = Vi kunne ikkje opne skjemaet
patient-sign-in-unknown-detail = Innlogginga sa ikkje kven du er. Ring avdelinga, så hjelper dei deg.
