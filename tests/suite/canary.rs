//! Canaries: recognisable words go through the whole flow of the real program with its log at trace
//! level. Afterwards they are looked for, plain, hex- and base64-encoded, in the log, in the metrics,
//! in problem bodies and in every byte of the database: not one may be found.

use crate::outbox::receiver::{Got, Manner, Receiver};
use crate::pages;
use crate::support::app::{Answer, Kind};
use crate::support::browser::{Browser, FORM, path_of};
use crate::support::issuer::RecordSystem;
use crate::support::mail::{CERTIFICATES, MailServer, link_of};
use crate::support::program::{Program, Serving, alone};
use crate::support::sql;
use crate::support::world::Invited;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use kartlegging::crypto::entropy::SystemClock;
use kartlegging::domain::clock::Clock;
use serde_json::{Value, json};

const NAME: &str = "Kanarifugl Gulspurv";
const FNR: &str = "13904709535";
const BORN: &str = "1947-10-13";
const EMAIL: &str = "gulspurv@kanari.example";
const PHONE: &str = "+47 91 82 73 64";
const FREE_TEXT: &str = "kanaritekst om nattesøvn";
const HELPER: &str = "Hjelper Dompap";
const HELPER_PHONE: &str = "+47 98 76 12 34";
const ACTING: &str = "Fullmektig Bokfink";
const ACTING_NUMBER: &str = "14906030099";
const GROUND: &str = "kanarigrunn";
const STREET: &str = "Kanaristien 47";

/// Something that must not be found, in the forms it could be found in.
struct Canary {
    what: &'static str,
    forms: Vec<Vec<u8>>,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

fn canary(what: &'static str, text: &str) -> Canary {
    let mut forms = Vec::new();
    for bytes in [text.as_bytes().to_vec(), text.to_lowercase().into_bytes(), text.replace([' ', '-'], "").into_bytes()] {
        let hex = hex(&bytes);
        forms.extend([hex.to_uppercase().into_bytes(), hex.into_bytes()]);
        // In base64 three bytes are four letters: where the word begins in a group changes them, so the
        // letters at both ends are left out.
        for shift in 0..3 {
            let shifted = [vec![b'x'; shift], bytes.clone()].concat();
            for letters in [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
                let inner = letters.as_bytes().get(4..letters.len().saturating_sub(4)).unwrap_or_default().to_vec();
                if inner.len() >= 6 {
                    forms.push(inner);
                }
            }
        }
        forms.push(bytes);
    }
    // JSON in a log writes some letters as escapes.
    forms.push(serde_json::to_string(text).unwrap_or_default().trim_matches('"').as_bytes().to_vec());
    forms.sort();
    forms.dedup();
    Canary { what, forms }
}

fn found_in(place: &str, bytes: &[u8], canaries: &[Canary]) -> Vec<String> {
    let mut hits = Vec::new();
    for canary in canaries {
        for form in &canary.forms {
            if memmem(bytes, form) {
                hits.push(format!("{} in {place} as {}", canary.what, String::from_utf8_lossy(form)));
            }
        }
    }
    hits
}

/// Whether `needle` is in `hay`: looks only where its first byte stands.
fn memmem(hay: &[u8], needle: &[u8]) -> bool {
    let Some((first, _)) = needle.split_first() else { return false };
    let mut from = 0;
    while let Some(at) = hay.get(from..).and_then(|rest| rest.iter().position(|byte| byte == first)) {
        if hay.get(from + at..from + at + needle.len()) == Some(needle) {
            return true;
        }
        from += at + 1;
    }
    false
}

#[test]
fn the_search_finds_what_is_there() {
    let canaries = [canary("name", NAME), canary("number", FNR)];
    let raw = format!("xx{NAME}yy");
    for text in [
        raw.clone(),
        raw.to_lowercase(),
        STANDARD_NO_PAD.encode(&raw),
        URL_SAFE_NO_PAD.encode(format!("z{raw}")),
        format!("{{\"n\":\"{FNR}\"}}"),
    ] {
        assert!(!found_in("here", text.as_bytes(), &canaries).is_empty(), "{text}");
    }
    let hex = hex(raw.as_bytes()).to_uppercase();
    assert!(!found_in("here", hex.as_bytes(), &canaries).is_empty());
    assert!(found_in("here", b"Kanari 1390470953", &canaries).is_empty());
}

/// Answers with the free text in it.
fn answers() -> Value {
    let mut answers = crate::support::world::answers(7, &["pain", "fatigue"], &["pain"], "yes", Some("yes"));
    let items = answers["item"].as_array_mut().expect("items");
    let problems = items.iter_mut().find(|item| item["linkId"] == "problems").expect("problems");
    problems["item"].as_array_mut().expect("items").push(json!({"linkId": "other-concerns", "answer": [{"valueString": FREE_TEXT}]}));
    answers
}

/// Goes the whole way, with mistakes on it; gives the problems it met and the secrets it was told.
async fn the_whole_flow(serving: &Serving, unit: &str, client: &str, nurse: &str) -> (Vec<Answer>, Vec<Canary>) {
    let http = &serving.http;
    let mut problems = Vec::new();
    let start = super::commands::admin::chrono_date(3);
    let identifier = json!({"system": "urn:oid:2.16.578.1.12.4.1.4.1", "value": FNR});
    let mut order = json!({
        "patient": {"identifier": identifier, "name": NAME, "birth_date": BORN, "language": "nb", "contact": {"email": EMAIL, "phone": PHONE}},
        "appointment": {"external_id": "EHR-1", "starts_at": format!("{start}T09:30:00+01:00"), "unit": unit},
    });
    let acting = json!({"identifier": {"system": identifier["system"], "value": ACTING_NUMBER}, "name": ACTING, "relation": "guardian"});
    order["patient"]["representatives"] = json!([acting]);
    let issue = |body: &Value, key: &str| http.call("POST", "/api/v1/invitations").bearer(client).key(key).json(body);
    let issued = issue(&order, "canary-key-1").send().await.expect(201);
    let mut wrong = order.clone();
    wrong["patient"]["birth_date"] = json!("1947-10-14");
    wrong["patient"][NAME] = json!(FNR);
    wrong["patient"][FNR] = json!(NAME);
    problems.push(issue(&wrong, "canary-key-2").send().await);
    problems.push(issue(&order, "canary-key-3").send().await);
    let acting_for = format!("/api/v1/patients/{}/representatives", issued["patient"].as_str().expect("id"));
    http.call("GET", &acting_for).bearer(client).send().await.expect(200);
    let friend = json!({"identifier": acting["identifier"], "name": ACTING, "relation": ACTING_NUMBER, ACTING: ACTING_NUMBER});
    problems.push(http.call("POST", &acting_for).bearer(client).json(&friend).send().await);
    let half = format!("{{\"patient\": {{\"name\": \"{NAME}\"");
    problems.push(http.call("POST", "/api/v1/invitations").bearer(client).key("canary-key-4").body("application/json", half).send().await);
    problems.push(http.call("GET", &format!("/api/v1/patients/{FNR}/timeline?fnr={FNR}")).bearer(nurse).send().await);
    problems.push(http.call("GET", &format!("/api/v1/worklist?{FNR}=1")).bearer(nurse).send().await);

    // A gateway fetches the text of a message: one personal link, and nothing else about the patient.
    let message = format!("/api/v1/invitations/{}/message", issued["id"].as_str().expect("id"));
    let message = http.call("POST", &message).bearer(client).send().await.expect(200);
    let (own, text) = (message["link"].as_str().expect("link"), message["text"].as_str().expect("text"));
    assert_eq!((message["to"].as_str(), text.matches(own).count()), (Some(PHONE), 1));
    let personal = [canary("name", NAME), canary("national id", FNR), canary("birth date", BORN), canary("mail address", EMAIL)];
    assert!(found_in("the message", text.replace(own, "").as_bytes(), &personal).is_empty(), "{text}");
    let own = own.rsplit('/').next().expect("token").to_owned();

    let paper = format!("/api/v1/invitations/{}/paper", issued["id"].as_str().expect("id"));
    let printed = http.call("POST", &paper).bearer(nurse).send().await;
    assert!(crate::print::reading::Pdf::open(&printed.bytes).says(NAME), "the paper carries the name");

    let letter = format!("/api/v1/invitations/{}/letter", issued["id"].as_str().expect("id"));
    let rendered = http.call("POST", &letter).bearer(nurse).send().await.expect(200);
    assert_eq!(rendered["credential"], issued["credential"]);
    let slip = http.call("POST", &format!("{letter}.pdf")).bearer(nurse).json(&json!({"recipient": [NAME, STREET]})).send().await;
    assert!(crate::print::reading::Pdf::open(&slip.bytes).says(STREET), "the slip carries the address");
    let long = STREET.repeat(9);
    problems.push(
        http.call("POST", &format!("{letter}.pdf")).bearer(nurse).json(&json!({"recipient": [NAME, long], STREET: NAME})).send().await,
    );
    problems.push(http.call("POST", &format!("{letter}.pdf?format={NAME}")).bearer(nurse).send().await);

    let (link, code) = (issued["credential"]["link"].as_str().expect("link"), issued["credential"]["code"].as_str().expect("code"));
    problems.push(http.call("POST", "/api/v1/session").json(&json!({"link": link, "birth_date": "1950-01-01"})).send().await);
    problems.push(http.call("POST", "/api/v1/session").json(&json!({"code": mistyped(code), "birth_date": BORN})).send().await);
    let opened = http.call("POST", "/api/v1/session").json(&json!({"code": code, "birth_date": BORN})).send().await.expect(201);
    let (session, device) = (opened["session_token"].as_str().expect("token"), opened["device_token"].as_str().expect("token"));
    let draft = json!({"respondent": {"kind": "representative", "relation": "guardian", "name": HELPER, "phone": HELPER_PHONE}, "answers": answers(), "language": "nb"});
    let put = |body: &Value, version: i64| http.call("PUT", "/api/v1/session/draft").bearer(session).if_match(version).json(body);
    let mut bad = draft.clone();
    bad["answers"]["item"][0]["item"][0]["answer"] = json!([{"valueString": FREE_TEXT}]);
    problems.push(put(&bad, 0).send().await);
    put(&draft, 0).send().await.expect(200);
    let receipt = http.call("POST", "/api/v1/session/submit").bearer(session).if_match(1).send().await.expect(201);
    assert!(receipt.to_string().contains(FREE_TEXT), "the flow carries the canaries");

    let response = format!("/api/v1/responses/{}", receipt["response"].as_str().expect("id"));
    for path in [
        response.clone(),
        format!("{response}/summary"),
        format!("{response}/versions"),
        format!("/api/v1/patients/{}/timeline", issued["patient"].as_str().expect("id")),
    ] {
        let call =
            http.call("GET", &path).bearer(nurse).header("kartlegging-ground", "emergency").header("kartlegging-ground-text", GROUND);
        call.send().await.expect(200);
    }
    let list = format!("/api/v1/worklist?unit={unit}&from={start}&to={start}");
    let list = http.call("GET", &list).bearer(nurse).send().await.expect(200);
    assert_eq!(list["items"][0]["patient"]["name"], NAME);
    let search =
        http.call("POST", "/api/v1/patients/search").bearer(nurse).json(&json!({"identifier": identifier})).send().await.expect(200);
    assert_eq!(search["items"][0]["name"], NAME);
    let bad = json!({"identifier": {"system": NAME, "value": FNR}});
    problems.push(http.call("POST", "/api/v1/patients/search").bearer(nurse).json(&bad).send().await);
    problems.push(http.call("GET", "/api/v1/worklist").bearer(&format!("{client}x")).send().await);
    let reissue = format!("/api/v1/invitations/{}/reissue", issued["id"].as_str().expect("id"));
    let again = http.call("POST", &reissue).bearer(client).key("canary-key-5").send().await.expect(200);

    problems.extend(as_fhir(serving, client, nurse, receipt["response"].as_str().expect("id")).await);

    let token = link.rsplit('/').next().expect("token");
    let secrets = vec![
        canary("link", token),
        canary("code", code),
        canary("link of the message", &own),
        canary("second link", again["credential"]["link"].as_str().expect("link").rsplit('/').next().expect("token")),
        canary("second code", again["credential"]["code"].as_str().expect("code")),
        canary("session token", session),
        canary("signature of the session token", session.rsplit('.').next().expect("part")),
        canary("device token", device),
        canary("client token", client),
        canary("signature of the client token", client.rsplit('.').next().expect("part")),
        canary("clinician token", nurse),
    ];
    (problems, secrets)
}

/// Reads and searches the same as FHIR, with mistakes; gives the problems.
async fn as_fhir(serving: &Serving, client: &str, nurse: &str, response: &str) -> Vec<Answer> {
    let http = &serving.http;
    let read = |path: &str| http.call("GET", &format!("/fhir/{path}")).bearer(client).send();
    let form = "application/x-www-form-urlencoded";
    let by_body = |kind: &str, body: String| http.call("POST", &format!("/fhir/{kind}/_search")).bearer(nurse).body(form, body).send();
    let number = format!("urn:oid:2.16.578.1.12.4.1.4.1|{FNR}");
    let mine = read(&format!("QuestionnaireResponse/{response}")).await.expect(200);
    assert!(mine.to_string().contains(FREE_TEXT), "the flow carries the canaries");
    let simple = response.replace('-', "");
    let paths = [
        "QuestionnaireResponse?_include=QuestionnaireResponse:subject".to_owned(),
        format!("QuestionnaireResponse/{response}/_history"),
        format!("Observation?derived-from={response}"),
        format!("DocumentReference?related={response}"),
        format!("Binary/{simple}-1?_format=json"),
        format!("Provenance?target={response}"),
        "Task".to_owned(),
        "Appointment".to_owned(),
        "Practitioner".to_owned(),
    ];
    for path in paths {
        read(&path).await.expect(200);
    }
    let patient = by_body("Patient", format!("identifier={number}")).await.expect(200);
    assert_eq!(patient["entry"][0]["resource"]["name"][0]["text"], NAME);
    assert!(!patient["link"].to_string().contains(FNR), "the link of a search names nobody by number");
    let theirs = by_body("QuestionnaireResponse", format!("patient:identifier={number}")).await.expect(200);
    assert!(!theirs["link"].to_string().contains(FNR), "the link of a search names nobody by number");
    by_body("Appointment", "identifier=EHR-1".to_owned()).await.expect(200);
    let operation = |path: &str, body: &Value| {
        http.call("POST", &format!("/fhir/{path}")).bearer(client).body("application/fhir+json", body.to_string()).send()
    };
    read(&format!("QuestionnaireResponse/{response}/$extract")).await.expect(200);
    operation("QuestionnaireResponse/$validate", &mine).await.expect(200);
    let about = |reference: &str| json!({"resourceType": "Parameters", "parameter": [{"name": "subject", "valueReference": {"reference": reference}}]});
    let mut wrong = mine.clone();
    wrong[NAME] = FNR.into();
    wrong["subject"] = json!({"display": NAME, "reference": format!("Patient/{FNR}")});
    let put = http.call("PUT", &format!("/fhir/QuestionnaireResponse/{response}")).bearer(nurse).header("if-match", "W/\"1\"");
    let none_exist =
        http.call("POST", "/fhir/QuestionnaireResponse").bearer(nurse).header("if-none-exist", &format!("patient:identifier={number}"));
    vec![
        read(&format!("Patient?identifier={number}")).await,
        read(&format!("QuestionnaireResponse?patient:identifier={number}")).await,
        read(&format!("Task?{FNR}=1")).await,
        read(&format!("Task?status:{FNR}=1")).await,
        read(&format!("{FNR}/{FNR}")).await,
        read(&format!("Patient/{FNR}")).await,
        by_body("Patient", format!("identifier={NAME}|{FNR}")).await,
        put.body("application/fhir+json", wrong.to_string()).send().await,
        operation("Questionnaire/$process-response", &wrong).await,
        operation(&format!("Questionnaire/$process-response?task={FNR}"), &mine).await,
        operation("QuestionnaireResponse/$extract", &wrong).await,
        operation("Questionnaire/$populate", &about(&format!("Patient/{FNR}"))).await,
        operation("Questionnaire/$populatelink", &about(NAME)).await,
        operation(&format!("Questionnaire/{FNR}/$populatelink"), &about(NAME)).await,
        none_exist.body("application/fhir+json", mine.to_string()).send().await,
    ]
}

/// A record system asks for cards, with mistakes; gives the problems, and adds the token it used.
async fn the_cards(serving: &Serving, system: &RecordSystem, canaries: &mut Vec<Canary>) -> Vec<Answer> {
    let token = |id: &str| {
        let now = SystemClock::default().now().timestamp();
        let aud = "http://127.0.0.1:8080/cds-services/unread-answers";
        system.token(&json!({"iss": "https://ehr.example/", "aud": aud, "iat": now, "exp": now + 60, "jti": id}))
    };
    let first = token("canary-1");
    let body = json!({
        "hook": "patient-view", "hookInstance": NAME, "context": {"userId": "Practitioner/1", "patientId": FNR},
        "prefetch": {"patient": {"resourceType": "Patient", "id": FNR, "name": [{"text": NAME}], "birthDate": BORN,
            "identifier": [{"system": "urn:oid:2.16.578.1.12.4.1.4.1", "value": FNR}]}},
    });
    let post = |token: &str, body: &Value| serving.http.call("POST", "/cds-services/unread-answers").bearer(token).json(body).send();
    let shown = post(&first, &body).await.expect(200);
    assert!(shown["cards"][0]["summary"].as_str().is_some_and(|line| line.contains(": 7")), "{shown}");
    let personal = [canary("name", NAME), canary("national id", FNR), canary("birth date", BORN), canary("free text", FREE_TEXT)];
    let hits = found_in("the card", shown.to_string().as_bytes(), &personal);
    assert!(hits.is_empty(), "{hits:#?}");
    let mut wrong = body.clone();
    wrong["hook"] = json!(NAME);
    let mut other = body.clone();
    other["context"]["patientId"] = json!(NAME);
    let mut open = body.clone();
    open["prefetch"] = json!({});
    canaries.push(canary("token of a record system", &first));
    vec![
        post(&first, &body).await,
        post(&token("canary-2"), &wrong).await,
        post(&token("canary-3"), &other).await,
        post(&token("canary-4"), &open).await,
        serving.http.call("POST", &format!("/cds-services/{FNR}")).bearer(&token("canary-5")).json(&body).send().await,
    ]
}

/// Words that a page before the birth date must not hold: the person, the unit, the visit, the form.
const BEFORE: [&str; 10] =
    ["Gulspurv", "Poliklinikken", "kreft", "cancer", "Påkjenning", "påkjenning", "distress", "09.30", "27. ", "Timen din"];

/// A patient goes the whole way in a browser, with mistakes on it: no page says too much, and no
/// address, header or page after the birth date holds a secret. Gives the secrets it was told.
async fn the_pages(serving: &Serving, unit: &str, client: &str) -> Vec<Canary> {
    let http = &serving.http;
    let order = json!({
        "patient": {"identifier": {"system": "urn:oid:2.16.578.1.12.4.1.4.1", "value": FNR}, "name": NAME, "birth_date": BORN, "language": "nb"},
        "appointment": {"external_id": "EHR-2", "starts_at": format!("{}T09:30:00+01:00", super::commands::admin::chrono_date(4)), "unit": unit},
    });
    let issue = http.call("POST", "/api/v1/invitations").bearer(client).key("canary-key-9").json(&order);
    let invited = Invited::of(issue.send().await.expect(201));
    let mut browser = Browser::at(http);
    let path = path_of(&invited.link);
    browser.open("/").await.at(200, "/");
    browser.open(&format!("/s/{FNR}")).await.at(404, &format!("/s/{FNR}"));
    browser.open(&path.to_lowercase()).await.at(200, "/start");
    for tag in ["nn", "en", "nb"] {
        browser.open(&format!("/start?sprak={tag}")).await.at(200, "/start");
        browser.open("/feil-brev").await.at(200, "/feil-brev");
    }
    let door = browser.open("/fodselsdato").await;
    browser.submit(&door.form().born("1950-01-01")).await.at(401, "/fodselsdato");
    let mut other = Browser::at(http);
    let typed = other.open("/kode").await.form().fill("kode", &format!("{}A", invited.code)).born(BORN);
    other.submit(&typed).await.at(422, "/kode");
    let unknown = typed.fill("kode", &crate::support::world::unknown_code(3)).born("1950-01-01");
    other.submit(&unknown).await.at(401, "/kode");
    browser.met.extend(other.met);
    for (what, answer) in &browser.met {
        for word in BEFORE {
            assert!(!answer.text.contains(word), "{what} says {word}: {}", answer.text);
        }
    }
    let before = std::mem::take(&mut browser.met);

    browser.submit(&door.form().born(BORN)).await.at(200, "/skjema/om");
    let who = browser.open("/skjema/hvem").await.form().check("hvem-representative").fill("relasjon", "guardian");
    let first = browser.submit(&who.fill("navn", HELPER).fill("telefon", HELPER_PHONE)).await.at(200, "/skjema/side/1");
    let picks: [pages::Pick<'_>; 4] = [pages::LEAST[0], pages::LEAST[1], pages::LEAST[2], ("Andre utfordringer", &[FREE_TEXT])];
    let check = pages::answer(&mut browser, first, &picks).await.at(200, "/skjema/svar");
    assert!(check.main().contains(FREE_TEXT), "the pages carry the canaries");
    browser.clone().submit(&check.form().press(&pages::say("page-later"))).await;
    let session = browser.token();
    browser
        .ask("POST", "/skjema/side/7", Some((FORM, format!("nokkel=x&f2_0-6={FREE_TEXT}").into_bytes())))
        .await
        .at(401, "/skjema/side/7");
    let again = browser.open(path).await.at(200, "/start");
    assert_eq!(again.status, 200);
    let form = browser.open("/fodselsdato").await.form().born(BORN);
    let check = browser.submit(&form).await.at(200, "/skjema/svar");
    let receipt = browser.submit(&check.form()).await.at(200, "/skjema/kvittering");
    browser.open("/skjema/kopi.pdf").await.at(200, "/skjema/kopi.pdf");
    browser.submit(&receipt.form()).await;

    let device = browser.cookies().iter().find_map(|name| name.starts_with("__Host-enhet-").then(|| browser.cookie(name))).flatten();
    let secrets = vec![
        canary("link of the pages", path.rsplit('/').next().unwrap_or_default()),
        canary("code of the pages", &invited.code),
        canary("session of the pages", &session),
        canary("device of the pages", device.expect("a device cookie")),
    ];
    let personal = [canary("national id", FNR), canary("birth date", BORN), canary("birth date as day and month", "13.10.1947")];
    let mut hits = Vec::new();
    for (at, (what, answer)) in before.iter().chain(&browser.met).enumerate() {
        let header = |name: &&String| !matches!(name.as_str(), "set-cookie");
        let headers: Vec<_> = answer.headers.iter().filter(|(name, _)| header(name)).collect();
        let place = format!("the headers of {what}");
        hits.extend(found_in(&place, format!("{headers:?}").as_bytes(), &secrets));
        hits.extend(found_in(&place, format!("{headers:?}").as_bytes(), &personal));
        if at >= before.len() {
            hits.extend(found_in(what, answer.text.as_bytes(), &secrets));
            hits.extend(found_in(what, answer.text.as_bytes(), &personal));
        } else {
            // Only a code that was mistyped stands in its field again, to be mended.
            hits.extend(found_in(what, answer.text.as_bytes(), &secrets).into_iter().filter(|hit| !hit.starts_with("code")));
        }
        // A link stands in one address, which leads away from it.
        let address = what.split_once(' ').map_or("", |(_, path)| path).to_uppercase();
        let own = address.starts_with("/S/") && matches!(answer.status, 303 | 404);
        assert!(own || found_in("the address", address.as_bytes(), &secrets).is_empty(), "{what}");
    }
    assert!(hits.is_empty(), "{hits:#?}");
    secrets
}

/// A clinician signs in and reads in a browser: a name stands on pages, and in no address, header or
/// cookie; a number, link or code stands nowhere. Gives the secrets of the session.
async fn the_clinic(serving: &Serving, link: &str, secrets: &[Canary]) -> Vec<Canary> {
    let mut browser = Browser::at(&serving.http);
    let path = &link[link.find("/klinikk/inn/").expect("path")..];
    let form = browser.get(path).await.form();
    let token = path.rsplit('/').next().unwrap_or_default().to_owned();
    assert_eq!(browser.send(&form).await.status, 303);
    // The link itself stands in its own address, which is used up.
    browser.met.clear();
    let list = browser.get("/klinikk?dager=31").await;
    assert!(list.main().contains(NAME), "{}", list.main());
    let links = list.html.named("a").into_iter().filter_map(|link| link.attr("href"));
    let summary = links.into_iter().find(|link| link.starts_with("/klinikk/svar/")).expect("a summary").to_owned();
    let shown = browser.get(&summary).await;
    assert!(shown.main().contains(NAME), "{}", shown.main());
    for more in ["/tekst", "/oppsummering.pdf", "/samtale"] {
        assert_eq!(browser.get(&format!("{summary}{more}")).await.status, 200, "{more}");
    }
    browser.get("/klinikk/endret?dager=31").await;
    let search = browser.get("/klinikk/finn").await.form().fill("nummer", FNR);
    let patient = browser.send(&search).await.leads();
    assert!(browser.get(&patient).await.main().contains(NAME));
    let ground = browser.get(&format!("{patient}/likevel?til=pasient")).await.form().check("g-1").fill("ord", GROUND);
    assert_eq!(browser.send(&ground).await.status, 303);
    let number = [canary("national id", FNR)];
    let personal = [canary("national id", FNR), canary("name", NAME), canary("free text", FREE_TEXT), canary("ground", GROUND)];
    let mut hits = Vec::new();
    for (what, answer) in &browser.met {
        hits.extend(found_in(what, answer.text.as_bytes(), secrets));
        hits.extend(found_in(what, answer.text.as_bytes(), &number));
        for place in [format!("{:?}", answer.headers), format!("{:?}", answer.cookies), what.clone()] {
            hits.extend(found_in(&format!("the head of {what}"), place.as_bytes(), secrets));
            hits.extend(found_in(&format!("the head of {what}"), place.as_bytes(), &personal));
        }
    }
    assert!(hits.is_empty(), "{hits:#?}");
    let session = browser.cookie("__Host-klinikk").expect("session").to_owned();
    vec![
        canary("session of a clinician", session.split_once('.').map_or(session.as_str(), |(_, own)| own)),
        canary("one-time link", &token),
    ]
}

/// Every column of every table, as text and hex.
async fn postgres_dump(url: &str) -> String {
    let tables = sql::texts(url, "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema()").await;
    let mut dump = String::new();
    for table in tables {
        let columns = format!(
            "SELECT column_name::text FROM information_schema.columns WHERE table_name = '{table}' AND table_schema = current_schema()"
        );
        for column in sql::texts(url, &columns).await {
            let values = format!("SELECT COALESCE(\"{column}\"::text, '') FROM \"{table}\"");
            for value in sql::texts(url, &values).await {
                dump.push_str(&value);
                dump.push('\n');
            }
        }
    }
    dump
}

/// Waits until another system has been told of what was handed in; what it was told holds nothing.
async fn told(receiver: &Receiver, canaries: &[Canary]) -> Vec<String> {
    for _ in 0..600 {
        // Messages overtake each other.
        if receiver.types().iter().any(|kind| kind == "response.submitted") && receiver.all().len() >= 3 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let got = receiver.all();
    assert!(got.len() >= 3, "{:?}", receiver.types());
    let all = |one: &Got| {
        found_in("a webhook's message", format!("{:?} {}", one.headers, String::from_utf8_lossy(&one.body)).as_bytes(), canaries)
    };
    got.iter().flat_map(all).collect()
}

/// A patient who is to get a notice when there is mail.
async fn someone_to_notice(serving: &Serving, unit: &str, client: &str) {
    let order = json!({
        "patient": {"name": NAME, "birth_date": BORN, "language": "nb", "contact": {"email": EMAIL, "phone": PHONE}},
        "appointment": {"external_id": "EHR-3", "starts_at": format!("{}T09:30:00+01:00", super::commands::admin::chrono_date(2)), "unit": unit},
    });
    serving.http.call("POST", "/api/v1/invitations").bearer(client).key("canary-key-12").json(&order).send().await.expect(201);
}

/// The program sends the notice: the mail holds one link and nothing else about anybody. Gives the link's
/// token, and the log.
async fn the_mail(program: &mut Program, organization: &str, unit: &str, canaries: &[Canary]) -> (Canary, String) {
    let server = MailServer::start("starttls-login");
    let plan = ["unit", "plan", "--organization", organization, "--unit", unit, "--quiet", "none"];
    assert!(program.run(&plan).await.ok().contains("quiet hours    none"));
    for (name, value) in [
        ("HOST", "localhost"),
        ("PORT", &server.port.to_string()),
        ("CA_FILE", &CERTIFICATES.path("ca.pem").display().to_string()),
        ("USER", "svar"),
        ("PASSWORD_FILE", &program.write("password", "hemmelig 0123\n")),
        ("FROM", "Svar <svar@sykehus.example>"),
    ] {
        program.set(&format!("KARTLEGGING_MAIL_{name}"), value);
    }
    // The job has run a moment ago, without mail.
    for statement in ["DELETE FROM job_lease WHERE job = 'plan-notices'", "UPDATE invitation SET noticed_at = NULL"] {
        sql::execute(&program.database_url, statement).await.expect("statement");
    }
    let serving = program.serve().await;
    let mail = server.mails(1).await.remove(0);
    assert_eq!((&mail["to"], &mail["tls"], &mail["login"]), (&json!([EMAIL]), &json!(true), &json!(true)));
    let link = link_of(&mail);
    assert_eq!(mail["html"].as_str().map(|html| html.matches("http").count()), Some(1));
    let said = format!("{}{}{}", mail["headers"], mail["text"], mail["html"]).replace(EMAIL, "").replace(&link, "");
    let mut hits = found_in("the mail", said.as_bytes(), canaries);
    hits.extend(BEFORE.iter().filter(|word| said.contains(**word)).map(|word| format!("the mail says {word}")));
    assert!(hits.is_empty(), "{hits:#?}");
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    serving.terminate();
    let (status, log, _) = serving.ended().await;
    assert_eq!(status, 0, "{log}");
    (canary("link of the mail", link.rsplit('/').next().unwrap_or_default()), log)
}

/// A record system that the program knows.
async fn record_system(program: &mut Program, organization: &str) -> RecordSystem {
    let mut add = vec!["client", "add", "--organization", organization, "--name", "z", "--external-id", "ehr"];
    add.extend(["--scope", "responses:read", "--scope", "patients:read"]);
    program.run(&add).await.ok();
    let system = RecordSystem::es384("ehr-1");
    let keys = program.write("ehr-keys.json", &system.jwks());
    let own = format!("[[cds_clients]]\nissuer = \"https://ehr.example/\"\nclient = \"ehr\"\njwks_file = \"{keys}\"\n");
    program.set("KARTLEGGING_CONFIG", &program.write("ehr.toml", &own));
    system
}

async fn nothing_leaks(kind: Kind) {
    let (mut program, _, unit) = super::commands::admin::installed(kind).await;
    program.set("KARTLEGGING_LOG_FILTER", "trace");
    program.set("KARTLEGGING_WEBHOOK_LOOPBACK", "true");
    let organization = program.run(&["organization", "list"]).await.ok();
    let organization = organization.split_whitespace().next().expect("id").to_owned();
    let mut client = vec!["client", "add", "--organization", &organization, "--name", "x"];
    for scope in ["invitations:write", "invitations:read", "responses:read", "patients:read", "messages:render", "deliveries:manage"] {
        client.extend(["--scope", scope]);
    }
    let client = program.run(&client).await.ok();
    let client = program.run(&["token", "issue", "--client", &client]).await.ok();
    let role = format!("clinician:{unit}");
    let nurse =
        program.run(&["clinician", "add", "--organization", &organization, "--name", "y", "--hpr", "9900001", "--role", &role]).await.ok();
    let login = program.run(&["token", "login-link", "--clinician", &nurse]).await.ok();
    let nurse = program.run(&["token", "issue", "--clinician", &nurse]).await.ok();

    let receiver = Receiver::start(Manner::Status(200)).await;
    let hook = program.run(&["webhook", "add", "--organization", &organization, "--url", &receiver.url]).await.ok();
    let secret = hook.lines().nth(1).expect("secret").trim_start_matches("whsec_").to_owned();

    let system = record_system(&mut program, &organization).await;
    let serving = program.serve().await;
    let (mut problems, mut canaries) = the_whole_flow(&serving, &unit, &client, &nurse).await;
    problems.extend(the_cards(&serving, &system, &mut canaries).await);
    canaries.extend(the_pages(&serving, &unit, &client).await);
    canaries.extend(the_clinic(&serving, &login, &canaries).await);
    canaries.extend([
        canary("name", NAME),
        canary("national id", FNR),
        canary("birth date", BORN),
        canary("birth date as day and month", "13.10.1947"),
        canary("mail address", EMAIL),
        canary("phone", PHONE),
        canary("free text", FREE_TEXT),
        canary("helper", HELPER),
        canary("helper's phone", HELPER_PHONE),
        canary("representative", ACTING),
        canary("representative's national id", ACTING_NUMBER),
        canary("ground", GROUND),
        canary("street", STREET),
    ]);
    someone_to_notice(&serving, &unit, &client).await;
    let mut hits = told(&receiver, &canaries).await;
    canaries.push(Canary { what: "secret of the webhook", forms: vec![secret.into_bytes()] });
    for problem in &problems {
        assert!(problem.status >= 400 && !problem.code().is_empty(), "{}", problem.text);
        hits.extend(found_in(&format!("a problem {}", problem.code()), problem.text.as_bytes(), &canaries));
        let headers = format!("{:?}", problem.headers);
        hits.extend(found_in(&format!("the headers of {}", problem.code()), headers.as_bytes(), &canaries));
    }
    let metrics = serving.http.call("GET", "/metrics").send().await.text;
    assert!(metrics.contains("kartlegging_requests_total"), "{metrics}");
    hits.extend(found_in("/metrics", metrics.as_bytes(), &canaries));

    match kind {
        Kind::Postgres => {
            let dump = postgres_dump(&program.database_url).await;
            assert!(dump.contains("EHR-1") && dump.len() > 10_000);
            hits.extend(found_in("the database", dump.as_bytes(), &canaries));
        }
        Kind::Sqlite => {
            for entry in std::fs::read_dir(program.path()).expect("folder").flatten() {
                let name = entry.file_name().display().to_string();
                if name.starts_with("kartlegging.db") {
                    hits.extend(found_in(&name, &std::fs::read(entry.path()).expect("file"), &canaries));
                }
            }
            assert!(std::fs::metadata(program.path().join("kartlegging.db-wal")).is_ok_and(|wal| wal.len() > 10_000));
        }
    }
    serving.terminate();
    let (status, log, out) = serving.ended().await;
    assert_eq!(status, 0);
    assert!(log.contains("TRACE") && log.contains("DEBUG") && log.contains("/api/v1/session/submit"), "the log is at trace level");
    hits.extend(found_in("the log", log.as_bytes(), &canaries));
    hits.extend(found_in("standard output", out.as_bytes(), &canaries));
    let (link, log_of_mail) = the_mail(&mut program, &organization, &unit, &canaries).await;
    canaries.extend([link, canary("password of the mail server", "hemmelig 0123")]);
    assert!(log_of_mail.contains("TRACE") && log_of_mail.contains("plan-notices"), "jobs ran");
    hits.extend(found_in("the log of the mail", log_of_mail.as_bytes(), &canaries));
    if kind == Kind::Postgres {
        let dump = postgres_dump(&program.database_url).await;
        assert!(dump.contains("notice"), "the outbox has the mail");
        hits.extend(found_in("the database after the mail", dump.as_bytes(), &canaries));
    }
    if kind == Kind::Sqlite {
        hits.extend(found_in(
            "the database after the end",
            &std::fs::read(program.path().join("kartlegging.db")).expect("file"),
            &canaries,
        ));
    }
    for hit in &hits {
        let form = hit.rsplit(" as ").next().unwrap_or_default();
        if let Some(line) = log.lines().chain(log_of_mail.lines()).find(|line| line.contains(form)) {
            eprintln!("{hit}: {}", line.chars().take(400).collect::<String>());
        }
    }
    assert!(hits.is_empty(), "{hits:#?}");
}

#[test]
fn nothing_leaks_on_sqlite() {
    alone(nothing_leaks(Kind::Sqlite));
}

#[test]
fn nothing_leaks_on_postgres() {
    alone(nothing_leaks(Kind::Postgres));
}

/// The code with another check symbol than its own.
fn mistyped(code: &str) -> String {
    let (rest, check) = code.split_at(code.len() - 1);
    format!("{rest}{}", if check == "A" { "B" } else { "A" })
}
