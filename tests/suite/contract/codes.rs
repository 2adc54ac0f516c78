//! Every code, once in the code, once in `docs/errors.md`, once in `openapi.yaml`, with words in every
//! language.

use crate::support::contract::{CONTRACT, resolve};
use kartlegging::cli::failure;
use kartlegging::domain::answers::IssueCode;
use kartlegging::http::problem::{Code, FieldCode};
use regex::Regex;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

fn root(file: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

/// Code, status, meaning and remedy of the rows of one section of `docs/errors.md`.
fn documented(section: &str) -> BTreeMap<String, Vec<String>> {
    let page = std::fs::read_to_string(root("docs/errors.md")).expect("docs/errors.md");
    let from = page.find(&format!("\n## {section}\n")).unwrap_or_else(|| panic!("no section {section}"));
    let text = &page[from + 4..];
    let text = text.split("\n## ").next().unwrap_or_default();
    let mut rows = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<String> = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
        assert_eq!(cells.len(), 4, "{line}");
        assert!(cells[2].len() > 10 && cells[3].len() > 4, "meaning and remedy: {line}");
        let code = cells[0].trim_matches('`').to_owned();
        assert!(rows.insert(code, cells).is_none(), "twice: {line}");
    }
    rows
}

fn statuses(section: &str) -> BTreeMap<String, String> {
    documented(section).into_iter().map(|(code, cells)| (code, cells[1].clone())).collect()
}

#[test]
fn problem_codes_are_documented() {
    let known: BTreeMap<String, String> = Code::ALL.iter().map(|code| (code.word().to_owned(), code.status().to_string())).collect();
    assert_eq!(known.len(), Code::ALL.len());
    assert_eq!(statuses("Problem codes"), known);
    let listed: BTreeSet<&str> =
        CONTRACT["components"]["schemas"]["ProblemCode"]["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert_eq!(listed, known.keys().map(String::as_str).collect());
}

#[test]
fn field_codes_are_documented() {
    let known: BTreeMap<String, String> = FieldCode::ALL.iter().map(|code| (code.word().to_owned(), "422".to_owned())).collect();
    assert_eq!(statuses("Field codes"), known);
    let listed = &CONTRACT["components"]["schemas"]["FieldError"]["properties"]["code"]["enum"];
    let listed: BTreeSet<&str> = listed.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert_eq!(listed, known.keys().map(String::as_str).collect());
}

#[test]
fn issue_codes_are_documented() {
    let known: BTreeSet<&str> = IssueCode::ALL.iter().map(|code| code.code()).collect();
    let rows = documented("Issue codes for answers");
    assert_eq!(rows.keys().map(String::as_str).collect::<BTreeSet<_>>(), known);
    for cells in rows.values() {
        // A row that says "Warning." is accepted, the others are refused, but for what a draft lacks.
        let expected = match (cells[2].ends_with("Warning."), cells[2].contains("In a draft a warning")) {
            (true, _) => "200",
            (_, true) => "422; draft 200",
            _ => "422",
        };
        assert_eq!(cells[1], expected, "{cells:?}");
    }
}

#[test]
fn command_codes_are_documented_with_the_status_they_end_with() {
    let rows = statuses("Commands and start");
    let known: BTreeSet<&str> = failure::CODES.into_iter().collect();
    assert_eq!(known.len(), failure::CODES.len());
    assert_eq!(rows.keys().map(String::as_str).collect::<BTreeSet<_>>(), known);
    // Which end a code has is said where it is made.
    let made = Regex::new(r#"(?:Failure|Self)::(config|run)\(\s*"([a-z-]+)""#).expect("regex");
    let mut used = BTreeSet::new();
    let mut folders = vec![root("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("src").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap_or_default();
            for one in made.captures_iter(&source) {
                let status = if &one[1] == "config" { "2" } else { "1" };
                assert_eq!(rows.get(&one[2]).map(String::as_str), Some(status), "{} in {}", &one[2], path.display());
                used.insert(one[2].to_owned());
            }
        }
    }
    assert_eq!(used, known.iter().map(|code| (*code).to_owned()).collect(), "a code that nothing ends with");
}

/// Every documented response with its status.
fn responses() -> Vec<(String, u16, &'static Value)> {
    let mut all = Vec::new();
    for (path, methods) in CONTRACT["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods").iter().filter(|(method, _)| *method != "parameters") {
            for (status, response) in operation["responses"].as_object().expect("responses") {
                all.push((format!("{method} {path} {status}"), status.parse().expect("status"), resolve(response)));
            }
        }
    }
    all
}

#[test]
fn every_documented_problem_stands_under_its_status_and_has_its_example() {
    let mut seen = BTreeSet::new();
    for (at, status, response) in responses() {
        let codes: Vec<&str> = response["x-problem-codes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let problem = &response["content"]["application/problem+json"];
        assert_eq!(codes.is_empty(), problem.is_null(), "{at}: codes and body go together");
        for word in &codes {
            let code = Code::ALL.iter().find(|code| code.word() == *word).unwrap_or_else(|| panic!("{at}: no code {word}"));
            assert_eq!(code.status(), status, "{at}: {word}");
            let said = response["description"].as_str().unwrap_or_default();
            assert!(said.contains(&format!("`{word}`")), "{at}: the description does not explain {word}");
            seen.insert(*word);
        }
        for word in response["x-outcome-codes"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let said = response["description"].as_str().unwrap_or_default();
            assert!(said.contains(&format!("`{word}`")), "{at}: the description does not explain {word}");
            seen.insert(word);
        }
        for (name, example) in problem["examples"].as_object().into_iter().flatten() {
            let value = &resolve(example)["value"];
            assert!(codes.contains(&value["code"].as_str().unwrap_or_default()), "{at}: example {name}");
            assert_eq!(value["status"], status, "{at}: example {name}");
            assert_eq!(
                value["type"],
                format!("https://kartlegging.example/errors#{}", value["code"].as_str().unwrap_or_default()),
                "{at}: {name}"
            );
        }
    }
    let all: BTreeSet<&str> =
        Code::ALL.iter().map(|code| code.word()).filter(|word| *word != "route-not-found" || seen.contains(word)).collect();
    assert_eq!(seen, all, "codes that no operation documents");
}

#[test]
fn every_code_has_words_in_every_language() {
    let mut keys: Vec<String> = Vec::new();
    for code in Code::ALL {
        keys.extend([format!("problem-{}-title", code.word()), format!("problem-{}-detail", code.word())]);
    }
    keys.extend(FieldCode::ALL.iter().map(|code| format!("field-{}", code.word())));
    keys.extend(IssueCode::ALL.iter().map(|code| format!("issue-{}", code.code())));
    keys.extend(kartlegging::domain::need::Reason::ALL.iter().map(|reason| format!("reason-{}", reason.word())));
    keys.extend(kartlegging::domain::log::Pattern::ALL.iter().map(|pattern| format!("log-{}", pattern.word())));
    for language in ["nb", "nn", "en"] {
        let mut words = BTreeMap::new();
        for entry in std::fs::read_dir(root(&format!("src/text/locales/{language}"))).expect("locales").flatten() {
            let text = std::fs::read_to_string(entry.path()).expect("words");
            for (key, value) in text.lines().filter_map(|line| line.split_once(" = ")) {
                assert!(words.insert(key.to_owned(), value.to_owned()).is_none(), "{language}: {key} stands twice");
            }
        }
        let missing: Vec<&String> = keys.iter().filter(|key| words.get(*key).is_none_or(|value| value.trim().len() < 3)).collect();
        assert!(missing.is_empty(), "{language}: {missing:?}");
    }
}
