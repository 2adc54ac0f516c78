//! Every route, on one screen. The contract test compares this table with `openapi.yaml`.

use super::api::{
    access_log, appointments, deliveries, invitations, letters, patients, questionnaires, representatives, responses, session, statistics,
    worklist,
};
use super::cds;
use super::clinic::{
    conversation, deeds, find, glass, halt, launched, log, numbers, paper, sign_in, summary as clinic_summary, worklist as clinic_list,
};
use super::cors;
use super::fhir;
use super::health;
use super::problem::Problem;
use super::provider;
use super::web::{about, assets, check, entry, leave, mails, questions};
use actix_web::http::Method;
use actix_web::middleware::{Compress, from_fn};
use actix_web::{HttpResponse, Route, guard, web};
use std::collections::BTreeSet;

/// A method and path with its handler.
pub struct Endpoint {
    /// Method.
    pub method: Method,
    /// Path with `{parameters}`.
    pub path: &'static str,
    route: fn() -> Route,
}

/// All of them.
#[rustfmt::skip]
#[expect(clippy::too_many_lines, reason = "a table: all routes on one screen")]
pub fn endpoints() -> Vec<Endpoint> {
    let e = |method: Method, path, route| Endpoint { method, path, route };
    let mut all = vec![
        e(Method::GET,    "/",                                       || page().to(entry::landing)),
        e(Method::GET,    "/s/{link}",                               || page().to(entry::link)),
        e(Method::GET,    "/S/{link}",                               || page().to(entry::link)),
        e(Method::GET,    "/start",                                  || page().to(entry::welcome)),
        e(Method::GET,    "/feil-brev",                              || page().to(entry::wrong_letter)),
        e(Method::GET,    "/e-post",                                 || page().to(mails::show)),
        e(Method::POST,   "/e-post",                                 || web::post().to(mails::choose)),
        e(Method::GET,    "/kode",                                   || page().to(entry::code)),
        e(Method::POST,   "/kode",                                   || web::post().to(entry::open)),
        e(Method::GET,    "/fodselsdato",                            || page().to(entry::birth_date)),
        e(Method::POST,   "/fodselsdato",                            || web::post().to(entry::open)),
        e(Method::GET,    "/skjema",                                 || page().to(about::resume)),
        e(Method::GET,    "/skjema/om",                              || page().to(about::about)),
        e(Method::GET,    "/skjema/hvem",                            || page().to(about::respondent)),
        e(Method::POST,   "/skjema/hvem",                            || web::post().to(about::say_who)),
        e(Method::GET,    "/skjema/side/{number}",                   || page().to(questions::show)),
        e(Method::POST,   "/skjema/side/{number}",                   || web::post().to(questions::send)),
        e(Method::GET,    "/skjema/svar",                            || page().to(check::check)),
        e(Method::POST,   "/skjema/svar",                            || web::post().to(check::hand_in)),
        e(Method::GET,    "/skjema/kvittering",                      || page().to(check::receipt)),
        e(Method::GET,    "/skjema/kopi.pdf",                        || page().to(check::copy)),
        e(Method::GET,    "/skjema/nei",                             || page().to(leave::decline_page)),
        e(Method::POST,   "/skjema/nei",                             || web::post().to(leave::say_no)),
        e(Method::GET,    "/skjema/annet-sted",                      || page().to(leave::elsewhere)),
        e(Method::POST,   "/skjema/annet-sted",                      || web::post().to(leave::start_over)),
        e(Method::POST,   "/skjema/forleng",                         || web::post().to(leave::extend)),
        e(Method::POST,   "/skjema/avslutt",                         || web::post().to(leave::end)),
        e(Method::GET,    "/pause",                                  || page().to(leave::paused)),
        e(Method::GET,    "/ferdig",                                 || page().to(leave::finished)),
        e(Method::GET,    "/innlogging/{provider}",                  || page().to(provider::away)),
        e(Method::GET,    "/innlogging/{provider}/oppstart",         || page().to(provider::launched_by)),
        e(Method::GET,    "/innlogging/{provider}/tilbake",          || page().to(provider::back)),
        e(Method::POST,   "/innlogging/{provider}/ut",               || web::post().to(provider::left)),
        e(Method::GET,    "/klinikk",                                || page().to(clinic_list::show)),
        e(Method::GET,    "/klinikk/endret",                         || page().to(clinic_list::changed)),
        e(Method::POST,   "/klinikk/rad",                            || web::post().to(deeds::act)),
        e(Method::GET,    "/klinikk/svar/{id}",                      || page().to(clinic_summary::show)),
        e(Method::GET,    "/klinikk/svar/{id}/tekst",                || page().to(clinic_summary::plain)),
        e(Method::GET,    "/klinikk/svar/{id}/oppsummering.pdf",     || page().to(clinic_summary::pdf)),
        e(Method::GET,    "/klinikk/svar/{id}/samtale",              || page().to(conversation::show)),
        e(Method::POST,   "/klinikk/svar/{id}/lest",                 || web::post().to(clinic_summary::mark)),
        e(Method::GET,    "/klinikk/papir/{id}",                     || page().to(paper::show)),
        e(Method::POST,   "/klinikk/papir/{id}",                     || web::post().to(paper::send)),
        e(Method::GET,    "/klinikk/finn",                           || page().to(find::ask)),
        e(Method::POST,   "/klinikk/finn",                           || web::post().to(find::search)),
        e(Method::GET,    "/klinikk/pasient/{id}",                   || page().to(find::patient)),
        e(Method::GET,    "/klinikk/pasient/{id}/likevel",           || page().to(glass::ask)),
        e(Method::POST,   "/klinikk/pasient/{id}/likevel",           || web::post().to(glass::open)),
        e(Method::GET,    "/klinikk/journal",                        || page().to(launched::told)),
        e(Method::GET,    "/klinikk/logg",                           || page().to(log::show)),
        e(Method::GET,    "/klinikk/tall",                           || page().to(numbers::show)),
        e(Method::GET,    "/klinikk/tall.csv",                       || page().to(numbers::csv)),
        e(Method::GET,    "/klinikk/funn.csv",                       || page().to(numbers::found_csv)),
        e(Method::GET,    "/klinikk.css",                            || page().to(assets::clinic_style)),
        e(Method::GET,    "/klinikk.js",                             || page().to(assets::clinic_script)),
        e(Method::GET,    "/klinikk/inn",                            || page().to(sign_in::door)),
        e(Method::GET,    "/klinikk/inn/{token}",                    || page().to(sign_in::link)),
        e(Method::POST,   "/klinikk/inn/{token}",                    || web::post().to(sign_in::open_link)),
        e(Method::GET,    "/klinikk/ut",                             || page().to(sign_in::leave)),
        e(Method::POST,   "/klinikk/ut",                             || web::post().to(sign_in::end)),
        e(Method::GET,    "/klinikk/ute",                            || page().to(sign_in::left)),
        e(Method::GET,    "/style.css",                              || page().to(assets::style)),
        e(Method::GET,    "/page.js",                                || page().to(assets::script)),
        e(Method::GET,    "/icon.svg",                               || page().to(assets::icon)),
        e(Method::GET,    "/robots.txt",                             || page().to(health::robots)),
        e(Method::GET,    "/healthz",                                || page().to(health::healthz)),
        e(Method::GET,    "/readyz",                                 || page().to(health::readyz)),
        e(Method::GET,    "/metrics",                                || page().to(health::metrics)),
        e(Method::POST,   "/api/v1/invitations",                     || web::post().to(invitations::issue)),
        e(Method::POST,   "/api/v1/invitations/batch",               || web::post().to(invitations::issue_batch)),
        e(Method::GET,    "/api/v1/invitations/{id}",                || web::get().to(invitations::get)),
        e(Method::POST,   "/api/v1/invitations/{id}/reissue",        || web::post().to(invitations::reissue)),
        e(Method::POST,   "/api/v1/invitations/{id}/revoke",         || web::post().to(invitations::revoke)),
        e(Method::POST,   "/api/v1/invitations/{id}/paper",          || web::post().to(invitations::paper)),
        e(Method::POST,   "/api/v1/invitations/{id}/letter",         || web::post().to(letters::render)),
        e(Method::POST,   "/api/v1/invitations/{id}/letter.pdf",     || web::post().to(letters::print)),
        e(Method::POST,   "/api/v1/invitations/{id}/message",        || web::post().to(invitations::message)),
        e(Method::POST,   "/api/v1/appointments/search",             || web::post().to(appointments::search)),
        e(Method::PATCH,  "/api/v1/appointments/{id}",               || web::patch().to(appointments::change)),
        e(Method::POST,   "/api/v1/session",                         || web::post().to(session::open)),
        e(Method::GET,    "/api/v1/session",                         || web::get().to(session::get)),
        e(Method::DELETE, "/api/v1/session",                         || web::delete().to(session::end)),
        e(Method::GET,    "/api/v1/session/questionnaire",           || web::get().to(session::questionnaire)),
        e(Method::GET,    "/api/v1/session/draft",                   || web::get().to(session::read_draft)),
        e(Method::PUT,    "/api/v1/session/draft",                   || web::put().to(session::save_draft)),
        e(Method::POST,   "/api/v1/session/start-over",              || web::post().to(session::start_over)),
        e(Method::POST,   "/api/v1/session/submit",                  || web::post().to(session::submit)),
        e(Method::GET,    "/api/v1/session/receipt",                 || web::get().to(session::receipt)),
        e(Method::POST,   "/api/v1/session/decline",                 || web::post().to(session::decline)),
        e(Method::GET,    "/api/v1/worklist",                        || web::get().to(worklist::list)),
        e(Method::POST,   "/api/v1/responses",                       || web::post().to(responses::enter_paper)),
        e(Method::GET,    "/api/v1/responses/{id}",                  || web::get().to(responses::get)),
        e(Method::GET,    "/api/v1/responses/{id}/summary",          || web::get().to(responses::summary)),
        e(Method::GET,    "/api/v1/responses/{id}/versions",         || web::get().to(responses::versions)),
        e(Method::POST,   "/api/v1/responses/{id}/review",           || web::post().to(responses::review)),
        e(Method::POST,   "/api/v1/patients/search",                 || web::post().to(patients::search)),
        e(Method::GET,    "/api/v1/patients/{id}/timeline",          || web::get().to(patients::timeline)),
        e(Method::GET,    "/api/v1/patients/{id}/access-log",        || web::get().to(patients::access_log)),
        e(Method::GET,    "/api/v1/patients/{id}/representatives",   || web::get().to(representatives::list)),
        e(Method::POST,   "/api/v1/patients/{id}/representatives",   || web::post().to(representatives::register)),
        e(Method::DELETE, "/api/v1/patients/{id}/representatives/{representative}", || web::delete().to(representatives::remove)),
        e(Method::GET,    "/api/v1/access-log",                      || web::get().to(access_log::list)),
        e(Method::GET,    "/api/v1/access-log/report",               || web::get().to(access_log::report)),
        e(Method::GET,    "/api/v1/statistics/uptake",               || web::get().to(statistics::uptake)),
        e(Method::GET,    "/api/v1/deliveries",                      || web::get().to(deliveries::list)),
        e(Method::GET,    "/api/v1/deliveries/{id}",                 || web::get().to(deliveries::get)),
        e(Method::POST,   "/api/v1/deliveries/{id}/retry",           || web::post().to(deliveries::retry)),
        e(Method::GET,    "/api/v1/questionnaires",                  || web::get().to(questionnaires::list)),
        e(Method::GET,    "/api/v1/questionnaires/{name}/{version}", || web::get().to(questionnaires::get)),
        e(Method::GET,    "/api/v1/questionnaires/{name}/{version}/paper.pdf", || web::get().to(questionnaires::paper)),
        e(Method::GET,    "/cds-services",                           || web::get().to(cds::discover)),
        e(Method::POST,   "/cds-services/unread-answers",            || web::post().to(cds::patient_view)),
    ];
    all.extend(fhir_endpoints());
    all
}

/// Those of the FHIR service.
#[rustfmt::skip]
fn fhir_endpoints() -> Vec<Endpoint> {
    let e = |method: Method, path, route| Endpoint { method, path, route };
    vec![
        e(Method::GET,    "/fhir/metadata",                          || web::get().to(fhir::metadata::capability)),
        e(Method::GET,    "/fhir/.well-known/smart-configuration",   || web::get().to(fhir::metadata::smart)),
        e(Method::GET,    "/fhir/Questionnaire",                     || web::get().to(fhir::questionnaires::search)),
        e(Method::POST,   "/fhir/Questionnaire/_search",             || web::post().to(fhir::questionnaires::search)),
        e(Method::POST,   "/fhir/Questionnaire/$populate",           || web::post().to(fhir::operations::populate)),
        e(Method::POST,   "/fhir/Questionnaire/$populatelink",       || web::post().to(fhir::operations::populate_link)),
        e(Method::POST,   "/fhir/Questionnaire/$process-response",   || web::post().to(fhir::operations::process)),
        e(Method::GET,    "/fhir/Questionnaire/{id}",                || web::get().to(fhir::questionnaires::read)),
        e(Method::POST,   "/fhir/Questionnaire/{id}/$populate",      || web::post().to(fhir::operations::populate)),
        e(Method::POST,   "/fhir/Questionnaire/{id}/$populatelink",  || web::post().to(fhir::operations::populate_link)),
        e(Method::POST,   "/fhir/Questionnaire/{id}/$process-response", || web::post().to(fhir::operations::process)),
        e(Method::GET,    "/fhir/Questionnaire/{id}/_history/{version}", || web::get().to(fhir::questionnaires::vread)),
        e(Method::GET,    "/fhir/CodeSystem",                        || web::get().to(fhir::terminology::search_systems)),
        e(Method::POST,   "/fhir/CodeSystem/_search",                || web::post().to(fhir::terminology::search_systems)),
        e(Method::GET,    "/fhir/CodeSystem/{id}",                   || web::get().to(fhir::terminology::read_system)),
        e(Method::GET,    "/fhir/ValueSet",                          || web::get().to(fhir::terminology::search_sets)),
        e(Method::POST,   "/fhir/ValueSet/_search",                  || web::post().to(fhir::terminology::search_sets)),
        e(Method::GET,    "/fhir/ValueSet/$expand",                  || web::get().to(fhir::terminology::expand_by_url)),
        e(Method::GET,    "/fhir/ValueSet/{id}",                     || web::get().to(fhir::terminology::read_set)),
        e(Method::GET,    "/fhir/ValueSet/{id}/$expand",             || web::get().to(fhir::terminology::expand)),
        e(Method::GET,    "/fhir/QuestionnaireResponse",             || web::get().to(fhir::responses::search)),
        e(Method::POST,   "/fhir/QuestionnaireResponse",             || web::post().to(fhir::responses::create)),
        e(Method::POST,   "/fhir/QuestionnaireResponse/_search",     || web::post().to(fhir::responses::search)),
        e(Method::POST,   "/fhir/QuestionnaireResponse/$validate",   || web::post().to(fhir::operations::validate)),
        e(Method::POST,   "/fhir/QuestionnaireResponse/$extract",    || web::post().to(fhir::operations::extract_given)),
        e(Method::GET,    "/fhir/QuestionnaireResponse/{id}/$extract", || web::get().to(fhir::operations::extract)),
        e(Method::POST,   "/fhir/QuestionnaireResponse/{id}/$extract", || web::post().to(fhir::operations::extract)),
        e(Method::GET,    "/fhir/QuestionnaireResponse/{id}",        || web::get().to(fhir::responses::read)),
        e(Method::PUT,    "/fhir/QuestionnaireResponse/{id}",        || web::put().to(fhir::responses::update)),
        e(Method::GET,    "/fhir/QuestionnaireResponse/{id}/_history", || web::get().to(fhir::responses::history)),
        e(Method::GET,    "/fhir/QuestionnaireResponse/{id}/_history/{version}", || web::get().to(fhir::responses::vread)),
        e(Method::GET,    "/fhir/Patient",                           || web::get().to(fhir::patients::search)),
        e(Method::POST,   "/fhir/Patient/_search",                   || web::post().to(fhir::patients::search)),
        e(Method::GET,    "/fhir/Patient/{id}",                      || web::get().to(fhir::patients::read)),
        e(Method::GET,    "/fhir/Task",                            || web::get().to(fhir::tasks::search_invitations)),
        e(Method::POST,   "/fhir/Task/_search",                    || web::post().to(fhir::tasks::search_invitations)),
        e(Method::GET,    "/fhir/Task/{id}",                       || web::get().to(fhir::tasks::read_invitation)),
        e(Method::GET,    "/fhir/Appointment",                     || web::get().to(fhir::tasks::search_visits)),
        e(Method::POST,   "/fhir/Appointment/_search",             || web::post().to(fhir::tasks::search_visits)),
        e(Method::GET,    "/fhir/Appointment/{id}",                || web::get().to(fhir::tasks::read_visit)),
        e(Method::GET,    "/fhir/Organization",                    || web::get().to(fhir::people::search_places)),
        e(Method::POST,   "/fhir/Organization/_search",            || web::post().to(fhir::people::search_places)),
        e(Method::GET,    "/fhir/Organization/{id}",               || web::get().to(fhir::people::read_place)),
        e(Method::GET,    "/fhir/Practitioner",                    || web::get().to(fhir::people::search_people)),
        e(Method::POST,   "/fhir/Practitioner/_search",            || web::post().to(fhir::people::search_people)),
        e(Method::GET,    "/fhir/Practitioner/{id}",               || web::get().to(fhir::people::read_person)),
        e(Method::GET,    "/fhir/Observation",                      || web::get().to(fhir::derived::search_observations)),
        e(Method::POST,   "/fhir/Observation/_search",              || web::post().to(fhir::derived::search_observations)),
        e(Method::GET,    "/fhir/Observation/{id}",                 || web::get().to(fhir::derived::read_observation)),
        e(Method::GET,    "/fhir/DocumentReference",                || web::get().to(fhir::derived::search_documents)),
        e(Method::POST,   "/fhir/DocumentReference/_search",        || web::post().to(fhir::derived::search_documents)),
        e(Method::GET,    "/fhir/DocumentReference/{id}",           || web::get().to(fhir::derived::read_document)),
        e(Method::GET,    "/fhir/Provenance",                       || web::get().to(fhir::derived::search_provenance)),
        e(Method::POST,   "/fhir/Provenance/_search",               || web::post().to(fhir::derived::search_provenance)),
        e(Method::GET,    "/fhir/Provenance/{id}",                  || web::get().to(fhir::derived::read_provenance)),
        e(Method::GET,    "/fhir/AuditEvent",                       || web::get().to(fhir::log::search)),
        e(Method::POST,   "/fhir/AuditEvent/_search",               || web::post().to(fhir::log::search)),
        e(Method::GET,    "/fhir/AuditEvent/{id}",                  || web::get().to(fhir::log::read)),
        e(Method::GET,    "/fhir/Subscription",                     || web::get().to(fhir::subscriptions::search)),
        e(Method::POST,   "/fhir/Subscription",                     || web::post().to(fhir::subscriptions::create)),
        e(Method::POST,   "/fhir/Subscription/_search",             || web::post().to(fhir::subscriptions::search)),
        e(Method::GET,    "/fhir/Subscription/{id}",                || web::get().to(fhir::subscriptions::read)),
        e(Method::DELETE, "/fhir/Subscription/{id}",                || web::delete().to(fhir::subscriptions::remove)),
        e(Method::GET,    "/fhir/Binary/{id}",                      || web::get().to(fhir::derived::read_binary)),
    ]
}

/// What is no API answers HEAD as well as GET.
fn page() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// The literal segments by which a path is looked up first, two or under `/api/v1` three of them: comparing
/// strings is cheap, while every path with parameters that is tried costs a regular expression.
fn stem(path: &str) -> &str {
    let depth = if path.starts_with("/api/") { 3 } else { 2 };
    let literal = path.find("/{").unwrap_or(path.len());
    let end = path.match_indices('/').nth(depth).map_or(path.len(), |(at, _)| at);
    path.get(..literal.min(end)).unwrap_or(path)
}

/// Registers them; a known path with another method answers 405 with `Allow`, an unknown path 404.
pub(super) fn register(config: &mut web::ServiceConfig, fhir_origins: &[String]) {
    let mut stems: Named<Named<Vec<Endpoint>>> = Vec::new();
    for endpoint in endpoints() {
        let paths = place(&mut stems, stem(endpoint.path));
        place(paths, endpoint.path).push(endpoint);
    }
    for (stem, paths) in stems {
        match paths.as_slice() {
            [(path, _)] if *path == stem => paths.into_iter().for_each(|(path, methods)| add(config, path, path, methods, fhir_origins)),
            _ => {
                config.service(web::scope(stem).configure(|scope| {
                    for (path, methods) in paths {
                        add(scope, path, path.strip_prefix(stem).unwrap_or(path), methods, fhir_origins);
                    }
                }));
            }
        }
    }
    config.default_service(web::to(health::not_found));
}

/// Something under each key, in the order in which they came.
type Named<T> = Vec<(&'static str, T)>;

/// What stands under a key, added at the end where there is nothing yet.
fn place<'a, T>(all: &'a mut Named<Vec<T>>, key: &'static str) -> &'a mut Vec<T> {
    let at = all.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
        all.push((key, Vec::new()));
        all.len() - 1
    });
    &mut all[at].1
}

/// A path with its methods; `rest` is what of it the scope in hand leaves to look at.
fn add(config: &mut web::ServiceConfig, path: &'static str, rest: &'static str, methods: Vec<Endpoint>, fhir_origins: &[String]) {
    let allow: BTreeSet<String> = methods.iter().map(|endpoint| endpoint.method.to_string()).collect();
    let allow = allow.into_iter().collect::<Vec<_>>().join(", ");
    let api = ["/api/", "/fhir/", "/cds-services"].iter().any(|start| path.starts_with(start));
    let mut resource = web::resource(rest).name(path);
    for endpoint in methods {
        resource = resource.route((endpoint.route)());
    }
    let refuse = move || {
        let allow = allow.clone();
        async move { if api { Err::<HttpResponse, Problem>(Problem::method(allow)) } else { health::other_method(&allow) } }
    };
    let resource = resource.default_service(web::to(refuse));
    // Tokens in pages are written differently each time, so their size tells nothing.
    if (path.starts_with("/fhir") || path.starts_with("/cds-services")) && !fhir_origins.is_empty() {
        config.service(resource.wrap(cors::rule(fhir_origins)));
    } else if api {
        config.service(resource);
    } else if path.starts_with("/klinikk") {
        config.service(resource.wrap(from_fn(halt::furnish)).wrap(Compress::default()));
    } else {
        config.service(resource.wrap(Compress::default()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_scope_takes_the_paths_of_another() {
        let stems: BTreeSet<&str> = endpoints().iter().map(|endpoint| stem(endpoint.path)).collect();
        for one in endpoints() {
            let own = stem(one.path);
            assert!(own.starts_with('/') && !own.contains('{'), "{} has no literal beginning", one.path);
            let scope = one.path != own;
            let inside = |other: &&&str| other.strip_prefix(own).is_some_and(|rest| rest.starts_with('/'));
            assert!(!scope || !stems.iter().any(|other| inside(&other)), "{own} is a scope, so all below it must be in it");
        }
    }
}
