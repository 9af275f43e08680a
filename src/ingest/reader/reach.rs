//! What the log tells of this worker's partitions now and then: where they end, what an open transaction hides, and which
//! of them nobody leads who answers.

use std::collections::BTreeSet;
use std::time::Instant;

use super::Reader;
use crate::domain::{NextOffset, Partition};
use crate::observability::Reach;

impl Reader {
    /// Passes on what the log has told.
    pub(super) fn look_at_log(&mut self) {
        // Behind the last record may lie offsets that are no records: these are not waited for.
        // (What has come while nothing is read is not known to be none.)
        let end = |(partition, end): (Partition, NextOffset)| {
            (partition, end, self.machine.end_of(partition).filter(|_| !self.machine.paused()))
        };
        let ends: Vec<_> = self.consumer.ends().into_iter().map(end).collect();
        self.metrics.ends(&ends);
        if self.committed.is_empty() && self.unanswered.is_empty() && self.consumer.stands_by() {
            self.metrics.health.works();
        }
        let assigned: BTreeSet<Partition> = self.committed.keys().chain(&self.unanswered).copied().collect();
        let away = self.consumer.unavailable().into_iter().filter(|partition| assigned.contains(partition));
        let unavailable: BTreeSet<Partition> = away.chain(self.unanswered.iter().copied()).collect();
        if unavailable != self.unavailable {
            if unavailable.is_empty() {
                let seconds = self.outages.leaderless.take().map(|since| since.elapsed().as_secs());
                tracing::info!(event = "partitions_led", seconds, "every partition has a leader that answers");
            } else {
                self.outages.leaderless.get_or_insert_with(Instant::now);
                tracing::warn!(event = "partitions_without_leader", partitions = ?unavailable, "no broker leads these partitions that answers; the others go on");
            }
            self.unavailable.clone_from(&unavailable);
        }
        let hidden = self.consumer.hidden().into_iter().filter(|(partition, _)| assigned.contains(partition)).collect();
        self.metrics.reach(Reach { assigned, unavailable, hidden });
    }
}
