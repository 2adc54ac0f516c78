//! Places to turn to, set by an operator.

use super::admin::installed;
use crate::support::app::Kind;
use crate::support::program::alone;

async fn administer(kind: Kind) {
    let (program, organization, unit) = installed(kind).await;
    let own = ["organization", "support", "--organization", &organization];
    let of_unit = ["unit", "support", "--organization", &organization, "--unit", &unit];
    let run = async |command: &[&str], rest: &[&str]| program.run(&[command, rest].concat()).await;
    let bokmaal = program.write("nb.txt", "\u{feff}Vil du snakke med noen?\r\nRing 55 00 00 02.\r\n\r\n\r\nKommunen hjelper også.\n");
    let nynorsk = program.write("nn.txt", "Vil du snakke med nokon?");

    assert_eq!(run(&own, &["--list"]).await.ok(), "");
    assert_eq!(run(&own, &["--language", "nn", "--file", &nynorsk]).await.ok(), "");
    assert_eq!(run(&of_unit, &["--language", "nb", "--file", &nynorsk]).await.ok(), "");
    assert_eq!(run(&of_unit, &["--language", "no", "--file", &bokmaal]).await.ok(), "", "set again, and no is nb");
    let list = run(&own, &["--list"]).await.ok();
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines[0].starts_with(&format!("organization {organization}  nn  set 20")), "{list}");
    assert_eq!(lines[1], "    Vil du snakke med nokon?");
    assert!(lines[2].starts_with(&format!("unit {unit}  nb  set 20")), "{list}");
    assert_eq!(lines[3..], ["    Vil du snakke med noen?", "    Ring 55 00 00 02.", "", "    Kommunen hjelper også."]);
    assert_eq!(run(&of_unit, &["--list"]).await.ok().lines().collect::<Vec<_>>(), lines[2..]);

    let wrong = |name: &str, text: &str| program.write(name, text);
    for (file, says) in [
        (wrong("empty.txt", " \n"), "empty"),
        (wrong("long.txt", &"å".repeat(2001)), "2001 characters; 2000"),
        (wrong("huge.txt", &"å".repeat(70_000)), "much longer than 2000"),
        (wrong("control.txt", "Ring\nos\u{7}s"), "line 2"),
    ] {
        let refused = run(&of_unit, &["--language", "nb", "--file", &file]).await;
        refused.refused(2, "argument-invalid", says);
        assert!(refused.err.contains(&file), "{}", refused.err);
    }
    std::fs::write(program.path().join("latin.txt"), b"Ring \xe5r").expect("file");
    run(&own, &["--language", "nb", "--file", "latin.txt"]).await.refused(2, "argument-invalid", "not UTF-8");
    run(&own, &["--language", "nb", "--file", "absent.txt"]).await.refused(1, "not-found", "absent.txt");
    for language in ["se", "norsk", "nb-NO", ""] {
        run(&own, &["--language", language, "--file", &bokmaal]).await.refused(2, "argument-invalid", "nb, nn, en");
    }
    for refused in [&["--language", "nb"] as &[&str], &["--remove"], &["--language", "nb", "--list"], &["--list", "--remove"], &[]] {
        assert_eq!(run(&own, refused).await.status, 2, "{refused:?}");
    }
    let absent = "0193a5d0-1000-7000-8000-0000000000aa";
    let list = async |organization: &str, unit: &str| {
        program.run(&["unit", "support", "--organization", organization, "--unit", unit, "--list"]).await
    };
    list(&organization, absent).await.refused(1, "not-found", "no such unit");
    list(absent, &unit).await.refused(1, "not-found", "no such organization");
    list(&organization, "x").await.refused(2, "argument-invalid", "unit list");
    list("x", &unit).await.refused(2, "argument-invalid", "organization list");

    run(&own, &["--language", "nb", "--remove"]).await.refused(1, "not-found", "set in nb");
    assert_eq!(run(&of_unit, &["--language", "nb", "--remove"]).await.ok(), "");
    assert_eq!(run(&own, &["--list"]).await.ok().lines().count(), 2);
}

#[test]
fn what_receipts_say_on_sqlite() {
    alone(administer(Kind::Sqlite));
}

#[test]
fn what_receipts_say_on_postgres() {
    alone(administer(Kind::Postgres));
}
