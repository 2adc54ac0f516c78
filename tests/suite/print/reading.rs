//! Reads a PDF: its text, its title and what it tells a program that reads aloud.

use lopdf::{Dictionary, Document, Object};
use std::collections::BTreeSet;

/// A PDF that opened.
pub struct Pdf {
    document: Document,
    /// Everything that is written on it, without any white space.
    pub text: String,
    /// Number of pages.
    pub pages: usize,
}

impl Pdf {
    /// Opens it.
    #[track_caller]
    pub fn open(bytes: &[u8]) -> Self {
        let numbers = |pages: usize| (1..=u32::try_from(pages).expect("few")).collect();
        Self::open_at(bytes, numbers)
    }

    /// Opens it and reads the last page only: a long one takes its time.
    #[track_caller]
    pub fn open_last(bytes: &[u8]) -> Self {
        Self::open_at(bytes, |pages| vec![u32::try_from(pages).expect("few")])
    }

    #[track_caller]
    fn open_at(bytes: &[u8], read: impl Fn(usize) -> Vec<u32>) -> Self {
        assert!(bytes.starts_with(b"%PDF-1.7"), "no PDF");
        let document = Document::load_mem(bytes).expect("a PDF");
        let pages = document.get_pages().len();
        let text = document.extract_text(&read(pages)).expect("text");
        Self { text: bare(&text), pages, document }
    }

    /// Whether it says this, whatever the line breaks.
    pub fn says(&self, text: &str) -> bool {
        self.text.contains(&bare(text))
    }

    fn catalog(&self) -> &Dictionary {
        self.document.catalog().expect("catalog")
    }

    fn follow<'a>(&'a self, object: &'a Object) -> &'a Object {
        self.document.dereference(object).expect("an object").1
    }

    /// Language of the whole document.
    pub fn language(&self) -> String {
        lopdf::decode_text_string(self.follow(self.catalog().get(b"Lang").expect("Lang"))).expect("text")
    }

    /// Title of the document.
    pub fn title(&self) -> String {
        let info = self.follow(self.document.trailer.get(b"Info").expect("Info")).as_dict().expect("a dictionary");
        lopdf::decode_text_string(self.follow(info.get(b"Title").expect("Title"))).expect("text")
    }

    /// Asserts what every document for a program that reads aloud has.
    #[track_caller]
    pub fn expect_accessible(&self) {
        let part = |name: &[u8]| self.follow(self.catalog().get(name).expect("part")).as_dict().expect("a dictionary");
        assert!(part(b"MarkInfo").get(b"Marked").and_then(Object::as_bool).expect("Marked"));
        assert!(part(b"ViewerPreferences").get(b"DisplayDocTitle").and_then(Object::as_bool).expect("DisplayDocTitle"));
        assert!(part(b"StructTreeRoot").has(b"ParentTree"));
        let fonts = self.document.objects.values().filter_map(|object| object.as_dict().ok());
        let described: Vec<_> = fonts.filter(|one| one.has_type(b"FontDescriptor")).collect();
        assert!(!described.is_empty() && described.iter().all(|one| one.has(b"FontFile2")), "a font is not embedded");
    }

    /// Languages of parts that are not in the language of the document.
    pub fn languages_aside(&self) -> BTreeSet<String> {
        let parts = self.document.objects.values().filter_map(|object| object.as_dict().ok()).filter(|one| one.has(b"S") && one.has(b"P"));
        parts.filter_map(|one| one.get(b"Lang").ok()).map(|tag| lopdf::decode_text_string(tag).expect("text")).collect()
    }

    /// Names of the structure elements in the order they are read, down the tree.
    pub fn structure(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut stack = vec![self.catalog().get(b"StructTreeRoot").expect("StructTreeRoot")];
        while let Some(object) = stack.pop() {
            match self.follow(object) {
                Object::Array(all) => stack.extend(all.iter().rev()),
                Object::Dictionary(one) => {
                    names.extend(one.get(b"S").and_then(Object::as_name).ok().map(|name| String::from_utf8_lossy(name).into_owned()));
                    stack.extend(one.get(b"K").ok());
                }
                _ => {}
            }
        }
        names
    }
}

/// The text without white space, which readers of PDF put where they like.
fn bare(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}
