//! The chain of the access log: each seal's hash holds the one before it, so that no entry can be
//! changed, moved, taken out or put in without changing every later hash.

use aws_lc_rs::digest::{Context, SHA256};

/// Length of a hash, bytes.
pub const LENGTH: usize = 32;

/// A hash of the chain (SHA-256).
pub type Hash = [u8; LENGTH];

/// What stands before the first seal.
pub const START: Hash = [0; LENGTH];

const LABEL: &[u8] = b"kartlegging/access-log/1";

/// The hash of a seal: `SHA-256(label ‖ previous ‖ sequence ‖ length of body ‖ body)`, numbers as 64
/// bits big endian. All but the body have a fixed length, so no two inputs have the same bytes.
pub fn link(previous: &Hash, sequence: u64, body: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(LABEL);
    context.update(previous);
    context.update(&sequence.to_be_bytes());
    context.update(&u64::try_from(body.len()).unwrap_or(u64::MAX).to_be_bytes());
    context.update(body);
    let mut hash = START;
    for (to, from) in hash.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    hash
}

/// A stored hash; `None` when it has another length.
pub fn hash(bytes: &[u8]) -> Option<Hash> {
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_one_that_is_written_down() {
        // Python: sha256(label + bytes(32) + (1).to_bytes(8, "big") + len(body).to_bytes(8, "big") + body)
        let expected = [
            0x50, 0x46, 0x57, 0x8c, 0x15, 0xa8, 0xd8, 0x3f, 0xa0, 0x66, 0x62, 0x75, 0x86, 0xbe, 0xd1, 0x6a, 0x14, 0x20, 0x8a, 0x67, 0x7c,
            0x00, 0xe7, 0x92, 0x6b, 0x26, 0xd9, 0xde, 0x3e, 0xb6, 0x85, 0x33,
        ];
        assert_eq!(link(&START, 1, b"{\"action\":\"response.read\"}"), expected);
    }

    #[test]
    fn every_part_counts() {
        let one = link(&START, 1, b"x");
        assert_ne!(one, link(&[1; LENGTH], 1, b"x"));
        assert_ne!(one, link(&START, 2, b"x"));
        assert_ne!(one, link(&START, 1, b"xx"));
        assert_eq!((hash(&one), hash(b"short")), (Some(one), None));
    }
}
