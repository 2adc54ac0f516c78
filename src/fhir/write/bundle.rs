//! Writes resources as a `Bundle` of R4.

use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::party::{instant, precise};
use crate::fhir::urls;

/// A document of everything that is given, each resource under its address below `base`. Several
/// versions of one resource share the address and tell themselves apart by `meta.versionId` (bdl-7).
pub fn collection(id: Uuid, base: &str, at: DateTime<Utc>, resources: Vec<Json>) -> Json {
    let entries: Vec<Json> =
        resources.into_iter().map(|resource| json!({"fullUrl": address(base, &resource), "resource": resource})).collect();
    let mut bundle = json!({"resourceType": "Bundle", "id": id, "type": "collection", "timestamp": instant(at)});
    // FHIR JSON has no empty arrays.
    if let (Some(bundle), false) = (bundle.as_object_mut(), entries.is_empty()) {
        bundle.insert("entry".into(), entries.into());
    }
    bundle
}

/// A resource in an answer to a search.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The resource.
    pub resource: Json,
    /// Found by the search itself; false: given with what was found.
    pub matched: bool,
}

/// An answer to a search.
#[derive(Debug, Clone)]
pub struct Found {
    /// The page.
    pub entries: Vec<Entry>,
    /// How many there are on all pages, where it is said.
    pub total: Option<usize>,
    /// The search as it was understood; it names no person by number.
    pub own: String,
    /// The next page.
    pub next: Option<String>,
}

/// The answer to a search, each resource under its address below `base`.
pub fn searchset(id: Uuid, base: &str, at: DateTime<Utc>, found: Found) -> Json {
    let entries = found.entries.into_iter().map(|entry| {
        let mode = if entry.matched { "match" } else { "include" };
        json!({"fullUrl": address(base, &entry.resource), "resource": entry.resource, "search": {"mode": mode}})
    });
    let mut links = vec![json!({"relation": "self", "url": found.own})];
    links.extend(found.next.map(|url| json!({"relation": "next", "url": url})));
    let mut bundle = json!({"resourceType": "Bundle", "id": id, "meta": {"lastUpdated": precise(at)}, "type": "searchset"});
    let entries: Vec<Json> = entries.collect();
    if let Some(bundle) = bundle.as_object_mut() {
        if let Some(total) = found.total {
            bundle.insert("total".into(), total.into());
        }
        bundle.insert("link".into(), links.into());
        // FHIR JSON has no empty arrays.
        if !entries.is_empty() {
            bundle.insert("entry".into(), entries.into());
        }
    }
    bundle
}

/// Every version of one resource, the newest first; each came by a create or an update.
pub fn history(id: Uuid, base: &str, at: DateTime<Utc>, own: &str, versions: Vec<Json>) -> Json {
    let total = versions.len();
    let entries: Vec<Json> = versions
        .into_iter()
        .map(|resource| {
            let first = resource["meta"]["versionId"].as_str() == Some("1");
            let (kind, one) = (resource["resourceType"].as_str().unwrap_or_default(), resource["id"].as_str().unwrap_or_default());
            let (method, url) = if first { ("POST", kind.to_owned()) } else { ("PUT", format!("{kind}/{one}")) };
            let mut response = json!({"status": if first { "201" } else { "200" }});
            let meta = &resource["meta"];
            if let (Some(response), Some(version)) = (response.as_object_mut(), meta["versionId"].as_str()) {
                response.insert("etag".into(), format!("W/\"{version}\"").into());
                if let Some(at) = meta.get("lastUpdated") {
                    response.insert("lastModified".into(), at.clone());
                }
            }
            let full = address(base, &resource);
            json!({"fullUrl": full, "resource": resource, "request": {"method": method, "url": url}, "response": response})
        })
        .collect();
    json!({
        "resourceType": "Bundle",
        "id": id,
        "meta": {"lastUpdated": precise(at)},
        "type": "history",
        "total": total,
        "link": [{"relation": "self", "url": own}],
        "entry": entries,
    })
}

/// What another server can carry out in one go: each resource is made there, under an id of its own. What
/// has an id here takes it along as an identifier: however often it is sent it is there once, as it was sent
/// last.
pub fn transaction(id: Uuid, at: DateTime<Utc>, resources: Vec<(Uuid, Json)>) -> Json {
    let entries: Vec<Json> = resources.into_iter().map(|(id, resource)| created(id, resource)).collect();
    let mut bundle = json!({"resourceType": "Bundle", "id": id, "type": "transaction", "timestamp": instant(at)});
    // FHIR JSON has no empty arrays.
    if let (Some(bundle), false) = (bundle.as_object_mut(), entries.is_empty()) {
        bundle.insert("entry".into(), entries.into());
    }
    bundle
}

fn created(id: Uuid, mut resource: Json) -> Json {
    let kind = resource["resourceType"].as_str().unwrap_or_default().to_owned();
    let mut request = json!({"method": "POST", "url": kind});
    if let Some(object) = resource.as_object_mut()
        && let Some(own) = object.remove("id").and_then(|id| id.as_str().map(str::to_owned))
    {
        let system = format!("{}NamingSystem/{}", urls::FORM_BASE, kind.to_lowercase());
        request = json!({"method": "PUT", "url": format!("{kind}?identifier={system}|{own}")});
        object.insert("identifier".into(), json!([{"system": system, "value": own}]));
    }
    json!({"fullUrl": format!("urn:uuid:{id}"), "resource": resource, "request": request})
}

fn address(base: &str, resource: &Json) -> String {
    let word = |name: &str| resource[name].as_str().unwrap_or_default();
    format!("{base}/{}/{}", word("resourceType"), word("id"))
}
