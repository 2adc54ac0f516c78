//! Everything that a hand in the database can do to the log, with its guards taken away, is found: at
//! the first place that is wrong.

use super::{broken, check, delete_entry, entry_at, fill, is_sound, literal, place, read, seal_and_sign, tamper, unguard};
use crate::on_both;
use crate::support::TestApp;
use chrono::{DateTime, Duration, Utc};
use kartlegging::crypto::chain;
use kartlegging::domain::ids::{LogEntryId, OrganizationId, uuid_v7};
use kartlegging::domain::log::{GRACE, moment};
use kartlegging::services::access_log::{self, Wrong};
use kartlegging::storage::log_seals::{self, Seal};
use kartlegging::storage::{StorageError, access_log as entries};
use uuid::Uuid;

/// Puts a copy of the entry at place 2 into the log, with another id and time.
async fn insert_copy(app: &TestApp, id: Uuid, at: DateTime<Utc>) {
    let at = match app.kind {
        crate::support::app::Kind::Sqlite => format!("'{}'", moment(at).replace('T', " ").replace('Z', "+00:00")),
        crate::support::app::Kind::Postgres => format!("CAST('{}' AS timestamptz)", moment(at)),
    };
    let columns = "actor_kind, actor_id, role, assurance, unit_id, action, object_kind, object_id, ground, ground_text_sealed, key_version, result, request_id";
    let id = literal(app, id);
    let copy = format!(
        "INSERT INTO access_log (id, organization_id, at, {columns}) SELECT {id}, organization_id, {at}, {columns} FROM access_log WHERE id = {}",
        entry_at(2)
    );
    tamper(app, &copy).await;
}

/// An id as the program would have made it then.
fn id_of(app: &TestApp, at: DateTime<Utc>) -> Uuid {
    uuid_v7(at, app.services.entropy.as_ref())
}

/// Makes every seal from a place on anew, as the entries are now: what a hand that knows the program
/// can do, but for signing.
async fn forge(app: &TestApp, from: u64) {
    let organization = app.world.organization.expect("organization");
    let read = app.services.db.read((organization, from), |(organization, from), snapshot| {
        Box::pin(async move {
            let mut end = match *from {
                1 => chain::START.to_vec(),
                from => log_seals::at(snapshot, *organization, from - 1).await?.map(|seal| seal.hash).unwrap_or_default(),
            };
            let mut forged = Vec::new();
            for (seal, entry) in log_seals::page(snapshot, *organization, from - 1, 500).await? {
                let entry = entry.expect("entry");
                let patients = entries::patients(snapshot, &[entry.id]).await?.remove(&entry.id).unwrap_or_default();
                let body = entry.body(patients, seal.sealed_at).canonical();
                end = chain::link(&chain::hash(&end).expect("hash"), seal.sequence, &body).to_vec();
                forged.push(Seal { hash: end.clone(), ..seal });
            }
            Ok::<_, StorageError>(forged)
        })
    });
    let forged = read.await.expect("read");
    tamper(app, &format!("DELETE FROM access_log_seal WHERE sequence >= {from}")).await;
    insert_seals(app, forged).await;
}

async fn insert_seals(app: &TestApp, seals: Vec<Seal>) {
    let write = app.services.db.write(seals, |seals, tx| Box::pin(async move { log_seals::insert(tx, seals).await }));
    write.await.expect("inserted");
}

on_both! {
    async fn an_edited_entry(app: TestApp) {
        fill(&app, 5).await;
        let head = seal_and_sign(&app).await;
        unguard(&app).await;
        is_sound(&app, std::slice::from_ref(&head)).await;
        for (column, value) in [
            ("action", "'response.read'"), ("actor_kind", "'system'"), ("actor_id", "NULL"), ("role", "NULL"), ("assurance", "'4'"), ("unit_id", "NULL"),
            ("object_kind", "NULL"), ("object_id", "NULL"), ("ground", "'emergency'"), ("result", "'not-found'"), ("request_id", "'x'"),
        ] {
            let kept = format!("CREATE TABLE kept AS SELECT id AS kept_id, {column} AS kept_value FROM access_log");
            tamper(&app, &kept).await;
            tamper(&app, &format!("UPDATE access_log SET {column} = {value} WHERE id = {}", entry_at(3))).await;
            assert_eq!(place(broken(&app, &[]).await), (3, Wrong::Changed), "{column}");
            tamper(&app, &format!("UPDATE access_log SET {column} = (SELECT kept_value FROM kept WHERE kept_id = id)")).await;
            tamper(&app, "DROP TABLE kept").await;
            is_sound(&app, &[]).await;
        }
        // The words of a ground are no part of it: they are sealed under a key, and may go with it.
        tamper(&app, "UPDATE access_log SET ground_text_sealed = NULL, key_version = 9").await;
        is_sound(&app, &[head]).await;
    }
}

on_both! {
    async fn a_changed_list_of_patients(app: TestApp) {
        let patient: Uuid = fill(&app, 5).await.parse().expect("id");
        seal_and_sign(&app).await;
        unguard(&app).await;
        let other = literal(&app, Uuid::from_u128(7));
        let patient = literal(&app, patient);
        for (change, back) in [
            (format!("UPDATE access_log_patient SET patient_id = {other} WHERE entry_id = {}", entry_at(4)), format!("UPDATE access_log_patient SET patient_id = {patient}")),
            (format!("DELETE FROM access_log_patient WHERE entry_id = {}", entry_at(4)), format!("INSERT INTO access_log_patient (patient_id, entry_id) VALUES ({patient}, {})", entry_at(4))),
            (format!("INSERT INTO access_log_patient (patient_id, entry_id) VALUES ({other}, {})", entry_at(4)), format!("DELETE FROM access_log_patient WHERE patient_id = {other}")),
        ] {
            tamper(&app, &change).await;
            assert_eq!(place(broken(&app, &[]).await), (4, Wrong::Changed), "{change}");
            tamper(&app, &back).await;
            is_sound(&app, &[]).await;
        }
    }
}

on_both! {
    async fn a_deleted_entry(app: TestApp) {
        fill(&app, 6).await;
        seal_and_sign(&app).await;
        unguard(&app).await;
        delete_entry(&app, 3).await;
        assert_eq!(place(broken(&app, &[]).await), (3, Wrong::Deleted));
        tamper(&app, "DELETE FROM access_log_seal WHERE sequence = 3").await;
        assert_eq!(place(broken(&app, &[]).await), (3, Wrong::SealMissing));
        // With the rest moved up and sealed anew only the signed head knows.
        for above in 4..=6 {
            tamper(&app, &format!("UPDATE access_log_seal SET sequence = {} WHERE sequence = {above}", above - 1)).await;
        }
        assert_eq!(place(broken(&app, &[]).await), (3, Wrong::Changed));
        forge(&app, 3).await;
        assert_eq!(place(broken(&app, &[]).await), (6, Wrong::Truncated(6)));
    }
}

on_both! {
    async fn the_first_entries_deleted(app: TestApp) {
        fill(&app, 4).await;
        seal_and_sign(&app).await;
        unguard(&app).await;
        delete_entry(&app, 1).await;
        assert_eq!(place(broken(&app, &[]).await), (1, Wrong::Deleted));
        tamper(&app, "DELETE FROM access_log_seal WHERE sequence = 1").await;
        assert_eq!(place(broken(&app, &[]).await), (1, Wrong::FrontMissing));
    }
}

on_both! {
    async fn an_entry_put_in_later(app: TestApp) {
        let patient = fill(&app, 4).await;
        app.advance(Duration::hours(2));
        read(&app, &patient, 1).await;
        let head = seal_and_sign(&app).await;
        unguard(&app).await;
        let old = app.services.now() - Duration::hours(1);
        let id = id_of(&app, old);
        insert_copy(&app, id, old).await;
        let found = broken(&app, &[]).await.expect("found");
        assert_eq!((found.sequence, found.entry), (None, Some(LogEntryId(id))));
        assert_eq!(found.wrong, Wrong::Inserted(old, head.head.at));
        // The sealer does not look that far back, the daily count does.
        assert_eq!(access_log::seal(&app.services).await, Ok(0));
        assert_eq!(access_log::missed(&app.services).await, Ok(1));
        // Given a right seal at the end of the chain it still says that it is older than the head.
        insert_seals(&app, vec![Seal { organization: head.head.organization, sequence: 6, entry: LogEntryId(id), hash: vec![0; 32], sealed_at: app.services.now() }]).await;
        assert_eq!(place(broken(&app, &[]).await), (6, Wrong::Changed));
        forge(&app, 6).await;
        assert_eq!(place(broken(&app, &[]).await), (6, Wrong::Inserted(old, head.head.at)));
        // Without the database's heads the saved one says it.
        tamper(&app, "DELETE FROM access_log_head").await;
        is_sound(&app, &[]).await;
        assert_eq!(place(broken(&app, &[head]).await).0, 6);
    }
}

on_both! {
    async fn an_entry_with_a_fresh_id_and_an_old_time(app: TestApp) {
        fill(&app, 4).await;
        seal_and_sign(&app).await;
        app.advance(Duration::hours(2));
        unguard(&app).await;
        let old = app.services.now() - Duration::hours(2);
        insert_copy(&app, id_of(&app, app.services.now()), old).await;
        assert_eq!(broken(&app, &[]).await.expect("found").wrong, Wrong::OtherTime);
        // It is sealed like any other, and found all the same.
        assert_eq!(access_log::seal(&app.services).await, Ok(1));
        assert_eq!(place(broken(&app, &[]).await), (5, Wrong::OtherTime));
    }
}

on_both! {
    async fn seals_in_another_order(app: TestApp) {
        fill(&app, 5).await;
        seal_and_sign(&app).await;
        unguard(&app).await;
        for (from, to) in [(2, 99), (4, 2), (99, 4)] {
            tamper(&app, &format!("UPDATE access_log_seal SET sequence = {to} WHERE sequence = {from}")).await;
        }
        assert_eq!(place(broken(&app, &[]).await), (2, Wrong::Changed));
        forge(&app, 2).await;
        assert!(matches!(place(broken(&app, &[]).await), (5, Wrong::Rewritten(_))));
    }
}

on_both! {
    async fn a_tail_that_is_cut_off(app: TestApp) {
        fill(&app, 6).await;
        let head = seal_and_sign(&app).await;
        unguard(&app).await;
        for place in [6, 5] {
            delete_entry(&app, place).await;
            tamper(&app, &format!("DELETE FROM access_log_seal WHERE sequence = {place}")).await;
        }
        assert_eq!(place(broken(&app, &[]).await), (5, Wrong::Truncated(6)));
        // With its heads the database knows nothing of it; a head that was kept elsewhere does.
        tamper(&app, "DELETE FROM access_log_head").await;
        is_sound(&app, &[]).await;
        assert_eq!(place(broken(&app, std::slice::from_ref(&head)).await), (5, Wrong::Truncated(6)));
        // Nor does it help to go on from there.
        read(&app, &head_patient(&app).await, 3).await;
        seal_and_sign(&app).await;
        assert_eq!(check(&app, &[]).await.size, 7);
        assert!(matches!(place(broken(&app, &[head]).await), (6, Wrong::Rewritten(_))));
    }
}

/// The patient of the log.
async fn head_patient(app: &TestApp) -> String {
    let rows = crate::support::sql::query(&app.database_url, "SELECT patient_id FROM access_log_patient LIMIT 1").await;
    rows[0].try_get::<Uuid>("", "patient_id").expect("id").to_string()
}

on_both! {
    async fn a_whole_chain_written_anew(app: TestApp) {
        fill(&app, 5).await;
        let head = seal_and_sign(&app).await;
        unguard(&app).await;
        tamper(&app, &format!("UPDATE access_log SET actor_kind = 'system', actor_id = NULL WHERE id = {}", entry_at(1))).await;
        forge(&app, 1).await;
        assert_eq!(place(broken(&app, &[]).await), (5, Wrong::Rewritten(head.head.at)));
        // Heads of one's own need the key.
        let note = "note = REPLACE(note, 'time 2026', 'time 2027')";
        tamper(&app, &format!("UPDATE access_log_head SET {note}")).await;
        assert_eq!(place(broken(&app, &[]).await), (5, Wrong::Unsigned(5)));
        tamper(&app, "DELETE FROM access_log_head").await;
        is_sound(&app, &[]).await;
        let saved = std::slice::from_ref(&head);
        assert_eq!(place(broken(&app, saved).await), (5, Wrong::Rewritten(head.head.at)));
        // All gone, as if there never was a log.
        for table in ["access_log_seal", "access_log_patient", "access_log"] {
            tamper(&app, &format!("DELETE FROM {table}")).await;
        }
        is_sound(&app, &[]).await;
        assert_eq!(place(broken(&app, saved).await), (1, Wrong::Truncated(5)));
    }
}

on_both! {
    async fn a_saved_head_of_another_key_or_organization(app: TestApp) {
        fill(&app, 3).await;
        let head = seal_and_sign(&app).await;
        let other = TestApp::start(app.kind).await;
        assert_eq!(place(broken(&app, std::slice::from_ref(&head)).await.or(Some(access_log::Broken { sequence: Some(0), entry: None, wrong: Wrong::Deleted }))).0, 0);
        // The same head checked with the keys of another installation.
        let keys = kartlegging::crypto::note::PublicKeys::of(&other.services.ring).expect("keys");
        let outcomes = access_log::verify(&app.services.db, &keys, &[]).await.expect("verified");
        assert!(outcomes.iter().any(|one| one.broken.as_ref().is_some_and(|broken| broken.wrong == Wrong::Unsigned(3))), "{outcomes:?}");
        // In a database that never had this organization.
        let keys = kartlegging::crypto::note::PublicKeys::of(&app.services.ring).expect("keys");
        let outcomes = access_log::verify(&other.services.db, &keys, std::slice::from_ref(&head)).await.expect("verified");
        let missing: Vec<OrganizationId> = outcomes
            .iter()
            .filter(|one| one.broken.as_ref().is_some_and(|broken| broken.wrong == Wrong::OrganizationMissing))
            .map(|one| one.organization)
            .collect();
        assert_eq!(missing, [head.head.organization]);
    }
}

on_both! {
    async fn what_comes_within_the_grace_is_no_fault(app: TestApp) {
        fill(&app, 4).await;
        app.advance(Duration::hours(1));
        seal_and_sign(&app).await;
        // A transaction that was slow to commit, or a clock that is behind.
        let at = app.services.now() - GRACE + Duration::seconds(1);
        insert_copy(&app, id_of(&app, at), at).await;
        is_sound(&app, &[]).await;
        assert_eq!(access_log::seal(&app.services).await, Ok(1));
        is_sound(&app, &[]).await;
        assert_eq!(access_log::missed(&app.services).await, Ok(0));
    }
}
