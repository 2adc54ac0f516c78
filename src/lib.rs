//! Kartlegging: patient self-report questionnaires for hospitals.
//!
//! The map of the house is `ARCHITECTURE.md`. Floors, bottom up; imports point down only:
//! 0 [`domain`] · 1 [`fhir`], [`text`] · 2 [`storage`], [`crypto`], [`mail`], [`mod@print`] · 3 [`services`] ·
//! 4 [`http`], [`jobs`] · 5 [`app`], [`cli`], [`config`], [`telemetry`].

pub mod app;
pub mod cli;
pub mod config;
pub mod crypto;
pub mod domain;
pub mod fhir;
pub mod http;
pub mod jobs;
pub mod mail;
pub mod print;
pub mod services;
pub mod storage;
pub mod telemetry;
pub mod text;
