//! Every input that fuzzing kept, through the same targets, so that what once broke stays whole. New inputs
//! are looked for by `tests/fuzz/run`.

#[path = "../fuzz/targets/mod.rs"]
mod targets;

use std::path::{Path, PathBuf};

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz").join(path)
}

fn names(path: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut names: Vec<String> = entries.map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn replay(target: &str, run: fn(&[u8])) {
    let inputs = names(&format!("corpus/{target}"));
    assert!(inputs.len() >= 10, "only {} inputs of {target}", inputs.len());
    for input in inputs {
        let bytes = std::fs::read(folder("corpus").join(target).join(&input)).expect("input");
        let held = std::panic::catch_unwind(|| run(&bytes));
        assert!(held.is_ok(), "tests/fuzz/corpus/{target}/{input}");
    }
}

macro_rules! replays {
    ($($target:ident)*) => {
        $(
            #[test]
            fn $target() {
                replay(stringify!($target), targets::$target::run);
            }
        )*

        #[test]
        fn every_target_is_built_and_has_its_corpus() {
            let known = [$(stringify!($target)),*];
            assert_eq!(names("corpus"), known);
            assert_eq!(names("bins"), known.map(|target| format!("{target}.rs")));
            let manifest = std::fs::read_to_string(folder("Cargo.toml")).expect("manifest");
            assert!(known.iter().all(|target| manifest.contains(&format!("path = \"bins/{target}.rs\""))));
        }
    };
}

replays! { form_body invite_csv questionnaire response search token typed }
