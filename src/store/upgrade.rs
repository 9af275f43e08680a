//! A store of an earlier version: what comes before it is brought to this one, since the program before does not read it
//! afterwards. Whoever cannot do it has touched nothing.

use std::fs;

use super::data_dir::{DataDir, WriterLock, io_error};
use super::sqlite::{SqliteStore, VERSION};
use super::{StoreError, StoreReader};
use crate::domain::Rules;
use crate::files::create_folder;

/// Which versions of a store this program reads; it writes the last of them.
pub fn versions() -> String {
    format!("SQLite 1-{VERSION}, PostgreSQL 1-{}", super::postgres::VERSION)
}

/// Refuses a store that other rules have made.
///
/// # Errors
/// [`StoreError::OtherRules`], or if it cannot be read.
pub fn check_rules(store: &mut dyn StoreReader, rules: &Rules) -> Result<(), StoreError> {
    let now = rules.fingerprint();
    match store.fingerprint()? {
        Some(stored) if stored != now => Err(StoreError::OtherRules { at: store.describe(), stored, now }),
        _ => Ok(()),
    }
}

/// Keeps a copy of a folder's store, if it is of an earlier version, in a folder beside it that can be restored. Nobody
/// else writes the store from then on for as long as what is returned is kept.
pub(super) fn keep_before_upgrade(data: &DataDir, lock: Option<&WriterLock>) -> Result<Option<WriterLock>, StoreError> {
    let generation = data.current()?;
    let file = data.store_file(generation);
    let mut store = match SqliteStore::read(&file) {
        Ok(store) => store,
        Err(StoreError::Missing { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    if store.version()? == VERSION {
        return Ok(None);
    }
    let taken = if lock.is_none() { Some(data.lock_writer()?) } else { None };
    // Somebody may have brought it to this version before the folder was free.
    let found = store.version()?;
    if found == VERSION {
        return Ok(taken);
    }
    let kept = data.path().join(format!("before-version-{VERSION}-{}", jiff::Timestamp::now().as_second()));
    let (at, kept_at) = (store.describe(), kept.display().to_string());
    tracing::info!(
        event = "store_upgrade",
        store = at,
        found,
        to = VERSION,
        kept = kept_at,
        "the store is of an earlier version: keeping a copy of it, then bringing it to this one"
    );
    create_folder(&kept).map_err(|error| io_error(&kept, error))?;
    let copy = DataDir::at(&kept);
    // As a backup has it: the name of what is in force comes last.
    let copied = store.back_up(&copy.store_file(generation), &mut |_, _| {}).and_then(|()| copy.name(generation));
    if copied.is_err() {
        let _ = fs::remove_dir_all(&kept);
    }
    copied.map(|()| taken)
}
