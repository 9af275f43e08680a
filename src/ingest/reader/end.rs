//! Whether a worker that is to end has done its work: by itself, or with others
//! of its group.

use super::held::excess_of;
use super::{Reader, TELL_EVERY};
use crate::domain::{NextOffset, Offset, Partition};
use crate::failure::Explained as _;
use crate::ingest::error::WorkerError;

use std::time::{Duration, Instant};

/// A group gives partitions within this long, or has none to give.
const ASSIGNED_WITHIN: Duration = Duration::from_secs(10);

impl Reader {
    /// Whether the store is at every end that was seen at the start, by this worker's own doing.
    pub(super) fn caught_up(&self) -> bool {
        let Some(targets) = self.targets.as_ref().filter(|_| self.looked_up) else { return false };
        targets.iter().all(|(partition, end)| self.is_reached(*partition, *end))
    }

    /// The same of one partition; of one without messages nothing is to be reached.
    fn is_reached(&self, partition: Partition, end: NextOffset) -> bool {
        end.0 == 0
            || self.committed.get(&partition).is_some_and(|next| *next >= end)
            || self.machine.is_done(partition, end)
            || self.machine.held(partition).is_some()
    }

    /// The same, where other workers have a part in it.
    pub(super) fn elsewhere_caught_up(&mut self) -> Result<bool, WorkerError> {
        let Some(targets) = self.targets.clone() else { return Ok(false) };
        // What the group gives this one is looked at first: the topic may be another than the store's. Where it gives
        // nothing, that may not be told.
        if !self.looked_up && self.begun.elapsed() < ASSIGNED_WITHIN {
            return Ok(false);
        }
        if targets.keys().all(|partition| self.committed.contains_key(partition)) {
            return Ok(self.caught_up());
        }
        let now_ms = self.now_ms();
        let progress = match self.progress(now_ms) {
            // Asked again soon.
            Err(WorkerError::Store(error)) if self.passes(error.kind()) => return Ok(false),
            progress => progress?,
        };
        let stored = progress.checkpoints;
        let of_others = |partition: &Partition| !self.committed.contains_key(partition);
        let held = progress.held.iter().filter(|held| of_others(&held.partition));
        self.held_elsewhere = held.map(|held| (held.partition, excess_of(held))).collect();
        for (partition, end) in targets {
            if self.is_reached(partition, end) || self.held_elsewhere.contains_key(&partition) {
                continue;
            }
            let stored = stored.iter().find(|at| at.partition == partition).map_or(NextOffset(0), |at| at.next);
            let before = self.elsewhere.insert(partition, stored);
            // Where another worker stands still, perhaps nothing follows that is a record.
            if stored < end && (before != Some(stored) || self.has_record(partition, stored)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether nothing waits behind a transaction that nobody has ended: of that no reader is told, and a worker that ended
    /// would have said that all is in the store.
    pub(super) fn hides_nothing(&mut self) -> bool {
        const ASK_AGAIN: Duration = Duration::from_secs(1);
        if self.bounded || self.hidden_at.is_some_and(|(asked, _)| asked.elapsed() < ASK_AGAIN) {
            return self.bounded;
        }
        let hidden = self.log.hidden(&self.topic).unwrap_or_else(|error| {
            tracing::debug!(event = "hidden_not_known", %error, "whether anything is hidden cannot be found out");
            Vec::new()
        });
        if hidden.is_empty() {
            return true;
        }
        let told = self.hidden_at.map(|(_, told)| told).filter(|told| told.elapsed() < TELL_EVERY);
        if told.is_none() {
            for (partition, offsets) in &hidden {
                tracing::warn!(event = "transaction_open", %partition, offsets, "an open transaction of some producer hides what follows it: waiting for its end");
            }
        }
        self.hidden_at = Some((Instant::now(), told.unwrap_or_else(Instant::now)));
        false
    }

    /// Whether the log has a record of a partition at an offset or after it, as far as can be found out.
    fn has_record(&self, partition: Partition, from: NextOffset) -> bool {
        !matches!(self.log.read(&self.topic, partition, Offset(from.0), 1, &mut |_| {}), Ok(0))
    }
}
