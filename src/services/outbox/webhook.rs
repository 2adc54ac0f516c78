//! Sends a message to a webhook.

use super::{Failure, Message};
use crate::services::Services;

/// Sends.
pub(super) async fn send(_services: &Services, _message: &Message) -> Result<(), Failure> {
    Err(Failure::again("internal"))
}
