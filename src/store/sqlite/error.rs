//! What SQLite refuses, as what can go wrong with a store.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::files::sqlite as sqlite_file;
use crate::store::StoreError;

pub(super) fn sql_error(path: &Path, error: &rusqlite::Error) -> StoreError {
    let (at, cause) = (path.display().to_string(), error.to_string());
    match error.sqlite_error_code() {
        _ if sqlite_file::is_full(error) => StoreError::DiskFull { at },
        _ if sqlite_file::is_unwritable(error) => StoreError::Unwritable { at, cause },
        None | Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => StoreError::Damaged { at, cause },
        Some(_) => StoreError::Unavailable { at, cause },
    }
}
