# Topics of the needs assessment.
topic-family-network = Family situation and network
topic-work-education = Work, school and education
topic-finances-housing = Finances and housing
topic-help-at-home = Help and adaptation at home
topic-rehabilitation = Rehabilitation
topic-physical-activity = Physical activity and function
topic-nutrition = Nutrition, food and meals
topic-own-health = Looking after one's own health
topic-resources-learning = Own resources, learning and coping
topic-leisure-social = Leisure and social activities
topic-mental-health = Mental health
topic-sexual-health = Sexual health
topic-oral-health = Oral health
