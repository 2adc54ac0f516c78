//! Signed heads of the access log, as C2SP `signed-note` and `tlog-checkpoint` write them: an origin,
//! a size, a hash, a line with the time; an empty line; the log's Ed25519 signature. The hash is the
//! end of a chain, not the root of a tree, so a head proves the whole log up to it and no part alone.
//!
//! The key's name is the origin, `kartlegging/<organization id>`; all organizations share the
//! installation's key.

use super::chain::{self, Hash};
use super::envelope::OpenError;
use super::hash::sha256;
use super::ring::{KeyRing, Purpose};
use crate::domain::ids::OrganizationId;
use crate::domain::log::moment;
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};

/// Begins a signature line: an em dash and a blank.
const MARK: &str = "\u{2014} ";
const ORIGIN: &str = "kartlegging/";
/// Ed25519 in `signed-note`.
const ALGORITHM: u8 = 1;
/// Key id and Ed25519 signature, bytes.
const SIGNATURE: usize = 4 + 64;

/// What a head says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Whose log.
    pub organization: OrganizationId,
    /// Number of seals, those of pruned entries too.
    pub size: u64,
    /// Hash of the last one.
    pub hash: Hash,
    /// When it was signed: every entry from [`crate::domain::log::GRACE`] before then is among them.
    pub at: DateTime<Utc>,
    /// Of a record of pruning: entries up to this head were deleted because they were older.
    pub pruned_before: Option<DateTime<Utc>>,
}

impl Head {
    fn origin(&self) -> String {
        format!("{ORIGIN}{}", self.organization)
    }

    /// What is signed.
    fn text(&self) -> String {
        let pruned = self.pruned_before.map(|before| format!("pruned before {}\n", moment(before))).unwrap_or_default();
        format!("{}\n{}\n{}\ntime {}\n{pruned}", self.origin(), self.size, STANDARD.encode(self.hash), moment(self.at))
    }

    /// Signs with the newest log key; gives the note and the key's version.
    pub fn sign(&self, ring: &KeyRing) -> Result<(String, u16), OpenError> {
        let version = ring.current(Purpose::Log)?.version();
        let signature = ring.signer(Purpose::Log, version)?.sign(self.text().as_bytes());
        let mut bytes = key_id(&self.origin(), &ring.public(Purpose::Log, version)?);
        bytes.extend_from_slice(signature.as_ref());
        Ok((format!("{}\n{MARK}{} {}\n", self.text(), self.origin(), STANDARD.encode(bytes)), version))
    }
}

/// First four bytes of the hash over name, algorithm and public key.
fn key_id(name: &str, public: &[u8]) -> Vec<u8> {
    let mut bytes = name.as_bytes().to_vec();
    bytes.extend_from_slice(&[b'\n', ALGORITHM]);
    bytes.extend_from_slice(public);
    sha256(&bytes).into_iter().take(4).collect()
}

/// A head with its signature, not looked at yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it says.
    pub head: Head,
    signatures: Vec<Vec<u8>>,
}

impl Note {
    /// Reads one note; `None` when it is not exactly what [`Head::sign`] writes. Signatures of others
    /// (witnesses) may follow the log's own.
    pub fn parse(text: &str) -> Option<Self> {
        let (body, signed) = text.split_once("\n\n")?;
        let mut lines = body.lines();
        let origin = lines.next()?;
        let organization = OrganizationId::parse(origin.strip_prefix(ORIGIN)?)?;
        let size = lines.next()?.parse().ok()?;
        let hash = chain::hash(&STANDARD.decode(lines.next()?).ok()?)?;
        let at = lines.next()?.strip_prefix("time ")?.parse().ok()?;
        let pruned_before = match lines.next() {
            None => None,
            Some(line) => Some(line.strip_prefix("pruned before ")?.parse().ok()?),
        };
        let head = Head { organization, size, hash, at, pruned_before };
        let own = |line: &str| STANDARD.decode(line.strip_prefix(MARK)?.strip_prefix(origin)?.strip_prefix(' ')?).ok();
        let signatures: Vec<Vec<u8>> = signed.lines().filter_map(own).filter(|bytes| bytes.len() == SIGNATURE).collect();
        // Written again it is the same: nothing that was signed is passed over.
        (head.text() == format!("{body}\n") && !signatures.is_empty()).then_some(Self { head, signatures })
    }

    /// Whether one of these keys has signed it.
    pub fn is_signed(&self, keys: &PublicKeys) -> bool {
        let text = self.head.text();
        self.signatures.iter().filter_map(|bytes| bytes.split_at_checked(4)).any(|(id, signature)| {
            let right = |key: &&Vec<u8>| key_id(&self.head.origin(), key) == id;
            keys.0.iter().filter(right).any(|key| UnparsedPublicKey::new(&ED25519, key).verify(text.as_bytes(), signature).is_ok())
        })
    }

    /// All notes of a file, and whether one of them is not whole: a write that was cut short. `Err` is the number of the line at which a note begins that can't be read.
    pub fn all(file: &str) -> Result<(Vec<Self>, bool), usize> {
        let (mut notes, mut begun, mut start, mut signed, mut lost) = (Vec::new(), String::new(), 1, false, false);
        let mut finish = |text: &str, start: usize| Self::parse(text).map(|note| notes.push(note)).ok_or(start);
        for (at, line) in file.split_inclusive('\n').enumerate() {
            if begun.is_empty() && line.trim().is_empty() {
                continue;
            }
            if !begun.is_empty() && !signed && line.starts_with(ORIGIN) {
                // The next one after a write that was cut short.
                begun.clear();
                lost = true;
            }
            if signed && !line.starts_with(MARK) {
                finish(&begun, start)?;
                begun.clear();
                signed = false;
                if line.trim().is_empty() {
                    continue;
                }
            }
            if begun.is_empty() {
                start = at + 1;
            }
            signed = line.starts_with(MARK);
            begun.push_str(line);
        }
        let cut = !begun.is_empty() && finish(&begun, start).is_err();
        if cut && signed && begun.ends_with('\n') {
            return Err(start);
        }
        Ok((notes, cut || lost))
    }
}

/// Public log keys, for checking without the key file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublicKeys(Vec<Vec<u8>>);

impl PublicKeys {
    /// The public halves of all log keys of a ring.
    pub fn of(ring: &KeyRing) -> Result<Self, OpenError> {
        ring.versions(Purpose::Log).into_iter().map(|version| ring.public(Purpose::Log, version)).collect::<Result<_, _>>().map(Self)
    }

    /// Adds one: 32 bytes of base64, or a verifier key of `signed-note` (`name+id+key`). False when it
    /// is neither.
    pub fn add(&mut self, text: &str) -> bool {
        let key = match text.split('+').collect::<Vec<_>>().as_slice() {
            // Base64 has plus signs too: a verifier key begins with its name.
            [name, ..] if name.starts_with(ORIGIN) => text.splitn(3, '+').nth(2).and_then(|key| {
                let bytes = STANDARD.decode(key).ok()?;
                bytes.strip_prefix(&[ALGORITHM]).map(<[u8]>::to_vec)
            }),
            _ => STANDARD.decode(text.trim()).ok(),
        };
        let key = key.filter(|key| key.len() == 32);
        let found = key.is_some();
        self.0.extend(key);
        found
    }
}

/// A public key as `access-log key` prints it: base64, and for an organization the verifier key.
pub fn public_key(ring: &KeyRing, version: u16, organization: Option<OrganizationId>) -> Result<String, OpenError> {
    let public = ring.public(Purpose::Log, version)?;
    Ok(match organization {
        None => STANDARD.encode(public),
        Some(organization) => {
            let name = format!("{ORIGIN}{organization}");
            let id: String = key_id(&name, &public).iter().map(|byte| format!("{byte:02x}")).collect();
            let key: Vec<u8> = std::iter::once(ALGORITHM).chain(public).collect();
            format!("{name}+{id}+{}", STANDARD.encode(key))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::testing::SeededEntropy;
    use uuid::Uuid;

    fn ring(seed: u64) -> KeyRing {
        let Ok(ring) = KeyRing::from_entries(KeyRing::generate(&SeededEntropy::new(seed))) else { panic!("ring") };
        ring
    }

    fn head(size: u64) -> Head {
        let at = DateTime::from_timestamp(1_795_507_200, 0).unwrap_or_default();
        Head { organization: OrganizationId(Uuid::from_u128(1)), size, hash: [7; 32], at, pruned_before: None }
    }

    fn note(head: &Head, ring: &KeyRing) -> String {
        head.sign(ring).map(|(note, _)| note).unwrap_or_default()
    }

    #[test]
    fn a_note_is_read_back_and_only_its_own_key_fits() {
        let (own, other) = (ring(1), ring(2));
        let pruned = Head { pruned_before: Some(head(1).at), ..head(9) };
        for head in [head(0), head(42), pruned] {
            let text = note(&head, &own);
            let Some(read) = Note::parse(&text) else { panic!("{text}") };
            assert_eq!(read.head, head);
            assert!(PublicKeys::of(&own).is_ok_and(|keys| read.is_signed(&keys)));
            assert!(PublicKeys::of(&other).is_ok_and(|keys| !read.is_signed(&keys)));
        }
        let expected = "kartlegging/00000000-0000-0000-0000-000000000001\n42\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n\
                        time 2026-11-24T08:00:00.000000Z\n\n\u{2014} kartlegging/00000000-0000-0000-0000-000000000001 ";
        assert!(note(&head(42), &own).starts_with(expected));
    }

    #[test]
    fn what_was_changed_is_not_signed_or_not_read() {
        let own = ring(1);
        let keys = PublicKeys::of(&own).unwrap_or_default();
        let text = note(&head(42), &own);
        for (from, to) in [("\n42\n", "\n43\n"), ("BwcH", "CwcH"), ("08:00", "09:00"), ("0001\n42", "0002\n42"), ("\n42\n", "\n042\n")] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text);
            assert!(!Note::parse(&changed).is_some_and(|note| note.is_signed(&keys)), "{changed}");
        }
        for broken in ["", "x", &text[..text.len() / 2], &text.replace("time ", "when ")] {
            assert_eq!(Note::parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_file_of_notes_is_read_whole() {
        let own = ring(1);
        let (one, two) = (note(&head(1), &own), note(&head(2), &own));
        let sizes = |file: &str| Note::all(file).map(|(notes, cut)| (notes.iter().map(|note| note.head.size).collect::<Vec<_>>(), cut));
        assert_eq!(sizes(&format!("{one}\n{two}")), Ok((vec![1, 2], false)));
        assert_eq!(sizes(&format!("\n{one}\n\n{two}\n")), Ok((vec![1, 2], false)));
        assert_eq!(sizes(&format!("{one}\n{}", two.trim_end())), Ok((vec![1, 2], false)));
        assert_eq!(sizes(&format!("{one}\n{}", &two[..two.len() - 20])), Ok((vec![1], true)));
        assert_eq!(sizes(&format!("\n{}\n{two}", &one[..60])), Ok((vec![2], true)));
        assert_eq!(sizes(&format!("{one}\n{}\n{two}", two.replace("time", "when"))), Err(8));
        assert_eq!(sizes(""), Ok((vec![], false)));
    }

    #[test]
    fn a_public_key_is_read_in_both_spellings() {
        let own = ring(3);
        let organization = head(1).organization;
        let note = Note::parse(&note(&head(5), &own));
        for spelling in [public_key(&own, 1, None), public_key(&own, 1, Some(organization))] {
            let mut keys = PublicKeys::default();
            assert!(spelling.is_ok_and(|text| keys.add(&text)));
            assert!(note.as_ref().is_some_and(|note| note.is_signed(&keys)));
        }
        assert!(!PublicKeys::default().add("nonsense") && !PublicKeys::default().add("AAAA"));
    }
}
