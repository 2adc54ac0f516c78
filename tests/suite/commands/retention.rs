//! How long data is kept, set by an operator.

use super::admin::installed;
use crate::support::app::Kind;
use crate::support::program::alone;

async fn administer(kind: Kind) {
    let (program, organization, _) = installed(kind).await;
    let run = async |rest: &[&str]| program.run(&[&["organization", "retention", "--organization", &organization], rest].concat()).await;
    let row = |list: &str, kind: &str| -> Vec<String> {
        let line = list.lines().find(|line| line.starts_with(kind)).unwrap_or_else(|| panic!("no {kind} in {list}"));
        line.split_whitespace().map(str::to_owned).collect()
    };
    let defaults = run(&["--list"]).await.ok();
    assert_eq!(run(&[]).await.ok(), defaults);
    assert_eq!(defaults.lines().count(), 6);
    assert_eq!(row(&defaults, "response"), ["response", "kept", "default"]);
    assert_eq!(row(&defaults, "contact"), ["contact", "42", "days", "default"]);

    let set = run(&["--set", "response=3650", "--set", "draft=14", "--keep", "invitation"]).await.ok();
    assert_eq!(row(&set, "response"), ["response", "3650", "days", "set"]);
    assert_eq!(row(&set, "invitation"), ["invitation", "kept", "set"]);
    assert_eq!(row(&run(&["--keep", "response"]).await.ok(), "response"), ["response", "kept", "set"]);

    for (refused, says) in [
        (&["--set", "response"] as &[&str], "kind=days"),
        (&["--set", "response=x"], "kind=days"),
        (&["--set", "outbox=30"], "draft, response, invitation, contact, log, attempts"),
        (&["--set", "response=29"], "between 30 and 36500 days"),
        (&["--set", "log=1"], "between 365 and 36500 days"),
        (&["--keep", "contact"], "has to have an end"),
        (&["--set", "draft=3", "--keep", "draft"], "twice"),
    ] {
        run(refused).await.refused(2, "argument-invalid", says);
    }
    assert_eq!(run(&["--list", "--keep", "log"]).await.status, 2);
    let of = async |organization: &str| program.run(&["organization", "retention", "--organization", organization, "--list"]).await;
    of("0193a5d0-1000-7000-8000-0000000000aa").await.refused(1, "not-found", "no such organization");
    of("x").await.refused(2, "argument-invalid", "organization list");
}

#[test]
fn times_on_sqlite() {
    alone(administer(Kind::Sqlite));
}

#[test]
fn times_on_postgres() {
    alone(administer(Kind::Postgres));
}
