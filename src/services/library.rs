//! Every questionnaire that this instance serves, each in exact versions.

use crate::crypto::hash::sha256;
use crate::domain::language::Language;
use crate::domain::questionnaire::Questionnaire;
use crate::fhir::read::questionnaire::{self as reader, Finding, Severity};
use crate::fhir::read::supplement;
use crate::fhir::write;
use crate::print::{paper, pdf};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// One form file with its supplements, as found.
#[derive(Debug, Clone)]
pub struct FormFile {
    /// Where it was found, for messages.
    pub path: String,
    /// The form.
    pub bytes: Vec<u8>,
    /// Supplements: path and bytes.
    pub supplements: Vec<(String, Vec<u8>)>,
    /// Came with the program.
    pub built_in: bool,
}

/// A form ready to serve.
#[derive(Debug)]
pub struct Form {
    /// The model with all languages.
    pub questionnaire: Questionnaire,
    /// SHA-256 of the form file: frozen once released.
    pub sha256: Vec<u8>,
    /// Came with the program.
    pub built_in: bool,
    /// The form as a resource of the FHIR service, in all its languages.
    pub resource: Value,
    /// The same as the national platform wants it: one resource a language.
    pub national: Vec<Value>,
    /// Version of these resources: another one when a supplement has been revised.
    pub resource_version: String,
    /// These resources as they are sent, by id.
    pub sent: BTreeMap<String, bytes::Bytes>,
    rendered: BTreeMap<Language, Rendered>,
    papers: BTreeMap<Language, OnceLock<Rendered>>,
}

/// A form as bytes in one language: FHIR JSON, or PDF.
#[derive(Debug)]
pub struct Rendered {
    /// The bytes.
    pub body: bytes::Bytes,
    /// Strong validator, without quotes.
    pub etag: String,
}

impl Rendered {
    fn new(body: Vec<u8>) -> Self {
        let etag = URL_SAFE_NO_PAD.encode(sha256(&body).get(..12).unwrap_or_default());
        Self { body: body.into(), etag }
    }
}

/// Everything that is wrong with one file.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The file.
    pub path: String,
    /// Its faults.
    pub findings: Vec<Finding>,
}

/// All forms.
#[derive(Debug, Default)]
pub struct Library {
    forms: BTreeMap<String, BTreeMap<Vec<u64>, Arc<Form>>>,
}

/// A form read from its file, with everything found.
#[derive(Debug)]
pub struct Checked {
    /// The forms; empty when refused.
    pub forms: Vec<Questionnaire>,
    /// Faults and warnings.
    pub findings: Vec<Finding>,
}

/// Reads one file and its supplements, reporting everything at once.
pub fn check(file: &FormFile) -> Checked {
    let outcome = reader::read(&file.bytes);
    let refused = outcome.is_refused();
    let mut findings = outcome.findings;
    let mut forms = Vec::new();
    for questionnaire in outcome.questionnaires {
        let mut merged = Some(questionnaire);
        for (path, bytes) in &file.supplements {
            let next = supplement::read(bytes).and_then(|supplement| match merged.take() {
                Some(form) => supplement::merge(form, &supplement),
                None => Err(Vec::new()),
            });
            match next {
                Ok(form) => merged = Some(form),
                Err(faults) => {
                    findings.extend(faults.into_iter().map(|fault| Finding { path: format!("{path}: {}", fault.path), ..fault }));
                }
            }
        }
        forms.extend(merged);
    }
    if refused || findings.iter().any(|finding| finding.severity == Severity::Refused) {
        forms.clear();
    }
    Checked { forms, findings }
}

impl Library {
    /// Loads files; every refused one is reported.
    pub fn load(files: &[FormFile]) -> Result<Self, Vec<Refusal>> {
        let mut library = Self::default();
        let mut refusals = Vec::new();
        for file in files {
            let checked = check(file);
            if checked.forms.is_empty() {
                refusals.push(Refusal { path: file.path.clone(), findings: checked.findings });
                continue;
            }
            for questionnaire in checked.forms {
                library.add(questionnaire, file);
            }
        }
        if refusals.is_empty() { Ok(library) } else { Err(refusals) }
    }

    fn add(&mut self, questionnaire: Questionnaire, file: &FormFile) {
        let rendered = questionnaire.languages().iter().map(|language| {
            let body = serde_json::to_vec(&write::questionnaire(&questionnaire, Some(language))).unwrap_or_default();
            (language.clone(), Rendered::new(body))
        });
        let rendered: BTreeMap<_, _> = rendered.collect();
        let papers = rendered.keys().map(|language| (language.clone(), OnceLock::new())).collect();
        let sha256 = sha256(&file.bytes);
        let (resource, resource_version) = as_resource(&questionnaire);
        let languages = questionnaire.languages();
        let national = languages.iter().map(|language| versioned(write::national(&questionnaire, language), &resource_version));
        let national: Vec<Value> = national.collect();
        let sent = std::iter::once(&resource).chain(&national).map(|one| {
            let id = one["id"].as_str().unwrap_or_default().to_owned();
            (id, one.to_string().into())
        });
        let sent = sent.collect();
        let versions = self.forms.entry(questionnaire.name().to_owned()).or_default();
        versions.insert(
            order_of(questionnaire.version()),
            Arc::new(Form { questionnaire, sha256, built_in: file.built_in, resource, national, resource_version, sent, rendered, papers }),
        );
    }

    /// A form in an exact version, or its newest one.
    pub fn find(&self, name: &str, version: Option<&str>) -> Option<Arc<Form>> {
        let versions = self.forms.get(name)?;
        match version {
            None => versions.values().next_back().cloned(),
            Some(version) => versions.values().find(|form| form.questionnaire.version() == version).cloned(),
        }
    }

    /// All forms, by name, oldest version first.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Form>> {
        self.forms.values().flat_map(BTreeMap::values)
    }
}

impl Form {
    /// The form as FHIR JSON in a language it has.
    pub fn rendered(&self, language: &Language) -> Option<&Rendered> {
        self.rendered.get(language)
    }

    /// The form on paper, blank, in a language it has. It is made when first asked for, and kept.
    pub fn paper(&self, language: &Language) -> Result<Option<&Rendered>, pdf::Error> {
        let Some(kept) = self.papers.get(language) else { return Ok(None) };
        if kept.get().is_none() {
            let made = Rendered::new(paper::form(&self.questionnaire, language, None)?);
            return Ok(Some(kept.get_or_init(|| made)));
        }
        Ok(kept.get())
    }

    /// The form's language that comes nearest to the one asked for.
    pub fn nearest(&self, language: &Language) -> Language {
        let all = self.questionnaire.languages();
        let exact = all.iter().find(|own| *own == language);
        exact.or_else(|| all.iter().find(|own| own.same_language(language))).unwrap_or(self.questionnaire.language()).clone()
    }

    /// Revision of a language's supplement; 0 for the language the form is written in.
    pub fn supplement_revision(&self, language: &Language) -> i32 {
        self.questionnaire.metadata.supplements.get(language).and_then(|revision| i32::try_from(*revision).ok()).unwrap_or(0)
    }
}

/// The resource with its version, which is a part of the hash of the rest in hexadecimal digits.
fn as_resource(form: &Questionnaire) -> (Value, String) {
    let resource = write::form_resource(form);
    let hash = sha256(resource.to_string().as_bytes());
    let version = format!("{:016x}", hash.iter().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte)));
    (versioned(resource, &version), version)
}

fn versioned(mut resource: Value, version: &str) -> Value {
    if let Some(meta) = resource.as_object_mut().map(|object| object.entry("meta").or_insert_with(|| serde_json::json!({}))) {
        meta["versionId"] = version.into();
    }
    resource
}

/// `1.10.0` comes after `1.9.0`.
fn order_of(version: &str) -> Vec<u64> {
    version.split(['.', '-', '+']).map(|part| part.parse().unwrap_or(0)).collect()
}
