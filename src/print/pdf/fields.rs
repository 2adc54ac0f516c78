//! What is filled in with a pen: boxes to tick, numbers in a row, lines to write on.

use super::draw::Role;
use super::face::{Weight, clean};
use super::sheet::{Mark, Strip, WIDTH};
use super::{Document, GAP, LEADING, SIZE, count, said};

/// Side of a box to tick.
const BOX: f32 = 13.0;
/// From the left edge of a box to its label.
const INDENT: f32 = 24.0;
/// Height of a line to write on.
const WRITE: f32 = 27.0;
/// From this many short options on, they stand in two columns.
const COLUMNS_FROM: usize = 8;
/// More than this are too many for two columns of one page.
const COLUMNS_TO: usize = 44;
/// Most lines of one label that stay together.
const LABEL_LINES: usize = 12;

/// A choice on paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tick {
    /// One of them: circles.
    One,
    /// Any of them: squares.
    Several,
}

impl Document {
    /// Boxes to tick with their labels; `own` adds one with a line for words of one's own. Many short
    /// labels stand in two columns, read down the first and then the second.
    pub fn ticks(&mut self, labels: &[String], tick: Tick, own: Option<&str>) {
        let list = self.list();
        let labels: Vec<String> = labels.iter().map(|label| clean(label)).collect();
        let room = (WIDTH - GAP) / 2.0 - INDENT;
        let face = self.faces.of(Weight::Regular);
        let short = labels.iter().all(|label| !label.contains('\n') && face.width(label, SIZE) <= room);
        if short && own.is_none() && (COLUMNS_FROM..=COLUMNS_TO).contains(&labels.len()) {
            let strips = self.columns(&labels, tick, list);
            return self.block(4.0, strips, true);
        }
        let mut strips = Vec::new();
        for label in &labels {
            let element = self.element(Role::Item(list), "");
            strips.append(&mut self.tick(label, tick, element));
        }
        if let Some(own) = own {
            let element = self.element(Role::Item(list), "");
            let mut rows = self.tick(&clean(own), tick, element);
            if let Some(first) = rows.first_mut() {
                first.height = WRITE;
                let x = INDENT + self.faces.of(Weight::Regular).width(own, SIZE).min(WIDTH / 2.0) + 8.0;
                first.marks.push(Mark::Rule { x, y: SIZE + 5.0, width: WIDTH - x });
            }
            strips.append(&mut rows);
        }
        self.block(4.0, strips, false);
    }

    fn tick(&self, label: &str, tick: Tick, element: usize) -> Vec<Strip> {
        let lines = self.strips(label, SIZE, Weight::Regular, INDENT, element);
        let mut rows: Vec<Strip> = lines.chunks(LABEL_LINES).map(stack).collect();
        if let Some(first) = rows.first_mut() {
            first.marks.insert(0, empty(tick, 0.0, 4.5));
        }
        rows
    }

    fn columns(&mut self, labels: &[String], tick: Tick, list: usize) -> Vec<Strip> {
        let rows = labels.len().div_ceil(2);
        let mut strips: Vec<Strip> = vec![Strip::default(); rows];
        let second = f32::midpoint(WIDTH, GAP);
        for (column, labels) in labels.chunks(rows.max(1)).enumerate() {
            let x = if column == 0 { 0.0 } else { second };
            for (strip, label) in strips.iter_mut().zip(labels) {
                let element = self.element(Role::Item(list), "");
                for row in self.tick(label, tick, element) {
                    strip.height = row.height;
                    strip.marks.extend(row.marks.into_iter().map(|mark| mark.moved(x, 0.0)));
                }
            }
        }
        strips
    }

    /// A row of numbered boxes, with the whole labels of both ends below them.
    pub fn scale(&mut self, numbers: &[String], low: &str, high: &str) {
        let list = self.list();
        let cell = (WIDTH / count(numbers.len())).min(44.0);
        let mut boxes = Strip { height: 58.0, marks: Vec::new() };
        let mut ends = Vec::new();
        for (at, number) in numbers.iter().enumerate() {
            let element = self.element(Role::Item(list), "");
            let left = cell * count(at);
            let x = left + (cell - self.faces.of(Weight::Bold).width(number, 15.0)) / 2.0;
            // What stands below the ends says their numbers too: here they are decoration.
            let end = match at {
                0 => Some(low),
                _ if at + 1 == numbers.len() => Some(high),
                _ => None,
            };
            let beside = if end.is_none() { Some(element) } else { None };
            boxes.marks.push(Mark::Text { x, base: 17.0, size: 15.0, weight: Weight::Bold, text: number.clone(), element: beside });
            boxes.marks.push(Mark::Square { x: left + (cell - 26.0) / 2.0, y: 24.0, side: 26.0 });
            ends.extend(end.map(|end| (clean(end), element)));
        }
        let mut strips = vec![boxes];
        strips.extend(self.ends(&ends, cell * count(numbers.len())));
        self.block(6.0, strips, true);
    }

    /// Words below the ends of a row so wide: the first from the left, the last to the right.
    fn ends(&self, ends: &[(String, usize)], width: f32) -> Vec<Strip> {
        let face = self.faces.of(Weight::Regular);
        let mut strips: Vec<Strip> = Vec::new();
        for (side, (text, element)) in ends.iter().enumerate() {
            for (at, line) in face.lines(text, SIZE, width / 2.0 - 8.0).into_iter().enumerate() {
                let x = if side == 0 { 4.0 } else { width - 4.0 - face.width(line.trim_end(), SIZE) };
                if strips.len() <= at {
                    strips.push(Strip { height: SIZE * LEADING, marks: Vec::new() });
                }
                if let Some(strip) = strips.get_mut(at) {
                    strip.marks.push(said(x, line, Some(*element)));
                }
            }
        }
        strips
    }

    /// A name, a short line to write on, and what stands behind it.
    pub fn blank(&mut self, name: &str, behind: &str, width: f32) {
        let element = self.element(Role::Paragraph, "");
        let (name, behind) = (clean(name), clean(behind));
        let face = self.faces.of(Weight::Regular);
        let after = if name.is_empty() { 0.0 } else { face.width(&name, SIZE) + 8.0 };
        let end = after + width + 8.0;
        let mut strips = Vec::new();
        let mut line = Strip { height: WRITE, marks: Vec::new() };
        let mut left = 0.0;
        if end + face.width(&behind, SIZE) <= WIDTH {
            left = after;
            let spoken = [(0.0, format!("{name} ")), (end, behind)].into_iter().filter(|(_, text)| !text.trim().is_empty());
            line.marks.extend(spoken.map(|(x, text)| said(x, text, Some(element)).moved(0.0, 6.0)));
        } else {
            strips = self.strips(format!("{name} {behind}").trim(), SIZE, Weight::Regular, 0.0, element);
        }
        line.marks.push(Mark::Rule { x: left, y: SIZE + 9.0, width: width.min(WIDTH - left) });
        strips.push(line);
        self.block(4.0, strips, true);
    }

    /// Lines to write on, over the whole width.
    pub fn lines(&mut self, number: usize) {
        let line = Strip { height: WRITE, marks: vec![Mark::Rule { x: 0.0, y: WRITE - 4.0, width: WIDTH }] };
        self.block(2.0, vec![line; number.max(1)], true);
    }
}

/// Lines of a label on top of each other, with the white that a row of boxes needs.
fn stack(lines: &[Strip]) -> Strip {
    let mut row = Strip { height: 3.0, marks: Vec::new() };
    for line in lines {
        let top = row.height;
        row.marks.extend(line.marks.iter().cloned().map(|mark| mark.moved(0.0, top)));
        row.height += line.height;
    }
    row.height += 4.0;
    row
}

fn empty(tick: Tick, x: f32, y: f32) -> Mark {
    match tick {
        Tick::One => Mark::Circle { x, y, side: BOX },
        Tick::Several => Mark::Square { x, y, side: BOX },
    }
}
