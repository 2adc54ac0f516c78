//! The typeface: which glyph a character gets, how wide a text is, where its lines break.

use krilla::geom::Point;
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::MetadataProvider;
use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;

use crate::domain::text::nfc;

/// Drawn for a character that the typeface lacks. The text behind it stays, so it can be copied.
const MISSING: char = '\u{25a1}';

/// Liberation Sans 2.1.5, SIL Open Font License 1.1 (`src/print/fonts/OFL.txt`).
static REGULAR: &[u8] = include_bytes!("../fonts/LiberationSans-Regular.ttf");
static BOLD: &[u8] = include_bytes!("../fonts/LiberationSans-Bold.ttf");

/// How heavy letters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// Both weights.
pub(super) struct Faces {
    regular: Face,
    bold: Face,
}

impl Faces {
    /// Reads the fonts that are compiled in.
    pub(super) fn load() -> Option<Self> {
        Some(Self { regular: Face::read(REGULAR)?, bold: Face::read(BOLD)? })
    }

    /// One of them.
    pub(super) fn of(&self, weight: Weight) -> &Face {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }
}

/// One weight.
pub(super) struct Face {
    font: Font,
    glyphs: Charmap<'static>,
    metrics: GlyphMetrics<'static>,
    units: f32,
}

impl Face {
    fn read(bytes: &'static [u8]) -> Option<Self> {
        let font = Font::new(bytes.into(), 0)?;
        let file = skrifa::FontRef::new(bytes).ok()?;
        let metrics = file.glyph_metrics(Size::unscaled(), LocationRef::default());
        let units = font.units_per_em();
        Some(Self { font, glyphs: file.charmap(), metrics, units })
    }

    /// Glyph and width, in parts of the size, of a character or of what stands for a missing one.
    fn glyph(&self, c: char) -> (u32, f32) {
        let found = self.glyphs.map(c).filter(|id| id.to_u32() != 0);
        let id = found.or_else(|| self.glyphs.map(MISSING)).unwrap_or_default();
        (id.to_u32(), self.metrics.advance_width(id).unwrap_or_default() / self.units)
    }

    /// Whether the typeface has the character.
    #[cfg(test)]
    pub(super) fn has(&self, c: char) -> bool {
        self.glyphs.map(c).is_some_and(|id| id.to_u32() != 0)
    }

    /// How wide a text is.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|c| self.glyph(c).1).sum::<f32>() * size
    }

    /// Draws a text from its base line.
    pub(super) fn draw(&self, surface: &mut Surface<'_>, x: f32, y: f32, size: f32, text: &str) {
        let glyphs: Vec<KrillaGlyph> = text
            .char_indices()
            .map(|(at, c)| {
                let (id, width) = self.glyph(c);
                KrillaGlyph::new(GlyphId::new(id), width, 0.0, 0.0, 0.0, at..at + c.len_utf8(), None)
            })
            .collect();
        surface.draw_glyphs(Point::from_xy(x, y), &glyphs, self.font.clone(), text, size, false);
    }

    /// Breaks a clean text into lines no wider than `width`: at spaces, and inside a word only when
    /// the word alone is wider. The space at a break stays, so that the words stay apart when read.
    pub(super) fn lines(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in text.split('\n') {
            let mut line = Line::default();
            for word in paragraph.split(' ').filter(|word| !word.is_empty()) {
                self.put(word, size, width, &mut line, &mut lines);
            }
            lines.push(line.text);
        }
        lines
    }

    fn put(&self, word: &str, size: f32, width: f32, line: &mut Line, lines: &mut Vec<String>) {
        let space = self.width(" ", size);
        let needed = self.width(word, size);
        if !line.text.is_empty() && line.width + space + needed > width {
            line.text.push(' ');
            lines.push(std::mem::take(line).text);
        }
        if !line.text.is_empty() {
            line.text.push(' ');
            line.width += space;
        }
        if needed <= width {
            line.text.push_str(word);
            line.width += needed;
            return;
        }
        for c in word.chars() {
            let next = self.glyph(c).1 * size;
            if line.width + next > width && !line.text.is_empty() {
                lines.push(std::mem::take(line).text);
            }
            line.text.push(c);
            line.width += next;
        }
    }
}

#[derive(Default)]
struct Line {
    text: String,
    width: f32,
}

/// A text as it can be drawn: composed letters, no control characters, no marks that only a shaping
/// engine understands.
pub(super) fn clean(text: &str) -> String {
    let text = nfc(text).replace("\r\n", "\n");
    let kept = text.chars().filter(|c| !is_invisible(*c));
    let shown = kept.map(|c| match c {
        '\u{a0}' => c,
        '\n' | '\r' | '\u{2028}' | '\u{2029}' => '\n',
        _ if c.is_control() || c.is_whitespace() => ' ',
        _ => c,
    });
    shown.collect::<String>().trim().to_owned()
}

/// Joiners, direction marks, selectors, the soft hyphen, and what is no character at all.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_typeface_has_the_letters_of_our_languages() {
        let faces = Faces::load().unwrap();
        for weight in [Weight::Regular, Weight::Bold] {
            let face = faces.of(weight);
            for c in "ABCxyz0189 æøåÆØÅ áčđŋšŧžÁČĐŊŠŦŽïÏäöÄÖ éèêôóü –—«»“”’…·•½°€−≥ ".chars().chain([MISSING])
            {
                assert!(face.has(c), "{c}");
            }
            assert!(!face.has('語'));
            assert!(face.width("語", 10.0) > 0.0);
        }
    }

    #[test]
    fn lines_break_at_spaces_and_only_then_in_words() {
        let faces = Faces::load().unwrap();
        let face = faces.of(Weight::Regular);
        let width = face.width("aa bb", 10.0) + 0.1;
        assert_eq!(face.lines("aa bb cc", 10.0, width), ["aa bb ", "cc"]);
        assert_eq!(face.lines("aa\n\nbb", 10.0, width), ["aa", "", "bb"]);
        let long = "a".repeat(1000);
        let lines = face.lines(&long, 10.0, width);
        assert!(lines.iter().all(|line| face.width(line, 10.0) <= width));
        assert_eq!(lines.concat(), long);
        // Narrower than any letter: a letter a line, and it ends.
        assert_eq!(face.lines("aaa", 10.0, 0.1), ["a", "a", "a"]);
    }

    #[test]
    fn what_cannot_be_drawn_is_taken_out_and_what_is_missing_stays() {
        assert_eq!(clean("a\u{0}b\tc\u{feff}d\r\ne\u{ad}f"), "a b cd\nef");
        assert_eq!(clean("  a\u{30a}\u{200d}語 "), "å語");
        assert_eq!(clean("116\u{a0}117"), "116\u{a0}117");
    }
}
