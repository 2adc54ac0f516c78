//! What stands on paper, before and after it has been given its page.

use super::face::Weight;

/// A4 in points.
pub(super) const PAGE: (f32, f32) = (595.28, 841.89);
/// White on every side: 20 mm.
pub(super) const MARGIN: f32 = 56.7;
/// Width of a line.
pub(super) const WIDTH: f32 = PAGE.0 - 2.0 * MARGIN;
/// Base line of the footer.
pub(super) const FOOT: f32 = PAGE.1 - MARGIN + 2.0;
/// Where the text of a page ends, above the footer.
pub(super) const BOTTOM: f32 = PAGE.1 - MARGIN - 24.0;
/// Height of the text of a page.
const BODY: f32 = BOTTOM - MARGIN;
/// Lines of a text that a page must at least begin with.
const BEGIN: usize = 2;

/// Something drawn, measured from the left margin and from the top of its strip.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mark {
    /// Letters. Without an element they are decoration, said elsewhere.
    Text { x: f32, base: f32, size: f32, weight: Weight, text: String, element: Option<usize> },
    /// An empty square.
    Square { x: f32, y: f32, side: f32 },
    /// An empty circle.
    Circle { x: f32, y: f32, side: f32 },
    /// A line to write on, or a frame's edge.
    Rule { x: f32, y: f32, width: f32 },
    /// Filled squares of one side: a figure that belongs to an element.
    Dots { element: usize, side: f32, at: Vec<(f32, f32)> },
}

impl Mark {
    /// The same so much further right and down.
    pub(super) fn moved(self, right: f32, down: f32) -> Self {
        match self {
            Self::Text { x, base, size, weight, text, element } => {
                Self::Text { x: x + right, base: base + down, size, weight, text, element }
            }
            Self::Square { x, y, side } => Self::Square { x: x + right, y: y + down, side },
            Self::Circle { x, y, side } => Self::Circle { x: x + right, y: y + down, side },
            Self::Rule { x, y, width } => Self::Rule { x: x + right, y: y + down, width },
            Self::Dots { element, side, at } => {
                Self::Dots { element, side, at: at.into_iter().map(|(x, y)| (x + right, y + down)).collect() }
            }
        }
    }
}

/// What is never split between pages.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Strip {
    pub(super) height: f32,
    pub(super) marks: Vec<Mark>,
}

/// Strips that belong together.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Block {
    /// White before it, unless it begins a page.
    pub(super) before: f32,
    pub(super) strips: Vec<Strip>,
    /// Stays on one page if it fits on one.
    pub(super) whole: bool,
    /// The page does not end after it.
    pub(super) next: bool,
}

impl Block {
    /// Its height with the white before it.
    pub(super) fn height(&self) -> f32 {
        self.before + self.strips.iter().map(|strip| strip.height).sum::<f32>()
    }

    /// What must fit before it may begin on a page.
    fn begin(&self) -> f32 {
        let all = self.height();
        if self.whole && all <= BODY {
            return all;
        }
        // A line that would be left alone on the next page comes along.
        let least = if self.strips.len() == BEGIN + 1 { BEGIN + 1 } else { BEGIN };
        self.before + self.strips.iter().take(least).map(|strip| strip.height).sum::<f32>()
    }
}

/// Strips with the height they stand at.
pub(super) type Page = Vec<(f32, Strip)>;

/// Height that a chain of blocks which hold on to each other may have to be kept on one page.
pub(super) const KEPT: f32 = BODY * 0.7;

/// Gives every block its page: a heading stays with what it heads, a whole block stays whole, and
/// what is higher than a page goes on over the next ones.
pub(super) fn paginate(blocks: Vec<Block>) -> Vec<Page> {
    let needs = needs(&blocks);
    let mut pages = Vec::new();
    let mut page = Page::new();
    let mut y = MARGIN;
    for (block, need) in blocks.into_iter().zip(needs) {
        if y + need > BOTTOM && !page.is_empty() {
            pages.push(std::mem::take(&mut page));
            y = MARGIN;
        }
        if !page.is_empty() {
            y += block.before;
        }
        for strip in block.strips {
            if y + strip.height > BOTTOM && !page.is_empty() {
                pages.push(std::mem::take(&mut page));
                y = MARGIN;
            }
            let height = strip.height;
            page.push((y, strip));
            y += height;
        }
    }
    pages.push(page);
    pages
}

/// For each block, the room that must be left on a page for it to begin there.
fn needs(blocks: &[Block]) -> Vec<f32> {
    let mut needs = vec![0.0; blocks.len()];
    // Of the block after: with all that it holds on to, and at the least.
    let (mut chain, mut least) = (0.0, 0.0);
    for (need, block) in needs.iter_mut().zip(blocks).rev() {
        let begin = block.begin();
        let wished = if block.next { [block.height() + chain, block.height() + least, begin] } else { [begin; 3] };
        // A chain that no page can hold is broken where it must.
        *need = wished.into_iter().find(|height| *height <= BODY).unwrap_or(begin);
        (chain, least) = (*need, begin);
    }
    needs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(heights: &[f32], whole: bool, next: bool) -> Block {
        let strips = heights.iter().map(|height| Strip { height: *height, marks: Vec::new() }).collect();
        Block { before: 0.0, strips, whole, next }
    }

    fn strips_of(blocks: Vec<Block>) -> Vec<usize> {
        paginate(blocks).iter().map(Vec::len).collect()
    }

    #[test]
    fn a_heading_is_not_left_alone() {
        let filler = block(&[BODY - 30.0], false, false);
        let heading = block(&[20.0], true, true);
        let text = block(&[20.0, 20.0, 20.0], false, false);
        assert_eq!(strips_of(vec![filler, heading, text]), [1, 4]);
    }

    #[test]
    fn a_whole_block_moves_and_a_text_flows() {
        let filler = || block(&[BODY - 50.0], false, false);
        assert_eq!(strips_of(vec![filler(), block(&[20.0; 4], true, false)]), [1, 4]);
        assert_eq!(strips_of(vec![filler(), block(&[20.0; 4], false, false)]), [3, 2]);
        // Three lines: neither one left behind nor one alone on the next page.
        assert_eq!(strips_of(vec![filler(), block(&[20.0; 3], false, false)]), [1, 3]);
    }

    #[test]
    fn what_is_higher_than_a_page_ends() {
        let pages = strips_of(vec![block(&[100.0; 50], true, true), block(&[10.0], true, false)]);
        assert_eq!(pages.iter().sum::<usize>(), 51);
        assert_eq!(strips_of(vec![block(&[2.0 * BODY], true, true), block(&[10.0], true, true)]), [1, 1]);
        assert_eq!(strips_of(Vec::new()), [0]);
    }
}
