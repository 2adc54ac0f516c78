//! Parameters of a search: in the address, in the body of a `POST _search`, or both.

use super::base;
use super::manners::{answer, cut, lenient};
use crate::domain::ids::uuid_v7;
use crate::fhir::search::{Asked, Fault, FaultKind, Page, is_common};
use crate::fhir::write::{Entry, Found, searchset};
use crate::http::extract::{BODY, is_media, part};
use crate::http::problem::{Code, Problem};
use crate::http::query::tame;
use crate::services::Services;
use crate::services::fhir::Listed;
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};

/// Most parameters of one request.
const MOST: usize = 100;

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let words = match fault.kind {
            FaultKind::Unknown => "query-fault-unknown",
            FaultKind::Modifier => "query-fault-modifier",
            FaultKind::Malformed => "query-fault-malformed",
            FaultKind::Repeated => "query-fault-repeated",
            FaultKind::InAddress => "query-fault-in-address",
        };
        let sound = fault.name.split(':').all(tame_name);
        Self::query(if sound { &fault.name } else { "?" }, words)
    }
}

/// Names of parameters may begin with an underscore.
fn tame_name(name: &str) -> bool {
    tame(name.strip_prefix('_').unwrap_or(name))
}

/// The parameters of a search, with those of the body of a POST.
pub(super) async fn read(request: &HttpRequest, payload: web::Payload, known: &[&str]) -> Result<Vec<Asked>, Problem> {
    let mut all = pairs(request.query_string().as_bytes(), true);
    if request.method() == Method::POST {
        all.extend(pairs(&body(request, payload).await?, false));
    }
    if all.len() > MOST {
        return Err(Problem::query("?", "query-fault-too-many-rows"));
    }
    if lenient(request) {
        // Asked for by the caller: what is not known is left out, and the link `self` shows what was used.
        all.retain(|one| is_common(one) || known.contains(&one.name.as_str()));
    }
    Ok(all)
}

/// The parameters of an address.
pub(super) fn pairs(text: &[u8], in_address: bool) -> Vec<Asked> {
    let pairs = url::form_urlencoded::parse(text);
    // An empty value is as good as none (R4 search, “handling missing data”).
    pairs.filter(|(_, value)| !value.is_empty()).map(|(name, value)| Asked::new(&name, &value, in_address)).collect()
}

async fn body(request: &HttpRequest, mut payload: web::Payload) -> Result<Vec<u8>, Problem> {
    let typed = is_media(request.headers(), "application/x-www-form-urlencoded");
    let mut bytes = Vec::new();
    while let Some(chunk) = part(&mut payload).await? {
        if !typed && !chunk.is_empty() {
            return Err(Problem::new(Code::MediaTypeUnsupported));
        }
        if bytes.len() + chunk.len() > BODY {
            return Err(Problem::new(Code::BodyTooLarge));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The search as it was understood, as an address; `left_out` are parameters that name a person by number,
/// `instead` what stands in their place.
pub(super) fn own_link(base: &str, kind: &str, asked: &[Asked], cursor: Option<&str>, instead: Option<(&str, String)>) -> String {
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    for one in asked {
        let by_number = one.modifier.as_deref() == Some("identifier") && matches!(one.name.as_str(), "patient" | "subject");
        let by_number = by_number || (["Patient", "Appointment"].contains(&kind) && one.name == "identifier");
        if by_number || (one.name == "_cursor" && cursor.is_some()) {
            continue;
        }
        pairs.append_pair(&one.written(), &one.values.join(","));
    }
    if let Some((name, value)) = instead {
        pairs.append_pair(name, &value);
    }
    if let Some(cursor) = cursor {
        pairs.append_pair("_cursor", cursor);
    }
    let query = pairs.finish();
    if query.is_empty() { format!("{base}/{kind}") } else { format!("{base}/{kind}?{query}") }
}

/// A page that a search has found, in a bundle.
pub(super) fn bundle(services: &Services, kind: &str, asked: &[Asked], page: &Page, found: Listed) -> HttpResponse {
    let base = base(services);
    let instead = || {
        let ids: Vec<String> = found.named.iter().map(ToString::to_string).collect();
        (!ids.is_empty()).then(|| ("patient", ids.join(",")))
    };
    let own = own_link(&base, kind, asked, None, instead());
    let next = found.next.as_deref().map(|cursor| own_link(&base, kind, asked, Some(cursor), instead()));
    let entries = found.resources.into_iter().map(|mut resource| {
        cut(&mut resource, page);
        Entry { resource, matched: true }
    });
    let found = Found { entries: entries.collect(), total: found.total, own, next };
    let id = uuid_v7(services.now(), services.entropy.as_ref());
    answer(&searchset(id, &base, services.now(), found))
}
