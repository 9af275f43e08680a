//! The folder of a store on one machine: which generation is in force, and the
//! lock by which there is one writer.
//!
//! A generation is a file `store-N.db`. A replay builds the next one beside it;
//! the file `CURRENT` names the one in force and is replaced in one step.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::StoreError;
use crate::files::{WholeFile, create_folder, open_file};

/// The lock of the one writer.
const WRITER: &str = "writer.lock";

/// A data folder.
#[derive(Clone, Debug)]
pub struct DataDir {
    path: PathBuf,
}

/// While it lives, nobody else writes the store.
#[derive(Debug)]
pub struct WriterLock {
    _file: File,
}

/// The number of a generation, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(pub u32);

impl DataDir {
    /// The folder, which is made if it is missing.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        create_folder(path).map_err(|error| io_error(path, error))?;
        Ok(Self { path: path.to_owned() })
    }

    /// The folder as it is.
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The generation in force; the first if none was ever switched.
    pub fn current(&self) -> Result<Generation, StoreError> {
        Ok(self.named()?.unwrap_or(Generation(1)))
    }

    /// The generation that `CURRENT` names; `None` if that file is not there.
    pub fn named(&self) -> Result<Option<Generation>, StoreError> {
        let file = self.path.join("CURRENT");
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error(&file, error)),
        };
        let number = text.trim().strip_prefix("store-").and_then(|rest| rest.strip_suffix(".db")?.parse().ok());
        number.map(|number| Some(Generation(number))).ok_or_else(|| StoreError::Damaged {
            at: file.display().to_string(),
            cause: format!("\"{}\" names no store; write the name of the newest store-N.db into it", text.trim())
                .into(),
        })
    }

    /// The file of a generation.
    pub fn store_file(&self, generation: Generation) -> PathBuf {
        self.path.join(format!("store-{}.db", generation.0))
    }

    /// Removes a generation that nobody has open.
    pub fn remove(&self, generation: Generation) -> Result<(), StoreError> {
        for suffix in ["", "-wal", "-shm"] {
            let mut name = self.store_file(generation).into_os_string();
            name.push(suffix);
            match fs::remove_file(&name) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(io_error(Path::new(&name), error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Puts a generation in force. The caller holds the writer's lock.
    pub fn switch(&self, _lock: &WriterLock, generation: Generation) -> Result<(), StoreError> {
        self.name(generation)
    }

    /// Writes which generation is in force, in a folder that nobody else writes.
    pub fn name(&self, generation: Generation) -> Result<(), StoreError> {
        let file = self.path.join("CURRENT");
        WholeFile::write(&file, format!("store-{}.db\n", generation.0)).map_err(|error| io_error(&file, error))
    }

    /// The lock of the one writer.
    pub fn lock_writer(&self) -> Result<WriterLock, StoreError> {
        self.lock(WRITER)
    }

    /// The lock of the one replay.
    pub fn lock_replay(&self) -> Result<WriterLock, StoreError> {
        self.lock("replay.lock")
    }

    /// The lock of the one recount.
    pub fn lock_verify(&self) -> Result<WriterLock, StoreError> {
        self.lock("verify.lock")
    }

    /// Which process writes the folder now; `None` if none does. Nothing is made for the question.
    pub fn writer(&self) -> Option<String> {
        let path = self.path.join(WRITER);
        let file = File::open(&path).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(fs::read_to_string(&path).unwrap_or_default().trim().to_owned()),
            _ => None,
        }
    }

    fn lock(&self, name: &str) -> Result<WriterLock, StoreError> {
        let path = self.path.join(name);
        let mut file = open_file(&path).map_err(|error| io_error(&path, error))?;
        match file.try_lock() {
            Ok(()) => {
                // The number is for messages alone; the lock is what counts.
                let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
                Ok(WriterLock { _file: file })
            }
            Err(TryLockError::WouldBlock) => {
                let by = fs::read_to_string(&path).unwrap_or_default().trim().to_owned();
                Err(StoreError::Locked { at: self.path.display().to_string(), by })
            }
            Err(TryLockError::Error(error)) => Err(io_error(&path, error)),
        }
    }
}

pub(super) fn io_error(path: &Path, error: io::Error) -> StoreError {
    let at = path.display().to_string();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::DiskFull { at },
        _ => StoreError::Unwritable { at, cause: error.into() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::tests::leads_to;

    #[test]
    fn a_folder_that_cannot_be_made_leads_to_what_the_system_said() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = DataDir::create(&file.path().join("data")).unwrap_err();
        assert!(leads_to::<io::Error>(&error), "{error}");
    }

    #[test]
    fn one_writer_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::create(dir.path()).unwrap();
        let lock = data.lock_writer().unwrap();
        assert!(matches!(data.lock_writer(), Err(StoreError::Locked { .. })));
        drop(lock);
        data.lock_writer().unwrap();
    }

    #[test]
    fn a_switch_stays() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::create(&dir.path().join("new")).unwrap();
        assert_eq!(data.current().unwrap(), Generation(1));
        data.switch(&data.lock_writer().unwrap(), Generation(2)).unwrap();
        assert_eq!(DataDir::at(data.path()).current().unwrap(), Generation(2));
    }
}
