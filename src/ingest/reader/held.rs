//! Partitions that too many dead letters have paused: told, noted in the store, and gone on with when somebody has decided.

use super::Reader;
use crate::dead_letters::limit::Excess;
use crate::domain::Partition;
use crate::failure::Explained as _;
use crate::ingest::errands::Request;
use crate::ingest::error::WorkerError;
use crate::ingest::machine::{Input, Stopped};
use crate::store::{Accepted, Held};
use crate::wire::Code;

impl Reader {
    /// A partition is held at a record.
    pub(super) fn hold(&mut self, partition: Partition, excess: Excess) -> Result<(), WorkerError> {
        let told = Stopped::TooManyDeadLetters { partition, excess };
        tracing::error!(event = "partition_held", %partition, error = %told, remedy = %told.remedy().en, "a partition is held");
        self.metrics.held(partition, excess.last);
        self.note_held(partition, excess)
    }

    fn note_held(&mut self, partition: Partition, excess: Excess) -> Result<(), WorkerError> {
        let since_ms = jiff::Timestamp::now().as_millisecond();
        let Excess { first, last: at, bad, of, reason } = excess;
        self.ask(Request::Hold(Held { partition, at, first, bad, of, reason: reason.to_owned(), since_ms }))
    }

    /// While any partition is held, asks now and then whether somebody has decided.
    pub(super) fn ask_accepted(&mut self) -> Result<(), WorkerError> {
        if !self.asked_accepted && self.machine.all_held().next().is_some() {
            self.asked_accepted = true;
            self.ask(Request::Accepted)?;
        }
        Ok(())
    }

    /// Goes on with what is held at a record that is accepted. What the store has not noted, because it was away or went
    /// back, is noted once more: nobody decides about what nobody is told.
    pub(super) fn decided(&mut self, noted: &[Held], accepted: &[Accepted], now_ms: u64) -> Result<(), WorkerError> {
        let held: Vec<(Partition, Excess)> = self.machine.all_held().collect();
        for (partition, excess) in held {
            let Some(decision) = accepted.iter().find(|of| of.partition == partition && of.to.0 > excess.last.0) else {
                if !noted.iter().any(|of| of.partition == partition && of.at == excess.last) {
                    self.note_held(partition, excess)?;
                }
                continue;
            };
            tracing::info!(event = "dead_letters_accepted", %partition, to = %decision.to, why = decision.why, "dead letters are accepted: going on");
            self.machine.handle(Input::Decided(partition), now_ms);
        }
        Ok(())
    }

    /// All is done that can be; a partition that is held is what is left.
    pub(super) fn ended(&self) -> Result<(), WorkerError> {
        if self.targets.is_none() || self.stop_at.is_some() {
            return Ok(());
        }
        let elsewhere = self.held_elsewhere.iter().map(|(partition, excess)| (*partition, *excess));
        match self.machine.all_held().chain(elsewhere).next() {
            Some((partition, excess)) => Err(Stopped::TooManyDeadLetters { partition, excess }.into()),
            None => Ok(()),
        }
    }
}

/// What is noted of a partition that another worker holds.
pub(super) fn excess_of(held: &Held) -> Excess {
    let reason = Code::ALL.iter().map(|code| code.as_str()).find(|code| *code == held.reason);
    Excess { first: held.first, last: held.at, bad: held.bad, of: held.of, reason: reason.unwrap_or("unknown") }
}
