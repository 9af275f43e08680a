//! What only a PostgreSQL server decides: many workers at a time, lost
//! connections, roles, refusals, and the binary on a database.

#![allow(clippy::unwrap_used)]

mod commands;
#[path = "../database/mod.rs"]
mod database;
#[path = "../harness/mod.rs"]
mod harness;
#[path = "../oracle/mod.rs"]
mod oracle;
mod server;
mod workers;
