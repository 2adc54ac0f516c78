//! HTML as browsers read it: a tree that tests ask about.

use html5ever::tendril::TendrilSink;
use html5ever::{ParseOpts, parse_document};
use markup5ever_rcdom::{Handle, NodeData, RcDom};

/// An element with what is in it.
#[derive(Debug, Clone, Default)]
pub struct Element {
    pub name: String,
    attributes: Vec<(String, String)>,
    nodes: Vec<Node>,
}

#[derive(Debug, Clone)]
enum Node {
    Element(Element),
    Text(String),
}

/// Reads a page; gives it with what a parser complains of.
pub fn parse(html: &str) -> (Element, Vec<String>) {
    let dom = parse_document(RcDom::default(), ParseOpts::default()).one(html);
    let root = dom.document.children.borrow().iter().find_map(element).unwrap_or_default();
    let errors = dom.errors.borrow().iter().map(ToString::to_string).collect();
    (root, errors)
}

fn element(handle: &Handle) -> Option<Element> {
    let NodeData::Element { name, attrs, .. } = &handle.data else { return None };
    let attributes = attrs.borrow().iter().map(|attribute| (attribute.name.local.to_string(), attribute.value.to_string())).collect();
    let nodes = handle.children.borrow().iter().filter_map(node).collect();
    Some(Element { name: name.local.to_string(), attributes, nodes })
}

fn node(handle: &Handle) -> Option<Node> {
    match &handle.data {
        NodeData::Text { contents } => Some(Node::Text(contents.borrow().to_string())),
        _ => element(handle).map(Node::Element),
    }
}

impl Element {
    /// An attribute.
    pub fn attr(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// An attribute, empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.attr(name).unwrap_or_default()
    }

    /// Names of all attributes.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().map(|(name, _)| name.as_str())
    }

    /// Whether it has the class.
    pub fn has_class(&self, class: &str) -> bool {
        self.get("class").split_whitespace().any(|own| own == class)
    }

    /// The elements in it, one level.
    pub fn children(&self) -> Vec<&Self> {
        self.nodes.iter().filter_map(|node| if let Node::Element(element) = node { Some(element) } else { None }).collect()
    }

    /// Itself and everything in it, in the order of the page.
    pub fn all(&self) -> Vec<&Self> {
        let mut all = vec![self];
        for child in self.children() {
            all.extend(child.all());
        }
        all
    }

    /// Everything of that name.
    pub fn named(&self, name: &str) -> Vec<&Self> {
        self.all().into_iter().filter(|element| element.name == name).collect()
    }

    /// Everything of that class.
    pub fn classed(&self, class: &str) -> Vec<&Self> {
        self.all().into_iter().filter(|element| element.has_class(class)).collect()
    }

    /// The element of that id.
    pub fn id(&self, id: &str) -> Option<&Self> {
        self.all().into_iter().find(|element| element.attr("id") == Some(id))
    }

    /// Its text as it stands.
    pub fn raw(&self) -> String {
        let parts = self.nodes.iter().map(|node| match node {
            Node::Element(element) => element.raw(),
            Node::Text(text) => text.clone(),
        });
        parts.collect()
    }

    /// Its text with single spaces.
    pub fn text(&self) -> String {
        self.raw().split_whitespace().collect::<Vec<_>>().join(" ")
    }
}
