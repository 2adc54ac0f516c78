//! Issuing invitations: safe to repeat, in batches, around visits that move; taking them back.

mod batch;
mod changes;
mod repeat;
mod secrets;
mod visits;
