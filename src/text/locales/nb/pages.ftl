# Ord som alle sidene har
language-name = Bokmål
service-name = Kartlegging
page-skip = Gå til innholdet
page-languages = Språk
page-back = Tilbake
page-back-label = Ett steg tilbake
page-step = Steg { $number } av { $total }
page-next = Fortsett
page-later = Lagre og fortsett senere
page-errors = Noe må rettes
page-error-word = Feil:

# For den som kommer uten lenke
landing-title = Kartlegging før timen din
landing-lead = Her svarer du på skjemaet du har fått brev om fra sykehuset eller kommunen.
landing-what = Svarene dine gjør det lettere å snakke sammen om det som er viktig for deg.
landing-code = Skriv inn koden fra brevet
landing-letter = Har du fått en lenke? Åpne den, eller skann QR-koden i brevet med telefonen. Har du ikke brevet? Ring avdelingen eller kommunen du har time hos.
landing-urgent-title = Trenger du hjelp nå?
landing-emergency = Ring 113 hvis det er akutt fare for liv eller helse.
landing-urgent = Ring legevakten på 116 117 hvis det haster. Ellers kan du ringe fastlegen din.

# Velkommen, før vi vet hvem som leser
welcome-title = Velkommen
welcome-lead = { $organization } ber deg svare på noen spørsmål før timen din.
welcome-why = Vi vil vite hvordan du har det. Da kan vi snakke om det som er viktig for deg når vi møtes.
welcome-time = Det tar bare noen minutter. Du kan ta pause når du vil.
welcome-free = Det er frivillig. Du velger selv hva du vil dele.
welcome-readers = Bare de som skal hjelpe deg, leser svarene.
welcome-when = De leser dem når du har time, eller rett før.
welcome-unwatched = Ingen leser svarene med en gang du sender dem. Trenger du hjelp før timen, må du ringe.
welcome-go = Start

# E-poster, før vi vet hvem som leser
mails-link = Ikke flere e-poster
mails-title = Vil du ha e-poster fra oss?
mails-lead = { $organization } sender deg en e-post når vi har spørsmål til deg.
mails-stopped-title = Du får ikke flere e-poster
mails-stopped-lead = { $organization } sender deg ikke flere e-poster om spørsmål.
mails-answer = Du kan svare selv om du ikke får e-poster. Lenken virker som før.
mails-stop = Nei takk, ikke send meg flere e-poster
mails-again = Ja takk, send meg e-poster igjen
mails-save = Lagre
mails-missing = Kryss av i ruten hvis du vil endre valget. Hvis ikke, kan du lukke siden.

# Feil brev
wrong-letter-link = Er det feil brev eller feil sted?
wrong-letter-title = Har du fått feil brev?
wrong-letter-lead = Har brevet kommet til feil person? Da skal du ikke svare. Du kan lukke siden. Ingenting er lagret.
wrong-letter-other = Ring gjerne nummeret i brevet og si fra. Da kan den som skal ha brevet, få et nytt.
wrong-letter-hospital = Skal du til et annet sykehus eller en annen kommune? Bruk brevet du har fått derfra. Er du usikker på hvor du skal, kan du ringe nummeret i brevet.

# Kode og fødselsdato
code-title = Skriv inn koden fra brevet
code-label = Koden
code-hint = Koden har tolv tegn, for eksempel ABCD-EFGH-JKMN. Du kan bruke store eller små bokstaver.
code-missing = Skriv koden som står i brevet.
code-mistyped = Koden stemmer ikke helt. Se på brevet, og skriv den på nytt.
code-wrong = Koden og fødselsdatoen passer ikke sammen. Se etter i brevet. Bruk fødselsdatoen til den brevet er til.
birth-title = Når er du født?
birth-label = Fødselsdato
birth-hint = For eksempel 27 3 1950. Svarer du for en annen? Skriv når den andre er født.
birth-missing = Skriv fødselsdatoen.
birth-incomplete = Skriv både dag, måned og år.
birth-century = Skriv året med fire tall, for eksempel 1950.
birth-impossible = Datoen kan ikke stemme. Se på dag, måned og år en gang til.
birth-wrong = Datoen passer ikke til brevet. Se etter om den er riktig. Bruk fødselsdatoen til den brevet er til.
birth-remember = Husk meg i 24 timer. Velg dette bare hvis ingen andre bruker telefonen eller datamaskinen.
birth-call = Får du det ikke til? Ring og be om hjelp.
birth-call-letter = Får du det ikke til? Ring nummeret i brevet og be om hjelp.

# Etter fødselsdatoen
about-hello = Hei, { $name }
about-behalf = Du svarer for { $name }
about-visit = Timen din
about-where = Hvor
about-until = Svar før
about-minutes = Det tar omtrent { $number } minutter. Alt du svarer, blir lagret underveis.
about-go = Begynn
about-wrong = Er noe feil her? Ring
who-title = Hvem fyller ut skjemaet?
who-patient = Jeg svarer selv
who-helper = Noen hjelper meg med å skrive
who-helper-hint = Svarene er dine. Den andre skriver bare det du sier.
who-representative = Jeg svarer for en annen
who-representative-hint = Du er for eksempel forelder eller verge, eller du har fullmakt.
who-details = Om deg som svarer for en annen
who-relation = Hvorfor svarer du for den andre?
who-parent = Jeg er forelder
who-power-of-attorney = Den andre har gitt meg fullmakt
who-assigned-power-of-attorney = Jeg har «tildelt fullmakt» fra det offentlige
who-guardian = Jeg er verge
who-signed-in = Du er logget inn som
who-ground = Hvorfor du svarer
who-name = Navnet ditt
who-phone = Telefonnummeret ditt
who-missing = Velg hvem som fyller ut skjemaet.
who-relation-missing = Velg hvorfor du svarer for den andre.
who-name-missing = Skriv navnet ditt.
who-name-long = Navnet er for langt. Kort det ned til 200 tegn.
who-name-odd = Navnet har tegn vi ikke kan bruke. Skriv det på nytt.
who-phone-missing = Skriv telefonnummeret ditt.
who-phone-odd = Skriv telefonnummeret med tall, for eksempel 22 33 44 55.

# Sidene i skjemaet
form-optional = Du kan hoppe over dette.
form-several = Du kan velge flere.
form-skip = Jeg vil ikke svare på dette
form-other = Noe annet
form-other-words = Skriv hva
form-day = Dag
form-month = Måned
form-year = År
form-clock = Klokken
form-date = For eksempel 27 3 2026.
form-time = For eksempel 14.30.
form-url = En adresse på nettet, for eksempel https://www.eksempel.no.
form-choose = Velg
form-unit = Enhet
form-between = Fra { $min } til { $max }.
form-least = Minst { $min }.
form-most = Høyst { $max }.
form-length = Du har plass til { $count } tegn.
form-instance = { $label } – nummer { $number }
form-more-of = Legg til: { $label }
form-remove = Ta bort: { $label }
form-new-questions = Svaret ditt gjør at vi spør om litt mer. Se lenger ned på siden.
form-moved = Svarene på denne siden er endret et annet sted, kanskje i en annen fane. Det som står her nå, er ikke lagret. Se over det, og trykk «Fortsett» for å lagre det.
form-moved-anew = Svarene på denne siden er endret et annet sted. Under ser du dem slik de er nå. Det du skrev, er ikke lagret.
form-elsewhere-wrong = Et svar på en annen side passer ikke med det du har svart her. Gå til «Se over svarene dine» og rett det der.
missing-choice = Velg ett av svarene.
missing-choices = Velg minst ett av svarene.
missing-date = Skriv en dato.
missing-number = Skriv et tall.
missing-text = Skriv et svar.
fault-number = Skriv et tall, for eksempel 12 eller 1,5.
fault-number-unsure = Vi er ikke sikre på hvilket tall du mener. Skriv det uten punktum eller komma mellom tusen.
fault-unit = Velg hvilken enhet tallet har.
fault-whole-number = Skriv et helt tall, for eksempel 12.
fault-date = Datoen kan ikke stemme. Skriv dag, måned og år.
fault-time = Skriv klokken slik: 14.30.
fault-own-words = Skriv hva du mener med «Noe annet».
fault-option = Velg ett av svarene som står her.

# Se over og send
check-title = Se over svarene dine
check-title-amend = Svarene er sendt. Vil du endre noe?
elsewhere-sent-title = Du har sendt svarene
elsewhere-sent-lead = Svarene har kommet frem til { $unit }. Du trenger ikke gjøre noe mer.
elsewhere-change-title = Vil du endre dem?
elsewhere-sent-here = Da begynner du forfra. Svarene du har sendt, gjelder til du sender nye.
state-other = Dette skjemaet er ikke åpent her lenger. Det du skrev nå, er ikke lagret. Trykk Fortsett for å se hva du kan gjøre.
state-cleared = De andre kryssene er tatt bort.
check-lead = Du kan endre alt før du sender.
check-lead-amend = Du har sendt svarene før. Det du endrer nå, gjelder først når du sender på nytt.
check-who = Hvem som svarer
check-who-patient = Jeg svarer selv
check-who-helper = Noen hjelper meg med å skrive
check-who-representative = Jeg svarer for en annen
check-change = Endre
check-answer = Svar
check-none = Ikke svart
check-needs = Her trenger vi et svar
check-missing = Svar på: { $question }
check-read = Når du har sendt svarene, kan { $unit } lese dem. Det skjer når du har time, eller rett før.
check-send = Send svarene
check-send-again = Send svarene på nytt
check-moved = Svarene er endret siden du så dem sist. Se over dem en gang til før du sender.

# Kvittering
receipt-title = Takk, svarene er sendt
receipt-lead = { $unit } har fått svarene dine.
receipt-when = Sendt { $when }.
receipt-next-title = Hva skjer nå?
receipt-next = Vi leser svarene når du har time, eller rett før. Du hører ikke fra oss om dem før det.
receipt-change-title = Vil du endre noe?
receipt-change = Du kan endre svarene frem til { $until }. Åpne lenken eller bruk koden i brevet på nytt. Bruk den samme telefonen eller datamaskinen som nå.
receipt-change-over = Fristen for å endre svarene er ute. Er det noe nytt, kan du si det i timen.
receipt-call-title = Har du spørsmål?
receipt-copy-title = Dine svar
receipt-copy = Du kan lagre eller skrive ut en kopi.
receipt-pdf = Lagre en kopi (PDF)
receipt-file = svarene-mine
receipt-print = Skriv ut
receipt-show = Vis svarene
receipt-close-detail = Er det andre som bruker telefonen eller datamaskinen? Lukk skjemaet når du er ferdig.
receipt-close = Lukk skjemaet
support-title = Hvis du trenger noen å snakke med
support-general = Det er vanlig å ha det tungt når man er syk. Du trenger ikke vente til timen med å be om hjelp.
support-general-who = Du kan snakke med fastlegen din. Mange kommuner har også en kreftkoordinator. Du kan ringe oss på nummeret under. Haster det, kan du ringe legevakten på 116 117, hele døgnet.

# Ikke svare
decline-link = Jeg vil ikke svare
decline-title = Vil du ikke svare?
decline-lead = Det er helt i orden. Du får den samme timen og den samme hjelpen.
decline-deleted = Da sletter vi det du har svart til nå. Vi ser bare at du ikke vil svare.
decline-yes = Jeg vil ikke svare
decline-no = Gå tilbake til skjemaet
decline-call = Vil du heller snakke med noen? Ring
declined-title = Du har sagt nei til å svare
declined-lead = Takk for at du sa fra. Vi har slettet det du hadde svart.
declined-until = Ombestemmer du deg, kan du svare frem til { $until }.
declined-back = Jeg vil svare likevel

# Begynt et annet sted
elsewhere-title = Du har begynt på en annen telefon eller datamaskin
elsewhere-lead = Vi viser ikke svarene dine her. Slik passer vi på at ingen andre kan se dem.
elsewhere-there-title = Fortsett der du begynte
elsewhere-there = Finn frem telefonen eller datamaskinen du brukte først. Åpne lenken eller bruk koden der. Da ser du alt du har svart.
elsewhere-here-title = Start på nytt her
elsewhere-here = Da sletter vi det du har svart til nå, og du begynner forfra.
elsewhere-start = Start på nytt her

# Pause og slutt
paused-title = Svarene er lagret
paused-lead = Ta den pausen du trenger. Du kan fortsette helt til fristen er ute.
paused-how = Når du vil gå videre, åpner du lenken eller bruker koden i brevet. Så gjør du som første gang.
paused-device = Bruk den samme telefonen eller datamaskinen. Da kommer du til det samme stedet i skjemaet.
finished-title = Skjemaet er lukket
finished-lead = Svarene er sendt. Du kan lukke denne siden.

# Tid og lagring
time-title = Er du der fortsatt?
time-detail = Om to minutter lukker vi skjemaet, så ingen andre får se det. Det du har svart, er lagret.
time-more = Ja, jeg trenger mer tid
state-saved = Lagret
state-offline = Du er uten nett. Det du har skrevet, står fortsatt her. Vi lagrer det når nettet er tilbake.
state-failed = Vi fikk ikke lagret akkurat nå. Det du har skrevet, står fortsatt her. Vi prøver igjen.
state-moved = Svarene her er endret i en annen fane. Trykk Fortsett for å se over dem.
state-over = Tiden er ute, og skjemaet er lukket. Det du har svart, er lagret. Åpne lenken eller bruk koden på nytt.
state-extended = Du har fått mer tid.

# Når noe er i veien
other-letter-title = Et annet brev er åpent her
other-letter-detail = Du har åpnet to brev her. Det du nettopp skrev, hørte til det første brevet. Det er ikke lagret. Åpne lenken i det brevet du vil svare på.
other-letter-on = Gå til skjemaet som er åpent
entrance-over-title = Åpne skjemaet på nytt
entrance-over-detail = Kanskje har det gått en stund siden sist. Åpne lenken i brevet på nytt, eller skriv inn koden.
no-link-title = Lenken virker ikke
no-link-detail = Kanskje er den ikke skrevet helt som i brevet. Se på brevet, og prøv en gang til. Du kan også skrive inn koden.
no-page-title = Skjemaet har ikke denne siden
no-page-detail = Kanskje er adressen skrevet litt feil. Det du har svart, er lagret.
no-page-on = Gå tilbake til skjemaet
cross-site-title = Dette ble sendt fra en annen nettside
cross-site-detail = Vi tar bare imot svar du skriver på våre egne sider. Slik passer vi på svarene dine. Åpne lenken i brevet på nytt.
notice-typed = Dette skrev du
notice-typed-detail = Det er ikke lagret. Kopier teksten eller skriv den av før du går videre. Da kan du sette den inn når skjemaet er åpent igjen.
notice-again = Prøv igjen
notice-again-detail = Det du nettopp sendte, er kanskje ikke lagret ennå. Alt står fortsatt på denne siden. Vent litt, og trykk på knappen. Da sendes det på nytt. Det lagres bare én gang.
notice-front = Til forsiden
notice-number = Nummeret på feilen: { $id }

# Adressen finnes ikke
not-found-title = Vi fant ikke siden
not-found-lead = Kanskje ble adressen skrevet litt feil, eller siden er flyttet.

# Melding til telefonen
message-notice = { $organization } ber deg fylle ut et skjema. Åpne lenken og skriv fødselsdatoen din: { $link }
message-notice-sign-in = { $organization } ber deg fylle ut et skjema. Åpne lenken og logg inn: { $link }
message-reminder = { $organization } minner om et skjema du kan fylle ut. Åpne lenken og skriv fødselsdatoen din: { $link }
message-reminder-sign-in = { $organization } minner om et skjema du kan fylle ut. Åpne lenken og logg inn: { $link }

# Innlogging, der en enhet ber om det
patient-sign-in-title = Logg inn for å åpne skjemaet
patient-sign-in-lead = Da er vi sikre på at det er deg. Etterpå kommer du tilbake hit.
patient-sign-in-behalf = Svarer du for en annen? Logg inn som deg selv.
patient-sign-in-again = Prøv igjen
patient-sign-in-other-title = Brevet er til en annen
patient-sign-in-other-detail = Du er logget inn, men brevet er ikke til deg. Vi viser ikke skjemaet. Er brevet til deg, eller skal du svare for en annen, kan du ringe avdelingen.
patient-sign-in-away-title = Innloggingen svarer ikke
patient-sign-in-away-detail = Det er ikke noe galt med det du gjorde. Vent litt, og prøv igjen.
patient-sign-in-cancelled-title = Du er ikke logget inn
patient-sign-in-cancelled-detail = Innloggingen ble avbrutt. Du kan prøve igjen.
patient-sign-in-unfit-title = Innloggingen kunne ikke brukes
patient-sign-in-unfit-detail = Den var for gammel, eller ble begynt i en annen nettleser. Prøv igjen.
patient-sign-in-wait-title = Vent litt før du logger inn
patient-sign-in-wait-detail = Mange har begynt å logge inn herfra uten å bli ferdige. Vent i ti minutter, og prøv igjen.
patient-sign-in-level-title = Innloggingen var ikke sikker nok
patient-sign-in-level-detail = Logg inn på nytt med for eksempel BankID eller Buypass.
patient-sign-in-unknown-title = Vi kunne ikke åpne skjemaet
patient-sign-in-unknown-detail = Innloggingen sa ikke hvem du er. Ring avdelingen, så hjelper de deg.
