//! An operation that is under way, and where its units of work report.

use super::step::{Meant, Port, Told, Verdict};
use futures::future::{BoxFuture, LocalBoxFuture};
use kartlegging::storage::StorageError;
use kartlegging::storage::watch::{Moment, Watch};
use std::task::{Context, Poll};
use tokio::sync::{mpsc, oneshot};

pub type Go = oneshot::Sender<Result<(), StorageError>>;

/// A unit of work has come to a moment and waits to be told how to go on.
pub struct Event {
    pub player: usize,
    pub moment: Moment,
    pub go: Go,
}

/// Where an operation's units of work report.
#[derive(Debug)]
pub struct Seat {
    pub player: usize,
    pub events: mpsc::UnboundedSender<Event>,
}

impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}", self.player, self.moment)
    }
}

impl Watch for Seat {
    fn at(&self, moment: Moment) -> BoxFuture<'static, Result<(), StorageError>> {
        let (go, answer) = oneshot::channel();
        let sent = self.events.send(Event { player: self.player, moment, go });
        Box::pin(async move {
            match answer.await {
                Ok(word) if sent.is_ok() => word,
                // Nobody is there any more: the program has died.
                _ => std::future::pending().await,
            }
        })
    }
}

/// An operation that is under way.
pub struct Player {
    pub what: String,
    pub unstoppable: bool,
    pub real: Option<LocalBoxFuture<'static, Told>>,
    pub model: Option<LocalBoxFuture<'static, Meant>>,
    pub port: Port,
    pub told: Option<Told>,
    pub meant: Option<Meant>,
    /// Its caller has gone away.
    pub left: bool,
    pub waiting: Option<Go>,
}

impl Player {
    pub fn think(&mut self) {
        if let Some(model) = &mut self.model
            && let Poll::Ready(meant) = model.as_mut().poll(&mut Context::from_waker(futures::task::noop_waker_ref()))
        {
            self.meant = Some(meant);
            self.model = None;
        }
    }

    /// Nothing more comes from it until somebody says go.
    pub fn is_still(&self) -> bool {
        self.waiting.is_some() || self.real.is_none() && !(self.left && self.unstoppable && self.model.is_some())
    }

    /// The caller goes away; what can't be stopped goes on alone.
    pub fn leave(&mut self) {
        self.left = true;
        self.real = None;
        if !self.unstoppable {
            self.model = None;
        }
    }

    pub fn say(&mut self, verdict: Verdict) -> Result<(), String> {
        if !self.port.waits() {
            return Err(format!("{}: a unit of work that the model does not know of", self.what));
        }
        self.port.say(verdict);
        self.think();
        Ok(())
    }
}
