# Tema i behovskartleggingen.
topic-family-network = Familiesituasjon og nettverk
topic-work-education = Jobb, skole og utdanning
topic-finances-housing = Økonomi og boforhold
topic-help-at-home = Hjelp og tilrettelegging i hjemmet
topic-rehabilitation = Rehabilitering
topic-physical-activity = Fysisk aktivitet og fysisk funksjon
topic-nutrition = Ernæring, mat og måltider
topic-own-health = Ivaretakelse av egen helse
topic-resources-learning = Egne ressurser, læring og mestring
topic-leisure-social = Fritid og sosiale aktiviteter
topic-mental-health = Psykisk helse
topic-sexual-health = Seksuell helse
topic-oral-health = Munn- og tannhelse
