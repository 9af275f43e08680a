//! Where the store is in its log: whether it has something to go on from, how far it is behind, and whether it moves.
//!
//! Both move while they are looked at. The store is read first, so that a healthy one is never ahead; who still seems
//! to be wrong is looked at once more, and what is behind until it has moved.

use std::collections::BTreeMap;

use super::{Examination, Manner, Met, OpenStore, Thing, Verdict, group, listed, of_partition};
use crate::config::Settings;
use crate::domain::{NextOffset, Partition};
use crate::log::{LogError, PartitionRange, Topic, first_record, still_has};
use crate::store::{Checkpoint, DataDir, StoreError};
use crate::text::{Text, doctor as says, ingest};

/// How often a store that is behind is looked at before it is said to stand still.
const LOOKS: u32 = 4;

/// What is needed to look again.
pub(super) struct Place<'a> {
    pub(super) settings: &'a Settings,
    pub(super) log: &'a Met<'a>,
    pub(super) open_store: &'a OpenStore<'a>,
    pub(super) manner: &'a Manner<'a>,
}

/// How a partition of the store is not where it can go on from.
#[derive(Clone, Debug)]
enum Wrong {
    /// The log begins after it.
    Expired(Text),
    /// The log ends before it, or has another record in the place of the store's last.
    Ahead(Text),
}

/// What one look has shown.
#[derive(Default)]
struct Look {
    wrong: BTreeMap<Partition, Wrong>,
    /// Where the store is in partitions of which it lacks records, and how many.
    behind: BTreeMap<Partition, (NextOffset, i64)>,
}

impl Place<'_> {
    pub(super) fn look(&self, examination: &mut Examination, checkpoints: &[Checkpoint], events: &Topic) {
        if let Some(log) = self.log.open() {
            match log.hidden(&events.name) {
                Ok(hidden) => {
                    for (partition, offsets) in hidden {
                        let detail = says::hidden(offsets, partition);
                        examination.add(Thing::Lag, Verdict::Problem, &detail, &says::end_transaction());
                    }
                }
                // Told with the topic.
                Err(LogError::Leaderless { .. } | LogError::Silent { .. }) => {}
                Err(error) => examination.failed(Thing::Lag, Verdict::NotLookedAt, &error),
            }
        }
        let first = self.see(checkpoints, events);
        if first.wrong.is_empty() && first.behind.is_empty() {
            return examination.good(Thing::Lag, &says::records_to_go(0));
        }
        match self.look_again(first) {
            Ok(Ok(seen)) => self.tell(examination, &seen),
            Ok(Err(error)) => examination.failed(Thing::Lag, Verdict::NotLookedAt, &error),
            Err(error) => examination.failed(Thing::Lag, Verdict::NotLookedAt, &error),
        }
    }

    /// One look at every partition.
    fn see(&self, checkpoints: &[Checkpoint], events: &Topic) -> Look {
        let nothing = |partition| PartitionRange { partition, low: NextOffset(0), high: NextOffset(0) };
        let has = |partition| events.partitions.iter().any(|range| range.partition == partition);
        // A partition that the log does not have has nothing.
        let unknown = checkpoints.iter().map(|at| at.partition).filter(|partition| !has(*partition)).map(nothing);
        let mut look = Look::default();
        for range in events.partitions.iter().copied().chain(unknown) {
            let stored = of_partition(checkpoints, range.partition);
            let next = stored.map_or(0, |checkpoint| checkpoint.next.0);
            let last = stored.and_then(|at| Some((at.next, at.last_timestamp_ms?)));
            let outside = || says::outside_log(range.partition, next, range.low, range.high);
            if let (Some(log), Some((next, taken_ms))) = (self.log.open(), last)
                && still_has(log, &events.name, &range, (next, taken_ms)) == Ok(false)
            {
                look.wrong.insert(range.partition, Wrong::Ahead(ingest::recreated(next, range.partition)));
            } else if next < range.low.0 {
                look.wrong.insert(range.partition, Wrong::Expired(outside()));
            } else if next > range.high.0 {
                look.wrong.insert(range.partition, Wrong::Ahead(outside()));
            } else {
                let next = NextOffset(next);
                let first = self.log.open().map_or(next, |log| first_record(log, &events.name, &range, next));
                let lag = range.high.0 - first.0;
                if lag > 0 {
                    look.behind.insert(range.partition, (next, lag));
                }
            }
        }
        look
    }

    /// Looks as often as it takes to be sure: what is still wrong, and what is behind and has not moved since.
    fn look_again(&self, first: Look) -> Result<Result<Seen, LogError>, StoreError> {
        let mut seen = Seen { lag: first.lag(), wrong: first.wrong, standing: first.behind };
        for _ in 1..LOOKS {
            std::thread::sleep(self.manner.pause);
            let topic = &self.settings.kafka.topic;
            let checkpoints = (self.open_store)()?.checkpoints(topic)?;
            let events = match self.log.open().map(|log| log.topic(topic)) {
                Some(Ok(events)) => events,
                Some(Err(error)) => return Ok(Err(error)),
                None => Topic { name: topic.clone(), partitions: Vec::new(), replication: 1 },
            };
            let look = self.see(&checkpoints, &events);
            seen.lag = look.lag();
            seen.wrong.retain(|partition, _| look.wrong.contains_key(partition));
            seen.standing.retain(|partition, (next, _)| look.behind.get(partition).is_some_and(|(now, _)| now == next));
            // What is wrong twice is wrong.
            if !seen.wrong.is_empty() || seen.standing.is_empty() {
                break;
            }
        }
        Ok(Ok(seen))
    }

    fn tell(&self, examination: &mut Examination, seen: &Seen) {
        // Whoever accepts a gap goes on; a store that is ahead does not.
        let is_ahead = seen.wrong.values().any(|wrong| matches!(wrong, Wrong::Ahead(_)));
        for wrong in seen.wrong.values() {
            let (Wrong::Expired(detail) | Wrong::Ahead(detail)) = wrong;
            let remedy = if is_ahead { ingest::publish_again() } else { ingest::accept_gap() };
            examination.add(Thing::Offsets, Verdict::Problem, detail, &remedy);
        }
        if !seen.wrong.is_empty() {
            return;
        }
        if seen.standing.is_empty() {
            let detail = if seen.lag == 0 { says::records_to_go(0) } else { says::being_taken(seen.lag) };
            return examination.good(Thing::Lag, &detail);
        }
        let seconds = (self.manner.pause * (LOOKS - 1)).as_secs();
        let detail = says::standing(seen.lag, listed(seen.standing.keys().copied()), seconds);
        examination.add(Thing::Lag, Verdict::Warning, &detail, &self.who_should_move());
    }

    /// What to do about a store that stands still: nothing is started where something runs.
    fn who_should_move(&self) -> Text {
        let kafka = &self.settings.kafka;
        let writer = || DataDir::at(&self.settings.general.data).writer();
        if let Some(process) = self.settings.has_one_writer().then(writer).flatten() {
            return says::see_process(process);
        }
        let readers = self.log.open().and_then(|log| group::readers(self.settings, log));
        match readers {
            Some(readers) => says::see_readers(readers, &kafka.group),
            None => says::run_worker(),
        }
    }
}

/// What several looks have shown.
struct Seen {
    /// How many records are not in the store, as of the last look.
    lag: i64,
    wrong: BTreeMap<Partition, Wrong>,
    standing: BTreeMap<Partition, (NextOffset, i64)>,
}

impl Look {
    fn lag(&self) -> i64 {
        self.behind.values().map(|(_, lag)| lag).sum()
    }
}
