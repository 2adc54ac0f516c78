//! Documents name what exists: paths in `ARCHITECTURE.md`, links between documents, settings, tables.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn is_a(path: impl AsRef<Path>, kind: &str) -> bool {
    path.as_ref().extension().is_some_and(|extension| extension == kind)
}

/// What stands between single backticks.
fn code_spans(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with("```")).flat_map(|line| line.split('`').skip(1).step_by(2))
}

#[test]
fn every_path_in_the_map_exists() {
    let map = text("ARCHITECTURE.md");
    let tops = ["src", "migrations", "questionnaires", "tests", "docs"];
    let is_path = |span: &&str| {
        let names_a_top = tops.iter().any(|top| span.strip_prefix(top).is_some_and(|rest| rest.starts_with('/')));
        let is_root_file = ["yaml", "toml", "md"].iter().any(|kind| is_a(span, kind));
        (names_a_top || is_root_file) && !span.contains(['<', ' ', '*'])
    };
    let paths: BTreeSet<&str> = code_spans(&map).filter(is_path).collect();
    assert!(paths.len() > 40, "only {} paths found", paths.len());
    let missing: Vec<_> = paths.into_iter().filter(|path| !root().join(path).exists()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_function_in_the_walkthroughs_is_in_a_file_named_beside_it() {
    let map = text("ARCHITECTURE.md");
    let words = |line: &str| -> Vec<String> {
        let plain = |span: &&str| !span.is_empty() && span.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '_' | ':'));
        code_spans(line).filter(plain).map(|span| span.rsplit("::").next().unwrap_or_default().to_owned()).collect()
    };
    let steps = map.lines().skip_while(|line| !line.starts_with("### Walkthrough")).take_while(|line| !line.starts_with("## "));
    let mut checked = 0;
    for step in steps.filter(|line| line.starts_with(|c: char| c.is_ascii_digit())) {
        let files: Vec<String> = code_spans(step).filter(|span| is_a(span, "rs")).map(text).collect();
        for name in words(step) {
            assert!(files.iter().any(|file| file.contains(&format!("fn {name}"))), "no file of this step has {name}: {step}");
            checked += 1;
        }
    }
    assert!(checked > 15, "only {checked} functions found");
}

fn documents() -> Vec<PathBuf> {
    let folder = |path: &str| std::fs::read_dir(root().join(path)).expect("folder").map(|entry| entry.expect("entry").path());
    let mut all: Vec<PathBuf> = folder("docs").chain(folder("docs/adr")).filter(|path| is_a(path, "md")).collect();
    all.extend([root().join("README.md"), root().join("ARCHITECTURE.md")]);
    all
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    for document in documents() {
        let text = std::fs::read_to_string(&document).expect("document");
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.starts_with("http")) {
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if path.is_empty() { document.clone() } else { document.parent().expect("folder").join(path) };
            assert!(file.exists(), "{}: {target}", document.display());
            if !anchor.is_empty() {
                let text = std::fs::read_to_string(&file).expect("target");
                let slug =
                    |line: &str| line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-").replace([',', '`', ':', '.'], "");
                assert!(
                    text.lines().filter(|line| line.starts_with('#')).any(|line| slug(line) == anchor),
                    "{}: {target}",
                    document.display()
                );
            }
        }
    }
}

#[test]
fn every_setting_is_in_the_manual() {
    let code = text("src/config/mod.rs") + &text("src/config/sign_in.rs") + &text("src/config/cds.rs");
    let manual = text("docs/operations.md");
    let mut found = 0;
    for name in ["pub struct Settings {", "pub struct IssuerSettings {", "pub struct SignInSettings {", "pub struct CdsClientSettings {"] {
        let body = code.split(name).nth(1).and_then(|rest| rest.split("\n}").next()).expect("struct");
        for field in body.lines().filter_map(|line| line.trim().strip_prefix("pub ")?.split(':').next()) {
            assert!(manual.contains(&format!("`{field}`")), "{field} is not in docs/operations.md");
            found += 1;
        }
    }
    assert!(found > 30, "only {found} settings found");
}

#[test]
fn every_table_has_its_row_in_the_retention_table() {
    let page = text("docs/data-retention.md");
    let mut found = 0;
    for entry in std::fs::read_dir(root().join("migrations")).expect("folder") {
        let path = entry.expect("entry").path();
        if !is_a(&path, "rs") {
            continue;
        }
        let code = std::fs::read_to_string(&path).expect("migration");
        let created = code.split("Table::create()").skip(1).filter_map(|rest| rest.split(".table(\"").nth(1)?.split('"').next());
        for table in created {
            assert!(page.contains(&format!("`{table}`")), "{table} is not in docs/data-retention.md");
            found += 1;
        }
    }
    assert!(found >= 24, "only {found} tables found");
}
