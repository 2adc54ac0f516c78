//! The two roles of `docs/operations.md` on PostgreSQL, with its own statements: the one that serves
//! seals, signs and prunes, and can do nothing else to the log.

use super::{check, fill, read, seal_and_sign};
use crate::support::TestApp;
use crate::support::app::{Kind, run};
use crate::support::sql;
use chrono::Duration;
use kartlegging::services::access_log;

const ROLE: &str = "kartlegging_sealing";

/// The statements of the manual that grant.
fn grants() -> String {
    let manual = include_str!("../../../docs/operations.md");
    let blocks = manual.split("```sql\n").skip(1).filter_map(|rest| rest.split("```").next());
    let block = blocks.into_iter().find(|block| block.contains("ON ALL TABLES")).expect("the grants");
    // A role of its own: roles are the cluster's, and another test makes those of the manual.
    format!("GRANT USAGE ON SCHEMA public TO kartlegging_serve;\n{block}").replace("kartlegging_serve", ROLE)
}

async fn test(app: TestApp) {
    sql::execute(&app.database_url, &format!("CREATE ROLE {ROLE} LOGIN")).await.expect("role");
    sql::execute(&app.database_url, &grants()).await.expect("grants");
    let url = app.database_url.replace("//kartlegging@", &format!("//{ROLE}@"));
    assert_ne!(url, app.database_url);
    let own = url.clone();
    let serving = app.second_instance_with(move |settings| settings.database_url = own).await;

    let patient = fill(&serving, 5).await;
    seal_and_sign(&serving).await;
    assert_eq!(access_log::deliver(&serving.services).await, Ok(1));
    app.advance(Duration::days(1));
    let organization = app.world.organization.expect("organization");
    assert_eq!(access_log::prune(&serving.services, organization, app.services.now()).await, Ok(5));
    read(&serving, &patient, 3).await;
    let head = seal_and_sign(&serving).await;
    let outcome = check(&serving, &[head]).await;
    assert_eq!((outcome.pruned, outcome.size, outcome.broken), (5, 9, None));

    let hidden = "CREATE TEMPORARY TABLE access_log_prune AS SELECT organization_id, CAST(99 AS bigint) AS size FROM access_log_head; ";
    for (statement, says) in [
        ("UPDATE access_log SET action = 'x'", "permission denied"),
        ("UPDATE access_log_seal SET sequence = 0", "permission denied"),
        ("UPDATE access_log_head SET note = ''", "permission denied"),
        ("DELETE FROM access_log_prune", "permission denied"),
        ("TRUNCATE access_log_seal", "permission denied"),
        ("ALTER TABLE access_log DISABLE TRIGGER USER", "must be owner"),
        ("DELETE FROM access_log_patient", "insert only"),
        ("DELETE FROM access_log", "insert only"),
        ("DELETE FROM access_log_seal", "insert only"),
        ("DELETE FROM access_log_head", "insert only"),
        // A table of one's own that comes first says nothing to the guards.
        (&format!("{hidden}DELETE FROM access_log_patient"), "insert only"),
    ] {
        let refused = sql::execute(&url, statement).await.expect_err(statement).to_string();
        assert!(refused.contains(says), "{statement}: {refused}");
    }
    assert_eq!(check(&app, &[]).await.broken, None);
}

#[test]
fn the_serving_role_seals_signs_and_prunes_and_no_more() {
    run(Kind::Postgres, test);
}
