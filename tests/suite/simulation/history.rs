//! One history: the loop of steps, and what is left of it when it fails.

#![expect(clippy::await_holding_refcell_ref, reason = "nobody else borrows the model while no operation is under way")]

use super::dice::Dice;
use super::faults::Faults;
use super::invariants;
use super::ledger::Seen;
use super::model::Model;
use super::operations::{Choice, TABLE, deliver_step, plan_step, server_step};
use super::process::{Machine, Process};
use super::settle::settle;
use super::stage::{Ended, play};
use super::step::Step;
use super::world::World;
use crate::support::app::Kind;
use chrono::{Days, Duration};
use kartlegging::crypto::note::Note;
use kartlegging::domain::clock::{Clock, oslo_date, oslo_day_start};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::Hasher;
use std::rc::Rc;
use tokio::runtime::{Builder, Runtime};

/// Operations after which everything is looked through.
const EVERY: u64 = 1_000;

/// A history that is to happen.
pub struct History {
    kind: Kind,
    seed: u64,
    operations: u64,
    /// The steps that happen, where not all of them do.
    only: Option<BTreeSet<u64>>,
    /// Falsifies the model after so many operations, to see that it is noticed.
    lie: Option<(u64, Lie)>,
}

/// Makes the model say something that is not so; false while there is nothing to lie about.
pub type Lie = fn(&mut Model) -> bool;

/// What a history has been.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    /// How often what was answered how.
    pub tally: BTreeMap<String, usize>,
    /// All that was done and answered, in short.
    pub digest: u64,
}

/// Why a history ended early.
pub struct Failure {
    pub what: String,
    /// Operations until then.
    pub operations: u64,
    /// Steps that had happened, with their numbers.
    pub steps: VecDeque<(u64, String)>,
}

struct Running {
    machine: Machine,
    process: Option<Process>,
    runtime: Runtime,
    model: Rc<RefCell<Model>>,
    seen: Seen,
    /// Signed heads of the access log, as somebody else keeps them.
    heads: Vec<Note>,
    /// Number of the last operation.
    mark: u32,
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("runtime")
}

/// How far the clock moves: mostly seconds, sometimes months.
fn pass(dice: &mut Dice) -> Duration {
    match dice.below(1000) {
        0..450 => Duration::zero(),
        450..800 => Duration::seconds(dice.between(1, 90)),
        800..960 => Duration::seconds(dice.between(90, 1500)),
        960..990 => Duration::minutes(dice.between(25, 400)),
        990..998 => Duration::hours(dice.between(7, 60)),
        _ => Duration::days(dice.between(3, 70)),
    }
}

impl History {
    pub fn new(kind: Kind, seed: u64, operations: u64) -> Self {
        Self { kind, seed, operations, only: None, lie: None }
    }

    /// The same with these steps only.
    #[must_use]
    pub fn only(self, steps: BTreeSet<u64>) -> Self {
        Self { only: Some(steps), ..self }
    }

    /// The same with a lie after so many operations.
    #[must_use]
    pub fn lying(self, after: u64, lie: Lie) -> Self {
        Self { lie: Some((after, lie)), ..self }
    }

    /// Lets it happen.
    pub fn run(&self) -> Result<Told, Failure> {
        let mut running = Running::begin(self.kind, self.seed);
        let (mut done, mut looked, mut lie, mut steps) = (0, 0, self.lie, VecDeque::new());
        let last = self.only.as_ref().map(|only| only.last().copied().unwrap_or(0));
        for number in 0.. {
            if last.map_or(done >= self.operations, |last| number > last) {
                break;
            }
            let mut dice = Dice::of(self.seed, number + 1);
            if self.only.as_ref().is_some_and(|only| !only.contains(&number)) {
                continue;
            }
            running.machine.clock.advance(pass(&mut dice));
            lie = lie.filter(|(after, lie)| done < *after || !lie(&mut running.model.borrow_mut()));
            let count = if dice.one_in(8) { dice.between(2, 4) } else { 1 };
            let chosen = running.choose(&mut dice, count);
            let mails = chosen.iter().any(|(_, step)| step.what.starts_with("deliver"));
            let faults = Faults::choose(&mut dice, mails);
            done += u64::try_from(chosen.len()).unwrap_or(1).max(1);
            let what: Vec<&str> = chosen.iter().map(|(_, step)| step.what.as_str()).collect();
            let at = running.machine.clock.now();
            steps.push_back((number, format!("{number} {at}{}: {}", faults.describe(), what.join("\n    and "))));
            let result = running.step(chosen, faults, &mut dice);
            let result = result.and_then(|()| {
                if done / EVERY == looked {
                    return Ok(());
                }
                looked = done / EVERY;
                running.look_through()
            });
            if let Err(what) = result {
                return Err(Failure { what, operations: done, steps });
            }
        }
        assert!(lie.is_none(), "there was nothing to lie about");
        running.end().map_err(|what| Failure { what, operations: done, steps })?;
        Ok(Told { tally: std::mem::take(&mut running.seen.tally), digest: running.seen.digest.finish() })
    }
}

impl Running {
    fn begin(kind: Kind, seed: u64) -> Self {
        let runtime = runtime();
        let (machine, process, world) = runtime.block_on(async {
            let machine = Machine::new(kind, seed).await;
            let process = machine.start().await;
            let world = World::make(&process.services).await;
            (machine, process, world)
        });
        let model = Rc::new(RefCell::new(Model::new(Rc::new(world), Rc::clone(&machine.post), machine.clock.now())));
        Self { machine, process: Some(process), runtime, model, seen: Seen::default(), heads: Vec::new(), mark: 0 }
    }

    fn choose(&mut self, dice: &mut Dice, count: i64) -> Vec<(u32, Step)> {
        self.model.borrow_mut().now = self.machine.clock.now();
        let model = self.model.borrow();
        let mut chosen = Vec::new();
        for _ in 0..count * 20 {
            if i64::try_from(chosen.len()) == Ok(count) {
                break;
            }
            let (_, _, operation) = TABLE[dice.weighted(TABLE.iter().map(|(weight, ..)| *weight))];
            let mut choice = Choice { model: &model, dice, number: self.mark + 1 };
            if let Some(step) = operation(&mut choice) {
                self.mark += 1;
                chosen.push((self.mark, step));
            }
        }
        chosen
    }

    fn step(&mut self, chosen: Vec<(u32, Step)>, mut faults: Faults, dice: &mut Dice) -> Result<(), String> {
        let Some(process) = &self.process else { return Err("no program".to_owned()) };
        let (machine, model, seen) = (&mut self.machine, &self.model, &mut self.seen);
        let died = self.runtime.block_on(async {
            if let Some(trap) = faults.trap {
                process.set_trap(trap).await;
            }
            let ended = play(machine, process, model, chosen, &mut faults, dice).await?;
            if let Some(trap) = faults.trap {
                process.take_trap(trap).await;
            }
            match ended {
                Ended::Died => Ok(true),
                Ended::All(outcomes) => settle(process, &mut model.borrow_mut(), seen, outcomes).await.map(|()| false),
            }
        })?;
        if died { self.start_again() } else { Ok(()) }
    }

    /// The program has died: another one finds what is on the disk.
    fn start_again(&mut self) -> Result<(), String> {
        {
            let _inside = self.runtime.enter();
            self.process = None;
        }
        std::mem::replace(&mut self.runtime, runtime()).shutdown_background();
        *self.seen.tally.entry("the program → died".to_owned()).or_default() += 1;
        // It begins with what the database has.
        {
            let model = &mut *self.model.borrow_mut();
            model.vault.clone_from(&model.keys_of);
        }
        let (machine, model, seen) = (&self.machine, &self.model, &mut self.seen);
        let process = self.runtime.block_on(async {
            let process = machine.start().await;
            settle(&process, &mut model.borrow_mut(), seen, Vec::new()).await?;
            invariants::rows(&process, &model.borrow()).await?;
            Ok::<_, String>(process)
        })?;
        self.process = Some(process);
        Ok(())
    }

    /// Everything that can be looked through without ending the history.
    fn look_through(&mut self) -> Result<(), String> {
        let Some(process) = &self.process else { return Err("no program".to_owned()) };
        let (model, heads) = (&self.model, &mut self.heads);
        self.runtime.block_on(async {
            invariants::rows(process, &model.borrow()).await?;
            invariants::chains(process, &model.borrow(), heads).await
        })?;
        let readings = invariants::readings(&self.model.borrow());
        self.all(readings)
    }

    fn all(&mut self, steps: Vec<Step>) -> Result<(), String> {
        for step in steps {
            self.mark += 1;
            self.step(vec![(self.mark, step)], Faults::default(), &mut Dice::of(0, 0))?;
        }
        Ok(())
    }

    /// Nothing goes wrong any more: whatever is due goes out.
    fn post_rests(&mut self) -> Result<(), String> {
        let back = server_step(&self.model.borrow().post, false);
        self.all(vec![back])?;
        let now = self.machine.clock.now();
        // A morning by which every wait and every lease is over.
        let morning = oslo_day_start(oslo_date(now) + Days::new(1)) + Duration::hours(10);
        self.machine.clock.advance(morning - now);
        self.model.borrow_mut().now = self.machine.clock.now();
        self.all(vec![plan_step(), deliver_step()])?;
        let Some(process) = &self.process else { return Err("no program".to_owned()) };
        self.runtime.block_on(async { invariants::everything_is_out(process, &self.model.borrow()).await })
    }

    fn end(&mut self) -> Result<(), String> {
        self.look_through()?;
        let openings = invariants::openings(&self.model.borrow());
        self.all(openings)?;
        self.post_rests()?;
        let Some(process) = &self.process else { return Err("no program".to_owned()) };
        let (machine, model) = (&self.machine, &self.model);
        self.runtime.block_on(async {
            invariants::rows(process, &model.borrow()).await?;
            invariants::secrecy(machine, process).await
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _inside = self.runtime.enter();
        self.process = None;
    }
}
