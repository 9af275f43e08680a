//! The thread that has dead letters kept by the log: those of a partition that cannot be kept yet keep no others waiting.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use super::errands::{Parcel, Reply};
use super::ranges::once_more;
use crate::dead_letters::producer::DeadLetterProducer;
use crate::log::EventLog;

/// How often it is looked whether letters are confirmed.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// The thread that has them kept.
pub(super) struct LetterKeeper {
    pub(super) log: Arc<dyn EventLog>,
    pub(super) dead_letters: DeadLetterProducer,
    pub(super) stop: Arc<AtomicBool>,
}

impl LetterKeeper {
    /// Serves until nobody asks any more.
    pub(super) fn serve(&mut self, parcels: &Receiver<Parcel>, replies: &Sender<Reply>) {
        loop {
            let next = match self.dead_letters.waits() {
                true => parcels.recv_timeout(LOOK_AGAIN),
                false => parcels.recv().map_err(RecvTimeoutError::from),
            };
            match next {
                Ok((id, letters)) => self.dead_letters.send(id, letters),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            for (id, mut result) in self.dead_letters.settled() {
                if let Err(refused) = &mut result {
                    refused.cause = once_more(&*self.log, &refused.topic, &self.stop, refused.cause.clone());
                }
                if replies.send(Reply::Kept(id, result)).is_err() {
                    return;
                }
            }
        }
    }
}
