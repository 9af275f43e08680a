//! Which of a record's revisions counts: the verdict loop, the heart of the pipeline.
//!
//! Every store calls it with what it holds of a record and what a batch brings, and writes what comes out. (Who shows
//! records that make no figure, a plan or the present revision of one, compares ranks itself: `report::year`,
//! `intake::latest`.) Pure: may not know where revisions are kept. So there is one thing that it cannot tell: whether a
//! revision that does not count is kept already, because it came in a batch before. The store says that to
//! [`Earlier::verdict`].

use std::cmp::Ordering;

use rustc_hash::FxHashSet;

use super::contribution::NotInTable;
use super::delta::Delta;
use crate::domain::record::Rank;
use crate::domain::{Entry, Rules};

/// What becomes of a revision that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryVerdict {
    /// It counts from now on, in place of the one before, if any.
    Applied,
    /// It is known: the same event sent again.
    Duplicate,
    /// A higher one counts already.
    Superseded,
}

/// What a batch makes of one record.
#[derive(Debug)]
pub struct Settled<'s, 'e> {
    /// The revision that counts from now on; `None` if that is still the stored one.
    pub counting: Option<&'e Entry>,
    /// The revisions that do not count (any more), each once, in the order in which they lost: to be kept.
    pub earlier: Vec<Earlier<'s>>,
}

/// A revision that does not count (any more).
#[derive(Clone, Copy, Debug)]
pub struct Earlier<'e> {
    /// The revision.
    pub entry: &'e Entry,
    /// Whether it has just arrived, and so awaits its verdict.
    arrived: bool,
}

impl Earlier<'_> {
    /// Its verdict, once the store knows whether it is kept since this batch or was already. `None` if it has had one:
    /// it has counted until now.
    pub fn verdict(&self, is_new: bool) -> Option<EntryVerdict> {
        self.arrived.then_some(if is_new { EntryVerdict::Superseded } else { EntryVerdict::Duplicate })
    }
}

/// Settles the revisions of one record in the order in which they were read, after the one that counts in the store.
/// What that changes in the figures goes into `delta`. `ended` is told each revision's verdict, but for those in
/// [`Settled::earlier`].
///
/// # Errors
/// If the rules have no place for a revision that counts, or has counted.
pub fn settle<'s, 'e: 's>(
    stored: Option<&'s Entry>,
    revisions: &[&'e Entry],
    delta: &mut Delta,
    rules: &Rules,
    mut ended: impl FnMut(&'e Entry, EntryVerdict),
) -> Result<Settled<'s, 'e>, NotInTable> {
    let mut settled = Settled { counting: None, earlier: Vec::new() };
    let mut lost: FxHashSet<Rank> = FxHashSet::default();
    for &entry in revisions {
        let counting = settled.counting.or(stored);
        match verdict(entry.rank(), counting.map(Entry::rank)) {
            EntryVerdict::Applied => {
                if let Some(before) = counting {
                    delta.subtract(&before.fact, rules)?;
                    lost.insert(before.rank());
                    settled.earlier.push(Earlier { entry: before, arrived: false });
                }
                delta.add(&entry.fact, rules)?;
                settled.counting = Some(entry);
                ended(entry, EntryVerdict::Applied);
            }
            EntryVerdict::Superseded if lost.insert(entry.rank()) => {
                settled.earlier.push(Earlier { entry, arrived: true });
            }
            EntryVerdict::Superseded | EntryVerdict::Duplicate => ended(entry, EntryVerdict::Duplicate),
        }
    }
    Ok(settled)
}

/// The verdict on a revision, given the one that counts now.
fn verdict(incoming: Rank, counting: Option<Rank>) -> EntryVerdict {
    match counting.map_or(Ordering::Greater, |counting| incoming.cmp(&counting)) {
        Ordering::Greater => EntryVerdict::Applied,
        Ordering::Equal => EntryVerdict::Duplicate,
        Ordering::Less => EntryVerdict::Superseded,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;
    use crate::domain::{
        Body, Calendar, Digest, Fact, Field, Offset, Partition, Position, Quarter, RecordKey, Revision, UnitCode,
        UnitTable,
    };
    use crate::rollup::CellPlace;

    fn rules() -> Rules {
        let units = include_str!("../../config/units/hanoi.csv");
        let units = UnitTable::from_csv(units, include_str!("../../config/units/hanoi-succession.csv")).unwrap();
        Rules::new(units, Calendar::Decree09)
    }

    /// Revision and content decide what an entry is, as a digest does.
    fn entry(revision: i64, content: u8, offset: usize) -> Entry {
        let fact = Fact::Supervision {
            unit: UnitCode::new(["00004", "00007", "01"][usize::from(content) % 3]).unwrap(),
            held_on: jiff::civil::date(2020, (revision % 12 + 1) as i8, 1),
            body: Body::ALL[usize::from(content) % Body::ALL.len()],
            field: Field::Other,
            participants: revision as u32 * 10 + u32::from(content),
            recommendations: [0; 3],
        };
        Entry {
            key: RecordKey::new("/units/00004", "A"),
            revision: Revision::new(revision).unwrap(),
            digest: Digest([content; 32]),
            event_id: None,
            fact: if content == 0 { Fact::Withdrawal } else { fact },
            position: Position { partition: Partition(0), offset: Offset(offset as i64) },
        }
    }

    /// What a store holds of one record, and what its batches have added up to.
    #[derive(Default)]
    struct Held {
        counting: Option<Entry>,
        earlier: BTreeSet<Rank>,
        cells: BTreeMap<(Quarter, CellPlace), crate::rollup::Cell>,
        applied: usize,
        duplicate: usize,
        superseded: usize,
    }

    impl Held {
        fn count(&mut self, verdict: EntryVerdict) {
            match verdict {
                EntryVerdict::Applied => self.applied += 1,
                EntryVerdict::Duplicate => self.duplicate += 1,
                EntryVerdict::Superseded => self.superseded += 1,
            }
        }

        fn take(&mut self, batch: &[Entry], rules: &Rules) {
            let (stored, mut delta, mut verdicts) = (self.counting.clone(), Delta::default(), Vec::new());
            let revisions: Vec<&Entry> = batch.iter().collect();
            let settled =
                settle(stored.as_ref(), &revisions, &mut delta, rules, |_, verdict| verdicts.push(verdict)).unwrap();
            verdicts.into_iter().for_each(|verdict| self.count(verdict));
            for earlier in &settled.earlier {
                let is_new = self.earlier.insert(earlier.entry.rank());
                earlier.verdict(is_new).into_iter().for_each(|verdict| self.count(verdict));
            }
            self.counting = settled.counting.cloned().or(stored);
            for (quarter, place, cell) in delta.changes() {
                self.cells.entry((quarter, place)).or_default().add_cell(cell);
            }
            self.cells.retain(|_, cell| !cell.is_zero());
        }
    }

    proptest! {
        #[test]
        fn any_order_any_repeats_and_any_batches_settle_a_record_alike(
            (sent, shuffled) in proptest::collection::vec((1..6i64, 0..5u8), 1..40)
                .prop_flat_map(|sent| (Just(sent.clone()), Just(sent).prop_shuffle())),
            sizes in proptest::collection::vec(1..9usize, 1..6),
        ) {
            let rules = rules();
            let mut held = Held::default();
            let entries: Vec<Entry> =
                shuffled.iter().enumerate().map(|(offset, (revision, content))| entry(*revision, *content, offset)).collect();
            let (mut rest, mut sizes) = (&entries[..], sizes.into_iter().cycle());
            while !rest.is_empty() {
                let (batch, later) = rest.split_at(sizes.next().unwrap().min(rest.len()));
                held.take(batch, &rules);
                rest = later;
            }

            let ranks: BTreeSet<Rank> = sent.iter().map(|(revision, content)| entry(*revision, *content, 0).rank()).collect();
            let highest = *ranks.last().unwrap();
            prop_assert_eq!(held.counting.as_ref().map(Entry::rank), Some(highest));
            prop_assert_eq!(&held.earlier, &ranks.iter().copied().filter(|rank| *rank != highest).collect());
            let mut alone = Delta::default();
            alone.add(&held.counting.as_ref().unwrap().fact, &rules).unwrap();
            let cells =
                alone.changes().into_iter().map(|(quarter, place, cell)| ((quarter, place), cell.clone())).collect();
            prop_assert_eq!(&held.cells, &cells);
            // Each revision was new once, and a duplicate from then on.
            prop_assert_eq!(held.applied + held.superseded, ranks.len());
            prop_assert_eq!(held.applied + held.superseded + held.duplicate, sent.len());
        }
    }
}
