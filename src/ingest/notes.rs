//! What the workers of a group tell one another by way of the log: the newest server that any of them has written. So who
//! is connected to a primary that was replaced hears of it, though nobody else can tell.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::log::{EventLog, LogError, Notes};
use crate::store::timelines::Timelines;

/// How often the others' notes are read.
const READ_EVERY: Duration = Duration::from_secs(5);

/// What the workers of a group note, and what becomes of that here.
pub(super) struct GroupNotes {
    timelines: Arc<Timelines>,
    notes: Mutex<Notes>,
}

impl GroupNotes {
    /// Reads the notes at once, so that they are known before anything is written, and from now on every few seconds for as
    /// long as somebody keeps this.
    pub(super) fn follow(
        log: &dyn EventLog,
        topic: &str,
        group: &str,
        timelines: Arc<Timelines>,
    ) -> Result<Arc<Self>, LogError> {
        let notes = Arc::new(Self { timelines, notes: Mutex::new(log.notes(topic, group)?) });
        notes.read();
        let followed = Arc::downgrade(&notes);
        let follow = move || {
            loop {
                thread::sleep(READ_EVERY);
                match followed.upgrade() {
                    Some(notes) => notes.read(),
                    None => return,
                }
            }
        };
        if let Err(error) = thread::Builder::new().name("notes".into()).spawn(follow) {
            tracing::warn!(event = "notes_unread", %error, "cannot start a thread: what other workers know of the store's servers is heard with new partitions only");
        }
        Ok(notes)
    }

    /// Reads them now; waits for the log no longer than for any other answer.
    pub(super) fn read(&self) {
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner)();
        match notes {
            Ok(notes) => notes.iter().filter_map(|note| note.parse().ok()).for_each(|seen| self.timelines.hear(seen)),
            Err(error) => {
                tracing::debug!(event = "notes_not_read", %error, "cannot read what the group has noted");
            }
        }
    }

    /// What is to be noted for the others; empty if nothing is known.
    pub(super) fn own(&self) -> String {
        self.timelines.note()
    }
}
