//! PDF documents for people who may see badly or listen: A4, black on white, letters of 13 points,
//! tagged throughout (PDF/UA-1), fonts embedded.
//!
//! A [`Document`] is filled from top to bottom; what belongs together stays on a page. On [`Leaves`]
//! everything has a place of its own, as in a letter behind a window. To add a kind
//! of content: a method here, or in `fields` when it is filled in with a pen, that makes a block of
//! marks, each with the element it belongs to.

mod draw;
mod face;
mod fields;
mod leaf;
mod sheet;

use draw::{Element, Plan, Role, render};
use face::{Faces, Weight, clean};
pub use fields::Tick;
pub use leaf::{Column, Format, Leaves, Look};
use sheet::{Block, KEPT, MARGIN, Mark, PAGE, Strip, WIDTH, paginate};

use super::qr;
use crate::domain::language::Language;
use crate::text::{ui_language, words};

/// Size of running text.
const SIZE: f32 = 13.0;
/// Size of the footer.
const SMALL: f32 = 12.0;
/// Height of a line, as part of its size.
const LEADING: f32 = 1.35;
/// White between two columns.
const GAP: f32 = 16.0;
/// Side of one module of a QR code.
const MODULE: f32 = 2.6;

/// Why no document was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The fonts could not be read.
    #[error("the fonts are not readable")]
    Fonts,
    /// What was put in breaks a rule of accessible documents.
    #[error("the document breaks a rule of PDF/UA")]
    Refused,
}

/// A document that grows from top to bottom.
pub struct Document {
    title: String,
    language: Language,
    foot: String,
    faces: Faces,
    elements: Vec<Element>,
    blocks: Vec<Block>,
    lists: usize,
    level: u16,
    aside: Option<String>,
}

impl Document {
    /// An empty document. The title is what a reader program shows; `foot` stands at the bottom of
    /// each page, before its number.
    pub fn new(title: &str, language: &Language, foot: &str) -> Result<Self, Error> {
        let faces = Faces::load().ok_or(Error::Fonts)?;
        let title = match clean(title).replace('\n', " ") {
            empty if empty.is_empty() => language.to_string(),
            title => title,
        };
        Ok(Self {
            title,
            language: language.clone(),
            foot: clean(foot).replace('\n', " "),
            faces,
            elements: Vec::new(),
            blocks: Vec::new(),
            lists: 0,
            level: 0,
            aside: None,
        })
    }

    /// Adds words of the product. Where they are in another language than the document, a reader
    /// program is told so.
    pub fn aside(&mut self, add: impl FnOnce(&mut Self)) {
        let own = ui_language(&self.language);
        let before = self.aside.take();
        self.aside = (!own.same_language(&self.language)).then(|| own.to_string());
        add(self);
        self.aside = before;
    }

    /// Keeps what is added on one page, unless it takes most of one.
    pub fn together(&mut self, add: impl FnOnce(&mut Self)) {
        let from = self.blocks.len();
        add(self);
        let Some(added) = self.blocks.get_mut(from..) else { return };
        if added.iter().map(Block::height).sum::<f32>() > KEPT {
            return;
        }
        let last = added.len().saturating_sub(1);
        for (at, block) in added.iter_mut().enumerate() {
            block.whole = true;
            block.next |= at < last;
        }
    }

    /// A heading. Levels begin at 1; one that would skip a level is raised.
    pub fn heading(&mut self, level: u16, text: &str) {
        let (size, before) = match level {
            0 | 1 => (21.0, 0.0),
            2 => (17.0, 22.0),
            3 => (15.0, 18.0),
            _ => (SIZE, 16.0),
        };
        self.headed(level, text, size, before);
    }

    /// A heading that is a question: all look alike, whatever they stand below.
    pub fn question(&mut self, level: u16, text: &str) {
        self.headed(level, text, 14.0, 18.0);
    }

    fn headed(&mut self, level: u16, text: &str, size: f32, before: f32) {
        let text = clean(text);
        if text.is_empty() {
            return;
        }
        let level = level.clamp(1, self.level.saturating_add(1)).min(6);
        self.level = level;
        let element = self.element(Role::Heading(level), &text.replace('\n', " "));
        let strips = self.strips(&text, size, Weight::Bold, 0.0, element);
        self.blocks.push(Block { before, strips, whole: true, next: true });
    }

    /// A text.
    pub fn paragraph(&mut self, text: &str) {
        self.text(text, 5.0);
    }

    /// A text that stays with what follows.
    pub fn lead(&mut self, text: &str) {
        let from = self.blocks.len();
        self.text(text, 4.0);
        for block in self.blocks.iter_mut().skip(from) {
            block.next = true;
        }
    }

    fn text(&mut self, text: &str, before: f32) {
        let text = clean(text);
        if text.is_empty() {
            return;
        }
        let element = self.element(Role::Paragraph, "");
        let strips = self.strips(&text, SIZE, Weight::Regular, 0.0, element);
        self.blocks.push(Block { before, strips, whole: false, next: false });
    }

    /// A list with bullets.
    pub fn bullets(&mut self, texts: &[String]) {
        let list = self.list();
        let mut strips = Vec::new();
        for text in texts {
            let element = self.element(Role::Item(list), "");
            let mut lines = self.strips(&clean(text), SIZE, Weight::Regular, 14.0, element);
            if let Some(first) = lines.first_mut() {
                first.marks.insert(0, said(2.0, "\u{2022}".to_owned(), None));
            }
            strips.append(&mut lines);
        }
        self.block(4.0, strips, false);
    }

    /// Names with what they stand for, each pair on lines of its own.
    pub fn pairs(&mut self, pairs: &[(String, String)]) {
        let list = self.list();
        let strips = pairs.iter().flat_map(|(name, value)| {
            let element = self.element(Role::Item(list), "");
            self.pair(&format!("{}: ", clean(name)), &clean(value), element)
        });
        let strips = strips.collect();
        self.block(6.0, strips, false);
    }

    fn pair(&self, name: &str, value: &str, element: usize) -> Vec<Strip> {
        let indent = self.faces.of(Weight::Bold).width(name, SIZE);
        let label = Mark::Text { x: 0.0, base: SIZE, size: SIZE, weight: Weight::Bold, text: name.to_owned(), element: Some(element) };
        let beside = indent < WIDTH / 2.0;
        let mut strips = self.strips(value, SIZE, Weight::Regular, if beside { indent } else { 0.0 }, element);
        match strips.first_mut() {
            // The name comes first in the element, since it is read first.
            Some(first) if beside => first.marks.insert(0, label),
            _ => {
                let name = self.strips(name, SIZE, Weight::Bold, 0.0, element);
                strips.splice(0..0, name);
            }
        }
        strips
    }

    /// A text in large letters under its name: what is to be read off the paper and typed.
    pub fn large(&mut self, name: &str, text: &str) {
        let element = self.element(Role::Paragraph, "");
        let mut strips = self.strips(&format!("{} ", clean(name)), SIZE, Weight::Regular, 0.0, element);
        strips.extend(self.strips(&clean(text), 24.0, Weight::Bold, 0.0, element));
        self.blocks.push(Block { before: 10.0, strips, whole: true, next: false });
    }

    /// A QR code, and what it shows for those who don't see it. False when the text is too long, or
    /// when it is not said what it shows.
    pub fn qr(&mut self, text: &str, shows: &str) -> bool {
        let shows = clean(shows).replace('\n', " ");
        let Some(modules) = qr::modules(text).filter(|_| !shows.is_empty()) else { return false };
        let element = self.element(Role::Figure, &shows);
        let quiet = MODULE * count(qr::QUIET);
        let dark =
            modules.iter().enumerate().flat_map(|(y, row)| row.iter().enumerate().filter(|(_, dark)| **dark).map(move |(x, _)| (x, y)));
        let at = dark.map(|(x, y)| (MODULE * count(x), quiet + MODULE * count(y))).collect();
        let height = 2.0 * quiet + MODULE * count(modules.len());
        let strip = Strip { height, marks: vec![Mark::Dots { element, side: MODULE, at }] };
        self.block(0.0, vec![strip], true);
        true
    }

    /// The document as bytes. The same content gives the same bytes.
    pub fn finish(self) -> Result<Vec<u8>, Error> {
        let Self { title, language, foot, faces, elements, blocks, .. } = self;
        let pages = paginate(blocks);
        let own = ui_language(&language);
        let feet: Vec<Vec<Mark>> = (1..=pages.len())
            .map(|number| {
                let page = words(&own, "paper-page", &[("page", number.into()), ("pages", pages.len().into())]);
                let face = faces.of(Weight::Regular);
                let right = WIDTH - face.width(&page, SMALL);
                let small = |x, text| Mark::Text { x, base: 0.0, size: SMALL, weight: Weight::Regular, text, element: None };
                let edge = Mark::Rule { x: 0.0, y: -SMALL - 4.0, width: WIDTH };
                vec![edge, small(0.0, fitting(face, &foot, right - GAP)), small(right, page)]
            })
            .collect();
        render(&Plan {
            title: &title,
            language: &language,
            faces: &faces,
            elements: &elements,
            parts: &[],
            size: PAGE,
            margin: MARGIN,
            pages: &pages,
            feet: &feet,
        })
    }

    fn element(&mut self, role: Role, text: &str) -> usize {
        self.elements.push(Element { role, text: text.to_owned(), language: self.aside.clone() });
        self.elements.len() - 1
    }

    fn list(&mut self) -> usize {
        self.lists += 1;
        self.lists
    }

    fn block(&mut self, before: f32, strips: Vec<Strip>, whole: bool) {
        if !strips.is_empty() {
            self.blocks.push(Block { before, strips, whole, next: false });
        }
    }

    /// The lines of a clean text, a strip each.
    fn strips(&self, text: &str, size: f32, weight: Weight, x: f32, element: usize) -> Vec<Strip> {
        let lines = self.faces.of(weight).lines(text, size, WIDTH - x);
        let strip = |line| Strip {
            height: size * LEADING,
            marks: vec![Mark::Text { x, base: size, size, weight, text: line, element: Some(element) }],
        };
        lines.into_iter().map(strip).collect()
    }
}

/// Running text that begins at `x` of its strip.
fn said(x: f32, text: String, element: Option<usize>) -> Mark {
    Mark::Text { x, base: SIZE, size: SIZE, weight: Weight::Regular, text, element }
}

/// The text, cut with an ellipsis where it is wider than the room.
fn fitting(face: &face::Face, text: &str, room: f32) -> String {
    if face.width(text, SMALL) <= room {
        return text.to_owned();
    }
    let mut cut = String::new();
    for c in text.chars() {
        cut.push(c);
        if face.width(&cut, SMALL) + face.width("…", SMALL) > room {
            cut.pop();
            break;
        }
    }
    cut + "…"
}

/// A small number as a measure.
fn count(number: usize) -> f32 {
    f32::from(u16::try_from(number).unwrap_or(u16::MAX))
}
