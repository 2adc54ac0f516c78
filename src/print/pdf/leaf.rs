//! Leaves: pages on which things have their given place, for letters that are folded into an envelope.
//! Many of them make one document, each a part of it, with a language of its own.

use super::draw::{Element, Plan, Role, render};
use super::face::{Faces, Weight, clean};
use super::sheet::{Mark, Page, Strip};
use super::{Error, LEADING, count};
use crate::domain::language::Language;
use crate::print::qr;

/// Points in a millimetre.
const MM: f32 = 72.0 / 25.4;

/// Height of a line of an address, as part of its size.
const CLOSE: f32 = 1.2;

/// Size of the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// 210 × 297 mm.
    #[default]
    A4,
    /// 148 × 210 mm.
    A5,
}

impl Format {
    /// Both.
    pub const ALL: [Self; 2] = [Self::A4, Self::A5];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::A4 => "a4",
            Self::A5 => "a5",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.word() == word)
    }

    /// Width and height in points.
    fn size(self) -> (f32, f32) {
        match self {
            Self::A4 => (210.0 * MM, 297.0 * MM),
            Self::A5 => (148.0 * MM, 210.0 * MM),
        }
    }

    /// White on every side, points.
    fn margin(self) -> f32 {
        match self {
            Self::A4 => 20.0 * MM,
            Self::A5 => 12.0 * MM,
        }
    }

    /// Side of the dark part of a QR code: never below 25 mm.
    fn qr(self) -> f32 {
        match self {
            Self::A4 => 33.0 * MM,
            Self::A5 => 27.0 * MM,
        }
    }

    /// Size of letters as part of those on A4.
    fn scale(self) -> f32 {
        match self {
            Self::A4 => 1.0,
            Self::A5 => 0.85,
        }
    }
}

/// How something is written, and what it is to a program that reads aloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// What the leaf is about.
    Title,
    /// What a piece of it is about.
    Heading,
    /// Running text.
    Text,
    /// Running text in bold letters.
    Strong,
    /// What is read last.
    Small,
    /// To be read off and typed.
    Code,
}

impl Look {
    /// Size on A4, weight, white before it as part of the size.
    fn shape(self) -> (f32, Weight, f32) {
        match self {
            Self::Title => (20.0, Weight::Bold, 0.0),
            Self::Heading => (15.0, Weight::Bold, 0.9),
            Self::Text => (12.5, Weight::Regular, 0.35),
            Self::Strong => (12.5, Weight::Bold, 0.35),
            Self::Small => (11.0, Weight::Regular, 0.3),
            Self::Code => (22.0, Weight::Bold, 0.1),
        }
    }

    fn role(self) -> Role {
        match self {
            Self::Title => Role::Heading(1),
            Self::Heading => Role::Heading(2),
            _ => Role::Paragraph,
        }
    }
}

/// Where text stands, points from the left edge of the paper.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    /// Left edge.
    pub left: f32,
    /// Width.
    pub width: f32,
}

/// A document of leaves.
pub struct Leaves {
    title: String,
    language: Language,
    format: Format,
    faces: Faces,
    elements: Vec<Element>,
    parts: Vec<usize>,
    pages: Vec<Page>,
    aside: Option<String>,
    y: f32,
}

impl Leaves {
    /// An empty document. The title is what a reader program shows.
    pub fn new(title: &str, language: &Language, format: Format) -> Result<Self, Error> {
        let faces = Faces::load().ok_or(Error::Fonts)?;
        Ok(Self {
            title: clean(title).replace('\n', " "),
            language: language.clone(),
            format,
            faces,
            elements: Vec::new(),
            parts: Vec::new(),
            pages: Vec::new(),
            aside: None,
            y: 0.0,
        })
    }

    /// Begins a part on a new page, in that language.
    pub fn part(&mut self, language: &Language) {
        self.parts.push(self.elements.len());
        self.aside = (!language.same_language(&self.language)).then(|| language.to_string());
        self.page();
    }

    fn page(&mut self) {
        self.pages.push(Page::new());
        self.y = self.format.margin();
    }

    /// The column between the margins.
    pub fn whole(&self) -> Column {
        let margin = self.format.margin();
        Column { left: margin, width: self.format.size().0 - 2.0 * margin }
    }

    /// How far down the page is written.
    pub fn y(&self) -> f32 {
        self.y
    }

    /// Goes on there.
    pub fn go(&mut self, y: f32) {
        self.y = y;
    }

    /// Writes a text and goes on below it; on a new page when this one is full.
    pub fn write(&mut self, column: Column, look: Look, text: &str) {
        self.written(column, look, (look.shape().0 * self.format.scale(), LEADING), text);
    }

    /// Whether a text takes one line there.
    pub fn is_line(&self, column: Column, look: Look, text: &str) -> bool {
        let (size, weight, _) = look.shape();
        self.faces.of(weight).width(&clean(text), size * self.format.scale()) <= column.width
    }

    /// Writes lines in the largest letters in which all of them keep within that height.
    pub fn fit(&mut self, column: Column, height: f32, lines: &[String]) {
        let text = lines.join("\n");
        let face = self.faces.of(Weight::Regular);
        let fits = |size: &f32| count(face.lines(&clean(&text), *size, column.width).len()) * size * CLOSE <= height;
        let size = [11.5, 10.5, 9.5, 8.5, 7.5, 6.5].into_iter().find(fits).unwrap_or(5.5);
        self.written(column, Look::Text, (size, CLOSE), &text);
    }

    fn written(&mut self, column: Column, look: Look, (size, leading): (f32, f32), text: &str) {
        let text = clean(text);
        if text.is_empty() {
            return;
        }
        let (_, weight, before) = look.shape();
        let element = self.element(look.role(), &text.replace('\n', " "));
        let lines = self.faces.of(weight).lines(&text, size, column.width);
        self.y += before * size;
        for line in lines {
            let mark = Mark::Text { x: column.left, base: size, size, weight, text: line, element: Some(element) };
            self.put(Strip { height: size * leading, marks: vec![mark] });
        }
    }

    fn put(&mut self, strip: Strip) {
        if self.y + strip.height > self.format.size().1 - self.format.margin() {
            self.page();
        }
        let (top, height) = (self.y, strip.height);
        if let Some(page) = self.pages.last_mut() {
            page.push((top, strip));
        }
        self.y += height;
    }

    /// A thin line over a column.
    pub fn rule(&mut self, column: Column) {
        let mark = Mark::Rule { x: column.left, y: 3.0, width: column.width };
        self.put(Strip { height: 6.0, marks: vec![mark] });
    }

    /// A QR code with its quiet zone, and what it shows for those who don't see it. Gives its side;
    /// nothing when the text is too long for one.
    pub fn qr(&mut self, left: f32, text: &str, shows: &str) -> Option<f32> {
        let modules = qr::modules(text)?;
        let side = self.format.qr() / count(modules.len());
        let element = self.element(Role::Figure, &clean(shows).replace('\n', " "));
        let dark =
            modules.iter().enumerate().flat_map(|(y, row)| row.iter().enumerate().filter(|(_, dark)| **dark).map(move |(x, _)| (x, y)));
        let at = dark.map(|(x, y)| (left + side * count(x + qr::QUIET), side * count(y + qr::QUIET))).collect();
        let all = side * count(modules.len() + 2 * qr::QUIET);
        self.put(Strip { height: all, marks: vec![Mark::Dots { element, side, at }] });
        Some(all)
    }

    fn element(&mut self, role: Role, text: &str) -> usize {
        self.elements.push(Element { role, text: text.to_owned(), language: self.aside.clone() });
        self.elements.len() - 1
    }

    /// The document as bytes. The same content gives the same bytes.
    pub fn finish(self) -> Result<Vec<u8>, Error> {
        render(&Plan {
            title: &self.title,
            language: &self.language,
            faces: &self.faces,
            elements: &self.elements,
            parts: &self.parts,
            size: self.format.size(),
            margin: 0.0,
            pages: &self.pages,
            feet: &[],
        })
    }
}
