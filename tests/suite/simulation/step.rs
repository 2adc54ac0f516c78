//! One operation twice: as the services do it, and as the model says it is. Both are futures; the model's
//! waits at each unit of work until the real one has ended, so any order of several operations, and any
//! fault between their units, is told exactly.

use super::model::Model;
use futures::future::LocalBoxFuture;
use kartlegging::domain::ids::{AppointmentId, InvitationId, PatientId, ResponseId};
use kartlegging::domain::secret::{Code, LinkToken};
use kartlegging::services::Services;
use kartlegging::services::open_session::Opened;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// An operation that is about to happen.
pub struct Step {
    /// What it is, with all that was chosen: printed when it fails.
    pub what: String,
    /// Runs to its end when its caller goes away.
    pub unstoppable: bool,
    pub real: Box<dyn FnOnce(Services, String) -> LocalBoxFuture<'static, Told>>,
    pub model: Box<dyn FnOnce(Port) -> LocalBoxFuture<'static, Meant>>,
}

impl Step {
    pub fn new<R, M>(what: String, real: impl FnOnce(Services, String) -> R + 'static, model: impl FnOnce(Port) -> M + 'static) -> Self
    where
        R: Future<Output = Told> + 'static,
        M: Future<Output = Meant> + 'static,
    {
        Self {
            what,
            unstoppable: false,
            real: Box::new(|services, request| Box::pin(real(services, request))),
            model: Box::new(|port| Box::pin(model(port))),
        }
    }
}

/// What the services answered.
pub struct Told {
    pub facts: Vec<Fact>,
    /// The answer in words, told with what the model knows of ids.
    pub text: Box<dyn FnOnce(&Model) -> String>,
}

/// Something that an answer says and the model can't know before.
pub enum Fact {
    Invitation { id: InvitationId, patient: Option<PatientId>, visit: Option<AppointmentId>, secrets: Option<(LinkToken, Code)> },
    Visit(AppointmentId),
    Session(Box<Opened>),
    Response(ResponseId),
}

impl Fact {
    /// An invitation of which only the id is told.
    pub fn named(id: InvitationId) -> Self {
        Self::Invitation { id, patient: None, visit: None, secrets: None }
    }
}

impl Told {
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::late(move |_| text)
    }

    pub fn late(text: impl FnOnce(&Model) -> String + 'static) -> Self {
        Self { facts: Vec::new(), text: Box::new(text) }
    }

    #[must_use]
    pub fn with(mut self, fact: Fact) -> Self {
        self.facts.push(fact);
        self
    }
}

/// What the model says the answer is; `rows` are what its facts must be about, in their order.
pub struct Meant {
    pub rows: Vec<Row>,
    pub text: String,
}

/// Rows of the model.
#[derive(Debug, Clone, Copy)]
pub enum Row {
    Invitation(usize),
    /// Invitation and the credential whose secrets are shown.
    Issued(usize, usize),
    Visit(usize),
    Session(usize),
    Response(usize),
}

impl Meant {
    pub fn text(text: impl Into<String>) -> Self {
        Self { rows: Vec::new(), text: text.into() }
    }

    #[must_use]
    pub fn with(mut self, row: Row) -> Self {
        self.rows.push(row);
        self
    }
}

/// The caller never got an answer of the unit, only a fault.
#[derive(Debug, Clone, Copy)]
pub struct Lost;

impl From<Lost> for Meant {
    fn from(_: Lost) -> Self {
        Self::text("fault")
    }
}

/// What became of a unit of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It ran, and its caller knows.
    Done,
    /// It never happened.
    Lost,
    /// It happened, and its caller got a fault.
    Unheard,
}

/// Where the model of one operation meets the world.
#[derive(Clone)]
pub struct Port {
    pub model: Rc<RefCell<Model>>,
    /// The operation's number: what its ids carry.
    pub mark: u32,
    /// Id of its request.
    pub request: String,
    verdict: Rc<Cell<Option<Verdict>>>,
    waiting: Rc<Cell<bool>>,
}

impl Port {
    pub fn new(model: Rc<RefCell<Model>>, mark: u32, request: String) -> Self {
        Self { model, mark, request, verdict: Rc::default(), waiting: Rc::default() }
    }

    /// What is read now.
    pub fn look<R>(&self, look: impl FnOnce(&Model) -> R) -> R {
        look(&self.model.borrow())
    }

    /// A unit of work. A change that refuses must have changed nothing.
    pub async fn unit<R>(&self, change: impl FnOnce(&mut Model) -> R) -> Result<R, Lost> {
        let verdict = Turn(self).await;
        if verdict == Verdict::Lost {
            return Err(Lost);
        }
        let result = change(&mut self.model.borrow_mut());
        // Units that were committed together have all happened when the first caller goes on.
        Breath::default().await;
        if verdict == Verdict::Unheard { Err(Lost) } else { Ok(result) }
    }

    /// Whether the model waits at a unit.
    pub fn waits(&self) -> bool {
        self.waiting.get()
    }

    /// Says what became of the unit that the model waits at.
    pub fn say(&self, verdict: Verdict) {
        self.verdict.set(Some(verdict));
    }
}

#[derive(Default)]
struct Breath(bool);

impl Future for Breath {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

struct Turn<'p>(&'p Port);

impl Future for Turn<'_> {
    type Output = Verdict;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Verdict> {
        let verdict = self.0.verdict.take();
        self.0.waiting.set(verdict.is_none());
        verdict.map_or(Poll::Pending, Poll::Ready)
    }
}
