//! What goes out: dead letters to be kept, the next batch, partitions that are given up, and when to read no more.

use std::mem;

use super::batch::{Gathered, Keeping, Sorted};
use super::reading::{Reading, State};
use super::{Machine, Output};
use crate::domain::{NextOffset, Partition};

/// Dead letters that are not kept within so long, in milliseconds, hold back their partition; neither a stop nor one
/// who is to get the partition waits for them any longer.
const LETTERS_WITHIN_MS: u64 = 2_000;

impl Machine {
    /// Sends off what it is time for, and keeps pause and stop in step. After a record, what waits for a time to come is not
    /// looked through: the tick after all the records of a poll does that once.
    pub(super) fn go_on(&mut self, now_ms: u64, at_end: bool, after_record: bool) {
        if !after_record {
            self.give_up_late(now_ms);
        }
        if self.in_flight.is_none() {
            self.send_off(now_ms, at_end);
        }
        if !self.releasing.is_empty() && !self.has_any(&self.releasing) {
            let partitions = mem::take(&mut self.releasing);
            self.outputs.push(Output::Release(partitions));
        }
        if self.stopping {
            if self.holds_nothing() {
                self.outputs.push(Output::Stop(self.stopped.take().map_or(Ok(()), Err)));
            }
            return;
        }
        if !after_record {
            self.look_up_due(now_ms);
        }
        let pause = self.is_full() || self.takes_nothing();
        if pause != self.paused {
            self.paused = pause;
            self.outputs.push(if pause { Output::Pause } else { Output::Resume });
        }
    }

    /// Looks up again what has waited long enough for that.
    fn look_up_due(&mut self, now_ms: u64) {
        let due = |reading: &Reading| matches!(reading.state, State::Waiting(at_ms) if at_ms <= now_ms);
        let again: Vec<Partition> = self
            .partitions
            .iter_mut()
            .filter(|(_, reading)| due(reading))
            .map(|(partition, reading)| {
                reading.state = State::LookedUp;
                *partition
            })
            .collect();
        if !again.is_empty() {
            self.outputs.push(Output::Resync(again));
        }
    }

    fn is_full(&self) -> bool {
        self.gathered.records >= self.limits.records || self.gathered.bytes >= self.limits.bytes
    }

    /// Dead letters that are late hold back their partition; who is to have it, and a stop, wait for them no longer.
    fn give_up_late(&mut self, now_ms: u64) {
        let is_late = |kept: &Keeping| now_ms >= kept.since_ms + LETTERS_WITHIN_MS;
        let late: Vec<Partition> =
            self.keeping.iter().filter(|(_, kept)| is_late(kept)).map(|(partition, _)| *partition).collect();
        for partition in late {
            if self.stopping || self.releasing.contains(&partition) {
                self.keeping.remove(&partition);
                continue;
            }
            let kept = self.keeping.get_mut(&partition).and_then(|kept| kept.part.take());
            if let (Some(_), Some(reading)) = (kept, self.partitions.get_mut(&partition)) {
                reading.state = State::Letters;
                self.gathered.forget(&[partition]);
                self.outputs.push(Output::Hold(vec![partition]));
            }
        }
    }

    /// Sends the next batch to the store, and the dead letters that have to be kept before one.
    fn send_off(&mut self, now_ms: u64, at_end: bool) {
        let age = now_ms.saturating_sub(self.gathered.since_ms);
        // In a heavy flow a fuller batch is worth a longer wait: each writes the same pages.
        let wait = if self.gathered.records > self.limits.records / 20 {
            5 * self.limits.wait_ms
        } else {
            self.limits.wait_ms
        };
        // Sent off before it is full, so that reading goes on while the store still has the batch before.
        let ripe = |limit: usize| limit - limit / 4;
        let ripe = self.gathered.records >= ripe(self.limits.records) || self.gathered.bytes >= ripe(self.limits.bytes);
        let due = !self.gathered.is_empty() && (age >= wait || at_end);
        if (ripe || due) && now_ms >= self.not_before_ms && self.ready.is_empty() {
            self.sort(now_ms);
        }
        // What waits for its dead letters goes with the rest, if it need not wait for long.
        let soon = |kept: &Keeping| kept.part.is_some() && now_ms < kept.since_ms + self.limits.wait_ms;
        if !self.ready.is_empty() && !self.keeping.values().any(soon) {
            let (batch, in_flight) = mem::take(&mut self.ready).close(&self.topic);
            self.in_flight = Some(in_flight);
            self.outputs.push(Output::Apply(batch));
        }
    }

    /// Makes ready what has no dead letters, and has those of the rest kept.
    fn sort(&mut self, now_ms: u64) {
        let mut next = mem::take(&mut self.room);
        // What follows is likely to be as much.
        next.reserve(self.gathered.records);
        let gathered = mem::replace(&mut self.gathered, Gathered::with_room(next));
        let mut waiting: usize = self.keeping.values().filter_map(|kept| Some(kept.part.as_ref()?.bytes)).sum();
        let Sorted { free, letters, staying } = gathered.sort(|partition, bytes| {
            let stays = self.keeping.contains_key(&partition)
                // As much as a batch may wait for dead letters that are not late, be they of how many partitions.
                || bytes.is_some_and(|bytes| waiting > 0 && waiting + bytes > self.limits.bytes);
            waiting += bytes.filter(|_| !stays).unwrap_or(0);
            stays
        });
        for (partition, end) in free.ends().chain(letters.values().flat_map(Gathered::ends)) {
            self.partitions.entry(partition).and_modify(|reading| reading.from = Some(end));
        }
        if !staying.is_empty() {
            self.not_before_ms = now_ms + self.limits.wait_ms;
            self.gathered.merge(staying);
        }
        for (partition, mut part) in letters {
            self.letters += 1;
            let id = self.letters;
            self.outputs.push(Output::DeadLetter(id, part.take_letters()));
            let to = part.ends().next().map_or(NextOffset(0), |(_, to)| to);
            self.keeping.insert(partition, Keeping { id, part: Some(part), to, since_ms: now_ms });
        }
        self.ready.merge(free);
    }
}
