//! giaoban: supervision and violation events in, exact quarterly rollups out.
//!
//! The map, from the bottom up; an arrow never points upwards:
//!
//! - [`domain`]: units, periods, calendars, amounts, records. Pure.
//! - [`json`]: JSON as it is written, and its canonical form. Pure.
//! - [`files`]: atomic, durable file replacement, and what SQLite files have in common.
//! - [`setting`]: what a key of the configuration is. Pure.
//! - [`text`]: every sentence that a person reads, in both languages. Pure.
//! - [`failure`]: what a kind of failure leads to; what each error says of itself.
//! - [`wire`]: the contract with producers: CloudEvents, codes, schemas. Pure.
//! - [`rollup`]: from what records say to what figures are. Pure.
//! - [`log`]: the event log: embedded, or Apache Kafka.
//! - [`store`]: ledger, cells and checkpoints in one transaction.
//! - [`dead_letters`]: messages that are not valid events, kept and sent again.
//! - [`observability`]: metrics, lag and health.
//! - [`ingest`]: the worker: from the log into the store.
//! - [`intake`]: takes events in: files, rows, single records; every rule is checked before.
//! - [`upkeep`]: a data folder copied while it is in use, and made of a copy.
//! - [`sample`]: the demo's year, made from a seed.
//! - [`report`]: figures for people and programs.
//! - [`web`]: pages, probes and metrics over HTTP.
//! - [`terminal`]: what a person at a terminal sees and types.
//! - [`config`]: settings in layers.
//! - [`doctor`]: looks over everything that a pipeline needs; changes nothing.
//! - [`program`]: what every command starts from.
//! - [`cli`]: the commands.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod cli;
pub mod config;
pub mod dead_letters;
pub mod doctor;
pub mod domain;
pub mod failure;
pub mod files;
pub mod ingest;
pub mod intake;
pub mod json;
pub mod log;
pub mod observability;
pub mod program;
pub mod report;
pub mod rollup;
pub mod sample;
pub mod setting;
pub mod store;
pub mod terminal;
pub mod text;
pub mod upkeep;
pub mod web;
pub mod wire;
