//! One test binary: linking dominates test builds. A file or folder a surface; `support` starts the
//! real application on a real port, on SQLite and on PostgreSQL.

mod abuse;
mod access_log;
mod architecture;
mod authorization;
mod canary;
mod commands;
mod content;
mod contract;
mod docs;
mod fuzz;
mod invitations;
mod jobs;
mod pages;
mod paper;
mod patient;
mod policy;
mod print;
mod schema;
mod support;
mod tokens;
mod walkthrough;
mod worklist;
