//! Norwegian texts are Norwegian: no English words, and neither form of it in the other.

use std::collections::BTreeSet;

use super::patient_texts::{NORWEGIAN, Read, all, words};

/// English words of sentences and buttons that are no words in Norwegian.
const ENGLISH: &str = "
    the and or of with not are was have has this that these those what who when where which how why there
    their it been will would should please you your yours we our us they he she him if because
    submit next back click button page answer answers answered question questions error errors link login logout
    password save saved cancel close continue delete edit change changed choose select enter required
    invalid missing loading session token draft privacy settings search phone birth unit here now
    today more less yes again wait read write sign try need want finish finished done received submitted
    previous thank thanks hello welcome warning success failed timeout cookie cookies email
    appointment questionnaire invitation response user device file download print receipt
";

/// Words of bokmål that nynorsk writes in another way or does not have.
const BOKMAAL: &str = "
    jeg ikke hvem hva hvor hvordan hvorfor hvilken hvilket hvilke noe noen dere deres fra mer mye bare hun dem
    disse annen annet selv sammen hvis uten være vært gjøre gjør se vet heter kommer finner velger
    leser skriver sendes hjem navn uke uken siden fortsatt en ganger svarene spørsmålene lenken sykehus sykehuset
    avdelingen timene lagret slettet åpne åpner åpnet mulig mulighet
";

/// Words of nynorsk that bokmål writes in another way or does not have.
const NYNORSK: &str = "
    eg ikkje kven kva kvar korleis kvifor noko nokon nokre dykk dykkar frå meir mykje berre ho dei desse
    annan anna sjølv saman utan vere vore gjere gjer sjå seie veit heiter kjem treng heim
    namn veke veka sidan framleis byrja byrjar ein eit éin gonger gong svara spørsmåla lenkja sjukehus
    sjukehuset avdelinga lagra sletta opne opnar moglegheit
";

/// Places where a word of one of these lists stands in these texts.
fn found(list: &str, texts: &[Read]) -> Vec<String> {
    let list: BTreeSet<&str> = list.split_whitespace().collect();
    assert!(list.len() > 50);
    let hits = |read: &Read| -> Vec<String> {
        let all = words(&read.text).into_iter();
        all.filter(|word| list.contains(word.as_str())).map(|word| format!("{}: {word} in {:?}", read.place, read.text)).collect()
    };
    texts.iter().flat_map(hits).collect()
}

fn texts(tag: &str) -> Vec<Read> {
    let texts: Vec<Read> = all(tag).into_iter().flat_map(|(_, texts)| texts).collect();
    assert!(texts.len() > 100, "{tag}: {}", texts.len());
    texts
}

#[test]
fn a_word_is_found_whole_and_in_any_spelling() {
    let read = |text: &str| vec![Read { place: "here".to_owned(), text: text.to_owned() }];
    for foreign in ["Press «Submit».", "Neste/Next", "Feil: error", "YOUR svar"] {
        assert_eq!(found(ENGLISH, &read(foreign)).len(), 1, "{foreign}");
    }
    for own in ["Andre svar", "Du har lenken", "Ring 113"] {
        assert_eq!(found(ENGLISH, &read(own)), [] as [&str; 0], "{own}");
    }
    assert_eq!(found(BOKMAAL, &read("Vi les det ikke")).len(), 1);
    assert_eq!(found(NYNORSK, &read("Vi leser ikkje det")).len(), 1);
}

#[test]
fn norwegian_texts_have_no_english_words() {
    for tag in NORWEGIAN {
        let found = found(ENGLISH, &texts(tag));
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

#[test]
fn neither_form_of_norwegian_stands_in_the_other() {
    for (tag, other) in [("nn", BOKMAAL), ("nb", NYNORSK)] {
        let found = found(other, &texts(tag));
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}
