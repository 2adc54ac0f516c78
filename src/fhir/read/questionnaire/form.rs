//! What is said about the whole form.

use std::collections::BTreeMap;

use super::{item, options, rules};
use crate::domain::language::Language;
use crate::domain::questionnaire::{Code, Metadata, Questionnaire, Status, Text, ValueSet};
use crate::fhir::read::node::Node;
use crate::fhir::urls;

const KNOWN: [&str; 22] = [
    "resourceType",
    "meta",
    "text",
    "language",
    "contained",
    "url",
    "version",
    "name",
    "title",
    "status",
    "experimental",
    "subjectType",
    "date",
    "publisher",
    "contact",
    "description",
    "useContext",
    "purpose",
    "copyright",
    "code",
    "item",
    "identifier",
];

/// Reads one Questionnaire.
pub fn read(node: &Node<'_>) -> Option<Questionnaire> {
    node.only(&KNOWN);
    // What is missing here is refused; the items are read all the same, for their own faults.
    let known = metadata(node);
    let refused = known.is_none();
    let mut metadata = known.unwrap_or_else(|| Metadata::new("", "", ""));
    supplements(node, &mut metadata);
    let value_sets = options::value_sets(node);
    metadata.value_sets =
        value_sets.iter().map(|set| ValueSet { id: set.id.clone(), url: set.url.clone(), title: set.title.clone() }).collect();
    let reader = item::Reader { value_sets: &value_sets };
    let items = reader.items(node);
    if node.list("item").is_empty() {
        node.refuse("empty", "the form has no items");
    }
    let form = Questionnaire::new(metadata, items);
    rules::check(&form, &node.path, node.log);
    (!refused).then_some(form)
}

fn metadata(node: &Node<'_>) -> Option<Metadata> {
    let id = node.token("id");
    let url = address(node, id.as_deref());
    let version = node.token("version");
    if version.is_none() {
        node.refuse("version", "the form needs a version: a response names exactly what it answers");
    }
    let status = node.token("status").and_then(|code| Status::parse(&code));
    if status.is_none() {
        node.refuse("status", "status must be draft, active, retired or unknown");
    }
    let title = node.translated("title").or_else(|| node.translated("name"));
    if title.is_none() {
        node.refuse("title", "the form needs a title");
    }
    Some(Metadata {
        id,
        url: url?,
        version: version?,
        name: name(node),
        title: title?,
        status: status?,
        experimental: node.flag("experimental").unwrap_or(false),
        language: language(node),
        supplements: BTreeMap::new(),
        date: node.token("date"),
        publisher: node.text("publisher"),
        description: node.translated("description"),
        purpose: node.text("purpose"),
        copyright: node.text("copyright"),
        subject_types: node.texts("subjectType"),
        codes: codes(node),
        value_sets: Vec::new(),
    })
}

/// The address; a relative one, as the national platform writes it, is put under our base.
fn address(node: &Node<'_>, id: Option<&str>) -> Option<String> {
    let given = node.token("url");
    let url = match (given, id) {
        (Some(url), _) if url::Url::parse(&url).is_ok() => Some(url),
        (Some(relative), _) => {
            node.warn("relative-url", "the address is not absolute and was put under our own");
            Some(format!("{}{}", urls::FORM_BASE, relative.trim_start_matches('/')))
        }
        (None, Some(id)) => {
            node.warn("relative-url", "the form has no address; one was made of its id");
            Some(format!("{}Questionnaire/{id}", urls::FORM_BASE))
        }
        (None, None) => {
            node.refuse("url", "the form needs an address (url)");
            None
        }
    };
    if url.as_ref().is_some_and(|url| url.contains('|')) {
        node.refuse("url", "the address must not hold a version");
    }
    url
}

fn name(node: &Node<'_>) -> Option<String> {
    let name = node.token("name")?;
    let mut letters = name.chars();
    let starts = letters.next().is_some_and(|c| c.is_ascii_uppercase());
    if !starts || name.len() > 255 || !letters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
        let text = "name should begin with A-Z and hold only letters, digits and _";
        node.log.warn(&node.at("name"), "que-0", text);
    }
    Some(name)
}

fn language(node: &Node<'_>) -> Language {
    let tagged = || {
        let tags = node.object("meta")?.list("tag");
        let mut tags = tags.iter();
        let tag = tags.find(|tag| tag.token("system").as_deref() == Some("urn:ietf:bcp:47"))?;
        tag.token("code")
    };
    let given = node.token("language").or_else(tagged);
    match given.as_deref().map(Language::parse) {
        Some(Ok(language)) => language,
        Some(Err(_)) => {
            node.refuse("language", "language must be a tag such as nb or nn-NO");
            Language::nb()
        }
        None => {
            node.warn("language", "the form does not name its language; nb is assumed");
            Language::nb()
        }
    }
}

fn supplements(node: &Node<'_>, metadata: &mut Metadata) {
    let mut platform = 0;
    for (url, extension) in node.extensions() {
        match url.as_str() {
            urls::SUPPLEMENT => {
                let parts: BTreeMap<String, Node<'_>> = extension.extensions().into_iter().collect();
                let language = parts.get("language").and_then(|part| part.token("valueCode"));
                let language = language.and_then(|tag| Language::parse(&tag).ok());
                let revision = parts.get("revision").and_then(|part| part.count("valuePositiveInt"));
                metadata.supplements.extend(language.zip(revision));
            }
            other if urls::PLATFORM.iter().any(|base| other.starts_with(base)) => platform += 1,
            other if is_unsupported(other) => {
                extension.refuse("unsupported", format!("{other} is not executed"));
            }
            other => extension.warn("extension", format!("{other} is not used")),
        }
    }
    if platform > 0 {
        let text = format!("{platform} settings of the national platform are not used");
        node.warn("platform", text);
    }
}

/// Whether an extension changes what is asked or valid in a way that is not executed.
pub fn is_unsupported(url: &str) -> bool {
    let last = url.rsplit('/').next().unwrap_or(url);
    urls::UNSUPPORTED.contains(&last)
}

/// Reads `code` with its words.
pub fn codes(node: &Node<'_>) -> Vec<Code> {
    let all = node.list("code").into_iter();
    all.filter_map(|coding| {
        Some(Code {
            system: coding.token("system"),
            code: coding.token("code")?,
            display: coding.translated("display").filter(|text: &Text| !text.base.is_empty()),
        })
    })
    .collect()
}
