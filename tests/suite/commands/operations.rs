//! `docs/operations.md` as somebody follows it: every `sh` block is pasted, in its order, into one shell
//! in a folder of its own; the SQL of the PostgreSQL section runs on a cluster; the rules for alarms name
//! metrics that there are.
//!
//! A block of commands is marked `sh` when it is to be run, `text` when this machine can't.

use crate::support::app::Kind;
use crate::support::postgres;
use crate::support::program::{Program, alone};
use crate::support::sql;
use kartlegging::http::routes::endpoints;
use regex::Regex;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const MANUAL: &str = include_str!("../../../docs/operations.md");

/// A fenced block with the section it stands in and its first line.
#[derive(Debug)]
struct Block {
    section: String,
    kind: String,
    line: usize,
    text: String,
}

fn blocks() -> Vec<Block> {
    let (mut all, mut section, mut open): (Vec<Block>, String, Option<Block>) = (Vec::new(), String::new(), None);
    for (at, line) in MANUAL.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(kind)) => open = Some(Block { section: section.clone(), kind: kind.to_owned(), line: at + 2, text: String::new() }),
            (Some(_), Some(_)) => all.extend(open.take()),
            (Some(block), None) => {
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

/// What a machine has and a test does not: root, systemd. They stand for what they would have done.
const MACHINE: &str = r#"
useradd() { :; }
chgrp() { :; }
chown() { :; }
sudo() { while [ "${1#-}" != "$1" ]; do shift 2; done; "$@"; }
install() {
  local plain=()
  while [ $# -gt 0 ]; do case $1 in -o|-g) shift 2 ;; *) plain+=("$1"); shift ;; esac; done
  command install "${plain[@]}"
}
stop_service() { if [ -n "${service:-}" ]; then kill "$service" 2>/dev/null || true; wait "$service" 2>/dev/null || true; service=; fi; }
start_service() {
  stop_service
  kartlegging serve 2>>"$FOLDER/serve.log" &
  service=$!
  for _ in $(seq 600); do
    curl -fsS -o /dev/null "http://$KARTLEGGING_LISTEN/readyz" 2>/dev/null && return
    kill -0 "$service" 2>/dev/null || break
    sleep 0.1
  done
  tail -5 "$FOLDER/serve.log" >&2
  return 1
}
systemctl() {
  case $1 in
    enable|start|restart) start_service ;;
    stop) stop_service ;;
    daemon-reload|is-active|status) : ;;
    *) echo "systemctl $1 is unknown here" >&2; return 1 ;;
  esac
}
trap stop_service EXIT
set -euo pipefail
"#;

/// Paths, port and ids as a reader of this folder writes them.
fn here(text: &str, folder: &Path, listen: &str) -> String {
    let folder = folder.display();
    let mut text = text.replace("127.0.0.1:8080", listen);
    for top in ["/etc/", "/var/", "/usr/local/", "/srv/", "/mnt/"] {
        text = text.replace(top, &format!("{folder}{top}"));
    }
    for id in ["organization", "unit", "client", "clinician", "patient"] {
        text = text.replace(&format!("--{id} ID"), &format!("--{id} \"${id}\""));
    }
    text
}

#[test]
fn every_command_of_the_manual_works_as_it_stands() {
    let folder = tempfile::TempDir::new().expect("folder");
    let path = folder.path();
    for name in ["etc", "var/lib", "var/backups", "usr/local/bin", "target/release", "srv", "mnt"] {
        std::fs::create_dir_all(path.join(name)).expect("folder");
    }
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kartlegging"), path.join("target/release/kartlegging")).expect("program");
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("port").port();
    let listen = format!("127.0.0.1:{port}");

    let mut script = MACHINE.to_owned();
    let runnable: Vec<Block> = blocks().into_iter().filter(|block| block.kind == "sh" && block.section != "PostgreSQL").collect();
    assert!(runnable.len() >= 6, "only {} blocks found", runnable.len());
    for block in &runnable {
        let _ = writeln!(script, "echo '@@ line {} of docs/operations.md ({})' >&2", block.line, block.section);
        script.push_str(&here(&block.text, path, &listen));
    }
    let file = path.join("manual.sh");
    std::fs::write(&file, script).expect("script");
    let search = format!("{}:{}", path.join("usr/local/bin").display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new("timeout");
    command.args(["300", "bash", &file.display().to_string()]).current_dir(path).env_clear().stdin(Stdio::null());
    command.envs([
        ("PATH", search.as_str()),
        ("HOME", &path.display().to_string()),
        ("KARTLEGGING_LISTEN", &listen),
        ("LC_ALL", "C.UTF-8"),
    ]);
    let ended = command.env("FOLDER", path).output().expect("bash");
    let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    let last: Vec<&str> = err.lines().collect();
    assert!(ended.status.success(), "{}\n{}", last[last.len().saturating_sub(12)..].join("\n"), out.lines().last().unwrap_or_default());
    // It did what it says: the service was ready, the letters' secrets are in the result file.
    assert!(out.contains("\"ready\":true"), "{out}");
    let result = std::fs::read_to_string(path.join("visits.result.csv")).expect("the result file");
    assert!(result.contains("https://svar.example/s/"), "{result}");
    assert!(std::fs::read(path.join("form.pdf")).is_ok_and(|bytes| bytes.starts_with(b"%PDF")));
}

/// `kartlegging … --help`, its list of commands.
async fn listed(program: &Program, of: &[&str]) -> Vec<String> {
    let help = program.run(&[of, &["--help"]].concat()).await.ok();
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| line.starts_with("  "));
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next().filter(|_| !line.starts_with("   ")));
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_command_is_in_the_manual_and_is_run_by_a_test() {
    alone(async {
        let program = Program::install(Kind::Sqlite).await;
        let section = MANUAL.split("\n## Commands\n").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("the section");
        let mut tests: String = blocks().into_iter().filter(|block| block.kind == "sh").map(|block| block.text).collect();
        let mut spoken = String::new();
        for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/commands")).expect("folder") {
            spoken.push_str(&std::fs::read_to_string(entry.expect("entry").path()).expect("test"));
        }
        spoken.retain(|c| !c.is_whitespace());
        tests.push_str("kartlegging serve\nkartlegging demo\n");
        let mut found = 0;
        for command in listed(&program, &[]).await {
            let mut leaves: Vec<Vec<String>> =
                listed(&program, &[&command]).await.into_iter().map(|inner| vec![command.clone(), inner]).collect();
            if leaves.is_empty() {
                leaves.push(vec![command]);
            }
            for leaf in leaves {
                assert!(leaf.iter().all(|word| section.contains(word.as_str())), "{leaf:?} is not in the section Commands");
                let quoted: Vec<String> = leaf.iter().map(|word| format!("\"{word}\"")).collect();
                let run = tests.contains(&format!("kartlegging {}", leaf.join(" "))) || spoken.contains(&quoted.join(","));
                assert!(run, "{leaf:?} is run neither by the manual's blocks nor by a test of commands");
                found += 1;
            }
        }
        assert!(found > 15, "only {found} commands found");
    });
}

/// One statement as a role; its error's text, or nothing.
async fn attempt(url: &str, statement: &str) -> Option<String> {
    sql::execute(url, statement).await.err().map(|error| error.to_string())
}

#[test]
fn the_roles_of_the_manual_hold() {
    alone(async {
        let any = postgres::database().await;
        let (server, _) = any.rsplit_once('/').expect("name");
        let admin = format!("{server}/postgres");
        let own = |role: &str| format!("{}/kartlegging", server.replace("kartlegging@", &format!("{role}@")));
        let (owner, serving) = (own("kartlegging_migrate"), own("kartlegging_serve"));
        let steps: Vec<Block> = blocks().into_iter().filter(|block| block.section == "PostgreSQL").collect();
        let kinds: Vec<&str> = steps.iter().map(|block| block.kind.as_str()).collect();
        assert_eq!(kinds, ["sql", "sql", "sh", "sql"]);
        // As a superuser, in the database of the house: one statement at a time, for a database is made.
        for statement in steps[0].text.split_inclusive(';').filter(|text| !text.trim().is_empty()) {
            assert_eq!(attempt(&admin, &statement.replace('…', "hemmelig")).await, None, "{statement}");
        }
        assert_eq!(attempt(&format!("{server}/kartlegging"), &steps[1].text).await, None);
        // The schema, by the command as it stands but for host, password and TLS, which the cluster lacks.
        let folder = tempfile::TempDir::new().expect("folder");
        let host = server.rsplit('@').next().unwrap_or_default();
        let command = steps[2].text.replace('…', "hemmelig").replace("db.example", host).replace("verify-full", "disable");
        let program = Path::new(env!("CARGO_BIN_EXE_kartlegging")).parent().expect("folder").display().to_string();
        let search = format!("{program}:{}", std::env::var("PATH").unwrap_or_default());
        let run = Command::new("bash")
            .args(["-euc", &command])
            .current_dir(folder.path())
            .env_clear()
            .env("PATH", search)
            .output()
            .expect("bash");
        assert!(run.status.success(), "{command}{}", String::from_utf8_lossy(&run.stderr));
        assert_eq!(attempt(&owner, &steps[3].text).await, None);

        // The serving role does all that the service does.
        let mut program = Program::install(Kind::Sqlite).await;
        program.set("KARTLEGGING_DATABASE_URL", &serving);
        let organization =
            program.run(&["organization", "add", "--name", "Oppdiktet HF", "--number", "900000014", "--phone", "1"]).await.ok();
        let unit = program.run(&["unit", "add", "--organization", &organization, "--name", "Poliklinikken", "--phone", "2"]).await.ok();
        program.write("visits.csv", "name,birth_date\nOdd Oppdiktet,1950-01-01\n");
        program.run(&["invite", "--csv", "visits.csv", "--organization", &organization, "--unit", &unit]).await.ok();
        let serving_now = program.serve().await;
        serving_now.http.call("GET", "/readyz").send().await.expect(200);
        assert!(sql::number(&serving, "SELECT COUNT(*) FROM access_log").await > 0, "the serving role reads the log and has written it");
        // And nothing of what it must not. It can't give itself a right: that is a warning and does nothing.
        let _ = attempt(&serving, "GRANT ALL ON access_log, access_log_patient, seaql_migrations TO kartlegging_serve").await;
        for statement in [
            "UPDATE access_log SET actor_kind = 'system'",
            "DELETE FROM access_log",
            "TRUNCATE access_log CASCADE",
            "UPDATE access_log_patient SET patient_id = entry_id",
            "DELETE FROM access_log_patient",
            "ALTER TABLE access_log DISABLE TRIGGER ALL",
            "DROP TABLE access_log CASCADE",
            "CREATE TABLE mine (id INT)",
            "ALTER TABLE patient ADD COLUMN mine INT",
            "DELETE FROM seaql_migrations",
            "CREATE ROLE mine",
            "SET ROLE kartlegging_migrate",
        ] {
            let refused = attempt(&serving, statement).await.unwrap_or_else(|| panic!("{statement} was allowed"));
            let words = ["permission denied", "must be owner", "the access log is insert only"];
            assert!(words.iter().any(|word| refused.contains(word)), "{statement}: {refused}");
        }
        let refused = program.run(&["migrate", "up"]).await;
        assert!(refused.status == 0 && refused.out.contains("up to date"), "{refused:?}");
    });
}

#[test]
fn alarms_ask_for_metrics_that_there_are() {
    let block = blocks().into_iter().find(|block| block.kind == "yaml").expect("the rules");
    let rules: serde_json::Value = serde_yaml_ng::from_str(&block.text).expect("YAML");
    let mut source = String::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("folder") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                source.push_str(&text);
            }
        }
    }
    let all = |pattern: &str, text: &str| -> BTreeSet<String> {
        let pattern = Regex::new(pattern).expect("pattern");
        pattern.captures_iter(text).map(|found| found[1].to_owned()).collect()
    };
    let metrics = all(r#"(?:counter|histogram|gauge)!\(\s*"(kartlegging_[a-z_]+)""#, &source);
    assert!(metrics.len() >= 2, "{metrics:?}");
    let paths: BTreeSet<&str> = endpoints().iter().map(|endpoint| endpoint.path).collect();
    let mut found = 0;
    for group in rules["groups"].as_array().expect("groups") {
        for rule in group["rules"].as_array().expect("rules") {
            let name = rule["alert"].as_str().expect("a name");
            let expression = rule["expr"].as_str().expect("an expression");
            assert!(rule["annotations"]["summary"].as_str().is_some_and(|words| words.len() > 15), "{name} says nothing");
            assert!(matches!(rule["labels"]["severity"].as_str(), Some("critical" | "warning")), "{name}");
            for (open, close) in [('(', ')'), ('[', ']'), ('{', '}')] {
                assert_eq!(expression.matches(open).count(), expression.matches(close).count(), "{name}: {expression}");
            }
            for metric in all(r"\b(kartlegging_[a-z_]+)", expression) {
                let base = ["_bucket", "_count", "_sum"].iter().find_map(|end| metric.strip_suffix(end)).unwrap_or(&metric);
                assert!(metrics.contains(base) || metrics.contains(&metric), "{name}: there is no metric {metric}");
                found += 1;
            }
            for routes in all(r#"route=~?"([^"]+)""#, expression) {
                let pattern = Regex::new(&format!("^(?:{routes})$")).expect("a pattern");
                for one in routes.split('|').filter(|_| !routes.contains('(')) {
                    assert!(paths.contains(one), "{name}: there is no route {one}");
                }
                assert!(paths.iter().any(|path| pattern.is_match(path)), "{name}: {routes} fits no route");
            }
        }
    }
    assert!(found >= 5, "only {found} metrics asked for");
}
