//! Looks at pictures: makes dots of PNG, SVG and PDF, and reads the QR codes in them.

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg;
use rqrr::PreparedImage;
use std::process::Command;

/// A picture in greys, row by row.
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub greys: Vec<u8>,
}

/// A QR code that was read.
#[derive(Debug, PartialEq, Eq)]
pub struct Read {
    pub text: String,
    /// Error correction as ISO/IEC 18004 numbers it: 3 is Q.
    pub correction: u16,
    pub version: usize,
}

impl Picture {
    fn of(map: &Pixmap) -> Self {
        let grey = |dot: &resvg::tiny_skia::PremultipliedColorU8| dot.red();
        Self { width: map.width() as usize, height: map.height() as usize, greys: map.pixels().iter().map(grey).collect() }
    }

    /// A PNG file.
    pub fn png(bytes: &[u8]) -> Self {
        Self::of(&Pixmap::decode_png(bytes).expect("a PNG file"))
    }

    /// An SVG element, so many dots wide.
    pub fn svg(text: &str, width: u16) -> Self {
        let tree = usvg::Tree::from_str(text, &usvg::Options::default()).expect("SVG");
        let scale = f32::from(width) / tree.size().width();
        let mut map = Pixmap::new(u32::from(width), u32::from(width)).expect("room");
        resvg::render(&tree, Transform::from_scale(scale, scale), &mut map.as_mut());
        Self::of(&map)
    }

    /// The pages of a PDF file, at so many dots an inch.
    pub fn pages(pdf: &[u8], dots: u32, first: usize, last: usize) -> Vec<Self> {
        let folder = tempfile::TempDir::new().expect("folder");
        let file = folder.path().join("file.pdf");
        std::fs::write(&file, pdf).expect("file");
        let arguments = ["-gray", "-r", &dots.to_string(), "-f", &first.to_string(), "-l", &last.to_string()];
        let made = Command::new("pdftoppm").args(arguments).arg(&file).arg(folder.path().join("page")).status();
        assert!(made.expect("pdftoppm: install poppler-utils (tests/run does)").success());
        let mut names: Vec<_> = std::fs::read_dir(folder.path()).expect("folder").map(|entry| entry.expect("entry").path()).collect();
        names.retain(|name| name.extension().is_some_and(|kind| kind == "pgm"));
        names.sort();
        names.iter().map(|name| Self::pgm(&std::fs::read(name).expect("page"))).collect()
    }

    /// A PGM file (`P5`, a line each for size and depth).
    fn pgm(bytes: &[u8]) -> Self {
        let mut lines = bytes.splitn(4, |byte| *byte == b'\n');
        let mut line = || String::from_utf8(lines.next().expect("a line").to_vec()).expect("text");
        let (kind, size, depth) = (line(), line(), line());
        assert_eq!((kind.as_str(), depth.as_str()), ("P5", "255"));
        let (width, height) = size.split_once(' ').expect("size");
        let greys = lines.next().expect("dots").to_vec();
        let picture = Self { width: width.parse().expect("width"), height: height.parse().expect("height"), greys };
        assert_eq!(picture.greys.len(), picture.width * picture.height);
        picture
    }

    /// The one QR code in it.
    #[track_caller]
    pub fn qr(&self) -> Read {
        let mut prepared = PreparedImage::prepare_from_greyscale(self.width, self.height, |x, y| self.greys[y * self.width + x]);
        let found = prepared.detect_grids();
        assert_eq!(found.len(), 1, "QR codes in the picture");
        let (meta, text) = found[0].decode().expect("a QR code that can be read");
        Read { text, correction: meta.ecc_level, version: meta.version.0 }
    }

    /// Whether the picture is white in a rectangle of parts of it: left, top, right, bottom.
    pub fn is_white(&self, part: [f64; 4]) -> bool {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "places of dots")]
        let at = |part: f64, whole: usize| (part * whole as f64) as usize;
        let [left, top, right, bottom] = part;
        let rows = at(top, self.height)..at(bottom, self.height);
        let dots = |y: usize| self.greys[y * self.width..][at(left, self.width)..at(right, self.width)].iter();
        rows.into_iter().all(|y| dots(y).all(|grey| *grey > 250))
    }
}
