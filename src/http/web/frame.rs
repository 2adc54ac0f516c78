//! What stands around every page: language, title, step, the session's time.

use super::language::PARAMETER;
use super::stop::Stop;
use super::visit::Visit;
use crate::domain::language::Language;
use crate::http::problem::{Code, Problem};
use crate::services::entrance;
use crate::services::holder::Holder;
use crate::text::packed::{self, Part};
use crate::text::{self, Arg};
use actix_web::http::StatusCode;
use actix_web::http::header::{AcceptEncoding, ContentEncoding, Encoding, VARY};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;

/// Media type of pages.
pub(in crate::http) const HTML: &str = "text/html; charset=utf-8";

/// Words of the product in the language of a page.
#[derive(Debug, Clone)]
pub(in crate::http) struct Words(pub(in crate::http) Language);

impl Words {
    /// A text.
    pub(in crate::http) fn t(&self, key: &str) -> String {
        text::words(&self.0, key, &[])
    }

    /// A text with something in it.
    pub(in crate::http) fn with(&self, key: &str, name: &str, value: impl Into<String>) -> String {
        text::words(&self.0, key, &[(name, Arg::from(value.into()))])
    }

    /// A phone number as it is dialled.
    pub(in crate::http) fn dial(phone: &str) -> String {
        phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
    }
}

/// A language to choose.
#[derive(Debug, Clone)]
pub(in crate::http) struct Choice {
    pub tag: String,
    pub name: String,
    pub address: String,
    pub current: bool,
}

/// What stands around a page.
#[derive(Debug, Clone)]
pub(in crate::http) struct Frame {
    pub w: Words,
    pub title: String,
    pub wrong: bool,
    pub languages: Vec<Choice>,
    pub back: Option<String>,
    pub step: Option<(usize, usize)>,
    /// Parameter that carries a chosen language where no cookie does.
    pub carry: String,
    pub session: Option<Session>,
    /// Addresses of the style and the script, by their content.
    pub style: &'static str,
    pub script: &'static str,
}

/// The session as a page knows it.
#[derive(Debug, Clone)]
pub(in crate::http) struct Session {
    pub token: String,
    /// Seconds until it ends when unused.
    pub left: i64,
}

impl Frame {
    /// Around a page without a visit: an error on the way.
    pub(in crate::http) fn bare(language: &Language, path: &str, title: String) -> Self {
        let own = text::ui_language(language);
        let languages = text::languages().iter().map(|other| Choice {
            tag: other.to_string(),
            name: text::words(other, "language-name", &[]),
            address: format!("{path}?{PARAMETER}={other}"),
            current: *other == own,
        });
        Self {
            languages: languages.collect(),
            script: super::assets::script_address(&own),
            w: Words(own),
            title,
            wrong: false,
            back: None,
            step: None,
            carry: String::new(),
            session: None,
            style: super::assets::style_address(),
        }
    }

    /// Around a page before identification.
    pub(super) fn of(visit: &Visit, title: &str) -> Self {
        let title = text::words(&visit.language, title, &[]);
        let mut frame = Self::bare(&visit.language, &visit.path, title);
        if visit.chosen && visit.entrance.is_none() {
            frame.carry = format!("?{PARAMETER}={}", visit.language);
        }
        frame
    }

    /// Around a page of a session.
    pub(super) fn inside(visit: &Visit, holder: &Holder, title: String) -> Result<Self, Stop> {
        let token = entrance::session_token(visit.services(), holder).map_err(Problem::from)?;
        let until = holder.idle_until.min(holder.absolute_until);
        let left = (until - visit.services().now()).num_seconds().max(0);
        let mut frame = Self::bare(&visit.language, &visit.path, title);
        // What is changed from the check page returns there, in any language.
        if let Some(from) = visit.parameter("fra").filter(|from| *from == "svar") {
            for language in &mut frame.languages {
                language
                    .address
                    .push_str(&url::form_urlencoded::Serializer::new("&".to_owned()).append_pair("fra", from).finish().replace("&&", "&"));
            }
        }
        frame.session = Some(Session { token, left });
        Ok(frame)
    }

    /// Which step of how many.
    pub(in crate::http) fn step_words(&self) -> String {
        let (number, total) = self.step.unwrap_or_default();
        text::words(&self.w.0, "page-step", &[("number", number.into()), ("total", total.into())])
    }

    /// The token of this session's forms.
    pub(super) fn token(&self) -> &str {
        self.session.as_ref().map_or("", |session| session.token.as_str())
    }

    /// The same with a way back.
    pub(in crate::http) fn back(self, to: &str) -> Self {
        Self { back: Some(to.to_owned()), ..self }
    }

    /// The same at a step of several.
    pub(super) fn step(self, number: usize, total: usize) -> Self {
        Self { step: Some((number, total)), ..self }
    }

    /// The same around something that has to be mended.
    pub(super) fn wrong(self, wrong: bool) -> Self {
        Self { wrong, ..self }
    }
}

/// What a template gives.
pub(in crate::http) fn text_of(template: &impl Template) -> Result<String, Problem> {
    template.render().map_err(|error| {
        tracing::error!(%error, "a page could not be written");
        Problem::new(Code::Internal)
    })
}

/// A page as an answer.
pub(in crate::http) fn page(status: StatusCode, template: &impl Template) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::build(status).content_type(HTML).body(text_of(template)?))
}

/// A page around a part that another template has written before and that is packed once: it comes behind the
/// words of this page that are given as its place, where the page has them.
pub(in crate::http) fn page_around(
    request: &HttpRequest,
    template: &impl Template,
    place: &str,
    part: &Part,
) -> Result<HttpResponse, Problem> {
    let text = text_of(template)?;
    let Some(at) = text.find(place).map(|at| at + place.len()) else { return Ok(HttpResponse::Ok().content_type(HTML).body(text)) };
    let (before, behind) = text.split_at(at);
    let (before, behind) = (Part::new(before.to_owned()), Part::new(behind.to_owned()));
    let parts = [&before, part, &behind];
    let takes = request.get_header::<AcceptEncoding>().and_then(|takes| takes.negotiate([Encoding::gzip()].iter()));
    let packed = takes.filter(|takes| *takes == Encoding::gzip()).and_then(|_| packed::gzip(&parts));
    let mut response = HttpResponse::Ok();
    response.content_type(HTML);
    Ok(match packed {
        Some(packed) => response.insert_header(ContentEncoding::Gzip).insert_header((VARY, "accept-encoding")).body(packed),
        None => response.body(packed::plain(&parts)),
    })
}

/// On to another page (`303 See Other`: what was sent is not sent again).
pub(in crate::http) fn go(to: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::SeeOther();
    response.insert_header(("location", to));
    response
}
