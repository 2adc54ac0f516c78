//! QR codes: error correction Q, the text in upper case so that it fits the alphanumeric mode.

use qrcode::{Color, EcLevel, QrCode};
use std::fmt::Write as _;

/// Modules of white around the code (ISO/IEC 18004).
pub const QUIET: usize = 4;

/// The modules of a QR code, row by row, dark ones true; the quiet zone is not among them. `None` only
/// for a text beyond the capacity of a QR code.
pub fn modules(text: &str) -> Option<Vec<Vec<bool>>> {
    let code = QrCode::with_error_correction_level(upper(text), EcLevel::Q).ok()?;
    let rows = code.to_colors();
    Some(rows.chunks(code.width()).map(|row| row.iter().map(|color| *color == Color::Dark).collect()).collect())
}

/// A QR code as an SVG element, quiet zone included; scales to any size. `None` only for a text
/// beyond the capacity of a QR code.
pub fn svg(text: &str) -> Option<String> {
    let rows = modules(text)?;
    let size = rows.len() + 2 * QUIET;
    let mut path = String::with_capacity(rows.len() * rows.len() * 6);
    for (row, modules) in rows.iter().enumerate() {
        for (column, dark) in modules.iter().enumerate() {
            if *dark {
                let _ = write!(path, "M{} {}h1v1h-1z", column + QUIET, row + QUIET);
            }
        }
    }
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{size}v{size}H0z\"/><path d=\"{path}\"/></svg>"
    ))
}

/// Scheme and host are case-insensitive and our links are too, so the whole address may be upper case.
fn upper(text: &str) -> String {
    text.to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_stays_small() {
        let svg = svg("https://svar.example/s/0123456789ABCDEFGHJKMNPQRS").unwrap_or_default();
        // Version 4 at most: 33 modules and the quiet zone.
        assert!(["29", "33"].iter().any(|m| svg.contains(&format!("0 0 {0} {0}", m.parse::<usize>().unwrap_or(0) + 8))), "{}", &svg[..120]);
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"));
    }
}
