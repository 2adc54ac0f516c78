//! Floor 2: what goes on paper.

pub mod qr;
