//! `kartlegging webhook`: what an operator does with webhooks.

use crate::on_both;
use crate::outbox::receiver::{Manner, Receiver};
use crate::support::program::Program;

on_both! {
    async fn a_webhook_is_added_changed_tried_and_disabled(app: TestApp) {
        let program = Program::install(app.kind).await.with("KARTLEGGING_WEBHOOK_LOOPBACK", "true");
        program.run(&["migrate", "up"]).await.ok();
        let organization = program.run(&["organization", "add", "--name", "Oppdiktet", "--number", "900000014", "--phone", "55 00 00 01"]).await.ok();
        let receiver = Receiver::start(Manner::Status(204)).await;
        let added = program.run(&["webhook", "add", "--organization", &organization, "--url", &receiver.url, "--event", "response.submitted"]).await.ok();
        let (id, secret) = added.split_once('\n').expect("id and secret");
        assert!(secret.starts_with("whsec_") && secret.len() == 50, "{secret}");
        let test = async || program.run(&["webhook", "test", "--webhook", id]).await;
        assert_eq!(test().await.ok(), "answered 204");
        let rotated = program.run(&["webhook", "rotate", "--webhook", id, "--both-hours", "1"]).await.ok();
        let newer = rotated.lines().nth(1).expect("secret").to_owned();
        assert_eq!(test().await.ok(), "answered 204");
        let got = receiver.all();
        assert!(got[0].is_signed_with(secret) && !got[0].is_signed_with(&newer));
        assert!(got[1].is_signed_with(secret) && got[1].is_signed_with(&newer));
        assert_eq!(got[1].json()["data"]["webhook"], id);
        // The secret is never shown again.
        let listed = program.run(&["webhook", "list"]).await.ok();
        assert!(listed.contains(id) && listed.contains("enabled") && listed.ends_with("response.submitted"), "{listed}");
        assert!(!listed.contains("whsec_"), "{listed}");
        for (manner, says) in [(Manner::Status(500), "the receiver answered 500"), (Manner::HangsUp, "no answer: broken")] {
            receiver.behave(manner);
            test().await.refused(1, "webhook-failed", says);
        }
        program.run(&["webhook", "disable", "--webhook", id]).await.ok();
        test().await.refused(1, "not-found", "disabled");
        let listed = program.run(&["webhook", "list", "--organization", &organization]).await.ok();
        assert!(listed.contains("(operator)"), "{listed}");
        program.run(&["webhook", "enable", "--webhook", id]).await.ok();
        receiver.behave(Manner::Status(200));
        assert_eq!(test().await.ok(), "answered 200");
    }
}

on_both! {
    async fn what_does_not_fit_is_refused_with_a_remedy(app: TestApp) {
        let program = Program::install(app.kind).await;
        program.run(&["migrate", "up"]).await.ok();
        let organization = program.run(&["organization", "add", "--name", "Oppdiktet", "--number", "900000014", "--phone", "55 00 00 01"]).await.ok();
        let nobody = "0193a5d0-1000-7000-8000-00000000ffff";
        let add = async |organization: &str, url: &str, event: &str| {
            program.run(&["webhook", "add", "--organization", organization, "--url", url, "--event", event]).await
        };
        add(&organization, "http://127.0.0.1:1/", "response.submitted").await.refused(2, "argument-invalid", "webhook_loopback");
        add(&organization, "https://10.0.0.1/", "response.submitted").await.refused(2, "argument-invalid", "webhook_networks");
        add(&organization, "https://u:p@sms.example/", "response.submitted").await.refused(2, "argument-invalid", "user");
        add(&organization, "https://sms.example/", "response.sent").await.refused(2, "argument-invalid", "response.submitted");
        add(nobody, "https://sms.example/", "response.submitted").await.refused(1, "not-found", "organization");
        add("x", "https://sms.example/", "response.submitted").await.refused(2, "argument-invalid", "organization list");
        for command in ["rotate", "disable", "enable", "test"] {
            program.run(&["webhook", command, "--webhook", nobody]).await.refused(1, "not-found", "webhook");
            program.run(&["webhook", command, "--webhook", "x"]).await.refused(2, "argument-invalid", "webhook list");
        }
        let networks = Program::install(app.kind).await.with("KARTLEGGING_WEBHOOK_NETWORKS", "10.0.0.1/8");
        networks.run(&["webhook", "list"]).await.refused(2, "config-invalid", "webhook_networks");
    }
}
