//! The store itself: whole, writable, of this log, and nothing vanished.

use jiff::Timestamp;

use super::{Examination, Manner, Met, Thing, Verdict};
use crate::config::Settings;
use crate::domain::HANOI;
use crate::files::Inspected;
use crate::log::identity_of;
use crate::store::{AcceptedGap, Checkpoint, Held, MissingRights, StoreError, StoreReader};
use crate::text::{doctor as says, store as store_says};

pub(super) fn look(
    examination: &mut Examination,
    settings: &Settings,
    (store, checkpoints): (&mut dyn StoreReader, &[Checkpoint]),
    manner: &Manner<'_>,
) -> Result<(), StoreError> {
    let (records, size, name) = (store.record_count()?, store.size_bytes()?, store.describe());
    // What cannot be read of the figures is met with here.
    for quarter in store.quarters()? {
        store.raw_cells(quarter, &mut |_, _, _| {})?;
    }
    match store.takes_writes() {
        Ok(()) => examination.good(Thing::Store, &says::store_state(&name, records, size >> 20)),
        Err(error) => examination.failed(Thing::Store, Verdict::Problem, &error),
    }
    match store.missing_rights()? {
        MissingRights::None => {}
        MissingRights::OnlyReads => {
            examination.add(Thing::Store, Verdict::Warning, &says::reads_only(name), &store_says::grant_role());
        }
        MissingRights::Tables(tables) => {
            let detail = says::may_not_write(name, tables.join(", "));
            examination.add(Thing::Store, Verdict::Problem, &detail, &store_says::grant_role());
        }
    }
    match store.inspect(&manner.inspection).transpose()? {
        None | Some(Inspected::Whole) => {}
        Some(Inspected::Unfinished) => {
            let detail = says::not_read_whole(store.describe(), manner.inspection.within.as_secs());
            examination.add(Thing::Store, Verdict::NotLookedAt, &detail, &says::read_longer());
        }
    }
    for AcceptedGap { gap, at_ms, by } in store.gaps()? {
        let when = Timestamp::from_millisecond(at_ms).map(|at| HANOI.to_datetime(at).date().to_string());
        let detail = says::accepted_gap(gap.partition, gap.from, gap.to, gap.messages(), when.unwrap_or_default(), by);
        examination.add(Thing::Gap, Verdict::Warning, &detail, &says::fill_gap());
    }
    reconciled(examination, checkpoints);
    held(examination, settings, store)
}

/// Each by itself: one too many here and one too few there are two defects, not none.
fn reconciled(examination: &mut Examination, checkpoints: &[Checkpoint]) {
    let wrong: Vec<&Checkpoint> = checkpoints.iter().filter(|at| at.counts.difference() != 0).collect();
    if wrong.is_empty() {
        let read: u64 = checkpoints.iter().map(|checkpoint| checkpoint.counts.read).sum();
        examination.good(Thing::Reconciliation, &says::none_vanished(read));
    }
    for at in wrong {
        let detail = says::difference(at.partition, at.counts.difference());
        examination.add(Thing::Reconciliation, Verdict::Problem, &detail, &says::rebuild());
    }
}

/// Partitions of which nothing more is taken until somebody decides.
fn held(examination: &mut Examination, settings: &Settings, store: &mut dyn StoreReader) -> Result<(), StoreError> {
    let topic = &settings.kafka.topic;
    let accepted = store.accepted(topic)?;
    for Held { partition, at, first, bad, of, reason, since_ms } in store.held(topic)? {
        let since = Timestamp::from_millisecond(since_ms).map_or_else(|_| String::new(), |time| time.to_string());
        let detail = says::held(bad, of, partition, first, at, reason, since);
        if accepted.iter().any(|accepted| accepted.partition == partition && accepted.to.0 > at.0) {
            examination.add(Thing::DeadLetters, Verdict::Warning, &detail, &says::accepted_already());
        } else {
            examination.add(Thing::DeadLetters, Verdict::Problem, &detail, &says::accept(partition));
        }
    }
    Ok(())
}

/// Whether the log is the one that the store is made from; of one that cannot be asked that has been told.
pub(super) fn is_of_log(
    examination: &mut Examination,
    settings: &Settings,
    store: &mut dyn StoreReader,
    log: &Met<'_>,
) -> bool {
    let kafka = &settings.kafka;
    let found = match log {
        Met::Open(log) => identity_of(*log, &kafka.topic),
        Met::NotYet => Ok(None),
        Met::Failed(_) => return false,
    };
    let Ok(found) = found else { return false };
    let checked = store.check_log(kafka.log_kind(), &kafka.topic, found.as_ref());
    if let Err(error) = &checked {
        examination.failed(Thing::StoresLog, Verdict::Problem, error);
    }
    checked.is_ok()
}
