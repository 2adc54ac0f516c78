//! `docs/integrating.md` as somebody follows it: every `sh` block is pasted, in its order, into one shell
//! beside the real program, which serves one organization with a unit, a client and a clinician. What
//! a section needs beside that is a variable or a helper of [`GIVEN`].
//!
//! To add a section: its heading and blocks in the page, the files it leaves behind in [`LEFT`].

use crate::commands::admin::installed;
use crate::support::app::Kind;
use crate::support::issuer::RecordSystem;
use crate::support::program::{Program, alone};
use kartlegging::domain::actor::Scope;
use std::collections::BTreeMap;
use std::fmt::Write;

const MANUAL: &str = include_str!("../../docs/integrating.md");

/// What the page takes for granted: `$base`, the tokens `$token` (a client with every scope) and
/// `$clinician_token`, the ids `$organization`, `$unit`, `$client`, `$clinician`, and in `$cds_key` the file with the key of the record
/// system that is registered for cards are in the environment.
const GIVEN: &str = "unset KARTLEGGING_LISTEN\n";

/// Files that the blocks leave, with what they begin with.
const LEFT: [(&str, &[u8]); 12] = [
    ("issued.json", b"{"),
    ("letter.html", b"<div lang=\"nn\"><p>"),
    ("qr.png", b"\x89PNG"),
    ("letter.pdf", b"%PDF"),
    ("slip.pdf", b"%PDF"),
    ("letters.pdf", b"%PDF"),
    ("sms/message", b"{"),
    ("response.json", b"{"),
    ("cards.json", b"{\"cards\":[{"),
    ("found.json", b"{"),
    ("answers.pdf", b"%PDF"),
    ("handed-in.json", b"{"),
];

/// A block of commands with the section it stands in and its first line.
struct Block {
    section: String,
    line: usize,
    text: String,
}

fn blocks() -> Vec<Block> {
    let (mut all, mut section, mut open): (Vec<Block>, String, Option<(bool, Block)>) = (Vec::new(), String::new(), None);
    for (at, line) in MANUAL.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(kind)) => open = Some((kind == "sh", Block { section: section.clone(), line: at + 2, text: String::new() })),
            (Some(_), Some(_)) => all.extend(open.take().filter(|(runs, _)| *runs).map(|(_, block)| block)),
            (Some((_, block)), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {
                if let Some(title) = line.strip_prefix("## ") {
                    title.clone_into(&mut section);
                }
            }
        }
    }
    assert!(open.is_none(), "a block without its end");
    all
}

/// Whether every system that the page speaks of is shown with requests, by section.
fn shown(blocks: &[Block]) -> BTreeMap<&str, usize> {
    let sections = MANUAL.lines().filter_map(|line| line.strip_prefix("## ")).filter(|title| title.starts_with("A "));
    sections.map(|title| (title, blocks.iter().filter(|block| block.section == title).count())).collect()
}

/// The installation that the page speaks of, with what its variables stand for.
async fn ground() -> (Program, BTreeMap<&'static str, String>) {
    let (mut program, organization, unit) = installed(Kind::Sqlite).await;
    program.set("KARTLEGGING_BASE_URL", "https://svar.example");
    // The page's own receiver of webhooks stands beside the service.
    program.set("KARTLEGGING_WEBHOOK_LOOPBACK", "true");
    let mut add = vec!["client", "add", "--organization", &organization, "--name", "Brevsystemet"];
    add.extend(Scope::ALL.iter().flat_map(|scope| ["--scope", scope.word()]));
    let client = program.run(&add).await.ok();
    let role = format!("clinician:{unit}");
    let add = ["clinician", "add", "--organization", &organization, "--name", "Test Sykepleier", "--hpr", "9900001", "--role", &role];
    let clinician = program.run(&add).await.ok();
    let token = program.run(&["token", "issue", "--client", &client]).await.ok();
    let clinician_token = program.run(&["token", "issue", "--clinician", &clinician]).await.ok();
    let add = ["client", "add", "--organization", &organization, "--name", "Journalsystemet", "--external-id", "ehr"];
    program.run(&[add.as_slice(), &["--scope", "responses:read", "--scope", "patients:read"]].concat()).await.ok();
    let system = RecordSystem::rs384("ehr-1");
    let keys = program.write("ehr-keys.json", &system.jwks());
    let own = format!("[[cds_clients]]\nissuer = \"https://ehr.example/\"\nclient = \"ehr\"\njwks_file = \"{keys}\"\n");
    program.set("KARTLEGGING_CONFIG", &program.write("ehr.toml", &own));
    let cds_key = program.write("ehr-key.pem", &system.pem());
    let given = BTreeMap::from([
        ("cds_key", cds_key),
        ("organization", organization),
        ("unit", unit),
        ("client", client),
        ("clinician", clinician),
        ("token", token),
        ("clinician_token", clinician_token),
    ]);
    (program, given)
}

#[test]
fn every_request_of_the_page_works_as_it_stands() {
    let blocks = blocks();
    let shown = shown(&blocks);
    assert!(!shown.is_empty() && shown.values().all(|count| *count > 0), "{shown:?}");
    alone(async {
        let (program, given) = ground().await;
        let serving = program.serve().await;
        let mut script = GIVEN.to_owned();
        for block in &blocks {
            let _ = writeln!(script, "echo '@@ line {} of docs/integrating.md ({})' >&2", block.line, block.section);
            script.push_str(&block.text);
        }
        let file = program.write("page.sh", &script);
        let mut shell = program.shell(file.as_ref());
        shell.envs(given).env("base", &serving.base);
        let ended = tokio::task::spawn_blocking(move || shell.output()).await.expect("thread").expect("bash");
        let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
        let last: Vec<&str> = err.lines().collect();
        assert!(ended.status.success(), "{}\n{out}\n{}", last[last.len().saturating_sub(12)..].join("\n"), serving.log());
        for (name, begins) in LEFT {
            let bytes = std::fs::read(program.path().join(name)).expect(name);
            assert!(bytes.starts_with(begins), "{name}: {}", String::from_utf8_lossy(&bytes[..bytes.len().min(200)]));
        }
    });
}
