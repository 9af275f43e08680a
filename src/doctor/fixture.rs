//! A log and a store for the tests of the doctor, which answer as a test has it.

use std::collections::BTreeMap;

use crate::domain::{
    Digest, Entry, LogIdentity, LogKind, NextOffset, Offset, Partition, Position, Quarter, RecordKey, Rules,
};
use crate::files::{Inspected, Inspection};
use crate::log::{
    Access, Consumer, Created, EventLog, GroupState, Incoming, Keepers, LogError, Membership, PartitionRange, Producer,
    Topic, TopicSpec,
};
use crate::rollup::Cell;
use crate::rollup::table::Cells;
use crate::store::{
    Accepted, AcceptedGap, Checkpoint, Held, MissingRights, ReadCheckpoints, ReadFigures, ReadHeld, ReadLedger,
    StoreError, StoreReader,
};

/// A log that has one message in the last of its partitions' offsets.
#[derive(Default)]
pub(super) struct FakeLog {
    /// `low..high` of each partition.
    pub(super) ranges: Vec<(i64, i64)>,
    /// What every question about the dead letters' topic ends with.
    pub(super) dead_letters: Option<LogError>,
    /// What every question about the events' topic ends with.
    pub(super) events: Option<LogError>,
    /// What is not allowed.
    pub(super) denied: Vec<Access<'static>>,
    pub(super) taken_ms: i64,
    /// Of the events' topic.
    pub(super) settings: BTreeMap<String, String>,
    /// Who keeps either topic.
    pub(super) keepers: Keepers,
    pub(super) group: GroupState,
    pub(super) silent: Vec<(String, String)>,
    /// How a look at every page ends.
    pub(super) pages: Option<Result<Inspected, LogError>>,
    pub(super) asked: std::sync::atomic::AtomicUsize,
}

impl EventLog for FakeLog {
    fn describe(&self) -> String {
        "the embedded log fake".into()
    }

    fn topic(&self, name: &str) -> Result<Topic, LogError> {
        self.asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let failure = if name.ends_with(".dlq") { &self.dead_letters } else { &self.events };
        if let Some(error) = failure {
            return Err(error.clone());
        }
        let range = |(partition, (low, high)): (usize, &(i64, i64))| PartitionRange {
            partition: Partition(partition as i32),
            low: NextOffset(*low),
            high: NextOffset(*high),
        };
        let partitions = self.ranges.iter().enumerate().map(range).collect();
        Ok(Topic { name: name.to_owned(), partitions, replication: 3 })
    }

    fn kind(&self) -> LogKind {
        LogKind::Embedded
    }

    fn identity(&self, topic: &str) -> Result<LogIdentity, LogError> {
        self.events.clone().map_or(Ok(()), Err)?;
        let topic_id = Some("made once".to_owned());
        Ok(LogIdentity { kind: LogKind::Embedded, topic: topic.to_owned(), topic_id, cluster_id: None })
    }

    fn settings(&self, name: &str) -> Result<BTreeMap<String, String>, LogError> {
        Ok(if name == "giaoban.events" { self.settings.clone() } else { BTreeMap::new() })
    }

    fn keepers(&self, name: &str) -> Result<Keepers, LogError> {
        Ok(if name == "giaoban.events" { self.keepers.clone() } else { Keepers::default() })
    }

    fn group(&self, _: &str, _: &str) -> Result<GroupState, LogError> {
        Ok(self.group.clone())
    }

    fn silent_addresses(&self) -> Vec<(String, String)> {
        self.silent.clone()
    }

    fn inspect(&self, _: &Inspection<'_>) -> Option<Result<Inspected, LogError>> {
        self.pages.clone()
    }

    fn create_topic(&self, _: &TopicSpec) -> Result<Created, LogError> {
        panic!("doctor makes no topic")
    }

    fn producer(&self, _: &str) -> Result<Box<dyn Producer>, LogError> {
        panic!("doctor writes nothing")
    }

    fn consumer(&self, _: &str, _: &Membership) -> Result<Box<dyn Consumer>, LogError> {
        panic!("doctor joins no group")
    }

    fn may(&self, access: &Access<'_>) -> Result<(), LogError> {
        let (operation, resource) = match access {
            Access::Read(topic) => ("read", format!("topic {topic}")),
            Access::Write(topic) => ("write", format!("topic {topic}")),
            Access::Join { group, .. } => ("join", format!("group {group}")),
        };
        match self.denied.contains(access) {
            true => Err(LogError::Authorization { operation: operation.into(), resource }),
            false => Ok(()),
        }
    }

    fn read(
        &self,
        _: &str,
        partition: Partition,
        from: Offset,
        _: usize,
        sink: &mut dyn FnMut(Incoming<'_>),
    ) -> Result<usize, LogError> {
        sink(Incoming {
            position: Position { partition, offset: from },
            timestamp_ms: Some(self.taken_ms),
            appended_ms: None,
            key: None,
            headers: &[],
            payload: None,
        });
        Ok(1)
    }
}

/// A store with those checkpoints and held partitions, and nothing else.
pub(super) struct FakeStore {
    pub(super) checkpoints: Vec<Checkpoint>,
    pub(super) held: Vec<Held>,
    pub(super) accepted: Vec<Accepted>,
    /// How a look at every page ends.
    pub(super) pages: Option<Result<Inspected, StoreError>>,
    pub(super) rights: MissingRights,
}

impl ReadHeld for FakeStore {
    fn held(&mut self, _: &str) -> Result<Vec<Held>, StoreError> {
        Ok(self.held.clone())
    }

    fn accepted(&mut self, _: &str) -> Result<Vec<Accepted>, StoreError> {
        Ok(self.accepted.clone())
    }
}

impl ReadFigures for FakeStore {
    fn fingerprint(&mut self) -> Result<Option<Digest>, StoreError> {
        Ok(None)
    }

    fn synthetic(&mut self) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn quarters(&mut self) -> Result<Vec<Quarter>, StoreError> {
        Ok(Vec::new())
    }

    fn raw_cells(&mut self, _: Quarter, _: &mut dyn FnMut(&str, &str, Cell)) -> Result<(), StoreError> {
        Ok(())
    }

    fn cells(&mut self, _: &[Quarter], _: &Rules) -> Result<Cells, StoreError> {
        Ok(Cells::default())
    }
}

impl ReadLedger for FakeStore {
    fn entries(&mut self, _: &mut dyn FnMut(Entry) -> bool) -> Result<(), StoreError> {
        Ok(())
    }

    fn entry(&mut self, _: &RecordKey) -> Result<Option<Entry>, StoreError> {
        Ok(None)
    }

    fn earlier(&mut self, _: &RecordKey) -> Result<Vec<Entry>, StoreError> {
        Ok(Vec::new())
    }

    fn earlier_entries(&mut self, _: &mut dyn FnMut(Entry) -> bool) -> Result<(), StoreError> {
        Ok(())
    }

    fn record_count(&mut self) -> Result<u64, StoreError> {
        Ok(self.checkpoints.iter().map(|at| at.counts.applied).sum())
    }
}

impl ReadCheckpoints for FakeStore {
    fn topics(&mut self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    fn checkpoints(&mut self, _: &str) -> Result<Vec<Checkpoint>, StoreError> {
        Ok(self.checkpoints.clone())
    }

    fn bound_log(&mut self) -> Result<Option<LogIdentity>, StoreError> {
        Ok(None)
    }

    fn gaps(&mut self) -> Result<Vec<AcceptedGap>, StoreError> {
        Ok(Vec::new())
    }
}

impl StoreReader for FakeStore {
    fn describe(&self) -> String {
        "a fake store".into()
    }

    fn inspect(&mut self, _: &Inspection<'_>) -> Option<Result<Inspected, StoreError>> {
        self.pages.clone()
    }

    fn missing_rights(&mut self) -> Result<MissingRights, StoreError> {
        Ok(self.rights.clone())
    }

    fn size_bytes(&mut self) -> Result<u64, StoreError> {
        Ok(0)
    }
}
