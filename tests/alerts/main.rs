//! The alerts of `config/prometheus/alerts.yml` and their runbooks: that they are written as they have to be, and that each
//! is raised by what it is for, on a real Prometheus that watches real processes, and ends as its runbook says.

#![allow(clippy::unwrap_used)]

mod caused;
#[path = "../database/mod.rs"]
mod database;
#[path = "../harness/mod.rs"]
mod harness;
mod pages;
mod prometheus;
mod rules;
