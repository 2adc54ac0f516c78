//! Every text that patients read in bokmål and nynorsk: pages, letters, problems they meet, issues, forms.

use std::path::Path;

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use fluent_syntax::parser;
use kartlegging::domain::language::Language;
use kartlegging::domain::questionnaire::{Item, PROBLEM};

use super::support::{FORMS, form};

/// The two forms of Norwegian.
pub const NORWEGIAN: [&str; 2] = ["nb", "nn"];

/// Beginnings of the keys in `problems.ftl` whose problems patients meet. Clients and clinicians meet
/// some of them too.
pub const PROBLEMS: [&str; 11] = [
    "problem-session-",
    "problem-credential-",
    "problem-invitation-",
    "problem-draft-",
    "problem-attempts-",
    "problem-code-mistyped-",
    "problem-answers-invalid-",
    "problem-link-replaced-",
    "problem-amend-closed-",
    "problem-too-many-attempts-",
    "problem-unavailable-",
];

/// One text with where it stands.
#[derive(Debug, Clone)]
pub struct Read {
    pub place: String,
    pub text: String,
}

/// The messages of a locale file. What is put in reads as one short word; of a choice, such as
/// between one and several, every variant is a text of its own.
pub fn messages(tag: &str, file: &str) -> Vec<Read> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/text/locales").join(tag).join(file);
    let source = std::fs::read_to_string(&path).unwrap();
    let resource = parser::parse(source.as_str()).unwrap_or_else(|(_, errors)| panic!("{}: {errors:?}", path.display()));
    let mut all = Vec::new();
    for entry in &resource.body {
        if let Entry::Message(message) = entry {
            let own = message.value.iter().map(|pattern| (message.id.name.to_owned(), pattern));
            let attributes =
                message.attributes.iter().map(|attribute| (format!("{}.{}", message.id.name, attribute.id.name), &attribute.value));
            for (key, pattern) in own.chain(attributes) {
                all.extend(variants(pattern).into_iter().map(|text| Read { place: format!("{tag} {key}"), text }));
            }
        }
    }
    assert!(!all.is_empty(), "{tag}/{file}");
    all
}

fn variants(pattern: &Pattern<&str>) -> Vec<String> {
    let mut texts = vec![String::new()];
    for element in &pattern.elements {
        let next: Vec<String> = match element {
            PatternElement::TextElement { value } => vec![(*value).to_owned()],
            PatternElement::Placeable { expression } => put_in(expression),
        };
        texts = texts.iter().flat_map(|text| next.iter().map(move |next| format!("{text}{next}"))).collect();
    }
    texts
}

fn put_in(expression: &Expression<&str>) -> Vec<String> {
    match expression {
        Expression::Select { variants: all, .. } => all.iter().flat_map(|variant| variants(&variant.value)).collect(),
        Expression::Inline(InlineExpression::StringLiteral { value } | InlineExpression::NumberLiteral { value }) => {
            vec![(*value).to_owned()]
        }
        Expression::Inline(InlineExpression::Placeable { expression }) => put_in(expression),
        Expression::Inline(_) => vec!["x".to_owned()],
    }
}

/// The pages.
pub fn pages(tag: &str) -> Vec<Read> {
    messages(tag, "pages.ftl")
}

/// Letters.
pub fn letters(tag: &str) -> Vec<Read> {
    messages(tag, "letter.ftl")
}

/// Mails.
pub fn mails(tag: &str) -> Vec<Read> {
    messages(tag, "mail.ftl")
}

/// What is wrong with answers.
pub fn issues(tag: &str) -> Vec<Read> {
    messages(tag, "issues.ftl")
}

/// The problems that patients meet.
pub fn problems(tag: &str) -> Vec<Read> {
    let all = messages(tag, "problems.ftl");
    let key = |read: &Read| read.place.trim_start_matches(tag).trim_start().to_owned();
    for start in PROBLEMS {
        assert!(all.iter().any(|read| key(read).starts_with(start)), "no problem begins with {start}");
    }
    all.into_iter().filter(|read| PROBLEMS.iter().any(|start| key(read).starts_with(start))).collect()
}

/// A released form. The labels of problems are given by the form it follows, and are left out.
pub fn questionnaire(tag: &str, name: &str) -> Vec<Read> {
    let form = form(name);
    let language = Language::parse(tag).unwrap();
    let head = [Some(&form.metadata.title), form.metadata.description.as_ref()].into_iter().flatten();
    let mut all: Vec<Read> = head.map(|text| Read { place: format!("{tag} {name}"), text: text.get(&language).to_owned() }).collect();
    for item in form.walk() {
        let texts = of_item(item).into_iter().map(|text| text.get(&language).to_owned());
        all.extend(texts.filter(|text| !text.is_empty()).map(|text| Read { place: format!("{tag} {name} {}", item.link_id), text }));
    }
    all
}

fn of_item(item: &Item) -> Vec<&kartlegging::domain::questionnaire::Text> {
    let own = [Some(&item.text), item.markdown.as_ref(), item.prefix.as_ref(), item.entry_format.as_ref(), item.validation_text.as_ref()];
    let is_given = |coding: &kartlegging::domain::value::Coding| coding.system.as_deref() == Some(PROBLEM);
    let options = item.options.iter().filter(|option| !option.coding().is_some_and(is_given)).map(|option| &option.label);
    own.into_iter().flatten().chain(options).collect()
}

/// All of it in one language, part by part.
pub fn all(tag: &str) -> Vec<(String, Vec<Read>)> {
    let mut parts = vec![
        (format!("{tag} pages"), pages(tag)),
        (format!("{tag} letters"), letters(tag)),
        (format!("{tag} mails"), mails(tag)),
        (format!("{tag} problems"), problems(tag)),
        (format!("{tag} issues"), issues(tag)),
    ];
    parts.extend(FORMS.map(|name| (format!("{tag} {name}"), questionnaire(tag, name))));
    parts
}

/// The words of a text in small letters: letters, digits and what joins them.
pub fn words(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| c.is_whitespace() || matches!(c, '/' | '–' | '—'));
    let bare = parts.map(|part| part.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase());
    bare.filter(|word| !word.is_empty()).collect()
}
