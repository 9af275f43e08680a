//! A copy of a data folder that is in use, and a data folder made of a copy.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::stores;
use crate::domain::LogKind;
use crate::failure::{Failure, FailureKind};
use crate::files::{create_file, create_folder, is_same};
use crate::log::embedded::EmbeddedLog;
use crate::log::identity_of;
use crate::store::sqlite::SqliteStore;
use crate::store::{DataDir, ReadLedger as _, StoreReader as _};
use crate::text::cli_stores as says;

/// In a folder while a copy is being made in it: what lies beside it is half a copy, and nobody's data.
const UNFINISHED: &str = "backup.partial";

/// Removes what a copy that was cut short, as by the end of its process, has left in a folder; anything else stays.
fn remove_unfinished(to: &Path) -> io::Result<()> {
    if !to.join(UNFINISHED).is_file() {
        return Ok(());
    }
    let is_of_copy = |name: &str| ["store-", "log.db", "CURRENT"].iter().any(|begin| name.starts_with(begin));
    for entry in fs::read_dir(to)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_of_copy) {
            fs::remove_file(entry.path())?;
        }
    }
    fs::remove_file(to.join(UNFINISHED))
}

/// Copies the store in force, and the embedded log if it is asked for, into a new or empty folder; workers go on
/// meanwhile. `progress` is given what is done and what there is to do. Returns how many records the copy has.
///
/// # Errors
///
/// Where there is something in the folder but half a copy, which is removed; where a file cannot be read or written, or the store or the log is damaged; then
/// nothing of the copy is left.
pub fn back_up(data: &DataDir, with_log: bool, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<u64, Failure> {
    let generation = data.current()?;
    let mut store = SqliteStore::read(&data.store_file(generation))?;
    let io = |error: io::Error| Failure::io(to.display(), &error);
    let is_new = !to.exists();
    if !is_new {
        remove_unfinished(to).map_err(io)?;
    }
    if !is_new && fs::read_dir(to).map_err(io)?.next().is_some() {
        return Err(Failure::new(FailureKind::Request, says::not_empty(to.display()), says::choose_folder()));
    }
    create_folder(to).map_err(io)?;
    let copy = DataDir::at(to);
    let mut copy_all = || -> Result<(), Failure> {
        create_file(&to.join(UNFINISHED)).map_err(io)?;
        // The store first: whatever the log has more, it catches up with.
        store.back_up(&copy.store_file(generation), progress)?;
        if with_log {
            EmbeddedLog::open(data.path())?.back_up(&EmbeddedLog::file_in(to), progress)?;
        }
        // Last: a copy that has this file is whole.
        copy.name(generation)?;
        fs::remove_file(to.join(UNFINISHED)).map_err(io)
    };
    if let Err(failure) = copy_all() {
        // Half a copy serves nobody.
        let _ = remove_unfinished(to);
        if is_new {
            let _ = fs::remove_dir(to);
        }
        return Err(failure);
    }
    Ok(store.record_count()?)
}

/// What a restore has done.
#[derive(Debug)]
pub struct Restored {
    /// How many records the store has now.
    pub records: u64,
    /// Where the stores are that were there.
    pub aside: Option<PathBuf>,
    /// Whether the copy has a log, and the folder kept its own.
    pub kept_log: bool,
}

/// Makes a data folder of a copy: its store, and its log where the folder has none (one that is there is later than the
/// copy's). Stores that are there are moved aside if `replace` says so. `topic` is that of the embedded log; `None` where
/// the log is on Kafka.
///
/// # Errors
///
/// Before anything is touched: where the copy is not whole, damaged, or the folder itself; where the log that would be
/// beside the store is not the one that it was made from; where stores are there that are not to be replaced, or somebody
/// writes them. Where a file cannot be read or written.
pub fn restore(from: &Path, to: &Path, topic: Option<&str>, replace: bool) -> Result<Restored, Failure> {
    if is_same(from, to) {
        return Err(Failure::new(FailureKind::Request, says::copy_is_the_folder(from.display()), says::choose_data()));
    }
    let copy = DataDir::at(from);
    let generation = copy.named()?.ok_or_else(|| {
        Failure::new(FailureKind::StoreDamaged, says::not_whole(from.display()), says::use_another_copy())
    })?;
    let mut store = SqliteStore::read(&copy.store_file(generation))?;
    store.check()?;
    let records = store.record_count()?;
    let (here, brought) = (EmbeddedLog::is_in(to), EmbeddedLog::is_in(from));
    if let Some(topic) = topic {
        check_log(&mut store, topic, if here { to } else { from }, here)?;
    }
    drop(store);
    let data = DataDir::create(to)?;
    let _lock = data.lock_writer()?;
    let io = |error: io::Error| Failure::io(to.display(), &error);
    let there = stores::all(to).map_err(io)?;
    let aside = match (there.is_empty(), replace) {
        (true, _) => None,
        (false, true) => Some(stores::move_aside(to, &there).map_err(io)?),
        (false, false) => {
            return Err(Failure::new(FailureKind::Request, says::store_there(to.display()), says::move_aside()));
        }
    };
    let bring =
        |from: &Path, to: &Path| stores::copy_whole(from, to).map_err(|error| Failure::io(to.display(), &error));
    bring(&copy.store_file(generation), &data.store_file(generation))?;
    if brought && !here {
        bring(&EmbeddedLog::file_in(from), &EmbeddedLog::file_in(to))?;
    }
    data.name(generation)?;
    Ok(Restored { records, aside, kept_log: here && brought })
}

/// That the log in that folder is whole and the one that the store was made from. One that is there already and cannot be
/// read is not known to be another.
fn check_log(store: &mut SqliteStore, topic: &str, folder: &Path, is_there_already: bool) -> Result<(), Failure> {
    let found = match EmbeddedLog::is_in(folder) {
        false => None,
        true if is_there_already => match EmbeddedLog::open(folder) {
            Ok(log) => identity_of(&log, topic)?,
            Err(_) => return Ok(()),
        },
        true => {
            let log = EmbeddedLog::open(folder)?;
            log.check()?;
            identity_of(&log, topic)?
        }
    };
    Ok(store.check_log(LogKind::Embedded, topic, found.as_ref())?)
}
