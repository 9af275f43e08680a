#![cfg_attr(test, allow(clippy::unwrap_used))]
//! giaoban: supervision and violation events in, exact quarterly rollups out.

pub mod domain;
pub mod ingest;
pub mod log;
pub mod report;
pub mod rollup;
pub mod store;
pub mod web;
pub mod wire;
