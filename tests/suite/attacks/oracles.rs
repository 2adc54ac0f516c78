//! What an answer must not tell: whether a code exists, by its words, its size or by the work behind it.
//! Words and headers of the API are compared in `patient/opening.rs`.

use crate::on_both;
use crate::support::TestApp;
use crate::support::browser::Browser;
use crate::support::world::{BORN, WRONG_DATE, unknown_code};
use chrono::Duration;

/// Statements that one try takes.
async fn work(app: &TestApp, code: &str, date: &str) -> u64 {
    let before = app.services.db.statements();
    app.try_code(code, date).await.expect_problem(401, "credential-wrong");
    app.services.db.statements() - before
}

on_both! {
    async fn an_unknown_code_costs_the_same_work_as_a_wrong_date(app: TestApp) {
        let invited = app.invite("visit-1").await;
        // Connections and plans are warm after the first.
        work(&app, &unknown_code(1), BORN).await;
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for nth in 0..3 {
            known.push(work(&app, &invited.code, WRONG_DATE).await);
            unknown.push(work(&app, &unknown_code(2), WRONG_DATE).await);
            assert_eq!(known[nth], unknown[nth], "try {nth}: {known:?} {unknown:?}");
        }
        assert!(known[0] > 0);
        // After a wait as well.
        app.advance(Duration::minutes(1));
        assert_eq!(work(&app, &invited.code, WRONG_DATE).await, work(&app, &unknown_code(2), WRONG_DATE).await);
    }
}

on_both! {
    async fn a_page_about_an_unknown_code_weighs_the_same(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut sizes = Vec::new();
        for code in [invited.code.clone(), unknown_code(3)] {
            let mut browser = Browser::new(&app);
            let form = browser.open("/kode").await.form().fill("kode", &code).born(WRONG_DATE);
            let page = browser.submit(&form).await.at(401, "/kode");
            sizes.push(page.answer.bytes.len());
        }
        assert_eq!(sizes[0], sizes[1]);
    }
}
