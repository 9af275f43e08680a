//! What SQLite refuses, as what can go wrong with a store.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::files::sqlite as sqlite_file;
use crate::store::StoreError;

pub(super) fn sql_error(path: &Path, error: rusqlite::Error) -> StoreError {
    let at = path.display().to_string();
    match error.sqlite_error_code() {
        _ if sqlite_file::is_full(&error) => StoreError::DiskFull { at },
        _ if sqlite_file::is_unwritable(&error) => StoreError::Unwritable { at, cause: error.into() },
        None | Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            StoreError::Damaged { at, cause: error.into() }
        }
        Some(_) => StoreError::Unavailable { at, cause: error.into() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::tests::leads_to;
    use crate::store::sqlite::SqliteStore;

    #[test]
    fn a_store_that_cannot_be_opened_leads_to_what_sqlite_said() {
        let dir = tempfile::tempdir().unwrap();
        let error = SqliteStore::create(&dir.path().join("none/store-1.db")).unwrap_err();
        assert!(matches!(error, StoreError::Unwritable { .. }), "{error}");
        assert!(leads_to::<rusqlite::Error>(&error));
        let file = dir.path().join("other.db");
        std::fs::write(&file, "no database at all".repeat(100)).unwrap();
        let error = SqliteStore::read(&file).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        assert!(leads_to::<rusqlite::Error>(&error));
    }
}
