//! `docs/security.md` has a row for every level 1 and 2 requirement of OWASP ASVS 5.0.0, and every test
//! that a row names is there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Sections with the number of their last requirement of level 1 or 2; those of level 3 come after.
#[rustfmt::skip]
const SECTIONS: [(&str, usize); 75] = [
    ("1.1", 2), ("1.2", 9), ("1.3", 11), ("1.4", 3), ("1.5", 2),
    ("2.1", 3), ("2.2", 3), ("2.3", 4), ("2.4", 1),
    ("3.2", 2), ("3.3", 4), ("3.4", 6), ("3.5", 5), ("3.7", 2),
    ("4.1", 3), ("4.2", 1), ("4.3", 2), ("4.4", 4),
    ("5.1", 1), ("5.2", 3), ("5.3", 2), ("5.4", 3),
    ("6.1", 3), ("6.2", 12), ("6.3", 4), ("6.4", 4), ("6.5", 5), ("6.6", 3), ("6.8", 4),
    ("7.1", 3), ("7.2", 4), ("7.3", 2), ("7.4", 5), ("7.5", 2), ("7.6", 2),
    ("8.1", 2), ("8.2", 3), ("8.3", 1), ("8.4", 1),
    ("9.1", 3), ("9.2", 4),
    ("10.1", 2), ("10.2", 2), ("10.3", 4), ("10.4", 11), ("10.5", 5), ("10.6", 2), ("10.7", 3),
    ("11.1", 2), ("11.2", 3), ("11.3", 3), ("11.4", 4), ("11.5", 1), ("11.6", 1),
    ("12.1", 3), ("12.2", 2), ("12.3", 4),
    ("13.1", 1), ("13.2", 5), ("13.3", 2), ("13.4", 5),
    ("14.1", 2), ("14.2", 4), ("14.3", 3),
    ("15.1", 3), ("15.2", 3), ("15.3", 7),
    ("16.1", 1), ("16.2", 5), ("16.3", 4), ("16.4", 3), ("16.5", 3),
    ("17.1", 1), ("17.2", 4), ("17.3", 2),
];
/// How many they are together.
const REQUIREMENTS: usize = 253;
/// How a row begins that names no test.
const REASONS: [&str; 4] = ["not applicable: ", "deviation: ", "by design: ", "documented: "];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Number, words and proof of each row of the section.
fn rows() -> Vec<(String, String, String)> {
    let page = std::fs::read_to_string(root().join("docs/security.md")).expect("security.md");
    let section = page.split("\n## OWASP ASVS 5.0, level 2\n").nth(1).expect("the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let cells = |line: &str| -> Vec<String> { line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect() };
    let numbered = section.lines().filter(|line| line.starts_with("| ") && line[2..].starts_with(|c: char| c.is_ascii_digit()));
    let mut found = Vec::new();
    for line in numbered {
        let [number, words, proof] = cells(line).try_into().unwrap_or_else(|_| panic!("not three cells: {line}"));
        found.push((number, words, proof));
    }
    found
}

/// The file of a named test, and the test in it.
fn named(span: &str) -> Option<(PathBuf, Option<&str>)> {
    let (file, test) = span.split_once("::").map_or((span, None), |(file, test)| (file, Some(test)));
    let suffix = Path::new(file).extension().and_then(|kind| kind.to_str()).unwrap_or_default();
    if file.starts_with("tests/") || file.starts_with("src/") || file.starts_with("docs/") {
        return Some((root().join(file), test));
    }
    (suffix == "rs").then(|| (root().join("tests/suite").join(file), test))
}

#[test]
fn every_requirement_has_one_row() {
    let wanted: Vec<String> = SECTIONS.iter().flat_map(|(section, last)| (1..=*last).map(move |nth| format!("{section}.{nth}"))).collect();
    assert_eq!(wanted.len(), REQUIREMENTS);
    let mut counts: BTreeMap<String, usize> = wanted.iter().map(|number| (number.clone(), 0)).collect();
    for (number, words, _) in rows() {
        assert!(words.len() > 3, "{number} says nothing");
        *counts.get_mut(&number).unwrap_or_else(|| panic!("{number} is no requirement of level 1 or 2")) += 1;
    }
    let wrong: Vec<_> = counts.iter().filter(|(_, count)| **count != 1).collect();
    assert!(wrong.is_empty(), "missing or twice: {wrong:?}");
}

#[test]
fn every_row_names_a_test_that_is_there_or_says_why_none() {
    let (mut tests, mut wrong) = (0, Vec::new());
    for (number, _, proof) in rows() {
        let reason = REASONS.iter().find_map(|begin| proof.strip_prefix(begin));
        let mut own = 0;
        for span in proof.split('`').skip(1).step_by(2) {
            let Some((file, test)) = named(span) else { continue };
            let source = std::fs::read_to_string(&file).unwrap_or_default();
            let there = test.is_none_or(|test| source.contains(&format!("fn {test}(")) || source.contains(&format!("def {test}(")));
            if source.is_empty() || !there {
                wrong.push(format!("{number}: {span} does not exist"));
            }
            own += usize::from(!span.starts_with("docs/"));
        }
        tests += own;
        if reason.map_or(own == 0, |reason| reason.len() < 6) {
            wrong.push(format!("{number}: neither a test nor a reason: {proof}"));
        }
    }
    let page = std::fs::read_to_string(root().join("docs/security.md")).expect("security.md");
    let threats = page.split("\n## Threats\n").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("the threats");
    for span in threats.split('`').skip(1).step_by(2).filter(|span| span.contains("::")) {
        let (file, test) = named(span).unwrap_or_else(|| panic!("{span} is no test"));
        if !std::fs::read_to_string(&file).is_ok_and(|text| text.contains(&format!("fn {}(", test.unwrap_or_default()))) {
            wrong.push(format!("threats: {span} does not exist"));
        }
        tests += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tests > 150, "only {tests} tests named");
}

/// Every file below a folder, with its text.
fn sources(folder: &Path, into: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).expect("folder") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            sources(&path, into);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            into.push((path, text));
        }
    }
}

#[test]
fn the_source_has_none_of_what_the_page_says_it_lacks() {
    let mut files = Vec::new();
    for floor in ["domain", "fhir", "text", "storage", "crypto", "print", "services", "http", "jobs"] {
        sources(&root().join("src").join(floor), &mut files);
    }
    assert!(files.len() > 150, "only {} files read", files.len());
    // Processes, and what writes HTML or keeps or sends things in a browser past the policy.
    let words = [
        "process::Command",
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "localStorage",
        "sessionStorage",
        "indexedDB",
        "document.cookie",
        "postMessage",
        "importScripts",
        "__proto__",
    ];
    for (path, text) in &files {
        for word in words {
            assert!(!text.contains(word), "{word} is in {}", path.display());
        }
    }
    // What a template takes as it stands is another template's page or an attribute that is written here.
    let mut raw = 0;
    for (path, text) in files.iter().filter(|(path, _)| path.extension().is_some_and(|kind| kind == "html")) {
        for span in text.split("{{").skip(1).filter_map(|rest| rest.split("}}").next()).filter(|span| span.contains("|safe")) {
            let known =
                ["lang()|safe", "block|safe", "described|safe", "field.invalid()|safe"].iter().any(|end| span.trim().ends_with(end));
            assert!(known, "{{{{{span}}}}} in {} is not escaped", path.display());
            raw += 1;
        }
    }
    assert!(raw > 0, "no template was read");
}
