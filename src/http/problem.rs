//! Problems (RFC 9457): every code in one table, rendered in one place.

use super::context::current;
use crate::domain::answers::Issue;
use crate::domain::language::Language;
use crate::fhir::write::{self, Complaint};
use crate::text::{self, Arg};
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Value, json};

/// Base of the `type` of a problem.
const TYPE: &str = "https://kartlegging.example/errors#";

macro_rules! codes {
    ($($name:ident $code:literal $status:literal),* $(,)?) => {
        /// Every problem code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $(#[doc = $code] $name,)* }

        impl Code {
            /// Every code, in the order of `docs/errors.md`.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable code.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The HTTP status.
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }
        }
    };
}

codes! {
    BodyMalformed "body-malformed" 400,
    QueryInvalid "query-invalid" 400,
    IdempotencyKeyRequired "idempotency-key-required" 400,
    TokenMissing "token-missing" 401,
    TokenInvalid "token-invalid" 401,
    ProofInvalid "proof-invalid" 401,
    ProofNonce "proof-nonce" 401,
    SessionEnded "session-ended" 401,
    CredentialWrong "credential-wrong" 401,
    ScopeMissing "scope-missing" 403,
    RoleMissing "role-missing" 403,
    GroundRequired "ground-required" 403,
    PatientOnly "patient-only" 403,
    PatientUnnamed "patient-unnamed" 403,
    SignInRequired "sign-in-required" 403,
    NotFound "not-found" 404,
    RouteNotFound "route-not-found" 404,
    MethodNotAllowed "method-not-allowed" 405,
    NotAcceptable "not-acceptable" 406,
    IdempotencyInFlight "idempotency-in-flight" 409,
    InvitationExists "invitation-exists" 409,
    InvitationClosed "invitation-closed" 409,
    InvitationAnswered "invitation-answered" 409,
    NoPhone "no-phone" 409,
    DeliveryEnded "delivery-ended" 409,
    SubscriptionsFull "subscriptions-full" 409,
    DraftElsewhere "draft-elsewhere" 409,
    ResponseChanged "response-changed" 409,
    SessionIsReceipt "session-is-receipt" 409,
    InvitationExpired "invitation-expired" 410,
    InvitationRevoked "invitation-revoked" 410,
    InvitationLocked "invitation-locked" 410,
    LinkReplaced "link-replaced" 410,
    AmendClosed "amend-closed" 410,
    Erased "erased" 410,
    DraftChanged "draft-changed" 412,
    ResourceChanged "resource-changed" 412,
    SeveralFound "several-found" 412,
    PrefetchMissing "prefetch-missing" 412,
    BodyTooLarge "body-too-large" 413,
    MediaTypeUnsupported "media-type-unsupported" 415,
    BodyInvalid "body-invalid" 422,
    CodeMistyped "code-mistyped" 422,
    AnswersInvalid "answers-invalid" 422,
    IdempotencyBodyDiffers "idempotency-body-differs" 422,
    QuestionnaireUnknown "questionnaire-unknown" 422,
    ResourceInvalid "resource-invalid" 422,
    IfMatchRequired "if-match-required" 428,
    TooManyAttempts "too-many-attempts" 429,
    AttemptsExhausted "attempts-exhausted" 429,
    Internal "internal" 500,
    Unavailable "unavailable" 503,
}

macro_rules! fields {
    ($($name:ident $code:literal),* $(,)?) => {
        /// What is wrong with one member of a body.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum FieldCode { $(#[doc = $code] $name,)* }

        impl FieldCode {
            /// Every field code, in the order of `docs/errors.md`.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable code.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

fields! {
    Required "required",
    UnknownMember "unknown-member",
    Malformed "malformed",
    TooLong "too-long",
    TooShort "too-short",
    OutOfRange "out-of-range",
    NotAllowed "not-allowed",
    IdentifierInvalid "identifier-invalid",
    SyntheticNotAllowed "synthetic-not-allowed",
    UnitUnknown "unit-unknown",
    QuestionnaireUnknown "questionnaire-unknown",
    DateInvalid "date-invalid",
    DateInFuture "date-in-future",
    LanguageUnknown "language-unknown",
    Mismatch "mismatch",
}

/// A member that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// JSON pointer (RFC 6901).
    pub pointer: String,
    /// What is wrong.
    pub code: FieldCode,
}

/// A problem on its way to the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which.
    pub code: Code,
    // Boxed: it is rarely there, and every handler's result carries its size.
    details: Box<Details>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Details {
    errors: Vec<FieldError>,
    issues: Vec<Issue>,
    parameter: Option<(String, &'static str)>,
    retry_after: Option<i64>,
    allow: Option<String>,
    nonce: Option<String>,
    expression: Option<&'static str>,
}

impl Problem {
    /// A problem with nothing but its code.
    pub fn new(code: Code) -> Self {
        let retry_after = (code == Code::Unavailable).then_some(5);
        Self::with(code, Details { retry_after, ..Details::default() })
    }

    fn with(code: Code, details: Details) -> Self {
        Self { code, details: Box::new(details) }
    }

    /// Wrong members of a body.
    pub fn fields(errors: Vec<FieldError>) -> Self {
        Self::with(Code::BodyInvalid, Details { errors, ..Details::default() })
    }

    /// One wrong member.
    pub fn field(pointer: &str, code: FieldCode) -> Self {
        Self::fields(vec![FieldError { pointer: pointer.to_owned(), code }])
    }

    /// Answers that break rules.
    pub fn issues(issues: Vec<Issue>) -> Self {
        Self::with(Code::AnswersInvalid, Details { issues, ..Details::default() })
    }

    /// A query parameter and the key of what is wrong with it.
    pub fn query(parameter: &str, fault: &'static str) -> Self {
        Self::with(Code::QueryInvalid, Details { parameter: Some((parameter.to_owned(), fault)), ..Details::default() })
    }

    /// An element of a resource that does not fit what it is about (`FHIRPath`).
    pub fn element(expression: &'static str) -> Self {
        Self::with(Code::ResourceInvalid, Details { expression: Some(expression), ..Details::default() })
    }

    /// Too many attempts: wait so many seconds.
    pub fn wait(seconds: i64) -> Self {
        Self::with(Code::TooManyAttempts, Details { retry_after: Some(seconds.max(1)), ..Details::default() })
    }

    /// Not this method; these.
    pub fn method(allow: String) -> Self {
        Self::with(Code::MethodNotAllowed, Details { allow: Some(allow), ..Details::default() })
    }

    /// A proof of possession must hold this nonce.
    pub fn nonce(nonce: String) -> Self {
        Self::with(Code::ProofNonce, Details { nonce: Some(nonce), ..Details::default() })
    }

    /// Title and what to do, in a language.
    pub fn words(&self, language: &Language) -> (String, String) {
        (text::words(language, &format!("problem-{}-title", self.code.word()), &[]), self.detail(language))
    }

    /// Seconds after which another try may succeed.
    pub fn retry_after(&self) -> Option<i64> {
        self.details.retry_after
    }

    /// The body, in a language.
    pub fn body(&self, language: &Language, request_id: &str) -> Value {
        let code = self.code.word();
        let (title, detail) = self.words(language);
        let mut body = json!({
            "type": format!("{TYPE}{code}"),
            "title": title,
            "status": self.code.status(),
            "code": code,
            "detail": detail,
            "request_id": request_id,
        });
        if let Some(body) = body.as_object_mut() {
            if !self.details.errors.is_empty() {
                let errors = self.details.errors.iter().map(|error| {
                    let detail = text::words(language, &format!("field-{}", error.code.word()), &[]);
                    json!({"pointer": error.pointer, "code": error.code.word(), "detail": detail})
                });
                body.insert("errors".into(), errors.collect());
            }
            if !self.details.issues.is_empty() {
                body.insert("issues".into(), issues_json(&self.details.issues, language));
            }
        }
        body
    }

    /// How to come back with a token (RFC 6750 §3, RFC 9449 §7.1).
    fn challenge(&self) -> &'static str {
        match self.code {
            Code::ProofInvalid => "DPoP error=\"invalid_dpop_proof\"",
            Code::ProofNonce => "DPoP error=\"use_dpop_nonce\"",
            _ => "Bearer",
        }
    }

    /// The same as an `OperationOutcome` of R4, in a language.
    pub fn outcome(&self, language: &Language, request_id: &str) -> Value {
        if !self.details.issues.is_empty() {
            return write::outcome(&self.details.issues, |issue| text::issue(issue, language));
        }
        let kind = issue_type(self.code.status());
        let (title, detail) = self.words(language);
        let whole = Complaint { kind, code: self.code.word(), words: format!("{title}. {detail}"), expression: self.expression() };
        let each = self.details.errors.iter().map(|error| Complaint {
            kind,
            code: error.code.word(),
            words: text::words(language, &format!("field-{}", error.code.word()), &[]),
            expression: Some(error.pointer.trim_start_matches('/').replace('/', ".")),
        });
        let all: Vec<Complaint<'_>> = std::iter::once(whole).chain(each).collect();
        write::complaints(&all, request_id)
    }

    /// Where it is: an element, or a parameter as R4 writes it.
    fn expression(&self) -> Option<String> {
        let parameter = self.details.parameter.as_ref().map(|(name, _)| format!("http.{name}"));
        self.details.expression.map(str::to_owned).or(parameter)
    }

    fn detail(&self, language: &Language) -> String {
        let minutes = (self.details.retry_after.unwrap_or(60) + 59) / 60;
        let (parameter, fault) = self.details.parameter.clone().unwrap_or_default();
        let fault = if fault.is_empty() { String::new() } else { text::words(language, fault, &[]) };
        let args = [
            ("parameter", Arg::from(parameter.as_str())),
            ("fault", Arg::from(fault.as_str())),
            ("minutes", Arg::from(minutes)),
            ("element", Arg::from(self.details.expression.unwrap_or_default())),
            ("allow", Arg::from(self.details.allow.as_deref().unwrap_or_default())),
        ];
        text::words(language, &format!("problem-{}-detail", self.code.word()), &args)
    }
}

/// The code of R4's `issue-type` that is nearest to a status.
fn issue_type(status: u16) -> &'static str {
    match status {
        401 => "login",
        403 => "forbidden",
        404 => "not-found",
        405 | 406 | 415 => "not-supported",
        409 | 412 => "conflict",
        410 => "deleted",
        413 => "too-long",
        422 => "business-rule",
        428 => "required",
        429 => "throttled",
        503 => "transient",
        500.. => "exception",
        _ => "invalid",
    }
}

/// Issues as they stand in problems and drafts.
pub(super) fn issues_json(issues: &[Issue], language: &Language) -> Value {
    let rows = issues.iter().map(|issue| {
        json!({
            "severity": issue.severity.code(),
            "code": issue.code.code(),
            "link_id": issue.link_id,
            "path": issue.path,
            "expression": issue.expression,
            "text": text::issue(issue, language),
        })
    });
    rows.collect()
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code.word())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let context = current();
        let mut response = HttpResponse::build(self.status_code());
        if let Some(seconds) = self.details.retry_after {
            response.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        if let Some(allow) = &self.details.allow {
            response.insert_header((ALLOW, allow.clone()));
        }
        if let Some(nonce) = &self.details.nonce {
            response.insert_header(("dpop-nonce", nonce.clone()));
        }
        if self.code.status() == 401 && self.code != Code::CredentialWrong {
            response.insert_header((WWW_AUTHENTICATE, self.challenge()));
        }
        metrics::counter!("kartlegging_problems_total", "code" => self.code.word()).increment(1);
        if context.fhir {
            response.insert_header((CONTENT_TYPE, "application/fhir+json"));
            return response.body(self.outcome(&context.language, &context.id).to_string());
        }
        response.insert_header((CONTENT_TYPE, "application/problem+json"));
        response.body(self.body(&context.language, &context.id).to_string())
    }
}
