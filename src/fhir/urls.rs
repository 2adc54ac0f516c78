//! Addresses of extensions and code systems that are read and written.

pub const TRANSLATION: &str = "http://hl7.org/fhir/StructureDefinition/translation";
pub const MARKDOWN: &str = "http://hl7.org/fhir/StructureDefinition/rendering-markdown";
pub const ITEM_CONTROL: &str = "http://hl7.org/fhir/StructureDefinition/questionnaire-itemControl";
pub const CONTROL_SYSTEM: &str = "http://hl7.org/fhir/questionnaire-item-control";
pub const CONTROL_VALUE_SET: &str = "http://hl7.org/fhir/ValueSet/questionnaire-item-control";
pub const DISPLAY_CATEGORY: &str = "http://hl7.org/fhir/StructureDefinition/questionnaire-displayCategory";
pub const DISPLAY_CATEGORY_SYSTEM: &str = "http://hl7.org/fhir/questionnaire-display-category";
pub const HIDDEN: &str = "http://hl7.org/fhir/StructureDefinition/questionnaire-hidden";
pub const MIN_VALUE: &str = "http://hl7.org/fhir/StructureDefinition/minValue";
pub const MAX_VALUE: &str = "http://hl7.org/fhir/StructureDefinition/maxValue";
pub const MIN_LENGTH: &str = "http://hl7.org/fhir/StructureDefinition/minLength";
pub const MAX_DECIMALS: &str = "http://hl7.org/fhir/StructureDefinition/maxDecimalPlaces";
pub const REGEX: &str = "http://hl7.org/fhir/StructureDefinition/regex";
pub const ENTRY_FORMAT: &str = "http://hl7.org/fhir/StructureDefinition/entryFormat";
pub const MIN_OCCURS: &str = "http://hl7.org/fhir/StructureDefinition/questionnaire-minOccurs";
pub const MAX_OCCURS: &str = "http://hl7.org/fhir/StructureDefinition/questionnaire-maxOccurs";
pub const UNIT: &str = "http://hl7.org/fhir/StructureDefinition/questionnaire-unit";
pub const UNIT_OPTION: &str = "http://hl7.org/fhir/StructureDefinition/questionnaire-unitOption";
pub const EXCLUSIVE: &str = "http://hl7.org/fhir/StructureDefinition/questionnaire-optionExclusive";
pub const ORDINAL: &str = "http://hl7.org/fhir/StructureDefinition/ordinalValue";
pub const ITEM_WEIGHT: &str = "http://hl7.org/fhir/StructureDefinition/itemWeight";
pub const SLIDER_STEP: &str = "http://hl7.org/fhir/StructureDefinition/questionnaire-sliderStepValue";
pub const MIN_QUANTITY: &str = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-minQuantity";
pub const MAX_QUANTITY: &str = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-maxQuantity";
pub const DATA_ABSENT: &str = "http://terminology.hl7.org/CodeSystem/data-absent-reason";
pub const OBSERVATION_CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/observation-category";
pub const FORMS_LAB: &str = "http://fhir.forms-lab.com/CodeSystem/errors";

pub const ABSENT_REASON: &str = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";
pub const SDC_TEMPORARY: &str = "http://hl7.org/fhir/uv/sdc/CodeSystem/temp";
/// Roles of SDC that this service has.
pub const SDC_ROLES: [&str; 3] = [
    "http://hl7.org/fhir/uv/sdc/CapabilityStatement/sdc-form-fill-manager",
    "http://hl7.org/fhir/uv/sdc/CapabilityStatement/sdc-form-response-manager",
    "http://hl7.org/fhir/uv/sdc/CapabilityStatement/sdc-form-receiver",
];
pub const OBJECT_ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";
pub const DICOM: &str = "http://dicom.nema.org/resources/ontology/DCM";
/// System of identifiers that are addresses themselves, such as `urn:uuid:…`.
pub const URI: &str = "urn:ietf:rfc:3986";

pub const OPTIONS_FROM: &str = "https://kartlegging.example/fhir/StructureDefinition/options-from";
pub const TOPIC: &str = "https://kartlegging.example/fhir/StructureDefinition/topic";
pub const SUPPLEMENT: &str = "https://kartlegging.example/fhir/StructureDefinition/supplement";
pub const ISSUE_SYSTEM: &str = "https://kartlegging.example/fhir/CodeSystem/issue";
pub const FORM_BASE: &str = "https://kartlegging.example/fhir/";

/// What a form in the shape of SDC, and one in that of the national platform, says that it is.
pub const SDC_PROFILE: &str = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire";
pub const NATIONAL_PROFILE: &str = "http://ehelse.no/fhir/StructureDefinition/sdf-Questionnaire";

/// Extensions of the national platform begin with one of these.
pub const PLATFORM: [&str; 2] = ["http://helsenorge.no/fhir/", "http://ehelse.no/fhir/"];
pub const VALIDATION_TEXT: &str = "http://ehelse.no/fhir/StructureDefinition/validationtext";
pub const RENDER_OPTIONS: &str = "http://helsenorge.no/fhir/CodeSystem/RenderOptions";
pub const SIDEBAR: &str = "http://ehelse.no/fhir/ValueSet/SOTHeaders";

/// Extensions that change what is asked or valid and that the engine does not execute, by the
/// last part of their address.
pub const UNSUPPORTED: [&str; 16] = [
    "sdf-optionReference",
    "sdf-calculatedExpression",
    "sdf-minvalue",
    "sdf-maxvalue",
    "sdc-questionnaire-enableWhenExpression",
    "sdc-questionnaire-calculatedExpression",
    "sdc-questionnaire-answerExpression",
    "sdc-questionnaire-candidateExpression",
    "sdc-questionnaire-answerOptionsToggleExpression",
    "sdc-questionnaire-subQuestionnaire",
    "sdc-questionnaire-lookupQuestionnaire",
    "questionnaire-constraint",
    "targetConstraint",
    "cqf-expression",
    "questionnaire-unitValueSet",
    "cqf-calculatedValue",
];
