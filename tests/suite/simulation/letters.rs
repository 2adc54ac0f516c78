//! Mails: those that the mail server has got are those that the model says went out, word for word.

use super::given::MARKER;
use super::ledger::Seen;
use super::model::{Mail, Model, Tells};
use super::post::Letter;
use kartlegging::domain::language::Language;
use kartlegging::domain::notices::Notice;
use kartlegging::mail::words::{self, Asks};
use std::hash::Hash;

/// Mails since the last look are those that went out meanwhile, no more and no fewer.
pub fn compare(model: &mut Model, seen: &mut Seen) -> Result<(), String> {
    let letters = model.post.collect();
    for letter in &letters {
        private(model, letter)?;
    }
    let mut found: Vec<String> = letters.iter().map(|letter| format!("{} to {}: {}", letter.id, letter.to, letter.text)).collect();
    let mut meant = Vec::new();
    for mail in &model.mails[model.received..] {
        let (link, text) = told(model, mail);
        let id = model.messages[mail.message].id.map(|id| id.to_string()).unwrap_or_default();
        let right = |letter: &&Letter| letter.id == id && link.as_ref().is_none_or(|link| letter.html.contains(link.as_str()));
        if !letters.iter().any(|letter| right(&letter)) {
            return Err(format!("{mail:?} did not come, or not with the right link"));
        }
        meant.push(format!("{id} to {}: {text}", mail.to));
    }
    found.sort();
    meant.sort();
    if found != meant {
        return Err(format!("mails\n  found: {found:#?}\n  expected: {meant:#?}"));
    }
    for at in model.received..model.mails.len() {
        let mail = &model.mails[at];
        let row = &model.messages[mail.message];
        let before = model.mails[..at].iter().filter(|other| other.message == mail.message).count();
        if before > row.abandoned {
            return Err(format!("{mail:?} came {} times, though nobody was lost who sent it", before + 1));
        }
        // A notice is one message, whatever becomes of the visit; a reminder one for each time of it.
        let other = model.mails[..at].iter().map(|other| (other.message, &model.messages[other.message]));
        let twin = |(at, other): (usize, &super::model::Message)| {
            let same = (other.tells, other.subject) == (row.tells, row.subject);
            at != mail.message && same && (row.tells == Tells::Notice || other.occasion == row.occasion)
        };
        if row.tells != Tells::Digest && other.into_iter().any(twin) {
            return Err(format!("{mail:?} came under two ids"));
        }
        let again = if before > 0 { "again " } else { "" };
        *seen.tally.entry(format!("a mail {again}→ {}", row.tells.word())).or_default() += 1;
        (row.tells.word(), &mail.to, before).hash(&mut seen.digest);
    }
    model.received = model.mails.len();
    Ok(())
}

/// The link in a mail, and all it says.
fn told(model: &Model, mail: &Mail) -> (Option<String>, String) {
    let secrets = mail.credential.and_then(|at| model.credentials[at].secrets.as_ref());
    let link = secrets.map(|(link, _)| format!("https://svar.example/s/{}", link.text()));
    let notice = match model.messages[mail.message].tells {
        Tells::Notice => Notice::First,
        Tells::Reminder => Notice::Reminder,
        Tells::Digest => return (None, words::digest(&Language::nb()).text().trim_end().to_owned()),
    };
    let text = words::notice(notice, &Language::nb(), link.as_deref().unwrap_or_default(), None, false, Asks::BirthDate).text();
    (link, text.trim_end().to_owned())
}

/// No mail holds a name, a number, an answer or a code, and none more than one link.
fn private(model: &Model, letter: &Letter) -> Result<(), String> {
    let links = usize::from(letter.to.ends_with("@post.example"));
    if (letter.text.matches("http").count(), letter.html.matches("href=").count()) != (links, links) {
        return Err(format!("a mail with another number of links than {links}: {letter:?}"));
    }
    let all = format!("{}\n{}\n{}", letter.head, letter.text, letter.html);
    let persons = &model.world.persons;
    let numbers = persons.iter().filter_map(|person| person.identifier.as_ref()).map(|identifier| identifier.value().to_owned());
    let mut forbidden: Vec<String> = numbers.chain(persons.iter().map(|person| person.name.clone())).collect();
    forbidden.extend([MARKER, "Oppdiktet", "Poliklinikk"].map(str::to_owned));
    let codes = model.credentials.iter().filter_map(|row| row.secrets.as_ref()).map(|(_, code)| code.grouped());
    forbidden.extend(codes.flat_map(|code| [code.replace(|sign: char| !sign.is_ascii_alphanumeric(), ""), code]));
    match forbidden.iter().find(|word| all.contains(word.as_str())) {
        Some(word) => Err(format!("{word} stands in a mail")),
        None => Ok(()),
    }
}
