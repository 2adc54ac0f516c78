//! Connections that read, lent out one at a time.

use super::connection::{Connection, End, Place, locked};
use crate::storage::StorageError;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Longest wait for a free connection.
const FREE: Duration = Duration::from_secs(5);

/// The connections.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    place: Place,
    idle: Arc<Mutex<Vec<Arc<Connection>>>>,
    places: Arc<Semaphore>,
    most: u32,
}

/// A connection, lent out. Given back clean, whatever was under way.
#[derive(Debug)]
pub(crate) struct Lease {
    connection: Arc<Connection>,
    idle: Arc<Mutex<Vec<Arc<Connection>>>>,
    _place: OwnedSemaphorePermit,
}

impl Pool {
    /// Opens the first connection.
    pub(crate) fn open(place: Place, most: u32) -> Result<Self, StorageError> {
        let first = Arc::new(place.open()?);
        let places = usize::try_from(most).unwrap_or(usize::MAX);
        Ok(Self { place, idle: Arc::new(Mutex::new(vec![first])), places: Arc::new(Semaphore::new(places)), most })
    }

    /// Lends one; what is under way on it ends when `end` is set.
    pub(crate) async fn lend(&self, end: &End) -> Result<Lease, StorageError> {
        let nothing_free = || StorageError::Unavailable("no connection is free".to_owned());
        let free = tokio::time::timeout(FREE, Arc::clone(&self.places).acquire_owned());
        let place = free.await.map_err(|_| nothing_free())?.map_err(|_| nothing_free())?;
        let kept = locked(&self.idle).pop();
        let connection = match kept {
            Some(connection) => connection,
            None => Arc::new(self.place.open()?),
        };
        connection.ends_with(Some(Arc::clone(end)));
        Ok(Lease { connection, idle: Arc::clone(&self.idle), _place: place })
    }

    /// Closes all, each when it has come back.
    pub(crate) async fn close(&self) {
        let _all = self.places.acquire_many(self.most).await;
        self.places.close();
        locked(&self.idle).clear();
    }
}

impl Lease {
    /// The connection.
    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.connection.ends_with(None);
        if self.connection.clear() {
            locked(&self.idle).push(Arc::clone(&self.connection));
        }
    }
}
