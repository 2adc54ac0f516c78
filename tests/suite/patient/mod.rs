//! What a patient does over the JSON endpoints: opening, guessing, sessions, drafts, handing in.

mod attempts;
mod closed;
mod devices;
mod drafts;
mod opening;
mod provider;
mod representatives;
mod respondents;
mod sessions;
mod submitting;
mod support_texts;
mod texts;
