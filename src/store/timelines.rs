//! Which of several servers that descend from one another is the newest, as far as this process has heard.
//!
//! A standby that is promoted begins a later timeline of the same system. A primary that goes on meanwhile, or comes back,
//! stays on the earlier one, and what is written there is lost to whoever follows the other. Nobody can be asked which of
//! them is right but those who have seen a later one: this worker, and by what it notes in the log every other of its group.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where a server stands among those that descend from one another: all of them have one identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lineage {
    /// The identifier of the system.
    pub system: i64,
    /// The timeline that the server writes.
    pub timeline: i64,
}

impl fmt::Display for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{MARK}{}/{}", self.system, self.timeline)
    }
}

/// Before what is noted, so that another program's note is not taken for one.
const MARK: &str = "postgresql ";

impl FromStr for Lineage {
    type Err = ();

    fn from_str(note: &str) -> Result<Self, ()> {
        let (system, timeline) = note.strip_prefix(MARK).and_then(|rest| rest.split_once('/')).ok_or(())?;
        match (system.parse(), timeline.parse()) {
            (Ok(system), Ok(timeline)) => Ok(Self { system, timeline }),
            _ => Err(()),
        }
    }
}

/// What was heard of servers, shared by all who hear or ask.
#[derive(Debug, Default)]
pub struct Timelines(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Of each system the latest timeline.
    newest: BTreeMap<i64, i64>,
    /// The system that was written last.
    written: Option<i64>,
    /// Two servers that are both primaries on one timeline, in words.
    rivals: Option<String>,
}

impl Timelines {
    /// Somebody has seen a server there.
    pub fn hear(&self, seen: Lineage) {
        let mut known = self.known();
        let newest = known.newest.entry(seen.system).or_insert(seen.timeline);
        *newest = seen.timeline.max(*newest);
    }

    /// This process writes a server there.
    pub fn write(&self, to: Lineage) {
        self.hear(to);
        self.known().written = Some(to.system);
    }

    /// The newest of the same system.
    pub fn newest(&self, of: Lineage) -> Lineage {
        let timeline = self.known().newest.get(&of.system).map_or(of.timeline, |newest| of.timeline.max(*newest));
        Lineage { timeline, ..of }
    }

    /// What is to be noted for others: the newest of the system that is written. Empty while none is.
    pub fn note(&self) -> String {
        let known = self.known();
        let lineage = known.written.and_then(|system| Some(Lineage { system, timeline: *known.newest.get(&system)? }));
        lineage.map(|lineage| lineage.to_string()).unwrap_or_default()
    }

    /// Two servers that are both primaries on one timeline, if any were seen when it was looked last.
    pub fn rivals(&self) -> Option<String> {
        self.known().rivals.clone()
    }

    /// What was seen of that.
    pub fn saw_rivals(&self, rivals: Option<String>) {
        self.known().rivals = rivals;
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lineage(system: i64, timeline: i64) -> Lineage {
        Lineage { system, timeline }
    }

    #[test]
    fn a_note_is_read_as_it_was_written_and_nothing_else_is() {
        assert_eq!(lineage(-7, 12).to_string().parse(), Ok(lineage(-7, 12)));
        for other in ["", "7/12", "postgresql 7", "postgresql 7/", "postgresql x/1", "postgresql 7/12 more"] {
            assert_eq!(other.parse::<Lineage>(), Err(()), "{other}");
        }
    }

    #[test]
    fn only_a_later_timeline_of_the_same_system_is_newer() {
        let timelines = Timelines::default();
        assert_eq!((timelines.newest(lineage(7, 1)), timelines.note()), (lineage(7, 1), String::new()));
        timelines.write(lineage(7, 1));
        timelines.hear(lineage(7, 3));
        timelines.hear(lineage(7, 2));
        timelines.hear(lineage(8, 9));
        assert_eq!(timelines.newest(lineage(7, 1)), lineage(7, 3));
        assert_eq!(timelines.newest(lineage(7, 4)), lineage(7, 4));
        assert_eq!(timelines.note(), lineage(7, 3).to_string(), "an old one is not noted over a new one");
    }
}
