//! QR codes: error correction Q, the text in upper case so that it fits the alphanumeric mode; as SVG for
//! pages, as PNG for letter systems that place pictures.

use flate2::Compression;
use flate2::Crc;
use flate2::write::ZlibEncoder;
use qrcode::{Color, EcLevel, QrCode};
use std::fmt::Write as _;
use std::io::Write as _;

/// Modules of white around the code (ISO/IEC 18004).
pub const QUIET: usize = 4;
/// Dots in a metre at 300 in an inch.
const DOTS_A_METRE: u32 = 11_811;
/// Least dots on a side, quiet zone apart: 25 mm at 300 in an inch.
const LEAST: usize = 296;

/// The modules of a QR code, row by row, dark ones true; the quiet zone is not among them. `None` only
/// for a text beyond the capacity of a QR code.
pub fn modules(text: &str) -> Option<Vec<Vec<bool>>> {
    let code = QrCode::with_error_correction_level(upper(text), EcLevel::Q).ok()?;
    let rows = code.to_colors();
    Some(rows.chunks(code.width()).map(|row| row.iter().map(|color| *color == Color::Dark).collect()).collect())
}

/// A QR code as one path of SVG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Modules on a side, quiet zone included.
    pub side: usize,
    /// What is dark (`d` of a `path`).
    pub path: String,
}

/// A QR code as one path of SVG. `None` only for a text beyond the capacity of a QR code.
pub fn outline(text: &str) -> Option<Outline> {
    let rows = modules(text)?;
    let mut path = String::with_capacity(rows.len() * rows.len() * 6);
    for (row, modules) in rows.iter().enumerate() {
        for (column, dark) in modules.iter().enumerate() {
            if *dark {
                let _ = write!(path, "M{} {}h1v1h-1z", column + QUIET, row + QUIET);
            }
        }
    }
    Some(Outline { side: rows.len() + 2 * QUIET, path })
}

/// A QR code as an SVG element, quiet zone included; scales to any size. `None` only for a text
/// beyond the capacity of a QR code.
pub fn svg(text: &str) -> Option<String> {
    let Outline { side, path } = outline(text)?;
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\"{path}\"/></svg>"
    ))
}

/// A QR code as PNG in black and white for 300 dots an inch, quiet zone included: its dark part is at
/// least 25 mm on a side. `None` only for a text beyond the capacity of a QR code.
pub fn png(text: &str) -> Option<Vec<u8>> {
    let rows = modules(text)?;
    let scale = LEAST.div_ceil(rows.len());
    let side = (rows.len() + 2 * QUIET) * scale;
    let is_dark = |x: usize, y: usize| -> bool {
        let at = |dot: usize| (dot / scale).checked_sub(QUIET);
        at(y).zip(at(x)).is_some_and(|(y, x)| rows.get(y).and_then(|row| row.get(x)).copied().unwrap_or(false))
    };
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    for y in 0..side {
        // Filter 0, then a bit a dot: 1 is white.
        let mut line = vec![0_u8; 1 + side.div_ceil(8)];
        for x in (0..side).filter(|x| !is_dark(*x, y)) {
            if let Some(byte) = line.get_mut(1 + x / 8) {
                *byte |= 0x80 >> (x % 8);
            }
        }
        packed.write_all(&line).ok()?;
    }
    let side = u32::try_from(side).ok()?.to_be_bytes();
    let density = DOTS_A_METRE.to_be_bytes();
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    // Width, height, one bit, greys, and the only methods there are.
    chunk(&mut file, *b"IHDR", &[&side[..], &side, &[1, 0, 0, 0, 0]].concat());
    chunk(&mut file, *b"pHYs", &[&density[..], &density, &[1]].concat());
    chunk(&mut file, *b"IDAT", &packed.finish().ok()?);
    chunk(&mut file, *b"IEND", &[]);
    Some(file)
}

/// A chunk of a PNG file (PNG, third edition, 5.3).
fn chunk(file: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    let mut sum = Crc::new();
    sum.update(&kind);
    sum.update(data);
    file.extend_from_slice(&u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
    file.extend_from_slice(&kind);
    file.extend_from_slice(data);
    file.extend_from_slice(&sum.sum().to_be_bytes());
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
