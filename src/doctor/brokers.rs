//! The brokers: which of them are there, and whether as many copies are in step as it takes to be written.

use std::collections::{BTreeMap, BTreeSet};

use super::{Examination, Thing, Verdict, listed};
use crate::domain::Partition;
use crate::log::{Copies, EventLog, LogError, MIN_IN_STEP};
use crate::text::doctor as says;

/// Addresses of the settings that lead nowhere: a client that begins with one of them has to try another.
pub(super) fn addresses(examination: &mut Examination, log: &dyn EventLog) {
    for (address, why) in log.silent_addresses() {
        let detail = says::silent_address(address, why);
        examination.add(Thing::Brokers, Verdict::Warning, &detail, &says::start_broker());
    }
}

/// The copies of a topic with those settings.
pub(super) fn copies(
    examination: &mut Examination,
    log: &dyn EventLog,
    (topic, settings): (&str, &BTreeMap<String, String>),
) {
    let keepers = match log.keepers(topic) {
        Ok(keepers) => keepers,
        Err(LogError::Authorization { .. }) => return,
        Err(error) => return examination.failed(Thing::Brokers, Verdict::NotLookedAt, &error),
    };
    let all = &keepers.copies;
    let Some(least) = all.iter().map(|copies| copies.on.len()).min() else { return };
    let of = |fits: &dyn Fn(&Copies) -> bool| -> Vec<Partition> {
        all.iter().filter(|copies| fits(copies)).map(|copies| copies.partition).collect()
    };
    let away: BTreeSet<i32> =
        all.iter().flat_map(|copies| &copies.on).filter(|id| !keepers.brokers.contains_key(id)).copied().collect();
    let away = away.iter().map(i32::to_string).collect::<Vec<_>>().join(", ");
    let needed = settings.get(MIN_IN_STEP).and_then(|value| value.parse::<usize>().ok());
    let lacking = of(&|copies| needed.is_some_and(|needed| copies.in_step.len() < needed));
    let behind = of(&|copies| copies.in_step.len() < copies.on.len());
    let in_step = all.iter().map(|copies| copies.in_step.len()).min().unwrap_or_default();
    match needed {
        Some(needed) if least < needed => {
            let detail = says::fewer_copies_than_needed(topic, least, needed);
            return examination.add(Thing::Brokers, Verdict::Problem, &detail, &says::lower_needed(topic, least));
        }
        Some(needed) if !lacking.is_empty() => {
            let detail = says::not_in_step(topic, listed(lacking), in_step, needed);
            return match away.is_empty() {
                true => examination.add(Thing::Brokers, Verdict::Problem, &detail, &says::wait_for_copies(topic)),
                false => examination.add(Thing::Brokers, Verdict::Problem, &detail, &says::start_these(away)),
            };
        }
        _ => {}
    }
    if !away.is_empty() {
        let detail = says::brokers_away(topic, &away);
        examination.add(Thing::Brokers, Verdict::Warning, &detail, &says::start_these(away));
    } else if !behind.is_empty() {
        let detail = says::copies_behind(topic, listed(behind));
        examination.add(Thing::Brokers, Verdict::Warning, &detail, &says::wait_for_copies(topic));
    }
    if least == 1 && keepers.brokers.len() > 1 {
        let detail = says::one_copy(topic, keepers.brokers.len());
        examination.add(Thing::Brokers, Verdict::Warning, &detail, &says::add_copies(topic));
    } else if least > 2 && needed == Some(1) {
        examination.add(Thing::Brokers, Verdict::Warning, &says::taken_by_one(topic), &says::raise_needed(topic));
    }
}
