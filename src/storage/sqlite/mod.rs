//! SQLite as requests use it: one connection that writes, on a thread of its own, and some that read,
//! each on the thread that asks. Migrations have one that sea-orm takes for a driver's.

mod alone;
mod connection;
mod pool;
mod statistics;
mod values;
mod writer;

pub(super) use alone::Alone;
pub(super) use connection::{Connection, End, Place, code_of, stored};
pub(super) use pool::Pool;
pub(super) use statistics::describe;
pub(super) use values::time;
pub(super) use writer::Writer;
