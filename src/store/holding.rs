//! Order-independent counts and checksums of a store's records and checkpoints,
//! so that two stores can be compared whatever database each is in.

use sha2::{Digest as _, Sha256};

use super::{AcceptedGap, Checkpoint, StoreError, StoreReader};
use crate::domain::{Digest, Entry, LogIdentity};

/// What a store holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Of the rules that made it; `None` while it is empty.
    pub fingerprint: Option<Digest>,
    /// Whether it was made for events that are made up.
    pub synthetic: bool,
    /// The log that it is made from.
    pub log: Option<LogIdentity>,
    /// The gaps that were accepted.
    pub gaps: Vec<AcceptedGap>,
    /// How far it is, by topic.
    pub checkpoints: Vec<(String, Vec<Checkpoint>)>,
    /// What counts of every record.
    pub records: Sum,
    /// The revisions that do not count.
    pub earlier: Sum,
}

/// Entries in whatever order: how many, and the sum of their digests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many.
    pub count: u64,
    digests: [u64; 4],
}

impl Holding {
    /// Of that store. Reports after each entry how many it was.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn of(store: &mut dyn StoreReader, progress: &mut dyn FnMut(u64)) -> Result<Self, StoreError> {
        let (mut records, mut earlier) = (Sum::default(), Sum::default());
        store.entries(&mut |entry| {
            records.add(&entry);
            progress(records.count);
            true
        })?;
        store.earlier_entries(&mut |entry| {
            earlier.add(&entry);
            progress(records.count + earlier.count);
            true
        })?;
        let mut checkpoints = Vec::new();
        for topic in store.topics()? {
            let of_topic = store.checkpoints(&topic)?;
            checkpoints.push((topic, of_topic));
        }
        let (fingerprint, synthetic) = (store.fingerprint()?, store.synthetic()?);
        let (log, gaps) = (store.bound_log()?, store.gaps()?);
        Ok(Self { fingerprint, synthetic, log, gaps, checkpoints, records, earlier })
    }

    /// In how many partitions it is.
    pub fn partitions(&self) -> usize {
        self.checkpoints.iter().map(|(_, checkpoints)| checkpoints.len()).sum()
    }
}

impl Sum {
    fn add(&mut self, entry: &Entry) {
        // Without maps and floating point: an entry is written in one way only.
        let digest: [u8; 32] = Sha256::digest(format!("{entry:?}")).into();
        for (sum, lane) in self.digests.iter_mut().zip(digest.as_chunks::<8>().0) {
            *sum = sum.wrapping_add(u64::from_le_bytes(*lane));
        }
        self.count += 1;
    }
}
