//! What stands around every page of a clinician.

use super::seat::{Seat, Sitting};
use crate::domain::actor::{Actor, Role};
use crate::domain::language::Language;
use crate::http::web::assets;
use crate::http::web::frame::{Choice, Words};
use crate::http::web::language::PARAMETER;
use crate::text;
use actix_web::HttpRequest;
use actix_web::http::Method;

/// What stands around a page.
#[derive(Debug, Clone)]
pub(super) struct Room {
    pub w: Words,
    pub title: String,
    /// What has to be mended: the ids of fields, and in words.
    pub wrong: Vec<(String, String)>,
    /// Who is signed in.
    pub name: String,
    /// Token of every form.
    pub csrf: String,
    pub languages: Vec<Choice>,
    pub menu: Vec<Entry>,
    /// Addresses of the styles and the script, by their content.
    pub style: &'static str,
    pub own_style: &'static str,
    pub script: &'static str,
}

/// A line of the menu.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub address: &'static str,
    pub words: String,
    pub current: bool,
}

impl Room {
    /// Around a page of somebody who has signed in.
    pub(super) fn of(seat: &Seat, request: &HttpRequest, title: String) -> Self {
        Self::around(&seat.sitting(), request, title)
    }

    /// The same for a page that no handler makes. There is no other language of what was sent.
    pub(super) fn around(sitting: &Sitting, request: &HttpRequest, title: String) -> Self {
        let mut room = Self::bare(&sitting.language, title);
        room.name.clone_from(&sitting.name);
        room.csrf.clone_from(&sitting.csrf);
        room.menu = menu(&sitting.caller.actor, &sitting.language, request.path());
        if request.method() == Method::GET {
            room.languages = languages(&sitting.language, request);
        }
        room
    }

    /// The same with a field that has to be mended.
    pub(super) fn mending(mut self, field: &str, words: String) -> Self {
        self.wrong.push((field.to_owned(), words));
        self
    }

    /// What is wrong with a field.
    pub(super) fn wrong_at(&self, field: &str) -> Option<&str> {
        self.wrong.iter().find(|(own, _)| own == field).map(|(_, words)| words.as_str())
    }

    /// Around a page about what went wrong.
    pub(super) fn bare(language: &Language, title: String) -> Self {
        let (own_style, script) = assets::clinic_addresses();
        Self {
            w: Words(text::ui_language(language)),
            title,
            wrong: Vec::new(),
            name: String::new(),
            csrf: String::new(),
            languages: Vec::new(),
            menu: Vec::new(),
            style: assets::style_address(),
            own_style,
            script,
        }
    }
}

fn has(actor: &Actor, roles: &[Role]) -> bool {
    matches!(actor, Actor::Clinician(person) if roles.iter().any(|role| person.has(*role)))
}

fn menu(actor: &Actor, language: &Language, path: &str) -> Vec<Entry> {
    let all: [(&'static str, &str, &[Role]); 4] = [
        ("/klinikk", "clinic-menu-list", &[Role::Clinician]),
        ("/klinikk/finn", "clinic-menu-find", &[Role::Clinician]),
        ("/klinikk/tall", "clinic-menu-numbers", &[Role::UnitAdmin, Role::OrganizationAdmin]),
        ("/klinikk/logg", "clinic-menu-log", &[Role::UnitAdmin, Role::OrganizationAdmin, Role::Auditor]),
    ];
    let own = all.into_iter().filter(|(.., roles)| has(actor, roles));
    own.map(|(address, key, _)| Entry { address, words: text::words(language, key, &[]), current: path == address }).collect()
}

/// The same page in another language; what else stands in its address stays.
fn languages(own: &Language, request: &HttpRequest) -> Vec<Choice> {
    let rest: Vec<(String, String)> =
        url::form_urlencoded::parse(request.query_string().as_bytes()).into_owned().filter(|(name, _)| name != PARAMETER).collect();
    let ui = text::ui_language(own);
    let choices = text::languages().iter().map(|other| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&rest).append_pair(PARAMETER, other.as_str());
        Choice {
            tag: other.to_string(),
            name: text::words(other, "language-name", &[]),
            address: format!("{}?{}", request.path(), query.finish()),
            current: *other == ui,
        }
    });
    choices.collect()
}
