//! The watch over log and dead letters: every ten seconds it asks the log for the ends of all partitions, whoever reads
//! them, so that what waits is known while the store is away, a partition is nobody's or no worker runs.
//!
//! Where the store is comes from whoever has it open (`Metrics::checkpoints`). May not know who works here.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use super::lag::Looked;
use super::metrics::{LogTrouble, Metrics};
use crate::dead_letters::undecided::Undecided;
use crate::domain::Offset;
use crate::log::{EventLog, LogError};

/// How often the log is asked.
const EVERY: Duration = Duration::from_secs(10);
/// So many partitions are looked into at a time: each takes a question of its own.
const LOOKS: usize = 16;

/// A watch that goes on until this is dropped.
#[derive(Debug)]
pub struct Watch {
    _stop: Sender<()>,
}

impl Watch {
    /// Watches these topics of events and dead letters; what is seen goes into the metrics.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn start(
        log: Arc<dyn EventLog>,
        (topic, dead_letter_topic): (&str, &str),
        metrics: Arc<Metrics>,
    ) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let mut watching = Watching {
            log,
            topic: topic.to_owned(),
            dead_letter_topic: dead_letter_topic.to_owned(),
            metrics,
            undecided: Undecided::default(),
        };
        std::thread::Builder::new().name("watch".into()).spawn(move || watching.go(&stopped))?;
        Ok(Self { _stop: stop })
    }
}

struct Watching {
    log: Arc<dyn EventLog>,
    topic: String,
    dead_letter_topic: String,
    metrics: Arc<Metrics>,
    undecided: Undecided,
}

impl Watching {
    fn go(&mut self, stopped: &Receiver<()>) {
        loop {
            self.look_at_ends();
            self.look_at_dead_letters(stopped);
            if !matches!(stopped.recv_timeout(EVERY), Err(RecvTimeoutError::Timeout)) {
                return;
            }
        }
    }

    fn look_at_ends(&self) {
        let ranges = self.log.ranges(&self.topic);
        if let Err(error) = &ranges {
            tracing::debug!(event = "log_not_watched", %error, "the log does not say where its partitions end");
        }
        let failed = ranges.as_ref().map_or(true, |ranges| ranges.iter().any(|(_, range)| range.is_err()));
        if failed {
            self.metrics.log_failed(LogTrouble::Watch);
        }
        self.metrics.topic(ranges.as_ref().ok());
        for (partition, next, range) in self.metrics.unlooked().into_iter().take(LOOKS) {
            let mut found = Looked::NoneBefore(range.high);
            let read = self.log.read(&self.topic, partition, Offset(next.max(range.low).0), 1, &mut |message| {
                found = message.appended_ms.map_or(Looked::Untold, Looked::Taken);
            });
            match read {
                Ok(_) => self.metrics.looked(partition, next, found),
                Err(error) => {
                    tracing::debug!(event = "log_not_looked_into", %partition, %error, "what waits cannot be looked at");
                }
            }
        }
    }

    fn look_at_dead_letters(&mut self, stopped: &Receiver<()>) {
        let goes_on = || matches!(stopped.try_recv(), Err(std::sync::mpsc::TryRecvError::Empty));
        match self.undecided.read_on(&*self.log, &self.dead_letter_topic, &goes_on) {
            Ok(count) => self.metrics.undecided(Some(count)),
            // Whoever may not read them says nothing of them.
            Err(LogError::Authorization { .. }) => self.metrics.undecided(None),
            Err(error) => tracing::debug!(event = "dead_letters_not_counted", %error, "dead letters cannot be counted"),
        }
    }
}
