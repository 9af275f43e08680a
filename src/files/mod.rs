//! Files as several rooms need them: whole or not there at all, and SQLite's. May not know what is in them.

pub(crate) mod sqlite;
mod whole;

pub use whole::WholeFile;
