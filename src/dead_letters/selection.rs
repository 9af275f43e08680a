//! Which dead letters are meant: by name, or by what they have in common.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::reader::{Action, DeadLetterState, DeadLetterTopic, ListedDeadLetter};
use crate::domain::Position;
use crate::failure::{Explained, FailureKind, shown_as_explained};
use crate::text::{Text, dead_letters as text};

/// What dead letters have in common; the default is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The code of the first rule that was broken.
    pub reason: Option<String>,
    /// The unit's code.
    pub unit: Option<String>,
    /// From that time on.
    pub since: Option<Timestamp>,
    /// Before that time.
    pub until: Option<Timestamp>,
}

impl Filter {
    /// Whether a dead letter is meant.
    pub fn takes(&self, dead_letter: &ListedDeadLetter) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
        is(&self.reason, &dead_letter.reason)
            && is(&self.unit, &dead_letter.unit)
            && self.since.is_none_or(|since| dead_letter.time_ms >= since.as_millisecond())
            && self.until.is_none_or(|until| dead_letter.time_ms < until.as_millisecond())
    }
}

/// Dead letters by name; by what they have in common if no name is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Their names.
    pub ids: Vec<Position>,
    /// What they have in common.
    pub filter: Filter,
}

impl Selection {
    /// Whether nothing was said, which means every dead letter.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

/// What was selected, by what became of it.
#[derive(Clone, Debug, Default)]
pub struct Selected<'l> {
    /// To be worked on.
    pub open: Vec<&'l ListedDeadLetter>,
    /// How many were sent again before.
    pub redriven: u64,
    /// How many were given up before.
    pub discarded: u64,
}

/// There is no dead letter of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub struct NoSuchDeadLetter(pub Position);

shown_as_explained!(NoSuchDeadLetter);

impl Explained for NoSuchDeadLetter {
    fn kind(&self) -> FailureKind {
        FailureKind::NotFound
    }

    fn what(&self) -> Text {
        text::no_such(self.0)
    }

    fn remedy(&self) -> Text {
        text::list_all()
    }
}

impl DeadLetterTopic {
    /// The dead letter of that name.
    ///
    /// # Errors
    /// If there is none.
    pub fn find(&self, id: Position) -> Result<&ListedDeadLetter, NoSuchDeadLetter> {
        self.dead_letters.iter().find(|dead_letter| dead_letter.id == id).ok_or(NoSuchDeadLetter(id))
    }

    /// What is meant, each message once however often it lies there; `again` takes also what was given up.
    ///
    /// # Errors
    /// If a name is nobody's.
    pub fn select(&self, selection: &Selection, again: bool) -> Result<Selected<'_>, NoSuchDeadLetter> {
        let mut chosen: BTreeMap<Position, &ListedDeadLetter> = BTreeMap::new();
        for id in &selection.ids {
            let mut dead_letter = self.find(*id)?;
            if let DeadLetterState::Copy(of) = dead_letter.state {
                dead_letter = self.find(of)?;
            }
            chosen.insert(dead_letter.id, dead_letter);
        }
        if selection.ids.is_empty() {
            let taken = self.dead_letters.iter().filter(|dead_letter| selection.filter.takes(dead_letter));
            chosen.extend(taken.map(|dead_letter| (dead_letter.id, dead_letter)));
        }
        let mut selected = Selected::default();
        for dead_letter in chosen.into_values() {
            match &dead_letter.state {
                DeadLetterState::Open => selected.open.push(dead_letter),
                DeadLetterState::Decided(decision) if decision.action == Action::Redriven => selected.redriven += 1,
                DeadLetterState::Decided(_) if again => selected.open.push(dead_letter),
                DeadLetterState::Decided(_) => selected.discarded += 1,
                // Its like is selected instead.
                DeadLetterState::Copy(_) => {}
            }
        }
        Ok(selected)
    }
}
