# Tema i behovskartlegginga.
topic-family-network = Familiesituasjon og nettverk
topic-work-education = Jobb, skule og utdanning
topic-finances-housing = Økonomi og butilhøve
topic-help-at-home = Hjelp og tilrettelegging i heimen
topic-rehabilitation = Rehabilitering
topic-physical-activity = Fysisk aktivitet og fysisk funksjon
topic-nutrition = Ernæring, mat og måltid
topic-own-health = Ivaretaking av eiga helse
topic-resources-learning = Eigne ressursar, læring og meistring
topic-leisure-social = Fritid og sosiale aktivitetar
topic-mental-health = Psykisk helse
topic-sexual-health = Seksuell helse
topic-oral-health = Munn- og tannhelse
