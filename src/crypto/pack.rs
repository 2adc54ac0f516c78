//! Makes content small before it is sealed: answers are JSON, and repeat themselves. A smaller row is
//! less to encrypt, to write twice and to keep.

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use std::io::{Read, Write};

/// Most bytes that packed content may grow to.
const LIMIT: u64 = 4 * 1024 * 1024;

/// Packs with zlib (RFC 1950), where that makes it smaller.
pub fn pack(plain: Vec<u8>) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::with_capacity(plain.len() / 2), Compression::fast());
    let packed = encoder.write_all(&plain).and_then(|()| encoder.finish());
    packed.ok().filter(|packed| packed.len() < plain.len()).unwrap_or(plain)
}

/// Unpacks; what was stored unpacked, as JSON, comes back as it is. `None` when it is neither.
pub fn unpack(stored: &[u8]) -> Option<Vec<u8>> {
    if stored.first()? == &b'{' {
        return Some(stored.to_vec());
    }
    let mut plain = Vec::with_capacity(stored.len() * 4);
    ZlibDecoder::new(stored).take(LIMIT).read_to_end(&mut plain).ok()?;
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back_and_what_never_was_stays() {
        let answers = format!("{{\"item\":[{}]}}", "{\"linkId\":\"score\"},".repeat(50)).into_bytes();
        let packed = pack(answers.clone());
        assert!(packed.len() * 5 < answers.len());
        assert_eq!(unpack(&packed), Some(answers.clone()));
        assert_eq!(unpack(&answers), Some(answers));
        assert_eq!(pack(b"{}".to_vec()), b"{}");
        assert_eq!(unpack(b"\x78neither"), None);
        assert_eq!(unpack(b""), None);
    }
}
