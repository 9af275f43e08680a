//! What a batch does to the ledger, decided in memory: which revisions count,
//! which are kept as earlier ones, and what that changes in the figures.

use std::borrow::Cow;

use crate::domain::{Entry, Partition, RecordKey, Revision, Rules};
use crate::rollup::{Delta, NotInTable, Verdict, verdict};
use crate::store::{Batch, Counts};

/// A batch's entries by record, the records in the order of their keys, which is
/// the order in which every worker takes their locks.
pub(super) struct Records<'b>(Vec<&'b Entry>);

impl<'b> Records<'b> {
    pub(super) fn of(batch: &'b Batch) -> Self {
        Self(batch.by_record())
    }

    /// Each record once.
    pub(super) fn each(&self) -> impl Iterator<Item = Record<'b>> {
        self.groups().enumerate().filter_map(|(place, group)| {
            let only_first = group.iter().all(|entry| entry.revision == Revision::FIRST);
            Some(Record { place, key: &group.first()?.key, only_first })
        })
    }

    fn groups(&self) -> impl Iterator<Item = &[&'b Entry]> {
        self.0.chunk_by(|a, b| a.key == b.key)
    }
}

/// A record of a batch.
pub(super) struct Record<'b> {
    /// Which of the batch's records it is, in their order.
    pub(super) place: usize,
    pub(super) key: &'b RecordKey,
    /// Whether nothing but its first revision came.
    pub(super) only_first: bool,
}

/// A revision that does not count.
pub(super) struct Lower<'b> {
    pub(super) entry: Cow<'b, Entry>,
    /// The span that it came in; `None` if it has counted until now.
    pub(super) span: Option<usize>,
}

/// What is to be written.
#[derive(Default)]
pub(super) struct Settled<'b> {
    /// Records that were not there, with what counts.
    pub(super) fresh: Vec<&'b Entry>,
    /// Records that were there, with what counts now.
    pub(super) replaced: Vec<&'b Entry>,
    /// To be kept besides, unless they are known. The verdict on those that came in a span is open until then.
    pub(super) lower: Vec<Lower<'b>>,
}

/// Settles each record of the batch. `stored` has what counts of each record until now.
pub(super) fn settle<'b>(
    records: &Records<'b>,
    mut stored: Vec<Option<Entry>>,
    span_of: impl Fn(Partition) -> usize,
    rules: &Rules,
    counts: &mut [Counts],
    delta: &mut Delta,
) -> Result<Settled<'b>, NotInTable> {
    let mut settled = Settled::default();
    for (group, stored) in records.groups().zip(stored.iter_mut()) {
        let was_there = stored.is_some();
        let first_lower = settled.lower.len();
        let mut counting: Option<Cow<'b, Entry>> = stored.take().map(Cow::Owned);
        let mut now = None;
        for entry in group.iter().copied() {
            let span = span_of(entry.position.partition);
            match verdict(entry.rank(), counting.as_ref().map(|counting| counting.rank())) {
                Verdict::Applied => {
                    if let Some(before) = counting.replace(Cow::Borrowed(entry)) {
                        delta.subtract(&before.fact, rules)?;
                        settled.lower.push(Lower { entry: before, span: None });
                    }
                    delta.add(&entry.fact, rules)?;
                    counts[span].applied += 1;
                    now = Some(entry);
                }
                Verdict::Duplicate => counts[span].duplicate += 1,
                Verdict::Superseded => {
                    let known = settled.lower[first_lower..].iter().any(|lower| lower.entry.rank() == entry.rank());
                    match known {
                        true => counts[span].duplicate += 1,
                        false => settled.lower.push(Lower { entry: Cow::Borrowed(entry), span: Some(span) }),
                    }
                }
            }
        }
        match (now, was_there) {
            (Some(entry), false) => settled.fresh.push(entry),
            (Some(entry), true) => settled.replaced.push(entry),
            (None, _) => {}
        }
    }
    Ok(settled)
}
