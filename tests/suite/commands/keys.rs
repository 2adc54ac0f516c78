//! `keys add`, `rotate`, `retire` and `status`, beside a running service.

use crate::support::app::Kind;
use crate::support::program::{Program, alone};

#[test]
fn a_key_is_brought_in_rotated_to_and_retired_while_the_service_serves() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        alone(async move {
            let program = Program::install(kind).await.with("KARTLEGGING_MIGRATE", "true");
            let serving = program.serve().await;
            let added = program.run(&["keys", "add", "lookup"]).await.ok();
            assert!(added.starts_with("lookup key version 2 is in "), "{added}");
            let secret = program.read("keys.toml").rsplit("secret = \"").next().expect("secret")[..40].to_owned();
            assert!(!added.contains(&secret));
            let done = program.run(&["keys", "rotate", "lookup"]).await.ok();
            assert!(done.ends_with("lookup key version 2 makes what is new; 0 rows were put under it"), "{done}");
            program.run(&["keys", "rotate", "lookup"]).await.refused(1, "exists", "version 2 makes what is new already");
            program.run(&["keys", "retire", "lookup", "2"]).await.refused(1, "key-needed", "makes what is new");
            serving.http.call("GET", "/readyz").send().await.expect(200);
            let early = program.run(&["keys", "retire", "lookup", "1"]).await;
            early.refused(1, "key-needed", "requests that began before");
            tokio::time::sleep(std::time::Duration::from_secs(11)).await;
            let retired = program.run(&["keys", "retire", "lookup", "1"]).await.ok();
            assert!(retired.starts_with("lookup key version 1 is retired") && retired.contains("taken out of"), "{retired}");
            let status = program.run(&["keys", "status"]).await.ok();
            let lookup: Vec<&str> = status.lines().filter(|line| line.starts_with("lookup")).collect();
            assert!(
                lookup.len() == 1 && lookup[0].contains("version 2, known since ") && lookup[0].contains("makes what is new since"),
                "{status}"
            );
            serving.http.call("GET", "/readyz").send().await.expect(200);
            serving.terminate();
            serving.ended().await;
            // A start without the retired one is no fault; the file has nothing else changed.
            program.run(&["keys", "status"]).await.ok();
        });
    }
}

#[test]
fn what_can_not_be_done_is_said() {
    alone(async {
        let mut program = Program::install(Kind::Sqlite).await;
        program.run(&["keys", "add", "rot"]).await.refused(2, "argument-invalid", "root, link");
        program.run(&["keys", "add", "organization"]).await.refused(2, "argument-invalid", "keys rotate organization");
        program.run(&["keys", "rotate", "root"]).await.refused(1, "exists", "makes what is new already");
        program.run(&["keys", "rotate", "root", "--organization", "x"]).await.refused(2, "argument-invalid", "--organization");
        program.run(&["keys", "retire", "organization", "1"]).await.refused(2, "argument-invalid", "--organization");
        program.run(&["keys", "retire", "root", "9"]).await.refused(1, "not-found", "root key version 9");
        // A key that was never used goes without questions.
        program.run(&["keys", "add", "root"]).await.ok();
        program.run(&["keys", "status"]).await.ok();
        program.run(&["keys", "retire", "root", "2"]).await.ok();
        assert!(!program.read("keys.toml").contains("version = 2"));
        let text = program.read("keys.toml");
        program.set("KARTLEGGING_KEYS", &text);
        program.run(&["keys", "add", "root"]).await.refused(2, "argument-invalid", "KARTLEGGING_KEYS");
    });
}
