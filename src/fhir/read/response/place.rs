//! Where in a response the reader stands.

/// Where in the response the reader stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// The place above; `None` at the top.
    pub above: Option<&'a Place<'a>>,
    /// Link id of the item, or of the item an answer belongs to.
    pub link_id: &'a str,
    /// Name of the member.
    pub step: &'static str,
    /// Which one of the array, from 0.
    pub at: usize,
    /// How many items stand above.
    pub depth: usize,
}

impl Place<'_> {
    /// The response itself.
    pub fn top() -> Self {
        Self { above: None, link_id: "", step: "QuestionnaireResponse", at: 0, depth: 0 }
    }

    /// `FHIRPath` expression.
    pub fn expression(&self) -> String {
        let mut steps = Vec::new();
        let mut place = Some(self);
        while let Some(here) = place {
            steps.push(match here.above {
                None => here.step.to_owned(),
                Some(_) => format!("{}[{}]", here.step, here.at),
            });
            place = here.above;
        }
        steps.reverse();
        steps.join(".")
    }

    /// Link ids from the top, joined by `/`.
    pub fn path(&self) -> String {
        let mut ids = Vec::new();
        let mut place = Some(self);
        while let Some(here) = place {
            if !here.link_id.is_empty() && here.step == "item" {
                ids.push(here.link_id);
            }
            place = here.above;
        }
        ids.reverse();
        ids.join("/")
    }
}
