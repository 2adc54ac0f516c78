//! What is wrong with answers, as codes; words come from the locales at the edge.

use crate::domain::questionnaire::Text;

/// How much an issue weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Odd, but accepted.
    Warning,
    /// Breaks a rule of the form.
    Error,
    /// Cannot be read at all.
    Fatal,
}

impl Severity {
    /// Code in `OperationOutcome.issue.severity`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }
}

/// One thing wrong at one place. It never holds what a person answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// How much it weighs.
    pub severity: Severity,
    /// What is wrong.
    pub code: IssueCode,
    /// The item's link id; empty for the response as a whole.
    pub link_id: String,
    /// Link ids from the top down to the item, joined by `/`.
    pub path: String,
    /// `FHIRPath` expression of the place.
    pub expression: String,
    /// The question, where the form is known.
    pub question: Option<Text>,
    /// The bound that was broken, or the form's own words on how to answer, never an answer.
    pub detail: Option<Text>,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $fhir:literal;)*) => {
        /// What can be wrong. Codes of `http://fhir.forms-lab.com/CodeSystem/errors` where one
        /// fits, else our own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum IssueCode {
            $($(#[$doc])* $name,)*
        }

        impl IssueCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as it is written on the wire.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// Code in `OperationOutcome.issue.code` (`issue-type`, FHIR R4).
            pub fn fhir_type(self) -> &'static str {
                match self { $(Self::$name => $fhir,)* }
            }
        }
    };
}

codes! {
    /// The body is not a response of FHIR R4.
    Structure = "structure", "structure";
    /// A member that R4 does not know here.
    UnknownElement = "unknownElement", "structure";
    /// An extension that changes the meaning and is not understood.
    ModifierExtension = "modifierExtension", "extension";
    /// An empty array, object, string or null.
    EmptyElement = "emptyElement", "structure";
    /// A value that is none of its data type, such as 30 February.
    InvalidValue = "invalidValue", "value";
    /// More items, deeper nesting or longer text than is accepted.
    TooLarge = "tooLarge", "too-long";
    /// The response names a form that does not exist.
    QuestionnaireNotFound = "questionnaireNotFound", "not-found";
    /// The form is still being written.
    QuestionnaireDraft = "questionnaireDraft", "business-rule";
    /// The form is out of use.
    QuestionnaireRetired = "questionnaireRetired", "business-rule";
    /// The form has no such item.
    InvalidLinkId = "invalidLinkId", "invalid";
    /// The item stands somewhere else in the form.
    WrongPlace = "invalidLinkId", "structure";
    /// Items do not follow the order of the form.
    ItemOrder = "itemOrder", "structure";
    /// The text is not the question's.
    TextMismatch = "textMismatch", "informational";
    /// A text to read has an answer.
    DisplayAnswer = "displayAnswer", "structure";
    /// A group has an answer.
    GroupShouldNotHaveAnswers = "groupShouldNotHaveAnswers", "structure";
    /// A question has items beside its answers instead of under one.
    QuestionItems = "questionItems", "structure";
    /// The answer has another type than the question.
    InvalidAnswerType = "invalidAnswerType", "value";
    /// An answer is missing.
    Required = "required", "required";
    /// Several answers where one is asked.
    Repeats = "repeats", "business-rule";
    /// Fewer answers than asked.
    MinCount = "minCount", "business-rule";
    /// More answers than asked.
    MaxCount = "maxCount", "business-rule";
    /// Below the smallest value.
    MinValue = "minValue", "value";
    /// Above the largest value.
    MaxValue = "maxValue", "value";
    /// Shorter than asked.
    MinLength = "minLength", "too-short";
    /// Longer than asked.
    MaxLength = "maxLength", "too-long";
    /// More digits after the point than asked.
    MaxDecimalPlaces = "maxDecimalPlaces", "value";
    /// Not among the options.
    InvalidAnswerOption = "invalidAnswerOption", "code-invalid";
    /// An option that stands alone is chosen with others.
    ExclusiveAnswerOption = "exclusiveAnswerOption", "business-rule";
    /// An option that must be ticked elsewhere first.
    OptionNotAvailable = "invalidAnswerOption", "business-rule";
    /// The same answer twice.
    DuplicateAnswer = "duplicateAnswer", "duplicate";
    /// The words of a code are not those of the form.
    InvalidDisplay = "invalidDisplay", "informational";
    /// Not written as the form asks.
    Regex = "regex", "value";
    /// A code without a code, or with two meanings.
    InvalidCoding = "invalidCoding", "code-invalid";
    /// Another unit than the form allows.
    InvalidUnit = "invalidUnit", "value";
    /// A line break in a text of one line.
    InvalidNewLine = "invalidNewLine", "value";
    /// A control character.
    InvalidCharacter = "invalidCharacter", "value";
    /// The item is not asked, given the other answers.
    NotEnabled = "notEnabled", "business-rule";
    /// A value that only the server sets was changed.
    ReadOnlyChanged = "readOnlyChanged", "business-rule";
    /// A condition of the form cannot be compared with the answer.
    ConditionMismatch = "conditionMismatch", "informational";
    /// More issues than are listed.
    TooManyIssues = "tooManyIssues", "too-costly";
}

impl IssueCode {
    /// Whether it means that something is not there yet.
    pub fn is_missing(self) -> bool {
        matches!(self, Self::Required | Self::MinCount)
    }

    /// Whether the code is one of `http://fhir.forms-lab.com/CodeSystem/errors`.
    pub fn is_forms_lab(self) -> bool {
        matches!(
            self,
            Self::QuestionnaireNotFound
                | Self::QuestionnaireDraft
                | Self::QuestionnaireRetired
                | Self::InvalidLinkId
                | Self::WrongPlace
                | Self::DisplayAnswer
                | Self::GroupShouldNotHaveAnswers
                | Self::InvalidAnswerType
                | Self::Required
                | Self::Repeats
                | Self::MinCount
                | Self::MaxCount
                | Self::MinValue
                | Self::MaxValue
                | Self::MinLength
                | Self::MaxLength
                | Self::MaxDecimalPlaces
                | Self::InvalidAnswerOption
                | Self::OptionNotAvailable
                | Self::ExclusiveAnswerOption
                | Self::Regex
                | Self::InvalidCoding
                | Self::InvalidUnit
                | Self::InvalidNewLine
        )
    }
}
