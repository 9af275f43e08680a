//! Whether the store still has what was written into it: after a failover or a restore it may have less, and nothing
//! would tell a worker that has nothing to write.

use super::Machine;
use super::messages::{Output, WentBack};
use crate::domain::{NextOffset, Partition};
use crate::store::Checkpoint;

impl Machine {
    /// Reads again what the store has lost. Of a partition in flight nothing can be said: where it is now is on its way.
    /// A store that is further than this worker brought it turns the next batch away.
    pub(super) fn compare(&mut self, stored: &[Checkpoint], now_ms: u64) {
        if self.stopping {
            return;
        }
        let at = |partition| stored.iter().find(|stored| stored.partition == partition).map(|stored| stored.next);
        let mut lost = Vec::new();
        for (partition, reading) in &mut self.partitions {
            let (from, to) = (reading.from, at(*partition));
            if !reading.stale && to < from && !self.in_flight.has_any(&[*partition]) {
                reading.stale = true;
                lost.push(WentBack { partition: *partition, from: from.unwrap_or(NextOffset(0)), to });
            }
        }
        if lost.is_empty() {
            return;
        }
        self.gathered.forget(&lost.iter().map(|lost| lost.partition).collect::<Vec<Partition>>());
        // Not at once: where these start may be on its way already.
        self.resync_at_ms.get_or_insert(now_ms + self.limits.backoff_ms);
        self.outputs.push(Output::WentBack(lost));
    }
}
