//! Whether the store still has what was written into it: after a failover or a restore it may have less, and nothing
//! would tell a worker that has nothing to write.

use super::Machine;
use super::messages::{Output, WentBack};
use super::reading::{Reading, State};
use crate::domain::NextOffset;
use crate::store::Checkpoint;

impl Machine {
    /// Reads again what the store has lost. Of a partition in flight nothing can be said: where it is now is on its way.
    /// A store that is further than this worker brought it turns the next batch away.
    pub(super) fn compare(&mut self, stored: &[Checkpoint], now_ms: u64) {
        if self.stopping {
            return;
        }
        let at = |partition| stored.iter().find(|stored| stored.partition == partition).map(|stored| stored.next);
        let known = |reading: &Reading| matches!(reading.state, State::Taking | State::Held(_));
        let lost: Vec<WentBack> = self
            .partitions
            .iter()
            .filter(|(partition, reading)| known(reading) && !self.has_any(&[**partition]))
            .filter(|(partition, reading)| at(**partition) < reading.from)
            .map(|(partition, reading)| WentBack {
                partition: *partition,
                from: reading.from.unwrap_or(NextOffset(0)),
                to: at(*partition),
            })
            .collect();
        if lost.is_empty() {
            return;
        }
        for WentBack { partition, .. } in &lost {
            // Not at once: where these start may be on its way already.
            self.hold_back(*partition, now_ms);
        }
        self.outputs.push(Output::WentBack(lost));
    }
}
