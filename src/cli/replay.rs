//! `giaoban replay`: rebuilds the figures from the log beside the store in
//! force, says what would change, and switches only when told to.

use std::sync::Arc;

use clap::Args;

use super::Done;
use super::rollup::Format;
use super::worker::{recount, stop_flag, stopped_early, summary_text};
use crate::domain::{Calendar, Rules};
use crate::failure::{ExitCode, Failure, FailureKind};
use crate::ingest::ground::Ground;
use crate::ingest::worker::Until;
use crate::log::EventLog;
use crate::program::Context;
use crate::store::compare::{Change, cells, changes, read_changes};
use crate::store::data_dir::Generation;
use crate::store::dropped::Dropped;
use crate::store::place::Rebuilt;
use crate::store::{StoreError, StorePlace, StoreReader};
use crate::terminal::{note, print};
use crate::text::safe::{csv_file, list_json};
use crate::text::{Text, cli_stores as says, failure};

/// The options of `giaoban replay`.
#[derive(Args, Debug)]
#[command(
    after_help = "Ví dụ / Example:\n  giaoban replay            # dựng và so sánh / build and compare\n  giaoban replay --switch   # dùng kết quả; dừng worker trước / put it in force; stop the worker first"
)]
pub struct ReplayArgs {
    /// Đưa bản dựng lại vào sử dụng · Put the rebuilt figures in force
    #[arg(long)]
    switch: bool,
    /// Dựng thành kho không nhận sự kiện minh họa (synthetic) · Rebuild as a store that takes no made-up events
    #[arg(long)]
    without_synthetic: bool,
    /// Số hồ sơ mà kho đang có còn bản dựng lại thì không: cho phép bỏ đúng chừng ấy · How many records the store in force has and the rebuilt one has not: that many may be dropped
    #[arg(long, value_name = "N")]
    drop_records: Option<u64>,
    /// Dạng của danh sách khác biệt · Form of the list of changes
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// Runs the command.
pub fn run(context: &Context, args: &ReplayArgs) -> Done {
    let stop = stop_flag()?;
    let (place, topic) = (context.place()?, &context.settings.kafka.topic);
    let _replay = place.lock_replay()?;
    // To switch, nobody may write the store in force meanwhile.
    let writer = if args.switch { place.lock_writer()? } else { None };
    let drops = args.drop_records.is_some();
    // Closed again before tables are made: on a server those wait for whoever reads.
    let (log, ground, stored) = match place.read() {
        Ok(mut store) => {
            let (log, is_its_own) = log_of(context, &mut *store, drops)?;
            // Offsets of another log say nothing about this one.
            let ground = if is_its_own { Some(Ground::of(&*log, topic, &mut *store, drops)?) } else { None };
            (log, ground, Some(store.synthetic()?))
        }
        Err(StoreError::Missing { .. }) => (context.open_log()?, None, None),
        Err(error) => return Err(error.into()),
    };
    // Nothing is made for a log that is not there.
    log.topic(topic)?;
    let synthetic = !args.without_synthetic && stored.unwrap_or(context.settings.store.synthetic);
    let Rebuilt { generation, current, mut store } = place.rebuild(&context.rules, synthetic)?;
    if let Some(ground) = ground.as_ref().filter(|ground| !ground.is_whole()) {
        let carried = ground.carry(&mut *place.read_generation(current)?, &mut *store, &context.rules)?;
        context.note(&says::carried(carried));
    }
    // Of a log that may have lost its end, and gone on with other records, the store's offsets say nothing.
    let until = ground.as_ref().filter(|_| !drops).map_or(Until::CaughtUp, |ground| Until::At(ground.counted()));
    let Some(summary) = recount(context, store, log, until, (&says::rebuilding(), stop))? else {
        return Err(stopped_early(failure::stopped_early(), says::replay_again()));
    };
    note(summary_text(context, &summary).trim_end());
    let changes = differences(context, &place, (current, generation))?;
    print(&show(context, &changes, args.format))?;
    let dropped = match stored.is_some() {
        true => {
            let in_log = |position| ground.as_ref().is_some_and(|ground| ground.has(position));
            let (mut now, mut then) = (place.read_generation(current)?, place.read_generation(generation)?);
            Dropped::between(&mut *now, &mut *then, in_log)?
        }
        false => Dropped::default(),
    };
    if !args.switch {
        context.note(&not_switched(dropped));
        return Ok(ExitCode::Done);
    }
    if dropped.count() != args.drop_records.unwrap_or(0) {
        let kind = if dropped.lost > 0 { FailureKind::Gap } else { FailureKind::Differs };
        let what = says::would_drop(dropped.count(), dropped.lost, dropped.refused);
        return Err(Failure::new(kind, what, says::name_dropped(dropped.count())));
    }
    place.switch(writer.as_ref(), generation)?;
    let (new, (old, removal)) = (place.name(generation).0, place.name(current));
    context.note(&says::switched(new, old, removal));
    Ok(ExitCode::Done)
}

/// The log beside the store in force, and whether it is the one that the store is made from: one that was recreated or
/// is in another cluster is taken by those only who say what may be dropped.
fn log_of(context: &Context, store: &mut dyn StoreReader, drops: bool) -> Result<(Arc<dyn EventLog>, bool), Failure> {
    let (kind, topic) = (context.log_kind(), &context.settings.kafka.topic);
    let (log, found) = context.existing_log()?.unzip();
    let is_its_own = match store.check_log(kind, topic, found.flatten().as_ref()) {
        Ok(()) => true,
        Err(StoreError::OtherLog { bound, found, .. }) if drops && bound.has_name_of(&found) => false,
        Err(error) => return Err(error.into()),
    };
    Ok((log.ok_or_else(|| context.no_log())?, is_its_own))
}

/// That nothing was put in force, and what it takes.
fn not_switched(dropped: Dropped) -> Text {
    match dropped.count() {
        0 => says::not_switched(),
        count => says::not_switched_with_drops(count, dropped.lost, dropped.refused),
    }
}

/// What a reader would see change. By rules that are not to be had any more the figures in force cannot be read, only
/// what is stored compared.
fn differences(
    context: &Context,
    place: &StorePlace,
    (current, next): (Generation, Generation),
) -> Result<Vec<Change>, Failure> {
    let rules = &*context.rules;
    let mut then = place.read_generation(next)?;
    let mut now = match place.read_generation(current) {
        Ok(store) => store,
        Err(StoreError::Missing { .. }) => return Ok(read_changes(None, (&mut *then, rules))?),
        Err(error) => return Err(error.into()),
    };
    let stored = now.fingerprint()?;
    let is_by = |rules: &Rules| stored.is_none_or(|stored| stored == rules.fingerprint());
    let built_in = || {
        let calendars = Calendar::NAMES.into_iter().filter_map(Calendar::named);
        calendars.map(|calendar| Rules::new(rules.units.clone(), calendar)).find(is_by)
    };
    let before = if is_by(rules) { Some(rules.clone()) } else { built_in() };
    if let Some(before) = before {
        return Ok(read_changes(Some((&mut *now, &before)), (&mut *then, rules))?);
    }
    context.note(&says::own_figures_only());
    Ok(changes(&cells(&mut *now)?, &cells(&mut *then)?))
}

fn show(context: &Context, changes: &[Change], format: Format) -> String {
    match format {
        Format::Json => list_json("changes", changes),
        Format::Csv => {
            let heads = ["quarter", "unit", "since", "figure", "now", "then"].map(str::to_owned);
            csv_file(std::iter::once(heads).chain(changes.iter().map(Change::cells)))
        }
        Format::Table => {
            const SHOWN: usize = 50;
            let head = match changes.len() {
                0 => says::nothing_changes(),
                count => says::figures_change(count),
            };
            let mut text = head.get(context.lang()).to_owned();
            for change in changes.iter().take(SHOWN) {
                text += &format!(
                    "  {} {:<6} {}: {} → {}\n",
                    change.quarter,
                    change.unit,
                    change.figure.name(),
                    change.now,
                    change.then
                );
            }
            if changes.len() > SHOWN {
                text += says::all_by_csv().get(context.lang());
            }
            text
        }
    }
}
