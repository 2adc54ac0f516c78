//! How hard the texts are to read, by LIX (Björnsson 1968): words a sentence, and of a hundred words
//! how many are longer than six letters. Below 35 is easy, for a reader of about twelve; a text above
//! 45 is hard.

use super::patient_texts::{NORWEGIAN, Read, all, words};

/// Most that a part may have as a whole.
const WHOLE: f64 = 35.0;
/// Most that one text may have.
const ALONE: f64 = 45.0;
/// Shorter texts say nothing when measured alone: one long word tips them.
const ENOUGH: usize = 25;
/// A word with more letters is long.
const SHORT: usize = 6;

/// A full stop after one of these ends no sentence.
const ABBREVIATIONS: [&str; 6] = ["kl", "nr", "tlf", "ca", "f.eks", "bl.a"];

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Measure {
    words: u32,
    long: u32,
    sentences: u32,
}

impl Measure {
    fn of(text: &str) -> Self {
        let count = |number: usize| u32::try_from(number).unwrap();
        let all = words(text);
        let is_long = |word: &&String| word.chars().filter(|c| c.is_alphabetic()).count() > SHORT;
        let long = all.iter().filter(is_long).count();
        Self { words: count(all.len()), long: count(long), sentences: count(sentences(text)) }
    }

    fn of_all<'a>(texts: impl Iterator<Item = &'a Read>) -> Self {
        texts.map(|read| Self::of(&read.text)).fold(Self::default(), |sum, one| Self {
            words: sum.words + one.words,
            long: sum.long + one.long,
            sentences: sum.sentences + one.sentences,
        })
    }

    fn lix(self) -> f64 {
        let words = f64::from(self.words);
        words / f64::from(self.sentences.max(1)) + 100.0 * f64::from(self.long) / words.max(1.0)
    }
}

/// What ends with a full stop, question mark, exclamation mark or colon, or with the text: a heading
/// is a sentence.
fn sentences(text: &str) -> usize {
    let mut found = 0;
    let mut open = false;
    for part in text.split_whitespace() {
        open |= part.contains(char::is_alphanumeric);
        let short = part.strip_suffix('.').is_some_and(|word| ABBREVIATIONS.contains(&word.to_lowercase().as_str()));
        let ended = !short && part.trim_end_matches(['»', '"', ')', '”']).ends_with(['.', '?', '!', ':']);
        if open && ended {
            found += 1;
            open = false;
        }
    }
    found + usize::from(open)
}

/// Whether a text ends as a sentence does.
fn is_running(text: &str) -> bool {
    text.trim_end_matches(['»', ')', '\n', ' ']).ends_with(['.', '?', '!', ':'])
}

#[test]
fn the_measure_counts_words_sentences_and_long_words() {
    let text = "Ring 113 nå! Bruk QR-koden i brevet: «Skjemaet/lenken» kl. 9";
    assert_eq!(Measure::of(text), Measure { words: 11, long: 2, sentences: 3 });
    let easy = Measure::of("Vi leser det. Du velger selv.");
    assert_eq!((easy, easy.lix()), (Measure { words: 6, long: 0, sentences: 2 }, 3.0));
    let hard = Measure::of("Førespurnaden inneheld utilstrekkelege identifikasjonsopplysningar");
    assert_eq!((hard, hard.lix()), (Measure { words: 4, long: 4, sentences: 1 }, 104.0));
    assert_eq!((Measure::of("Påkjenning"), Measure::of(" – ")), (Measure { words: 1, long: 1, sentences: 1 }, Measure::default()));
}

#[test]
fn a_reader_of_twelve_can_read_what_patients_read() {
    let mut hard = Vec::new();
    for (part, texts) in NORWEGIAN.into_iter().flat_map(all) {
        // Headings and buttons are short and would hide long sentences: without them it must be easy too.
        let whole = Measure::of_all(texts.iter());
        let running = Measure::of_all(texts.iter().filter(|read| is_running(&read.text)));
        assert!(running.words > 20, "{part}: {running:?}");
        println!("{part}: LIX {:.1}, running text {:.1}", whole.lix(), running.lix());
        for (what, measure) in [("as a whole", whole), ("its running text", running)] {
            if measure.lix() > WHOLE {
                hard.push(format!("{part}: {:.1} {what}, {measure:?}", measure.lix()));
            }
        }
        for read in &texts {
            let measure = Measure::of(&read.text);
            if usize::try_from(measure.words).unwrap() >= ENOUGH && measure.lix() > ALONE {
                hard.push(format!("{}: {:.1} {:?}", read.place, measure.lix(), read.text));
            }
        }
    }
    assert!(hard.is_empty(), "too hard to read:\n{}", hard.join("\n"));
}
