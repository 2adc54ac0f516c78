//! The schema: up, down and up again is the same on both databases; a database that is newer or
//! behind is refused; two processes can migrate at once.

use crate::on_both;
use crate::support::app::Kind;
use crate::support::program::{Program, alone};
use crate::support::{postgres, sql};
use kartlegging::storage::Db;
use kartlegging::storage::schema::{self, SchemaState};
use kartlegging_migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, TransactionTrait};

/// Everything that defines the schema, as text.
async fn dump(kind: Kind, url: &str) -> Vec<String> {
    match kind {
        Kind::Sqlite => sql::texts(url, "SELECT type || ' ' || name || ' ' || COALESCE(sql, '') FROM sqlite_master ORDER BY 1").await,
        Kind::Postgres => {
            let mut all = Vec::new();
            for query in [
                "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || COALESCE(column_default, '-') \
                 || ' ' || ordinal_position FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1",
                "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() ORDER BY 1",
                "SELECT conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint \
                 WHERE connamespace = current_schema()::regnamespace ORDER BY 1",
                "SELECT event_object_table || ' ' || trigger_name::text FROM information_schema.triggers ORDER BY 1",
            ] {
                all.extend(sql::texts(url, query).await);
            }
            all
        }
    }
}

fn both(test: impl AsyncFn(Kind)) {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        alone(test(kind));
    }
}

#[test]
fn up_down_and_up_again_is_the_same() {
    both(async |kind| {
        let folder = tempfile::TempDir::new().expect("folder");
        let url = match kind {
            Kind::Sqlite => format!("sqlite://{}", folder.path().join("test.db").display()),
            Kind::Postgres => postgres::database().await,
        };
        let db = Db::open(&url, 4).await.expect("database");
        assert!(matches!(schema::state(&db).await.expect("state"), SchemaState::Behind(names) if names.len() > 5));
        schema::up(&db).await.expect("up");
        assert_eq!(schema::state(&db).await.expect("state"), SchemaState::Current);
        let first = dump(kind, &url).await;
        assert!(first.len() > 50, "{first:?}");
        schema::up(&db).await.expect("nothing to do");
        assert_eq!(dump(kind, &url).await, first);
        schema::down(&db, None).await.expect("down");
        let left: Vec<String> =
            dump(kind, &url).await.into_iter().filter(|line| !line.contains("seaql_migrations") && !line.contains("sqlite_stat")).collect();
        assert_eq!(left, Vec::<String>::new(), "left behind on {kind:?}");
        schema::up(&db).await.expect("up again");
        assert_eq!(dump(kind, &url).await, first, "{kind:?}");
        db.close().await;
    });
}

on_both! {
    async fn a_schema_with_data_in_it_can_be_taken_back(app: TestApp) {
        let invited = app.invite("visit-1").await;
        app.answer(&invited, &crate::support::world::answers(3, &[], &[], "no", Some("no"))).await;
        schema::down(&app.services.db, None).await.expect("down");
        assert!(matches!(schema::state(&app.services.db).await.expect("state"), SchemaState::Behind(_)));
        // Without its schema the service is alive, not ready, and says so.
        app.get("/healthz").send().await.expect(200);
        let ready = app.get("/readyz").send().await.expect(503);
        assert_eq!((&ready["ready"], &ready["checks"]["migrations"]), (&serde_json::json!(false), &serde_json::json!("failed")));
    }
}

on_both! {
    async fn a_newer_or_older_database_is_refused(app: TestApp) {
        let program = Program::install(app.kind).await;
        let behind = program.run(&["migrate", "status"]).await;
        behind.refused(1, "database-behind", "migrate up");
        assert!(behind.out.contains("missing m2026"), "{}", behind.out);
        let up = program.run(&["migrate", "up"]).await.ok();
        assert!(up.contains("applying m2026") && up.ends_with("the database is up to date"), "{up}");
        assert_eq!(program.run(&["migrate", "up"]).await.ok(), "the database is up to date");
        assert_eq!(program.run(&["migrate", "status"]).await.ok(), "the database is up to date");

        let one = "DELETE FROM seaql_migrations WHERE version = (SELECT MAX(version) FROM seaql_migrations)";
        assert_eq!(sql::execute(&program.database_url, one).await.expect("delete"), 1);
        program.run(&["migrate", "status"]).await.refused(1, "database-behind", "1 migrations");
        if app.kind == Kind::Postgres {
            program.run(&["serve"]).await.refused(1, "database-behind", "migrate up");
        }
        let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29991231_000001_later', 0)";
        sql::execute(&program.database_url, newer).await.expect("insert");
        for command in [&["serve"] as &[&str], &["migrate", "up"], &["migrate", "status"], &["organization", "list"], &["keys", "status"]] {
            program.run(command).await.refused(1, "database-newer", "m29991231_000001_later");
        }
    }
}

#[test]
fn two_processes_migrate_at_once() {
    alone(async {
        let program = Program::install(Kind::Postgres).await;
        let (first, second, third) =
            tokio::join!(program.run(&["migrate", "up"]), program.run(&["migrate", "up"]), program.run(&["migrate", "up"]));
        for ended in [first, second, third] {
            assert!(ended.ok().ends_with("the database is up to date"));
        }
        let applied = sql::number(&program.database_url, "SELECT COUNT(*) FROM seaql_migrations").await;
        assert_eq!(applied, sql::number(&program.database_url, "SELECT COUNT(DISTINCT version) FROM seaql_migrations").await);
        program.run(&["migrate", "status"]).await.ok();
    });
}

/// A migration by the end of its name, with how many come after it.
fn steps_after(name: &str) -> u32 {
    let all = Migrator::migrations();
    let at = all.iter().position(|migration| migration.name().ends_with(name)).expect("a migration");
    u32::try_from(all.len() - at - 1).expect("few")
}

on_both! {
    async fn blind_indexes_move_to_a_table_of_their_own_while_the_table_is_in_use(app: TestApp) {
        let invited = app.invite("visit-1").await;
        schema::down(&app.services.db, Some(steps_after("key_rotation") + 1)).await.expect("down");
        // Many more identifiers of the one patient, and a hand that holds the table now and then while it
        // is migrated, as an instance of the version before does.
        let many = match app.kind {
            Kind::Sqlite => {
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) \
                 INSERT INTO patient_identifier (id, organization_id, patient_id, system, assigner, value_sealed, key_version, created_at, blind_index, blind_key_version) \
                 SELECT randomblob(16), p.organization_id, p.patient_id, p.system, p.assigner, p.value_sealed, 1, p.created_at, randomblob(32), 1 \
                 FROM n, patient_identifier p"
            }
            Kind::Postgres => {
                "INSERT INTO patient_identifier (id, organization_id, patient_id, system, assigner, value_sealed, key_version, created_at, blind_index, blind_key_version) \
                 SELECT gen_random_uuid(), p.organization_id, p.patient_id, p.system, p.assigner, p.value_sealed, 1, p.created_at, sha256(n::text::bytea), 1 \
                 FROM generate_series(1, 100000) n, patient_identifier p"
            }
        };
        assert_eq!(sql::execute(&app.database_url, many).await.expect("identifiers"), 100_000);
        let held = if app.kind == Kind::Postgres {
            let beside = kartlegging::storage::beside(&app.database_url).await.expect("connection");
            let held = beside.begin().await.expect("transaction");
            held.execute_unprepared("UPDATE patient_identifier SET key_version = 1 WHERE assigner = 'nobody'").await.expect("held");
            Some(held)
        } else {
            None
        };
        let db = app.services.db.clone();
        let up = tokio::spawn(async move { schema::up(&db).await });
        if let Some(held) = held {
            // The lock can't be had: whoever comes meanwhile is served all the same.
            for _ in 0..6 {
                let read = "SET statement_timeout = '5s'; SELECT COUNT(*) FROM patient_identifier WHERE system = 'nobody'";
                sql::execute(&app.database_url, read).await.expect("nobody waits behind the migration for long");
                tokio::time::sleep(std::time::Duration::from_millis(400)).await;
            }
            assert!(!up.is_finished());
            held.rollback().await.expect("let go");
        }
        up.await.expect("task").expect("up");
        let count = sql::number(&app.database_url, "SELECT COUNT(*) FROM patient_identifier_index x JOIN patient_identifier i ON i.id = x.identifier_id").await;
        assert_eq!(count, 100_001);
        assert_eq!(schema::state(&app.services.db).await.expect("state"), SchemaState::Current);
        // Who was known is found, and the versions that made new values go on making them.
        let again = app.issue("again-later", &app.order("visit-2")).await.expect(201);
        assert_eq!(again["patient"].as_str(), Some(invited.patient.as_str()));
        assert_eq!(sql::number(&app.database_url, "SELECT COUNT(*) FROM key_check WHERE active_at IS NULL").await, 0);
    }
}
