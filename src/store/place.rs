//! Where the generations of a store are kept, whatever database that is: which
//! is in force, the next one for a replay, and the switch.

use super::data_dir::{DataDir, Generation, WriterLock};
use super::postgres::Schema;
use super::sqlite::SqliteStore;
use super::upgrade::{check_rules, keep_before_upgrade};
use super::{StoreError, StoreReader, StoreWriter};
use crate::domain::Rules;

/// The generations of a store.
#[derive(Clone, Debug)]
pub enum StorePlace {
    /// Files in a data folder: one writer at a time, held off by a lock.
    Folder(DataDir),
    /// Tables in a schema: any number of writers, held off by the fence.
    Schema(Box<Schema>),
}

/// The next generation, opened for a replay.
pub struct Rebuilt {
    /// Its number.
    pub generation: Generation,
    /// That before it, which is in force.
    pub current: Generation,
    /// For writing.
    pub store: Box<dyn StoreWriter>,
}

impl StorePlace {
    /// The store in force, for reading.
    pub fn read(&self) -> Result<Box<dyn StoreReader>, StoreError> {
        Ok(match self {
            Self::Folder(data) => Box::new(SqliteStore::read(&data.store_file(data.current()?))?),
            Self::Schema(schema) => Box::new(schema.read()?),
        })
    }

    /// A generation, in force or not, for reading.
    pub fn read_generation(&self, generation: Generation) -> Result<Box<dyn StoreReader>, StoreError> {
        Ok(match self {
            Self::Folder(data) => Box::new(SqliteStore::read(&data.store_file(generation))?),
            Self::Schema(schema) => Box::new(schema.read_generation(generation)?),
        })
    }

    /// The store in force, for writing; made if it is missing. One of an earlier version is brought to this one, if these
    /// rules made it and a copy of it is kept: in the folder, or by the operator's word. Whoever holds the folder's lock
    /// says so.
    pub fn create(&self, rules: &Rules, lock: Option<&WriterLock>) -> Result<Box<dyn StoreWriter>, StoreError> {
        match self.read() {
            // It is rebuilt beside, never changed.
            Ok(mut store) => check_rules(&mut *store, rules)?,
            Err(StoreError::Missing { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(match self {
            Self::Folder(data) => {
                let data = DataDir::create(data.path())?;
                let _taken = keep_before_upgrade(&data, lock)?;
                Box::new(SqliteStore::create(&data.store_file(data.current()?))?)
            }
            Self::Schema(schema) => Box::new(schema.create()?),
        })
    }

    /// The generation after the one in force, empty, under these rules, for events that are made up or not. What a
    /// replay has left there is removed: what it took was decided by the log, the settings and the program of its day,
    /// which no store keeps.
    pub fn rebuild(&self, rules: &Rules, synthetic: bool) -> Result<Rebuilt, StoreError> {
        let mut rebuilt = match self {
            Self::Folder(data) => {
                let data = DataDir::create(data.path())?;
                let current = data.current()?;
                let generation = Generation(current.0 + 1);
                data.remove(generation)?;
                let store = Box::new(SqliteStore::create(&data.store_file(generation))?);
                Rebuilt { generation, current, store }
            }
            Self::Schema(schema) => {
                let store = schema.create_next()?;
                let generation = store.generation();
                Rebuilt { generation, current: Generation(generation.0 - 1), store: Box::new(store) }
            }
        };
        rebuilt.store.adopt(rules, synthetic)?;
        Ok(rebuilt)
    }

    /// What keeps other writers away while it lives; a schema needs nothing of the kind.
    pub fn lock_writer(&self) -> Result<Option<WriterLock>, StoreError> {
        match self {
            Self::Folder(data) => DataDir::create(data.path())?.lock_writer().map(Some),
            Self::Schema(_) => Ok(None),
        }
    }

    /// What keeps other replays away while it lives. In a schema, of two that
    /// build the same generation the fence turns the earlier one away.
    pub fn lock_replay(&self) -> Result<Option<WriterLock>, StoreError> {
        match self {
            Self::Folder(data) => DataDir::create(data.path())?.lock_replay().map(Some),
            Self::Schema(_) => Ok(None),
        }
    }

    /// Puts a generation in force. Nobody else writes the folder meanwhile; who
    /// writes the schema is fenced from then on.
    pub fn switch(&self, lock: Option<&WriterLock>, generation: Generation) -> Result<(), StoreError> {
        match (self, lock) {
            (Self::Folder(data), Some(lock)) => data.switch(lock, generation),
            (Self::Folder(data), None) => data.switch(&data.lock_writer()?, generation),
            (Self::Schema(schema), _) => schema.switch(generation),
        }
    }

    /// A generation's name, and how one is removed that is no longer needed, for people.
    pub fn name(&self, generation: Generation) -> (String, String) {
        match self {
            Self::Folder(data) => {
                let file = data.store_file(generation).display().to_string();
                (file.clone(), format!("rm {file}"))
            }
            Self::Schema(schema) => (schema.describe(generation), schema.removal(generation)),
        }
    }
}
