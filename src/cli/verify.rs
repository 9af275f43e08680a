//! `giaoban verify`: counts anew from the log what the store in force says, up to
//! the very offsets where that store is, while workers go on writing it.

use clap::Args;

use super::Done;
use super::rollup::Format;
use super::worker::{recount, stop_flag, stopped_early};
use crate::failure::{ExitCode, Failure, FailureKind};
use crate::files::create_folder;
use crate::ingest::ground::Ground;
use crate::ingest::worker::Until;
use crate::observability::Verification;
use crate::program::Context;
use crate::store::compare::Change;
use crate::store::recount::{Findings, Miscount, Moment};
use crate::store::sqlite::SqliteStore;
use crate::store::{DataDir, StoreWriter as _};
use crate::terminal::print;
use crate::text::cli_stores as says;
use crate::text::safe::{csv_file, list_json};

/// The options of `giaoban verify`.
#[derive(Args, Debug)]
#[command(
    after_help = "Ví dụ / Example:\n  giaoban verify                 # worker vẫn chạy / workers go on\n  giaoban verify --format csv    # mỗi con số khác biệt một dòng / a line for each figure that differs"
)]
pub struct VerifyArgs {
    /// Dạng của danh sách khác biệt · Form of the list of differences
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// Runs the command.
pub fn run(context: &Context, args: &VerifyArgs) -> Done {
    let data = DataDir::create(&context.settings.general.data)?;
    let _lock = data.lock_verify()?;
    let compared = compare(context, args, &data);
    // Somebody who stops it, or does not read what it says, makes no recount fail.
    let ended = [FailureKind::Differs, FailureKind::Interrupted, FailureKind::Terminated, FailureKind::HungUp];
    if compared.as_ref().is_err_and(|failure| !ended.contains(&failure.kind())) {
        let failed = Verification { at_ms: now_ms(), records: 0, differing: 0, failed: true };
        let _ = failed.keep_in(data.path());
    }
    compared
}

fn compare(context: &Context, args: &VerifyArgs, data: &DataDir) -> Done {
    let stop = stop_flag()?;
    let topic = &context.settings.kafka.topic;
    let mut live = context.reader()?;
    let log = context.log_beside(&mut *live)?;
    let ground = Ground::of(&*log, topic, &mut *live, false)?;
    let (moment, at, synthetic) = (Moment::of(&mut *live, topic)?, live.describe(), live.synthetic()?);

    let scratch = scratch_in(data)?;
    let file = scratch.path().join("recount.db");
    let mut empty = SqliteStore::create(&file)?;
    empty.adopt(&context.rules, synthetic)?;
    if !ground.is_whole() {
        context.note(&says::carried(ground.carry(&mut *live, &mut empty, &context.rules)?));
    }
    drop(live);
    let until = Until::At(moment.checkpoints.iter().map(|at| (at.partition, at.next)).collect());
    let Some(summary) = recount(context, Box::new(empty), log, until, (&says::recounting(), stop))? else {
        return Err(stopped_early(says::recount_stopped(), says::verify_again()));
    };

    let mut findings = moment.compared_with(&Moment::of(&mut SqliteStore::read(&file)?, topic)?);
    // What became of messages that are gone nobody can count any more.
    findings.partitions.retain(|found| found.stored.difference() != 0 || !ground.lacks_beginning_of(found.partition));
    let (read, differing) = (summary.counts.read, findings.count());
    let verification = Verification { at_ms: now_ms(), records: read, differing: differing as u64, failed: false };
    verification.keep_in(data.path()).map_err(|error| Failure::io(data.path().display(), &error))?;
    print(&show(context, args.format, &findings.figures))?;
    let Findings { figures, partitions, records, recounted } = findings;
    if differing == 0 {
        context.note(&says::all_agree(moment.cells.len(), records, read));
        return Ok(ExitCode::Done);
    }
    let miscounted = partitions.len();
    for Miscount { partition, stored, recounted } in partitions {
        context.note(&says::miscounted(partition, stored.read, recounted.read, stored.difference()));
    }
    let (what, remedy) = match figures.is_empty() && records == recounted {
        true => (says::counts_differ(at, miscounted), says::rebuild_counts()),
        false => (says::recount_differs(at, figures.len(), records, recounted), says::rebuild_and_keep()),
    };
    Err(Failure::new(FailureKind::Differs, what, remedy))
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// A folder within the data folder that goes with this run; the same disk is likely to have room.
fn scratch_in(data: &DataDir) -> Result<Scratch, Failure> {
    let path = data.path().join("verify");
    // What a run left that was killed.
    let _ = std::fs::remove_dir_all(&path);
    create_folder(&path).map_err(|error| Failure::io(path.display(), &error))?;
    Ok(Scratch(path))
}

/// Removed when it is dropped.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn path(&self) -> &std::path::Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn show(context: &Context, format: Format, differences: &[Change]) -> String {
    match format {
        Format::Json => {
            let rows: Vec<_> = differences
                .iter()
                .map(|found| {
                    serde_json::json!({"quarter": found.quarter, "unit": found.unit, "since": found.since,
                        "figure": found.figure, "store": found.now.to_string(), "recount": found.then.to_string()})
                })
                .collect();
            list_json("differences", &rows)
        }
        Format::Csv => {
            let heads = ["quarter", "unit", "since", "figure", "store", "recount"].map(str::to_owned);
            csv_file(std::iter::once(heads).chain(differences.iter().map(Change::cells)))
        }
        Format::Table => {
            let mut text = String::new();
            for found in differences {
                let Change { quarter, unit, figure, now, then, .. } = found;
                text += says::recount_line(quarter, unit, figure.name(), now, then).get(context.lang());
            }
            text
        }
    }
}
