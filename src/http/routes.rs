//! Every route, on one screen. The contract test compares this table with `openapi.yaml`.

use super::api::{
    access_log, appointments, deliveries, invitations, letters, patients, questionnaires, responses, session, statistics, worklist,
};
use super::health;
use super::problem::Problem;
use super::web::{about, assets, check, entry, leave, mails, questions};
use actix_web::http::Method;
use actix_web::middleware::Compress;
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
pub fn endpoints() -> Vec<Endpoint> {
    let e = |method: Method, path, route| Endpoint { method, path, route };
    vec![
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
        e(Method::GET,    "/api/v1/access-log",                      || web::get().to(access_log::list)),
        e(Method::GET,    "/api/v1/access-log/report",               || web::get().to(access_log::report)),
        e(Method::GET,    "/api/v1/statistics/uptake",               || web::get().to(statistics::uptake)),
        e(Method::GET,    "/api/v1/deliveries",                      || web::get().to(deliveries::list)),
        e(Method::GET,    "/api/v1/deliveries/{id}",                 || web::get().to(deliveries::get)),
        e(Method::POST,   "/api/v1/deliveries/{id}/retry",           || web::post().to(deliveries::retry)),
        e(Method::GET,    "/api/v1/questionnaires",                  || web::get().to(questionnaires::list)),
        e(Method::GET,    "/api/v1/questionnaires/{name}/{version}", || web::get().to(questionnaires::get)),
        e(Method::GET,    "/api/v1/questionnaires/{name}/{version}/paper.pdf", || web::get().to(questionnaires::paper)),
    ]
}

/// What is no API answers HEAD as well as GET.
fn page() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// Registers them; a known path with another method answers 405 with `Allow`, an unknown path 404.
pub(super) fn register(config: &mut web::ServiceConfig) {
    let mut paths: Vec<(&'static str, Vec<Endpoint>)> = Vec::new();
    for endpoint in endpoints() {
        match paths.iter_mut().find(|(path, _)| *path == endpoint.path) {
            Some((_, methods)) => methods.push(endpoint),
            None => paths.push((endpoint.path, vec![endpoint])),
        }
    }
    for (path, methods) in paths {
        let allow: BTreeSet<String> = methods.iter().map(|endpoint| endpoint.method.to_string()).collect();
        let allow = allow.into_iter().collect::<Vec<_>>().join(", ");
        let api = path.starts_with("/api/");
        let mut resource = web::resource(path).name(path);
        for endpoint in methods {
            resource = resource.route((endpoint.route)());
        }
        let refuse = move || {
            let allow = allow.clone();
            async move { if api { Err::<HttpResponse, Problem>(Problem::method(allow)) } else { health::other_method(&allow) } }
        };
        let resource = resource.default_service(web::to(refuse));
        if api {
            config.service(resource);
        } else {
            // Tokens in pages are written differently each time, so their size tells nothing.
            config.service(resource.wrap(Compress::default()));
        }
    }
    config.default_service(web::to(health::not_found));
}
