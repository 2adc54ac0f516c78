//! A place beside every unit of work for someone who looks on and may hold it up or fail it. The
//! program has none. The simulation (`tests/suite/simulation`) gives each operation a handle with one:
//! so it decides whose turn it is, and breaks a unit where no other test can reach.

use super::StorageError;
use futures::future::BoxFuture;

/// Where a unit of work stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before it waits for its turn. An error: it is never run.
    Asked,
    /// Its statements have run; it is neither committed nor rolled back. Once for every run. An error:
    /// it is rolled back.
    Ran,
    /// Committed; its caller does not know yet. An error: the caller never hears.
    Committed,
    /// The service said no: rolled back.
    Refused,
    /// The database said no: rolled back, and not run again.
    Failed,
}

/// Looks on.
pub trait Watch: std::fmt::Debug + Send + Sync {
    /// A unit has come to a moment, and goes on when this is ready.
    fn at(&self, moment: Moment) -> BoxFuture<'static, Result<(), StorageError>>;
}
