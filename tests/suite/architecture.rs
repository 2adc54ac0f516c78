//! The floors of the house: what each folder of `src/` may import. Reads every `crate::` path and
//! every foreign crate in the sources and fails on one that points upward or does not belong there.
//!
//! A new folder is a line in [`FLOORS`]; a new framework is a line in [`FRAMEWORKS`].

use regex::Regex;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Each folder with what it may import; itself always, and the top floor everything.
const FLOORS: [(&str, &[&str]); 10] = [
    ("domain", &[]),
    ("fhir", &["domain"]),
    ("text", &["domain"]),
    ("crypto", &["domain", "fhir", "text"]),
    ("storage", &["domain", "fhir", "text", "crypto"]),
    ("mail", &["domain", "text"]),
    ("print", &["domain", "fhir", "text"]),
    ("services", &["domain", "fhir", "text", "crypto", "storage", "mail", "print"]),
    ("http", &["services", "domain", "fhir", "text", "print"]),
    ("jobs", &["services", "domain", "fhir", "text"]),
];

/// The top floor puts the parts together and may import all.
const TOP: [&str; 6] = ["app", "cli", "config", "telemetry", "main", "lib"];

/// Libraries that rule a floor, with the only folders that may name them.
const FRAMEWORKS: [(&str, &[&str]); 14] = [
    ("actix_web", &["http"]),
    ("sea_orm", &["storage"]),
    ("sea_orm_migration", &[]),
    ("kartlegging_migrations", &["storage"]),
    ("lettre", &["mail"]),
    ("sqlx", &["storage"]),
    ("rusqlite", &["storage"]),
    ("mimalloc", &["main"]),
    ("jsonwebtoken", &["crypto", "app"]),
    ("aws_lc_rs", &["crypto"]),
    ("reqwest", &["crypto"]),
    ("krilla", &["print"]),
    ("skrifa", &["print"]),
    ("qrcode", &["print"]),
];

/// What the lowest floor may name beside the standard library.
const DOMAIN: [&str; 11] = [
    "serde",
    "serde_json",
    "thiserror",
    "chrono",
    "chrono_tz",
    "uuid",
    "regex",
    "unicode_normalization",
    "url",
    "rust_decimal",
    // In its tests.
    "proptest",
];

/// Words that bring time or randomness in from the side, with the only files that may say them.
const SIDEWAYS: [(&str, &[&str]); 6] = [
    (r"\bUtc::now\b", &["crypto/entropy.rs"]),
    (r"\bLocal::now\b", &[]),
    (r"\bSystemTime::now\b", &[]),
    (r"\bInstant::now\b", &["http/context.rs", "crypto/entropy.rs"]),
    (r"\bUuid::(now_v7|new_v4)\b", &["http/context.rs"]),
    (r"\b(thread_rng|rand::rng|SystemRandom::new)\b", &["crypto/entropy.rs"]),
];

static PATH: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?:^|[^\w.])\$?crate::(?:\{([^}]*)\}|(\w+))").expect("regex"));
static FOREIGN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?:^|[^\w:.$/])([a-z][a-z0-9_]*)::").expect("regex"));
static USE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\s*(?:pub(?:\([^)]*\))?\s+)?use\s+(\w+)").expect("regex"));
static ASIDE: LazyLock<Vec<(Regex, &[&str])>> =
    LazyLock::new(|| SIDEWAYS.iter().map(|(pattern, allowed)| (Regex::new(pattern).expect("regex"), *allowed)).collect());
static TEXT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#""(?:[^"\\]|\\.)*""#).expect("regex"));

/// Everything wrong in one source file; `file` is its path below `src/`.
fn faults(file: &str, source: &str) -> Vec<String> {
    let floor = file.split('/').next().unwrap_or_default().trim_end_matches(".rs");
    let mut found = BTreeSet::new();
    let own = |line: &str| USE.captures(line).is_some_and(|word| matches!(&word[1], "crate" | "super" | "self"));
    for (at, line) in source.lines().enumerate() {
        let code = TEXT.replace_all(line.split("//").next().unwrap_or_default(), "\"\"");
        let mut fault = |what: String| found.insert(format!("src/{file}:{}: {what}", at + 1));
        for path in PATH.captures_iter(&code) {
            let names = path.get(1).or(path.get(2)).map_or("", |names| names.as_str());
            for name in names.split(',').map(|name| name.trim().split("::").next().unwrap_or_default()).filter(|name| !name.is_empty()) {
                if !may_import(floor, name) {
                    fault(format!("{floor} imports {name}"));
                }
            }
        }
        let foreign = FOREIGN.captures_iter(&code).map(|word| word[1].to_owned());
        let used = USE.captures(&code).map(|word| word[1].to_owned());
        for name in foreign.chain(used) {
            if let Some((_, allowed)) = FRAMEWORKS.iter().find(|(framework, _)| *framework == name)
                && !allowed.contains(&floor)
                && !TOP.contains(&floor)
            {
                fault(format!("{floor} uses {name}"));
            }
        }
        if floor == "domain"
            && !own(&code)
            && let Some(name) = USE.captures(&code).map(|word| word[1].to_owned())
            && !DOMAIN.contains(&name.as_str())
            && !matches!(name.as_str(), "std" | "core")
            && name.starts_with(|c: char| c.is_lowercase())
            && !source.contains(&format!("mod {name};"))
        {
            fault(format!("the domain uses {name}"));
        }
        for (pattern, allowed) in ASIDE.iter() {
            if pattern.is_match(&code) && !allowed.contains(&file) {
                fault(format!("{pattern} is said: the time and randomness are arguments"));
            }
        }
    }
    found.into_iter().collect()
}

fn may_import(floor: &str, name: &str) -> bool {
    // A macro of the crate root and the name of a module that is no floor are not imports.
    let is_floor = FLOORS.iter().any(|(floor, _)| *floor == name) || TOP.contains(&name);
    let allowed = FLOORS.iter().find(|(own, _)| *own == floor).map(|(_, allowed)| *allowed);
    !is_floor || floor == name || TOP.contains(&floor) || allowed.is_some_and(|allowed| allowed.contains(&name))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("src").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[test]
fn imports_point_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = sources(&root);
    assert!(files.len() > 100, "the sources are not where they were");
    let mut all = Vec::new();
    for path in files {
        let file = path.strip_prefix(&root).expect("below src").display().to_string();
        let floor = file.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned();
        assert!(FLOORS.iter().any(|(own, _)| *own == floor) || TOP.contains(&floor.as_str()), "{file}: which floor is that?");
        all.extend(faults(&file, &std::fs::read_to_string(&path).expect("source")));
    }
    assert!(all.is_empty(), "{} faults:\n{}", all.len(), all.join("\n"));
}

#[test]
fn a_bad_line_is_found() {
    for (file, line) in [
        ("domain/ids.rs", "use crate::storage::Db;"),
        ("domain/ids.rs", "let x = crate::text::words();"),
        ("domain/ids.rs", "use tracing::info;"),
        ("domain/ids.rs", "use crate::{domain::ids, services::Services};"),
        ("fhir/urls.rs", "use crate::text::words;"),
        ("text/format.rs", "pub(crate) use crate::fhir::urls;"),
        ("crypto/ring.rs", "use crate::storage::Db;"),
        ("storage/db.rs", "use crate::services::Services;"),
        ("storage/db.rs", "fn f() -> actix_web::HttpResponse {"),
        ("services/review.rs", "use sea_orm::EntityTrait;"),
        ("services/review.rs", "use crate::http::problem::Problem;"),
        ("services/review.rs", "let now = chrono::Utc::now();"),
        ("services/review.rs", "let id = Uuid::new_v4();"),
        ("http/api/session.rs", "use crate::storage::sessions;"),
        ("http/api/session.rs", "use crate::jobs::work;"),
        ("jobs/mod.rs", "use crate::http::problem::Problem;"),
        ("jobs/mod.rs", "lettre::SmtpTransport::relay"),
    ] {
        assert_eq!(faults(file, line).len(), 1, "{file}: {line}");
    }
    for (file, line) in [
        ("services/review.rs", "use crate::storage::responses; // not crate::http"),
        ("cli/demo/mod.rs", "use crate::storage::Db;"),
        ("http/errors.rs", "pub(in crate::http) fn f() {}"),
        ("domain/ids.rs", "const X: &str = \"crate::http\";"),
        ("storage/db.rs", "use sea_orm::Database;"),
    ] {
        assert_eq!(faults(file, line), Vec::<String>::new(), "{file}: {line}");
    }
}
