//! Pages to PDF: letters and lines, and beside them what each piece means (PDF/UA-1, ISO 14289-1).

use std::num::NonZeroU16;

use krilla::configure::{Accessibility, ConfigurationBuilder};
use krilla::geom::{Path, PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, BBox, ContentTag, Identifier, ListNumbering, Node, SpanTag, Tag, TagGroup, TagTree};
use krilla::{Document, SerializeSettings};

use super::Error;
use super::face::Faces;
use super::sheet::{FOOT, Mark, Page};
use crate::domain::language::Language;

/// Distance of a circle's control points from its quarter points, as part of the radius.
const ARC: f32 = 0.552_285;

/// What a piece of text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    /// A heading of that level, from 1.
    Heading(u16),
    /// Text.
    Paragraph,
    /// An item of the list with that number.
    Item(usize),
    /// A picture.
    Figure,
}

/// A piece of the document as it is read aloud, in the order it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) role: Role,
    /// The text of a heading, or what a picture shows.
    pub(super) text: String,
    /// Its language, where that is not the document's.
    pub(super) language: Option<String>,
}

/// Where an element was drawn first, with its content.
#[derive(Debug, Clone, Default)]
struct Drawn {
    first: Option<(usize, f32)>,
    bounds: Option<BBox>,
    content: Vec<Identifier>,
}

/// Everything that makes a document.
pub(super) struct Plan<'a> {
    pub(super) title: &'a str,
    pub(super) language: &'a Language,
    pub(super) faces: &'a Faces,
    pub(super) elements: &'a [Element],
    /// Elements that a part of the document begins with; none where it has no parts.
    pub(super) parts: &'a [usize],
    /// Width and height of a page.
    pub(super) size: (f32, f32),
    /// Where marks are measured from, from the left.
    pub(super) margin: f32,
    pub(super) pages: &'a [Page],
    /// Marks of the foot of each page.
    pub(super) feet: &'a [Vec<Mark>],
}

/// Writes the document. The same plan gives the same bytes.
pub(super) fn render(plan: &Plan<'_>) -> Result<Vec<u8>, Error> {
    let configuration = ConfigurationBuilder::new().with_accessibility_validator(Accessibility::UA1).finish();
    let configuration = configuration.map_err(|_| Error::Refused)?;
    let mut document = Document::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
    let mut drawn = vec![Drawn::default(); plan.elements.len()];
    for (number, strips) in plan.pages.iter().enumerate() {
        let settings = PageSettings::from_wh(plan.size.0, plan.size.1).ok_or(Error::Refused)?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for (top, strip) in strips {
            let mut pen = Pen { faces: plan.faces, surface: &mut surface, drawn: &mut drawn, page: number, margin: plan.margin };
            strip.marks.iter().for_each(|mark| pen.mark(mark, *top, ArtifactType::Layout));
        }
        let mut pen = Pen { faces: plan.faces, surface: &mut surface, drawn: &mut drawn, page: number, margin: plan.margin };
        plan.feet.get(number).into_iter().flatten().for_each(|mark| pen.mark(mark, FOOT, ArtifactType::Footer));
        surface.finish();
        page.finish();
    }
    document.set_outline(outline(plan, &drawn));
    document.set_tag_tree(tree(plan, drawn));
    let language = plan.language.to_string();
    document.set_metadata(Metadata::new().title(plan.title.to_owned()).language(language).creator("Kartlegging".to_owned()));
    document.finish().map_err(|_| Error::Refused)
}

/// Draws on one page and remembers what belongs to which element.
struct Pen<'a, 's> {
    faces: &'a Faces,
    surface: &'a mut Surface<'s>,
    drawn: &'a mut [Drawn],
    page: usize,
    margin: f32,
}

impl Pen<'_, '_> {
    fn mark(&mut self, mark: &Mark, top: f32, decoration: ArtifactType) {
        match mark {
            Mark::Text { x, base, size, weight, text, element } => {
                let tag = if element.is_some() {
                    ContentTag::Span(SpanTag::empty())
                } else {
                    ContentTag::Artifact(Artifact::with_kind(decoration))
                };
                let content = self.surface.start_tagged(tag);
                self.surface.set_stroke(None);
                self.surface.set_fill(Some(Fill::default()));
                self.faces.of(*weight).draw(self.surface, self.margin + x, top + base, *size, text);
                self.surface.end_tagged();
                self.note(*element, content, top);
            }
            Mark::Square { x, y, side } => self.outline(rectangle(self.margin + x, top + y, *side), decoration),
            Mark::Circle { x, y, side } => self.outline(circle(self.margin + x, top + y, *side), decoration),
            Mark::Rule { x, y, width } => self.outline(rule(self.margin + x, top + y, *width), decoration),
            Mark::Dots { element, side, at } => self.dots(*element, *side, at, top),
        }
    }

    fn note(&mut self, element: Option<usize>, content: Identifier, top: f32) {
        if let Some(drawn) = element.and_then(|at| self.drawn.get_mut(at)) {
            drawn.first.get_or_insert((self.page, top));
            drawn.content.push(content);
        }
    }

    fn outline(&mut self, path: Option<Path>, decoration: ArtifactType) {
        let Some(path) = path else { return };
        self.surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(decoration)));
        self.surface.set_fill(None);
        self.surface.set_stroke(Some(Stroke { width: 0.9, ..Stroke::default() }));
        self.surface.draw_path(&path);
        self.surface.end_tagged();
    }

    fn dots(&mut self, element: usize, side: f32, at: &[(f32, f32)], top: f32) {
        let squares = at.iter().filter_map(|(x, y)| Rect::from_xywh(self.margin + x, top + y, side, side));
        let mut path = PathBuilder::new();
        squares.for_each(|square| path.push_rect(square));
        let Some(path) = path.finish() else { return };
        let content = self.surface.start_tagged(ContentTag::Other);
        self.surface.set_stroke(None);
        self.surface.set_fill(Some(Fill::default()));
        self.surface.draw_path(&path);
        self.surface.end_tagged();
        self.note(Some(element), content, top);
        let near = at.iter().fold((f32::MAX, f32::MAX), |(x, y): (f32, f32), (a, b)| (x.min(*a), y.min(*b)));
        let far = at.iter().fold((0.0, 0.0), |(x, y): (f32, f32), (a, b)| (x.max(*a), y.max(*b)));
        let left = self.margin;
        let bounds = Rect::from_ltrb(left + near.0, top + near.1, left + far.0 + side, top + far.1 + side);
        if let Some(drawn) = self.drawn.get_mut(element) {
            drawn.bounds = bounds.map(|bounds| BBox::new(self.page, bounds));
        }
    }
}

fn rectangle(x: f32, y: f32, side: f32) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.push_rect(Rect::from_xywh(x, y, side, side)?);
    path.finish()
}

fn rule(x: f32, y: f32, width: f32) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.move_to(x, y);
    path.line_to(x + width, y);
    path.finish()
}

fn circle(left: f32, top: f32, side: f32) -> Option<Path> {
    let radius = side / 2.0;
    let (x, y, bend) = (left + radius, top + radius, radius * ARC);
    let mut path = PathBuilder::new();
    path.move_to(x + radius, y);
    path.cubic_to(x + radius, y + bend, x + bend, y + radius, x, y + radius);
    path.cubic_to(x - bend, y + radius, x - radius, y + bend, x - radius, y);
    path.cubic_to(x - radius, y - bend, x - bend, y - radius, x, y - radius);
    path.cubic_to(x + bend, y - radius, x + radius, y - bend, x + radius, y);
    path.close();
    path.finish()
}

/// Headings of the first levels, for the list of contents beside the pages.
fn outline(plan: &Plan<'_>, drawn: &[Drawn]) -> Outline {
    let mut outline = Outline::new();
    for (element, drawn) in plan.elements.iter().zip(drawn) {
        if let (Role::Heading(1..=2), Some((page, top))) = (&element.role, drawn.first) {
            let there = krilla::destination::XyzDestination::new(page, Point::from_xy(plan.margin, top));
            outline.push_child(OutlineNode::new(element.text.clone(), there));
        }
    }
    outline
}

/// The document as it is read aloud.
fn tree(plan: &Plan<'_>, drawn: Vec<Drawn>) -> TagTree {
    let mut growing = Growing::default();
    for (at, (element, drawn)) in plan.elements.iter().zip(drawn).enumerate() {
        if plan.parts.contains(&at) {
            growing.part();
        }
        if drawn.content.is_empty() {
            continue;
        }
        let content: Vec<Node> = drawn.content.into_iter().map(Node::from).collect();
        let language = element.language.clone();
        if let Role::Item(number) = element.role {
            let body = TagGroup::with_children(Tag::LBody.with_lang(language), content);
            growing.item(number, TagGroup::with_children(Tag::LI, vec![body.into()]));
            continue;
        }
        growing.push(match element.role {
            Role::Heading(level) => {
                let level = NonZeroU16::new(level).unwrap_or(NonZeroU16::MIN);
                TagGroup::with_children(Tag::Hn(level, Some(element.text.clone())).with_lang(language), content)
            }
            Role::Figure => {
                TagGroup::with_children(Tag::Figure(Some(element.text.clone())).with_bbox(drawn.bounds).with_lang(language), content)
            }
            Role::Paragraph | Role::Item(_) => TagGroup::with_children(Tag::P.with_lang(language), content),
        });
    }
    growing.finish()
}

/// A tree while it grows: the list and the part that are open.
#[derive(Default)]
struct Growing {
    tree: TagTree,
    part: Option<TagGroup>,
    list: Option<(usize, TagGroup)>,
}

impl Growing {
    fn add(&mut self, group: TagGroup) {
        match &mut self.part {
            Some(part) => part.push(group),
            None => self.tree.push(group),
        }
    }

    fn end_list(&mut self) {
        if let Some((_, list)) = self.list.take() {
            self.add(list);
        }
    }

    fn push(&mut self, group: TagGroup) {
        self.end_list();
        self.add(group);
    }

    /// An item of the list with that number.
    fn item(&mut self, number: usize, item: TagGroup) {
        if self.list.as_ref().is_none_or(|(of, _)| *of != number) {
            self.end_list();
        }
        self.list.get_or_insert_with(|| (number, TagGroup::new(Tag::L(ListNumbering::None)))).1.push(item);
    }

    fn part(&mut self) {
        self.end_list();
        self.tree.children.extend(self.part.replace(TagGroup::new(Tag::Part)).map(Node::from));
    }

    fn finish(mut self) -> TagTree {
        self.end_list();
        self.tree.children.extend(self.part.take().map(Node::from));
        self.tree
    }
}
