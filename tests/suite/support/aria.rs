//! What holds for every page: names of fields, references between ids, headings, the error summary,
//! no script or style inside the page. WCAG 1.3.1, 2.4.2, 2.4.6, 3.1.1, 3.3.1, 3.3.2, 4.1.2.

use super::html::Element;
use std::collections::BTreeSet;

/// Beginning of a title when something has to be mended, by language.
const WRONG: [(&str, &str); 3] = [("nb", "Feil: "), ("nn", "Feil: "), ("en", "Error: ")];

/// What is wrong with a page.
pub fn faults(html: &Element) -> Vec<String> {
    let mut check = Check { html, all: html.all(), ids: BTreeSet::new(), faults: Vec::new() };
    check.ids();
    check.fields();
    check.sets();
    check.headings();
    check.errors();
    check.words();
    check.purity();
    check.faults
}

struct Check<'a> {
    html: &'a Element,
    all: Vec<&'a Element>,
    ids: BTreeSet<&'a str>,
    faults: Vec<String>,
}

fn is_field(element: &Element) -> bool {
    matches!(element.name.as_str(), "select" | "textarea") || (element.name == "input" && element.get("type") != "hidden")
}

fn is_focusable(element: &Element) -> bool {
    is_field(element) || element.attr("tabindex").is_some() || matches!(element.name.as_str(), "button" | "a")
}

impl<'a> Check<'a> {
    fn fault(&mut self, text: String) {
        self.faults.push(text);
    }

    fn named(&self, name: &str) -> Vec<&'a Element> {
        self.all.iter().copied().filter(|element| element.name == name).collect()
    }

    fn ids(&mut self) {
        for element in self.all.clone() {
            let Some(id) = element.attr("id") else { continue };
            if id.is_empty() || id.contains(char::is_whitespace) || !self.ids.insert(id) {
                self.fault(format!("the id {id:?} is no id or not the only one"));
            }
        }
        for element in self.all.clone() {
            for name in ["aria-describedby", "aria-labelledby", "aria-controls"] {
                let Some(list) = element.attr(name) else { continue };
                let ids: Vec<&str> = list.split_whitespace().collect();
                if ids.is_empty() || ids.iter().any(|id| !self.ids.contains(id)) {
                    self.fault(format!("{name}={list:?} leads nowhere"));
                }
            }
        }
        let shown: Vec<&str> =
            self.named("input").iter().filter(|input| input.get("name") == "vist").map(|input| input.get("value")).collect();
        if shown.iter().collect::<BTreeSet<_>>().len() != shown.len() {
            self.fault(format!("something is said to be shown twice: {shown:?}"));
        }
    }

    fn fields(&mut self) {
        let labels = self.named("label");
        for label in &labels {
            let of = self.html.id(label.get("for"));
            if !of.is_some_and(is_field) || label.text().is_empty() {
                self.fault(format!("the label {:?} is of no field", label.text()));
            }
        }
        for field in self.all.clone().into_iter().filter(|element| is_field(element)) {
            let own = labels.iter().filter(|label| field.attr("id") == label.attr("for")).count();
            let named = usize::from(field.attr("aria-label").is_some_and(|label| !label.trim().is_empty()));
            if own + named != 1 {
                self.fault(format!("the field {:?} {:?} has {} names", field.get("id"), field.get("name"), own + named));
            }
            if field.get("name").is_empty() {
                self.fault(format!("the field {:?} is never sent", field.get("id")));
            }
        }
    }

    fn sets(&mut self) {
        for set in self.named("fieldset") {
            if set.children().first().is_none_or(|first| first.name != "legend" || first.text().is_empty()) {
                self.fault(format!("a set of fields without a legend: {}", set.text()));
            }
        }
        if self.named("legend").len() != self.named("fieldset").len() {
            self.fault("a legend outside of a set".to_owned());
        }
        for choices in self.all.clone().into_iter().filter(|element| element.has_class("choices")) {
            let names: BTreeSet<&str> = choices
                .named("input")
                .iter()
                .filter(|input| matches!(input.get("type"), "radio" | "checkbox"))
                .map(|input| input.get("name"))
                .collect();
            if names.len() != 1 {
                self.fault(format!("the choices of one question are sent as {names:?}"));
            }
            let radios = choices.named("input").into_iter().filter(|input| input.get("type") == "radio" && input.attr("checked").is_some());
            if radios.count() > 1 {
                self.fault(format!("two are chosen of {names:?}"));
            }
        }
    }

    fn headings(&mut self) {
        let level = |element: &Element| match element.name.as_bytes() {
            [b'h', digit @ b'1'..=b'6'] => Some(digit - b'0'),
            _ => None,
        };
        let mut last = 1;
        for heading in self.all.clone() {
            let Some(level) = level(heading) else { continue };
            if heading.text().is_empty() || level > last + 1 {
                self.fault(format!("the heading {:?} of level {level} comes after level {last}", heading.text()));
            }
            last = level;
        }
        let mains = self.named("main");
        let inside = mains.first().map_or(0, |main| main.named("h1").len());
        if mains.len() != 1 || inside != 1 || self.named("h1").len() != 1 {
            self.fault(format!("{} main headings in {} main parts", self.named("h1").len(), mains.len()));
        }
    }

    fn errors(&mut self) {
        let lang = self.html.get("lang");
        let title = self.named("title").first().map(|title| title.text()).unwrap_or_default();
        let Some((_, word)) = WRONG.into_iter().find(|(own, _)| *own == lang) else {
            self.fault(format!("the page is in {lang:?}"));
            return;
        };
        let summary = self.html.id("summary");
        if title.starts_with(word) != summary.is_some() || title.len() < 5 {
            self.fault(format!("the title is {title:?}"));
        }
        for link in summary.map(|summary| summary.named("a")).unwrap_or_default() {
            let to = link.get("href");
            let found = to.strip_prefix('#').map(|id| self.html.id(id).is_some_and(is_focusable));
            if found == Some(false) {
                self.fault(format!("the error {:?} leads to {to:?}", link.text()));
            }
        }
        if summary.is_some_and(|summary| summary.named("li").is_empty() || summary.get("tabindex") != "-1") {
            self.fault("an error summary that can't be read".to_owned());
        }
        let summary = summary.map(Element::text).unwrap_or_default();
        for error in self.all.clone().into_iter().filter(|element| element.has_class("error")) {
            let id = error.get("id");
            if !self.all.iter().any(|element| element.get("aria-describedby").split_whitespace().any(|own| own == id)) {
                self.fault(format!("the error {:?} belongs to no field", error.text()));
            }
            let words = error.text();
            if !words.starts_with(word.trim()) || !summary.contains(words.trim_start_matches(word.trim()).trim()) {
                self.fault(format!("the summary says something else than {words:?}"));
            }
        }
        if self.all.iter().any(|element| element.get("aria-invalid") == "true") && summary.is_empty() {
            self.fault("a field is wrong and the summary does not say so".to_owned());
        }
    }

    fn words(&mut self) {
        for element in self.all.clone() {
            let name = element.name.as_str();
            if matches!(name, "a" | "button" | "option" | "summary" | "dt" | "dd" | "p" | "li" | "blockquote" | "legend")
                && element.text().is_empty()
                && element.attr("hidden").is_none()
                && !element.all().into_iter().any(is_field)
                && !(name == "option" && element.get("value").is_empty())
            {
                self.fault(format!("a {name} without words"));
            }
            if name == "nav" && element.get("aria-label").is_empty() {
                self.fault("a nav without a name".to_owned());
            }
            if element.get("aria-hidden") == "true" && is_focusable(element) && element.get("tabindex") != "-1" {
                self.fault(format!("hidden and reached by the keyboard: {}", element.text()));
            }
            if element.attr("lang").is_some_and(|lang| lang.is_empty() || !lang.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')) {
                self.fault(format!("the language {:?}", element.get("lang")));
            }
        }
        for skip in self.all.clone().into_iter().filter(|element| element.has_class("skip")) {
            if skip.get("href") != "#main" {
                self.fault("the skip link leads nowhere".to_owned());
            }
        }
    }

    fn purity(&mut self) {
        for element in self.all.clone() {
            let name = element.name.as_str();
            let inline = element.attributes().any(|attribute| attribute == "style" || attribute.starts_with("on"));
            let script = name == "script" && (element.attr("src").is_none() || !element.raw().is_empty());
            if inline || script || matches!(name, "style" | "iframe" | "object" | "embed" | "base" | "img" | "font" | "center") {
                self.fault(format!("a {name} that does not belong in a page"));
            }
            for attribute in ["href", "src", "action"] {
                let Some(to) = element.attr(attribute) else { continue };
                let own = (to.starts_with('/') && !to.starts_with("//")) || to.starts_with('#');
                let phone = to
                    .strip_prefix("tel:")
                    .is_some_and(|digits| digits.len() >= 3 && digits.bytes().all(|b| b.is_ascii_digit() || b == b'+'));
                // The sign-out of a provider (`tests/oidc`) is the one place elsewhere that a page leads to.
                let out = attribute == "href" && to.starts_with("http://127.0.0.1:") && to.contains("/session/end?client_id=");
                if !own && !phone && !out {
                    self.fault(format!("{attribute}={to:?} leads to another place"));
                }
            }
        }
    }
}
