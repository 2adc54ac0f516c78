//! One test binary: linking dominates test builds. A file or folder a surface; `support` starts the
//! real application on a real port, on SQLite and on PostgreSQL.

mod content;
mod docs;
mod invitations;
mod jobs;
mod paper;
mod patient;
mod support;
mod walkthrough;
