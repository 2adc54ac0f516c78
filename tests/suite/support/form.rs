//! A form of a page, to be filled in as a person does.

use super::html::Element;

/// Its fields in the order of the page.
#[derive(Debug, Clone)]
pub struct Form {
    pub action: String,
    fields: Vec<Field>,
    buttons: Vec<Button>,
    pressed: usize,
}

#[derive(Debug, Clone)]
struct Field {
    id: String,
    name: String,
    value: String,
    label: String,
    kind: Kind,
    /// Whether it is sent.
    on: bool,
    options: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Hidden,
    Line,
    Area,
    Radio,
    Box,
    Select,
}

#[derive(Debug, Clone)]
struct Button {
    text: String,
    name: String,
    value: String,
}

impl Form {
    /// The form between header and footer.
    #[track_caller]
    pub fn of(html: &Element, path: &str) -> Self {
        let main = html.id("main").expect("main");
        let form = *main.named("form").first().unwrap_or_else(|| panic!("no form on {path}: {}", main.text()));
        let label = |id: &str| html.named("label").into_iter().find(|label| label.get("for") == id).map(Element::text).unwrap_or_default();
        let mut fields = Vec::new();
        let mut buttons = Vec::new();
        for element in form.all() {
            let kind = match (element.name.as_str(), element.get("type")) {
                ("input", "hidden") => Kind::Hidden,
                ("input", "radio") => Kind::Radio,
                ("input", "checkbox") => Kind::Box,
                ("input", "text" | "date") => Kind::Line,
                ("textarea", _) => Kind::Area,
                ("select", _) => Kind::Select,
                ("button", "button") => continue,
                ("button", _) => {
                    buttons.push(Button {
                        text: element.text(),
                        name: element.get("name").to_owned(),
                        value: element.get("value").to_owned(),
                    });
                    continue;
                }
                ("input", other) => panic!("an input of type {other:?}"),
                _ => continue,
            };
            let options: Vec<&Element> = element.named("option");
            let chosen = options.iter().find(|option| option.attr("selected").is_some()).or(options.first());
            let value = match kind {
                Kind::Select => chosen.map(|option| option.get("value")).unwrap_or_default().to_owned(),
                Kind::Area => element.raw(),
                _ => element.get("value").to_owned(),
            };
            fields.push(Field {
                id: element.get("id").to_owned(),
                name: element.get("name").to_owned(),
                label: element.attr("aria-label").map_or_else(|| label(element.get("id")), str::to_owned),
                on: !matches!(kind, Kind::Radio | Kind::Box) || element.attr("checked").is_some(),
                options: options.iter().map(|option| (option.get("value").to_owned(), option.text())).collect(),
                value,
                kind,
            });
        }
        let action = form.attr("action").map_or_else(|| path.split('?').next().unwrap_or_default().to_owned(), str::to_owned);
        Self { action, fields, buttons, pressed: 0 }
    }

    #[track_caller]
    fn find(&mut self, id: &str) -> &mut Field {
        let known: Vec<String> = self.fields.iter().map(|field| format!("{} ({})", field.id, field.label)).collect();
        self.fields.iter_mut().find(|field| field.id == id).unwrap_or_else(|| panic!("no field {id} among {known:?}"))
    }

    /// Types into the field of an id, or chooses in a list by value.
    #[track_caller]
    pub fn fill(mut self, id: &str, text: &str) -> Self {
        let field = self.find(id);
        assert!(matches!(field.kind, Kind::Line | Kind::Area | Kind::Select), "{id} is nothing to type in");
        text.clone_into(&mut field.value);
        self
    }

    /// Types into the nth field of a name that has no id of its own, such as a unit.
    #[track_caller]
    pub fn fill_named(mut self, name: &str, nth: usize, text: &str) -> Self {
        let field = self.fields.iter_mut().filter(|field| field.name == name).nth(nth).unwrap_or_else(|| panic!("no field {name}"));
        text.clone_into(&mut field.value);
        self
    }

    /// Types into the field with that label.
    #[track_caller]
    pub fn say(mut self, label: &str, text: &str) -> Self {
        let known: Vec<String> = self.fields.iter().map(|field| field.label.clone()).collect();
        let field = self.fields.iter_mut().find(|field| field.label == label && matches!(field.kind, Kind::Line | Kind::Area));
        text.clone_into(&mut field.unwrap_or_else(|| panic!("no field {label} among {known:?}")).value);
        self
    }

    /// Types a date into the three fields of a name.
    #[track_caller]
    pub fn date(self, name: &str, nth: usize, parts: [&str; 3]) -> Self {
        let parts = ["d", "m", "y"].into_iter().zip(parts);
        parts.fold(self, |form, (part, text)| form.fill(&format!("{name}_{part}-{nth}"), text))
    }

    /// Types a birth date, written as 1947-10-13.
    #[track_caller]
    pub fn born(self, date: &str) -> Self {
        let mut parts = date.split('-');
        let mut next = || parts.next().unwrap_or_default();
        self.fill("y", next()).fill("m", next()).fill("d", next())
    }

    /// Chooses the radio button, or ticks the box, of an id.
    #[track_caller]
    pub fn check(mut self, id: &str) -> Self {
        let field = self.find(id);
        let (kind, name) = (field.kind, field.name.clone());
        assert!(matches!(kind, Kind::Radio | Kind::Box), "{id} is nothing to choose");
        for field in &mut self.fields {
            if kind == Kind::Radio && field.name == name {
                field.on = field.id == id;
            }
        }
        self.find(id).on = true;
        self
    }

    /// Takes a tick away.
    #[track_caller]
    pub fn uncheck(mut self, id: &str) -> Self {
        self.find(id).on = false;
        self
    }

    /// Chooses what has that label: a radio button, a box, or an option in a list.
    #[track_caller]
    pub fn choose(mut self, label: &str) -> Self {
        let choice = self.fields.iter().find(|field| matches!(field.kind, Kind::Radio | Kind::Box) && field.label == label);
        if let Some(id) = choice.map(|field| field.id.clone()) {
            return self.check(&id);
        }
        for field in &mut self.fields {
            if let Some((value, _)) = field.options.iter().find(|(_, text)| text == label) {
                field.value.clone_from(value);
                return self;
            }
        }
        let known: Vec<&str> = self.fields.iter().map(|field| field.label.as_str()).collect();
        panic!("nothing says {label} among {known:?}");
    }

    /// Takes the tick of that label away.
    #[track_caller]
    pub fn drop(self, label: &str) -> Self {
        let id = self.fields.iter().find(|field| field.label == label).unwrap_or_else(|| panic!("nothing says {label}")).id.clone();
        self.uncheck(&id)
    }

    /// Presses the button of that text, instead of the first.
    #[track_caller]
    pub fn press(mut self, text: &str) -> Self {
        let known: Vec<&str> = self.buttons.iter().map(|button| button.text.as_str()).collect();
        self.pressed = known.iter().position(|own| *own == text).unwrap_or_else(|| panic!("no button {text} among {known:?}"));
        self
    }

    /// Puts a value into every field of a name, hidden ones too, as a hand would.
    pub fn forge(mut self, name: &str, value: &str) -> Self {
        for field in self.fields.iter_mut().filter(|field| field.name == name) {
            value.clone_into(&mut field.value);
        }
        self
    }

    /// Types the same into every field.
    pub fn fill_all(mut self, text: &str) -> Self {
        for field in self.fields.iter_mut().filter(|field| matches!(field.kind, Kind::Line | Kind::Area)) {
            text.clone_into(&mut field.value);
        }
        self
    }

    /// What is in the field of an id.
    #[track_caller]
    pub fn value(&self, id: &str) -> &str {
        let field = self.fields.iter().find(|field| field.id == id).unwrap_or_else(|| panic!("no field {id} in {self:?}"));
        &field.value
    }

    /// Every value of a name that is sent.
    pub fn values(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|field| field.on && field.name == name).map(|field| field.value.as_str()).collect()
    }

    /// Labels of what is chosen.
    pub fn chosen(&self) -> Vec<&str> {
        let chosen = self.fields.iter().filter(|field| field.on && matches!(field.kind, Kind::Radio | Kind::Box));
        chosen.map(|field| field.label.as_str()).collect()
    }

    /// Labels of radio buttons and boxes, in their order.
    pub fn choices(&self) -> Vec<&str> {
        self.fields.iter().filter(|field| matches!(field.kind, Kind::Radio | Kind::Box)).map(|field| field.label.as_str()).collect()
    }

    /// Texts of the buttons.
    pub fn buttons(&self) -> Vec<&str> {
        self.buttons.iter().map(|button| button.text.as_str()).collect()
    }

    /// Names and values as a browser sends them.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for field in self.fields.iter().filter(|field| field.on && !field.name.is_empty()) {
            let value = if field.kind == Kind::Area { field.value.replace('\n', "\r\n") } else { field.value.clone() };
            pairs.push((field.name.clone(), value));
        }
        if let Some(button) = self.buttons.get(self.pressed).filter(|button| !button.name.is_empty()) {
            pairs.push((button.name.clone(), button.value.clone()));
        }
        pairs
    }

    /// The same as a body.
    pub fn body(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(self.pairs()).finish()
    }
}
