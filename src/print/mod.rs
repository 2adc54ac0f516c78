//! Floor 2: what goes on paper.

pub mod copy;
pub mod paper;
pub mod pdf;
pub mod qr;
pub mod record;
pub mod slip;
pub mod summary;
