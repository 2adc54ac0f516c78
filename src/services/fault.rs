//! What can go wrong below any use case; every service's `Error` passes it on.

use crate::crypto::envelope::OpenError;
use crate::storage::StorageError;

/// A fault that is nobody's mistake but the installation's or this program's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The database.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A stored value or a key.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A stored value opens but holds something that this program never writes.
    #[error("stored {0} is not readable")]
    Content(&'static str),
    /// A document could not be made.
    #[error(transparent)]
    Print(#[from] crate::print::pdf::Error),
    /// A page of HTML could not be made.
    #[error(transparent)]
    Page(#[from] crate::print::record::Error),
}

impl Fault {
    /// Whether trying later may help.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Storage(StorageError::Unavailable(_) | StorageError::Conflict))
    }
}

impl crate::storage::UnitError for Fault {
    fn storage(&self) -> Option<&StorageError> {
        match self {
            Self::Storage(error) => Some(error),
            _ => None,
        }
    }
}

/// Lets a service's `Error` with a variant `Fault(Fault)` be the error of a unit of work.
macro_rules! unit_error {
    ($error:ty) => {
        impl From<$crate::storage::StorageError> for $error {
            fn from(error: $crate::storage::StorageError) -> Self {
                Self::Fault(error.into())
            }
        }

        impl From<$crate::crypto::envelope::OpenError> for $error {
            fn from(error: $crate::crypto::envelope::OpenError) -> Self {
                Self::Fault(error.into())
            }
        }

        impl $crate::storage::UnitError for $error {
            fn storage(&self) -> Option<&$crate::storage::StorageError> {
                match self {
                    Self::Fault($crate::services::Fault::Storage(error)) => Some(error),
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use unit_error;
