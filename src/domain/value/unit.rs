//! The UCUM units that health forms ask for, with what they measure.

use rust_decimal::Decimal;

/// Code system of UCUM units.
pub const UCUM: &str = "http://unitsofmeasure.org";

/// What a unit measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// Base unit milligram.
    Mass,
    /// Base unit millimetre.
    Length,
    /// Base unit second.
    Time,
    /// Base unit millilitre.
    Volume,
}

/// What a unit measures, and how many base units one of it is. Months and years have no fixed
/// length and are left out.
pub fn base(code: &str) -> Option<(Dimension, Decimal)> {
    let (dimension, factor) = match code {
        "mg" => (Dimension::Mass, 1),
        "g" => (Dimension::Mass, 1_000),
        "kg" => (Dimension::Mass, 1_000_000),
        "mm" => (Dimension::Length, 1),
        "cm" => (Dimension::Length, 10),
        "m" => (Dimension::Length, 1_000),
        "km" => (Dimension::Length, 1_000_000),
        "s" => (Dimension::Time, 1),
        "min" => (Dimension::Time, 60),
        "h" => (Dimension::Time, 3_600),
        "d" => (Dimension::Time, 86_400),
        "wk" => (Dimension::Time, 604_800),
        "mL" | "ml" => (Dimension::Volume, 1),
        "dL" | "dl" => (Dimension::Volume, 100),
        "L" | "l" => (Dimension::Volume, 1_000),
        _ => return None,
    };
    Some((dimension, Decimal::from(factor)))
}
