//! Clinicians in a browser: signing in and out, the worklist, the summary of one patient, who may do what.

mod faithful;
mod findings;
mod launch;
pub mod links;
mod pages;
mod paper;
mod provider;
mod roles;
mod seats;
