//! What goes wrong: one thing in some steps, at one unit of work of the step.

use super::dice::Dice;

/// What happens to a unit of work, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The database is gone before it begins.
    FailBefore,
    /// The database is gone when its statements have run.
    FailRan,
    /// Another writer was faster, twice.
    Conflict,
    /// It is committed, and the connection breaks before anybody is told.
    Unheard,
    /// The caller goes away before it begins, in the middle, or when it is committed.
    LeaveBefore,
    LeaveRan,
    LeaveAfter,
    /// The program dies before it begins, in the middle, or when it is committed.
    DieBefore,
    DieRan,
    DieAfter,
}

impl Fault {
    /// Whether it can happen to units that are committed together.
    pub fn fits_many(self) -> bool {
        matches!(self, Self::FailRan | Self::Conflict | Self::Unheard)
    }
}

/// Tables whose next insert or update is refused by the database.
const TRAPS: [(&str, &str); 13] = [
    ("INSERT", "access_log"),
    ("INSERT", "access_log_patient"),
    ("INSERT", "response_version"),
    ("INSERT", "credential"),
    ("INSERT", "session"),
    ("INSERT", "attempt"),
    ("UPDATE", "invitation"),
    ("UPDATE", "idempotency"),
    ("UPDATE", "draft"),
    ("UPDATE", "appointment"),
    ("INSERT", "outbox"),
    ("UPDATE", "outbox"),
    ("UPDATE", "unit_notice"),
];

/// What goes wrong in one step.
#[derive(Debug, Default)]
pub struct Faults {
    fault: Option<Fault>,
    /// At which of its units, from 1.
    at: usize,
    left: u8,
    /// A statement that the database refuses.
    pub trap: Option<(&'static str, &'static str)>,
}

impl Faults {
    /// Mostly none; often where mails are sent, whose every unit of work leaves something else behind.
    pub fn choose(dice: &mut Dice, mails: bool) -> Self {
        use Fault::{Conflict, DieAfter, DieBefore, DieRan, FailBefore, FailRan, LeaveAfter, LeaveBefore, LeaveRan, Unheard};
        if dice.one_in(40) {
            return Self { trap: dice.pick(&TRAPS), ..Self::default() };
        }
        if !dice.one_in(if mails { 3 } else { 14 }) {
            return Self::default();
        }
        let usual = [FailBefore, FailRan, Conflict, Conflict, Unheard, Unheard, LeaveBefore, LeaveRan, LeaveAfter];
        let deadly = [DieBefore, DieRan, DieAfter];
        let at = if mails { 1 + dice.below(6) } else { [1, 1, 1, 2, 2, 3][dice.below(6)] };
        let fault = if dice.one_in(10) { dice.pick(&deadly) } else { dice.pick(&usual) };
        Self { fault, at, left: if fault == Some(Conflict) { 2 } else { 1 }, trap: None }
    }

    /// Whether that happens now, to the unit of that number.
    pub fn strikes(&mut self, faults: &[Fault], unit: usize, many: bool) -> Option<Fault> {
        let fault =
            self.fault.filter(|fault| faults.contains(fault) && self.at == unit && self.left > 0 && (!many || fault.fits_many()))?;
        self.left -= 1;
        Some(fault)
    }

    /// Whether a unit of work may have failed by itself.
    pub fn excuse(&self) -> bool {
        self.trap.is_some() || self.fault.is_some() && self.left == 0
    }

    /// What is said when a step fails.
    pub fn describe(&self) -> String {
        match (self.fault, self.trap) {
            (Some(fault), _) => format!(" [{fault:?} at unit {}]", self.at),
            (None, Some((verb, table))) => format!(" [{verb} on {table} is refused]"),
            (None, None) => String::new(),
        }
    }
}
