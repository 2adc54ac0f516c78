//! A Bundle with one Questionnaire per language, as the national platform exports a form.

use super::form;
use crate::domain::language::Language;
use crate::domain::questionnaire::{AnswerOption, Item, Questionnaire, Text};
use crate::fhir::read::node::{Log, Node};

/// Reads every Questionnaire of a Bundle and joins the languages of one form.
pub fn read(bundle: &Node<'_>) -> Vec<Questionnaire> {
    let mut forms: Vec<Questionnaire> = Vec::new();
    for entry in bundle.list("entry") {
        let Some(resource) = entry.object("resource") else {
            continue;
        };
        if resource.text("resourceType").as_deref() != Some("Questionnaire") {
            resource.warn("ignored", "only Questionnaires of a Bundle are read");
            continue;
        }
        let Some(next) = form::read(&resource) else {
            continue;
        };
        match forms.iter().position(|known| is_translation(known, &next)) {
            Some(at) => {
                let known = forms.remove(at);
                forms.insert(at, join(known, &next, &resource.path, bundle.log));
            }
            None => forms.push(next),
        }
    }
    if forms.is_empty() && !bundle.log.is_refused() {
        bundle.refuse("empty", "the Bundle holds no Questionnaire");
    }
    forms
}

/// Another language of the same form: same address, name or sequence of link ids.
fn is_translation(known: &Questionnaire, next: &Questionnaire) -> bool {
    let (a, b) = (&known.metadata, &next.metadata);
    let ids = |form: &Questionnaire| -> Vec<String> { form.walk().map(|item| item.link_id.clone()).collect() };
    a.language != b.language && (a.url == b.url || (a.name.is_some() && a.name == b.name) || ids(known) == ids(next))
}

fn join(known: Questionnaire, next: &Questionnaire, path: &str, log: &Log) -> Questionnaire {
    let language = next.metadata.language.clone();
    let (mut metadata, mut items) = known.into_parts();
    let other = &next.metadata;
    add(&mut metadata.title, Some(&other.title), &language);
    if let Some(description) = &mut metadata.description {
        add(description, other.description.as_ref(), &language);
    }
    if metadata.version != other.version {
        log.refuse(path, "languages-differ", "the languages have different versions");
    }
    join_items(&mut items, next.items(), &language, path, log);
    Questionnaire::new(metadata, items)
}

fn add(text: &mut Text, other: Option<&Text>, language: &Language) {
    if let Some(other) = other.filter(|other| !other.base.is_empty()) {
        text.translations.insert(language.clone(), other.base.clone());
    }
}

fn join_items(items: &mut [Item], others: &[Item], language: &Language, path: &str, log: &Log) {
    if items.len() != others.len() {
        log.refuse(path, "languages-differ", "the languages have different items at this level");
    }
    for (item, other) in items.iter_mut().zip(others) {
        let here = format!("{path}.item.where(linkId='{}')", item.link_id);
        if !same_rules(item, other) {
            let text = "the item differs between the languages in more than its words";
            log.refuse(&here, "languages-differ", text);
            continue;
        }
        add(&mut item.text, Some(&other.text), language);
        let pairs = [
            (&mut item.markdown, &other.markdown),
            (&mut item.prefix, &other.prefix),
            (&mut item.entry_format, &other.entry_format),
            (&mut item.validation_text, &other.validation_text),
        ];
        for (own, other) in pairs {
            if let Some(own) = own {
                add(own, other.as_ref(), language);
            }
        }
        for (option, other) in item.options.iter_mut().zip(&other.options) {
            add(&mut option.label, Some(&other.label), language);
        }
        join_items(&mut item.items, &other.items, language, &here, log);
    }
}

/// Whether two items ask and accept the same.
fn same_rules(a: &Item, b: &Item) -> bool {
    let values = |item: &Item| -> Vec<_> {
        let all = item.options.iter();
        all.map(|AnswerOption { value, exclusive, .. }| (value.clone(), *exclusive)).collect()
    };
    a.link_id == b.link_id
        && a.kind == b.kind
        && a.required == b.required
        && a.repeats == b.repeats
        && a.limits == b.limits
        && a.behavior == b.behavior
        && a.enable_when == b.enable_when
        && values(a) == values(b)
}
