//! What a pipeline has on its machine: units and calendar of today, the clock, the data folder.

use std::path::Path;

use jiff::{SignedDuration, Timestamp, tz};

use super::{Examination, Thing, Verdict};
use crate::domain::{HANOI, Rules, UnitKind};
use crate::files::create_file;
use crate::text::{Text, doctor as says, failure, names};

/// Less free disk than this is worth a word, in bytes.
const LITTLE_DISK: u64 = 1 << 30;
/// With less a worker soon stands still: a batch, and what SQLite writes beside it.
const NO_DISK: u64 = 32 << 20;
/// Before this year no clock that is right can stand.
const FIRST_YEAR: i16 = 2025;
/// Two machines' clocks may differ by this much.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn units(examination: &mut Examination, rules: &Rules, now: Timestamp) {
    let today = HANOI.to_datetime(now).date();
    let in_force: Vec<UnitKind> =
        rules.units.rows().iter().filter(|row| row.in_force_on(today)).map(|row| row.kind).collect();
    if in_force.is_empty() {
        let (detail, remedy) = (says::no_unit_in_force(today), says::bring_up_to_date());
        return examination.add(Thing::Units, Verdict::Problem, &detail, &remedy);
    }
    let calendar = rules.calendar.name();
    let Some(quarter) = rules.calendar.quarter_of(today) else {
        let (detail, remedy) = (says::no_quarter(calendar, today), says::add_quarter());
        return examination.add(Thing::Units, Verdict::Warning, &detail, &remedy);
    };
    let counts: Vec<Text> = UnitKind::ALL
        .iter()
        .filter_map(|kind| match in_force.iter().filter(|other| *other == kind).count() {
            0 => None,
            count => Some(says::units_of_kind(count, names::unit_kind(*kind))),
        })
        .collect();
    let (root, fingerprint) = (&rules.units.root().name, &rules.fingerprint().to_string()[..12]);
    let counts = Text::join(&counts, &Text::same(", "));
    examination.good(Thing::Units, &says::rules(root, today, counts, calendar, quarter, fingerprint));
}

/// `newest` is when the log took its newest message, as far as that was seen.
pub(super) fn clock(examination: &mut Examination, now: Timestamp, newest: Option<Timestamp>) {
    let year = tz::Offset::UTC.to_datetime(now).year();
    let shown = Text::same(now.to_string());
    if year < FIRST_YEAR {
        return examination.add(Thing::Clock, Verdict::Problem, &shown, &says::set_clock());
    }
    match newest {
        Some(newest) if newest.duration_since(now) > CLOCKS_DIFFER => {
            let detail = says::ahead_of_clock(now, newest);
            examination.add(Thing::Clock, Verdict::Problem, &detail, &says::set_either_clock());
        }
        _ => examination.good(Thing::Clock, &shown),
    }
}

pub(super) fn folder(examination: &mut Examination, data: &Path, free_in: impl Fn(&Path) -> std::io::Result<u64>) {
    let at = data.display();
    // A folder that is not there yet is made in the nearest one above it that is.
    let there = data.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    let free = match free_in(there) {
        Ok(free) => free,
        Err(error) => {
            let detail = Text::same(format!("{at}: {error}"));
            return examination.add(Thing::Folder, Verdict::NotLookedAt, &detail, &says::check_disk());
        }
    };
    let state = if data.exists() { says::writable() } else { says::not_there_yet() };
    if free < NO_DISK {
        return examination.add(
            Thing::Folder,
            Verdict::Problem,
            &says::folder_full(at, free >> 20),
            &says::free_disk(),
        );
    }
    let probe = there.join(format!(".doctor-{}", std::process::id()));
    if let Err(error) = create_file(&probe).and_then(|_| std::fs::remove_file(&probe)) {
        let detail = Text::same(format!("{}: {error}", there.display()));
        return examination.add(Thing::Folder, Verdict::Problem, &detail, &failure::make_writable());
    }
    let detail = says::folder_state(at, state, free >> 20);
    if free < LITTLE_DISK {
        examination.add(Thing::Folder, Verdict::Warning, &detail, &says::free_disk());
    } else {
        examination.good(Thing::Folder, &detail);
    }
}
