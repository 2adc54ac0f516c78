//! One test binary: linking dominates test builds. A file or folder a surface; `support` starts the
//! real application on a real port, on SQLite and on PostgreSQL.

mod abuse;
mod access_log;
mod architecture;
mod asvs;
mod attacks;
mod authorization;
mod canary;
mod commands;
mod content;
mod contract;
mod docs;
mod erasure;
mod export;
mod fuzz;
mod integrating;
mod invitations;
mod jobs;
mod keys;
mod letters;
mod log;
mod mail;
mod outbox;
mod pages;
mod paper;
mod patient;
mod policy;
mod print;
mod retention;
mod schema;
mod simulation;
mod support;
mod tokens;
mod uptake;
mod walkthrough;
mod worklist;
