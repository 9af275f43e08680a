//! What only a PostgreSQL server decides: many workers at a time, lost
//! connections, servers that go back or take no changes, roles, refusals, and the
//! binary on a database.

#![allow(clippy::unwrap_used)]

mod commands;
#[path = "../database/mod.rs"]
mod database;
mod failover;
#[path = "../harness/mod.rs"]
mod harness;
#[path = "../oracle/mod.rs"]
mod oracle;
mod outage;
mod server;
mod workers;
