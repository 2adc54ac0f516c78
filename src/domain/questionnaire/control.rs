//! How an item is shown.

/// How an item is shown (`questionnaire-item-control`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Control {
    /// Radio buttons.
    RadioButton,
    /// Check boxes.
    CheckBox,
    /// A list that folds out.
    DropDown,
    /// A list searched by typing.
    Autocomplete,
    /// A field of one line.
    TextBox,
    /// A field of several lines (`text-area`).
    TextArea,
    /// A number with buttons for more and less.
    Spinner,
    /// A text that explains, shown on request.
    Help,
    /// A text that explains, shown beside.
    Flyover,
    /// A text before the field.
    Prompt,
    /// A text at the field, such as its unit.
    Unit,
    /// A text at the low end of a scale.
    Lower,
    /// A text at the high end of a scale.
    Upper,
    /// A text at the top of each page.
    Header,
    /// A text at the bottom of each page.
    Footer,
    /// A group shown as a page of its own.
    Page,
    /// A text beside the form.
    Sidebar,
    /// A text that opens in place.
    Inline,
    /// A text that stands out.
    Highlight,
}

impl Control {
    const CODES: [(Self, &'static str); 19] = [
        (Self::RadioButton, "radio-button"),
        (Self::CheckBox, "check-box"),
        (Self::DropDown, "drop-down"),
        (Self::Autocomplete, "autocomplete"),
        (Self::TextBox, "text-box"),
        (Self::TextArea, "text-area"),
        (Self::Spinner, "spinner"),
        (Self::Help, "help"),
        (Self::Flyover, "flyover"),
        (Self::Prompt, "prompt"),
        (Self::Unit, "unit"),
        (Self::Lower, "lower"),
        (Self::Upper, "upper"),
        (Self::Header, "header"),
        (Self::Footer, "footer"),
        (Self::Page, "page"),
        (Self::Sidebar, "sidebar"),
        (Self::Inline, "inline"),
        (Self::Highlight, "highlight"),
    ];

    /// The code.
    pub fn code(self) -> &'static str {
        let mut all = Self::CODES.into_iter();
        all.find(|(own, _)| *own == self).map_or("", |(_, code)| code)
    }

    /// The control with that code; a slider is none, since forms show it as radio buttons.
    pub fn parse(code: &str) -> Option<Self> {
        let mut all = Self::CODES.into_iter();
        all.find(|(_, known)| *known == code).map(|(own, _)| own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back() {
        for (control, code) in Control::CODES {
            assert_eq!((control.code(), Control::parse(code)), (code, Some(control)));
        }
    }
}
