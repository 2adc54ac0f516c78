//! The letter slip: one page for a patient with the personal link, the code and the QR code, to be put
//! into the hospital's envelope. A4 stands alone behind a window, A5 is laid into the letter.
//!
//! **The window.** A Norwegian C5 envelope (229 × 162 mm, ISO 269) with its window on the left takes an
//! A4 sheet that is folded once. Behind the window lies, from the sheet's upper left corner, 15 to 120 mm
//! across and 44 to 79 mm down (Office Consult, “Brevmaler: plassering av mottakerfelt i
//! vinduskonvolutter”: 105 × 35 mm, 15 mm from the left, 44 mm from the top). The other formats named
//! there begin at the same edge and share the height from 44 to 70 mm. So the recipient stands from 22 mm
//! across and 48 mm down, and nothing else in the area and in the 5 mm around it, for the sheet moves in
//! the envelope.
//!
//! Who is asked is all that shows. The service holds no postal address: the name stands alone unless the
//! caller gives the lines for this one page.

use chrono::{DateTime, Utc};

use super::pdf::{Column, Error, Format, Leaves, Look};
use crate::domain::language::Language;
use crate::text::letter::identify;
use crate::text::{Arg, format, words};

/// Points in a millimetre.
const MM: f32 = 72.0 / 25.4;
/// The recipient behind the window.
const RECIPIENT: Column = Column { left: 22.0 * MM, width: 93.0 * MM };
/// Its top and its height.
const RECIPIENT_AT: (f32, f32) = (48.0 * MM, 27.0 * MM);
/// The sender, beside the window.
const SENDER: Column = Column { left: 130.0 * MM, width: 60.0 * MM };
/// Where the letter itself begins, below the window.
const BEGIN: f32 = 96.0 * MM;
/// Below the fold in the middle of an A4 sheet.
const BELOW_FOLD: f32 = 154.0 * MM;
/// White between the QR code and what stands beside it.
const GAP: f32 = 3.0 * MM;

/// What stands on a slip. Nothing in it tells more than a letter may: no form, no identity number, no
/// birth date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    /// Language of its words.
    pub language: Language,
    /// To whom: the name, or the lines that the caller gives.
    pub recipient: Vec<String>,
    /// Who asks.
    pub organization: String,
    /// Which unit; none where its name would tell too much.
    pub unit: Option<String>,
    /// Whom to call.
    pub phone: String,
    /// Start of the visit, where it is named.
    pub visit: Option<DateTime<Utc>>,
    /// When answering ends, where it is named.
    pub until: Option<DateTime<Utc>>,
    /// The service's address as it is typed.
    pub address: String,
    /// The personal link.
    pub link: String,
    /// The code in groups.
    pub code: String,
    /// The provider that the patient signs in at; `None` for who tells the birth date.
    pub sign_in: Option<String>,
}

impl Slip {
    /// The telephone number, never broken between two lines.
    fn number(&self) -> String {
        self.phone.replace(' ', "\u{a0}")
    }
}

/// Slips in one document.
pub struct Slips {
    leaves: Leaves,
    format: Format,
}

impl Slips {
    /// None yet. Where slips are in several languages, the document's own is the one given here.
    pub fn new(format: Format, language: &Language) -> Result<Self, Error> {
        Ok(Self { leaves: Leaves::new(&words(language, "letter-title", &[]), language, format)?, format })
    }

    /// Adds one, on a page of its own.
    pub fn add(&mut self, slip: &Slip) {
        self.leaves.part(&slip.language);
        match self.format {
            Format::A4 => self.a4(slip),
            Format::A5 => self.a5(slip),
        }
    }

    /// The document.
    pub fn finish(self) -> Result<Vec<u8>, Error> {
        self.leaves.finish()
    }

    fn a4(&mut self, slip: &Slip) {
        self.sender(SENDER, slip);
        self.leaves.go(RECIPIENT_AT.0);
        self.leaves.fit(RECIPIENT, RECIPIENT_AT.1, &slip.recipient);
        self.leaves.go(BEGIN);
        self.letter(slip);
        self.leaves.go(self.leaves.y().max(BELOW_FOLD));
        self.how(slip);
    }

    fn a5(&mut self, slip: &Slip) {
        let whole = self.leaves.whole();
        self.sender(whole, slip);
        self.leaves.write(whole, Look::Small, &slip.recipient.join(", "));
        self.leaves.rule(whole);
        self.leaves.go(self.leaves.y() + 2.0 * MM);
        self.letter(slip);
        self.how(slip);
    }

    fn sender(&mut self, column: Column, slip: &Slip) {
        self.leaves.write(column, Look::Strong, &slip.organization);
        if let Some(unit) = &slip.unit {
            self.leaves.write(column, Look::Text, unit);
        }
        self.leaves.write(column, Look::Text, &say(slip, "letter-phone", &[("phone", slip.number().into())]));
    }

    /// Why, and for which visit.
    fn letter(&mut self, slip: &Slip) {
        let whole = self.leaves.whole();
        self.leaves.write(whole, Look::Title, &say(slip, "letter-title", &[]));
        self.leaves.write(whole, Look::Text, &say(slip, "letter-why", &[("organization", (&slip.organization).into())]));
        self.leaves.write(whole, Look::Text, &say(slip, "letter-free", &[]));
        // Mostly answering ends when the visit starts, and its time need not be said twice.
        let times: &[_] = if slip.visit.is_some() && slip.visit == slip.until {
            &[("letter-visit-until", slip.visit)]
        } else {
            &[("letter-visit", slip.visit), ("letter-until", slip.until)]
        };
        for (key, at) in times {
            if let Some(at) = at {
                self.leaves.write(whole, Look::Strong, &say(slip, key, &[("moment", format::moment(*at, &slip.language).into())]));
            }
        }
    }

    /// How to answer: the QR code, and beside it the steps.
    fn how(&mut self, slip: &Slip) {
        let whole = self.leaves.whole();
        self.leaves.write(whole, Look::Heading, &say(slip, "letter-how", &[]));
        let top = self.leaves.y();
        let side = self.leaves.qr(whole.left, &slip.link, &say(slip, "letter-qr", &[])).unwrap_or_default();
        let below = self.leaves.y();
        self.leaves.go(if side > 0.0 { below - side } else { top });
        let indent = if side > 0.0 { side + GAP } else { 0.0 };
        let beside = Column { left: whole.left + indent, width: whole.width - indent };
        self.leaves.write(beside, Look::Text, &say(slip, "letter-scan", &[]));
        let link = match slip.link.rsplit_once('/') {
            // A line break where it is seen best.
            Some((start, token)) if !self.leaves.is_line(beside, Look::Small, &slip.link) => format!("{start}/\n{token}"),
            _ => slip.link.clone(),
        };
        self.leaves.write(beside, Look::Small, &link);
        self.leaves.write(beside, Look::Text, &say(slip, "letter-type", &[("address", (&slip.address).into())]));
        self.leaves.write(beside, Look::Code, &slip.code);
        self.leaves.write(beside, Look::Text, &identify(slip.sign_in.as_deref(), &slip.language));
        self.leaves.go(self.leaves.y().max(below));
        self.leaves.write(whole, Look::Heading, &say(slip, "letter-paper", &[]));
        self.leaves.write(whole, Look::Text, &say(slip, "letter-paper-how", &[("phone", slip.number().into())]));
        self.leaves.write(whole, Look::Small, &say(slip, "letter-unwatched", &[]));
    }
}

fn say(slip: &Slip, key: &str, args: &[(&str, Arg<'_>)]) -> String {
    words(&slip.language, key, args)
}
