//! Text that is sent packed with gzip (RFC 1952) and was written, and packed, in parts: what many pages have in
//! common is packed once. A deflated part ends at a byte and refers to nothing before it (RFC 1951, section 2),
//! so that parts stand behind each other as they are.

use crc32fast::Hasher;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use std::io::Write;
use std::sync::OnceLock;

/// Magic number, method, no name and no time, an unknown system (RFC 1952, section 2.3).
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// An empty last block (RFC 1951, section 3.2.4).
const END: [u8; 5] = [1, 0, 0, 0xff, 0xff];

/// A part of a text.
pub struct Part {
    plain: String,
    packed: OnceLock<Option<Packed>>,
}

/// The same, deflated.
struct Packed {
    bytes: Vec<u8>,
    /// Knows checksum and length of the plain text.
    check: Hasher,
}

impl Part {
    /// Of a text.
    pub fn new(plain: String) -> Self {
        Self { plain, packed: OnceLock::new() }
    }

    /// The text.
    pub fn plain(&self) -> &str {
        &self.plain
    }

    /// Packs when it is asked for first.
    fn packed(&self) -> Option<&Packed> {
        let pack = || {
            let mut check = Hasher::new();
            check.update(self.plain.as_bytes());
            Some(Packed { bytes: deflated(self.plain.as_bytes()).ok()?, check })
        };
        self.packed.get_or_init(pack).as_ref()
    }
}

/// Deflated up to a byte, without an end.
fn deflated(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(plain.len() / 4), Compression::fast());
    encoder.write_all(plain)?;
    encoder.flush()?;
    Ok(std::mem::take(encoder.get_mut()))
}

/// The parts as one text, packed. `None`: it can't be, and goes as it is.
pub fn gzip(parts: &[&Part]) -> Option<Vec<u8>> {
    let packed = parts.iter().map(|part| part.packed()).collect::<Option<Vec<_>>>()?;
    let mut bytes = Vec::with_capacity(packed.iter().map(|packed| packed.bytes.len()).sum::<usize>() + 32);
    let mut check = Hasher::new();
    bytes.extend_from_slice(&HEADER);
    for packed in packed {
        bytes.extend_from_slice(&packed.bytes);
        check.combine(&packed.check);
    }
    bytes.extend_from_slice(&END);
    bytes.extend_from_slice(&check.finalize().to_le_bytes());
    // Longer texts than 4 GiB are no pages.
    let length = u32::try_from(parts.iter().map(|part| part.plain.len()).sum::<usize>()).ok()?;
    bytes.extend_from_slice(&length.to_le_bytes());
    Some(bytes)
}

/// The parts as one text.
pub fn plain(parts: &[&Part]) -> String {
    parts.iter().map(|part| part.plain.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use proptest::prelude::*;
    use std::io::Read;

    fn unpacked(bytes: &[u8]) -> String {
        let mut text = String::new();
        let mut decoder = GzDecoder::new(bytes);
        decoder.read_to_string(&mut text).expect("gzip with a checksum and a length that are right");
        assert!(decoder.into_inner().is_empty(), "more than one member");
        text
    }

    proptest! {
        #[test]
        fn parts_in_any_order_are_the_text(texts in proptest::collection::vec("(<td>|[a-zæøå☃]{0,9}){0,80}", 0..5), twice in any::<bool>()) {
            let parts: Vec<Part> = texts.into_iter().map(Part::new).collect();
            let mut all: Vec<&Part> = parts.iter().collect();
            if twice {
                all.extend(parts.iter().rev());
            }
            prop_assert_eq!(unpacked(&gzip(&all).expect("packed")), plain(&all));
        }
    }

    #[test]
    fn what_repeats_itself_becomes_small_and_nothing_is_a_text_too() {
        let part = Part::new("<tr><td>7</td></tr>".repeat(10_000));
        assert!(gzip(&[&part]).expect("packed").len() * 50 < part.plain().len());
        assert_eq!(unpacked(&gzip(&[&part]).expect("packed")), part.plain());
        assert_eq!(unpacked(&gzip(&[]).expect("packed")), "");
    }
}
