//! Runs operations against the services and against the model at once, unit of work by unit of work.
//!
//! Between two units an operation only reads, and nobody writes meanwhile: the next unit begins when all
//! are waiting at theirs. Whose turn it is, and what goes wrong, is drawn from the seed. On SQLite
//! several are also let go at once, to be committed together.

use super::dice::Dice;
use super::faults::{Fault, Faults};
use super::model::Model;
use super::player::{Event, Go, Player, Seat};
use super::process::{Machine, Process};
use super::step::{Meant, Port, Step, Told, Verdict};
use crate::support::app::Kind;
use kartlegging::storage::StorageError;
use kartlegging::storage::watch::Moment;
use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::mpsc;

/// An operation that is over.
pub struct Outcome {
    pub what: String,
    /// What was answered and what should have been; nothing when its caller has gone away.
    pub answers: Option<(Told, Meant)>,
}

/// How a step ended.
pub enum Ended {
    All(Vec<Outcome>),
    /// The program died.
    Died,
}

struct Stage<'s> {
    process: &'s Process,
    players: Vec<Player>,
    events: mpsc::UnboundedReceiver<Event>,
    faults: &'s mut Faults,
    dice: &'s mut Dice,
    /// Whose unit is under way.
    running: Vec<usize>,
    /// The order in which units have run.
    ran: Vec<usize>,
    /// Units that are over.
    over: Vec<(usize, Moment, Go)>,
    /// Number of the unit under way.
    unit: usize,
}

/// Runs operations at once.
pub async fn play(
    machine: &mut Machine,
    process: &Process,
    model: &Rc<RefCell<Model>>,
    steps: Vec<(u32, Step)>,
    faults: &mut Faults,
    dice: &mut Dice,
) -> Result<Ended, String> {
    let (sender, events) = mpsc::unbounded_channel();
    let entropy = Arc::clone(&machine.entropy);
    let players = steps.into_iter().enumerate().map(|(player, (mark, step))| {
        let seat = Arc::new(Seat { player, events: sender.clone() });
        let request = format!("request-{mark}");
        let services = process.services_for(seat, Arc::clone(&entropy), mark);
        let port = Port::new(Rc::clone(model), mark, request.clone());
        Player {
            what: step.what,
            unstoppable: step.unstoppable,
            real: Some((step.real)(services, request)),
            model: Some((step.model)(port.clone())),
            port,
            told: None,
            meant: None,
            left: false,
            waiting: None,
        }
    });
    let players = players.collect();
    let mut stage = Stage { process, players, events, faults, dice, running: Vec::new(), ran: Vec::new(), over: Vec::new(), unit: 0 };
    let result = stage.run().await;
    if matches!(result, Ok(Ended::Died)) {
        // While everything still stands as it is.
        machine.die();
    }
    result
}

impl Stage<'_> {
    async fn run(&mut self) -> Result<Ended, String> {
        for player in &mut self.players {
            player.think();
        }
        loop {
            while !(self.running.is_empty() && self.players.iter().all(Player::is_still)) {
                if let Some(event) = self.next().await?
                    && self.hear(event).await?
                {
                    return Ok(Ended::Died);
                }
            }
            let waiting: Vec<usize> = (0..self.players.len()).filter(|player| self.players[*player].waiting.is_some()).collect();
            if waiting.is_empty() {
                break;
            }
            if self.turn(waiting)? {
                return Ok(Ended::Died);
            }
        }
        let outcomes = self.players.drain(..).map(|player| {
            let answers = match (player.told, player.meant) {
                _ if player.left => None,
                (Some(told), Some(meant)) => Some((told, meant)),
                _ => return Err(format!("{}: is over, and the model waits for another unit of work", player.what)),
            };
            Ok(Outcome { what: player.what, answers })
        });
        Ok(Ended::All(outcomes.collect::<Result<_, _>>()?))
    }

    /// The next event; `None` when an operation has ended.
    async fn next(&mut self) -> Result<Option<Event>, String> {
        let (players, events) = (&mut self.players, &mut self.events);
        let next = poll_fn(|context| {
            let mut ended = false;
            for player in players.iter_mut() {
                if let Some(real) = &mut player.real
                    && let Poll::Ready(told) = real.as_mut().poll(context)
                {
                    player.told = Some(told);
                    player.real = None;
                    ended = true;
                }
            }
            match events.poll_recv(context) {
                Poll::Ready(event) => Poll::Ready(event),
                Poll::Pending if ended => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        });
        let all = || self.running.iter().map(|player| format!("{player}")).collect::<Vec<_>>().join(", ");
        tokio::time::timeout(Duration::from_mins(1), next).await.map_err(|_| format!("nothing moves; running: {}", all()))
    }

    /// Hears what a unit of work reports; true when the program dies of it.
    async fn hear(&mut self, event: Event) -> Result<bool, String> {
        let Event { player, moment, go } = event;
        match moment {
            Moment::Asked => self.players[player].waiting = Some(go),
            Moment::Ran => return self.after_statements(player, go).await,
            Moment::Committed | Moment::Refused | Moment::Failed => {
                self.over.push((player, moment, go));
                if self.over.len() == self.running.len() {
                    return self.conclude();
                }
            }
        }
        Ok(false)
    }

    async fn after_statements(&mut self, player: usize, go: Go) -> Result<bool, String> {
        self.ran.retain(|other| *other != player);
        self.ran.push(player);
        let many = self.running.len() > 1;
        // Only where the end of a unit whose caller is gone can be waited for.
        let mut possible = vec![Fault::FailRan, Fault::Conflict, Fault::DieRan];
        if self.process.kind == Kind::Sqlite {
            possible.push(Fault::LeaveRan);
        }
        match self.faults.strikes(&possible, self.unit, many) {
            Some(Fault::FailRan) => drop(go.send(Err(StorageError::Unavailable("a fault of the simulation".to_owned())))),
            Some(Fault::Conflict) => drop(go.send(Err(StorageError::Conflict))),
            Some(Fault::DieRan) => return Ok(true),
            Some(Fault::LeaveRan) => {
                let unstoppable = self.players[player].unstoppable;
                if unstoppable {
                    self.players[player].leave();
                } else {
                    self.players[player].real = None;
                }
                drop(go.send(Ok(())));
                if !unstoppable {
                    self.process.quiet().await;
                    self.players[player].say(Verdict::Done)?;
                    self.players[player].leave();
                    self.running.clear();
                }
            }
            _ => drop(go.send(Ok(()))),
        }
        Ok(false)
    }

    /// The units under way are over: the model follows, then their callers hear. True when the program
    /// dies of it.
    fn conclude(&mut self) -> Result<bool, String> {
        let many = self.running.len() > 1;
        let mut over = std::mem::take(&mut self.over);
        let ran = &self.ran;
        over.sort_by_key(|(player, ..)| ran.iter().position(|other| other == player));
        let fault = self.faults.strikes(&[Fault::Unheard, Fault::LeaveAfter, Fault::DieAfter], self.unit, many);
        for (at, (player, moment, _)) in over.iter().enumerate() {
            if *moment == Moment::Failed && !self.faults.excuse() {
                return Err(format!("{}: the database refused a unit of work", self.players[*player].what));
            }
            let verdict = match moment {
                Moment::Failed => Verdict::Lost,
                _ if fault == Some(Fault::Unheard) && at == 0 => Verdict::Unheard,
                _ => Verdict::Done,
            };
            self.players[*player].say(verdict)?;
        }
        if fault == Some(Fault::DieAfter) {
            return Ok(true);
        }
        // Who is gone does nothing more, not even send a mail.
        if fault == Some(Fault::LeaveAfter) {
            for (player, ..) in &over {
                self.players[*player].leave();
            }
        }
        for (player, ..) in &over {
            self.players[*player].think();
        }
        for (at, (_, _, go)) in over.into_iter().enumerate() {
            let word = match fault {
                Some(Fault::Unheard) if at == 0 => Err(StorageError::Unavailable("a fault of the simulation".to_owned())),
                _ => Ok(()),
            };
            drop(go.send(word));
        }
        self.running.clear();
        Ok(false)
    }

    /// Lets one go on, or several; true when the program dies first.
    fn turn(&mut self, waiting: Vec<usize>) -> Result<bool, String> {
        let together = self.process.kind == Kind::Sqlite && waiting.len() > 1 && self.dice.one_in(3);
        let chosen = if together { waiting } else { self.dice.pick(&waiting).into_iter().collect() };
        self.unit += 1;
        let before = [Fault::FailBefore, Fault::LeaveBefore, Fault::DieBefore];
        let fault = self.faults.strikes(&before, self.unit, chosen.len() > 1);
        for player in chosen {
            let Some(go) = self.players[player].waiting.take() else { continue };
            match fault {
                Some(Fault::DieBefore) => return Ok(true),
                Some(Fault::FailBefore) => {
                    self.players[player].say(Verdict::Lost)?;
                    drop(go.send(Err(StorageError::Unavailable("a fault of the simulation".to_owned()))));
                    continue;
                }
                Some(Fault::LeaveBefore) if !self.players[player].unstoppable => {
                    self.players[player].leave();
                    continue;
                }
                Some(Fault::LeaveBefore) => self.players[player].leave(),
                _ => {}
            }
            drop(go.send(Ok(())));
            self.running.push(player);
        }
        Ok(false)
    }
}
