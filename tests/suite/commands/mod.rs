//! The program as an operator meets it: what it refuses to start with and why, how it ends, and every
//! command. All of it runs the built binary.

mod access_log;
pub mod admin;
mod backup;
mod invite;
mod keys;
mod letters;
mod notices;
mod operations;
mod patient;
mod retention;
mod sign_in;
mod start;
mod support_texts;
mod webhook;
