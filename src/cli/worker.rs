//! `giaoban worker`: from the log into the store until it is stopped, with
//! metrics and health on loopback.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use clap::Args;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::Done;
use crate::dead_letters::Tolerance;
use crate::failure::{ExitCode, Failure, FailureKind};
use crate::ingest::worker::{Until, Worker};
use crate::ingest::{ConnectionLimits, Limits, Summary};
use crate::log::{EventLog, LogError, Membership};
use crate::observability::{Metrics, Role};
use crate::program::{Context, HttpServer, Patience, alive, bare_metrics, metrics, watch};
use crate::store::{Counts, StoreWriter};
use crate::terminal::print;
use crate::terminal::progress::Progress;
use crate::text::{Text, worker as text};
use crate::web::Watched;

/// The options of `giaoban worker`.
#[derive(Args, Debug)]
#[command(
    after_help = "Ví dụ / Example:\n  giaoban worker --until-caught-up --data giaoban-data\n  GIAOBAN__KAFKA__BROKERS=localhost:9092 giaoban worker"
)]
pub struct WorkerArgs {
    /// Dừng khi đã xử lý hết những gì có lúc bắt đầu · Stop at the end offsets seen at the start
    #[arg(long)]
    until_caught_up: bool,
    /// Chấp nhận mất các bản ghi đã hết hạn · Continue past messages that expired unread
    #[arg(long)]
    accept_gap: bool,
}

/// Runs the command.
pub fn run(context: &Context, args: &WorkerArgs) -> Done {
    let metrics = metrics(context, Role::Worker)?;
    // Held until the process ends.
    let lock = context.lock_worker()?;
    let place = context.place()?;
    // What is wrong with the settings is told before anything is waited for.
    context.settings.kafka.client()?;
    let stop = stop_flag()?;
    let server = match args.until_caught_up {
        true => None,
        false => HttpServer::start(context, Arc::clone(&metrics) as Arc<dyn Watched>)?,
    };
    let alive = alive(&metrics);
    let within = |seconds| Duration::from_secs(if args.until_caught_up { 0 } else { seconds });
    let (for_store, for_log) = (within(context.settings.store.wait), within(context.settings.kafka.wait));
    let patience = Patience { store: for_store, log: for_log, stop: &stop, alive: &alive };
    // Before it joins a group: who cannot write takes no partition.
    let open = || -> Result<_, Failure> {
        let mut store = place.create(&context.rules, lock.as_ref())?;
        store.adopt(&context.rules, context.settings.store.synthetic)?;
        let synthetic = store.synthetic()?;
        Ok((store, synthetic))
    };
    let Some((mut store, synthetic)) = patience.until(open)? else {
        return Ok(ExitCode::Done);
    };
    if context.settings.store.synthetic && !synthetic {
        tracing::warn!(
            event = "synthetic_no_effect",
            store = store.describe(),
            "store.synthetic has no effect: the store was not made for made-up events, and refuses them"
        );
    }
    let find = || {
        let log = context.log_beside(&mut *store)?;
        match log.topic(&context.settings.kafka.topic) {
            // The other partitions are read meanwhile.
            Err(LogError::Leaderless { .. }) if !args.until_caught_up => Ok(log),
            found => Ok(found.map(|_| log)?),
        }
    };
    let Some(log) = patience.until(find)? else { return Ok(ExitCode::Done) };
    let _watch = watch(context, &log, &metrics)?;
    let mut worker = worker(context, (store, synthetic), log, Arc::clone(&metrics), Arc::clone(&stop));
    worker.limits.accept_gap = args.accept_gap;
    if args.until_caught_up {
        worker.until = Until::CaughtUp;
        let mut bar = Progress::new(text::settling().get(context.lang()));
        worker.progress = Box::new(move |done, of| bar.set(done, of));
    }
    let Some(begun) = patience.until(|| Ok(worker.begin()?))? else { return Ok(ExitCode::Done) };
    let summary = worker.go_on(begun)?;
    if let Some(server) = server {
        server.stop();
    }
    tracing::info!(event = "stopped", read = summary.counts.read, "ended as it was told");
    print(&summary_text(context, &summary))?;
    Ok(ExitCode::Done)
}

/// A worker on the settings' topics of that log, in the settings' group, into a store that was made for made-up events or
/// was not.
pub fn worker(
    context: &Context,
    (store, synthetic): (Box<dyn StoreWriter>, bool),
    log: Arc<dyn EventLog>,
    metrics: Arc<Metrics>,
    stop: Arc<AtomicBool>,
) -> Worker {
    let settings = &context.settings;
    Worker {
        log,
        topic: settings.kafka.topic.clone(),
        dead_letter_topic: Some(settings.kafka.dead_letter_topic.clone()),
        membership: Membership::Group(settings.kafka.group.clone()),
        store,
        rules: Arc::clone(&context.rules),
        admission: context.admission_to(synthetic),
        limits: limits(context),
        connection: ConnectionLimits::default(),
        metrics,
        stop,
        until: Until::default(),
        progress: Box::new(|_, _| {}),
    }
}

/// Reads a log from its beginning into a store of one's own: alone, without dead letters, under a bar of that title.
/// `None` if it was told to stop before the end, by that flag.
///
/// # Errors
///
/// As a worker's.
pub fn recount(
    context: &Context,
    mut store: Box<dyn StoreWriter>,
    log: Arc<dyn EventLog>,
    until: Until,
    (title, stop): (&Text, Arc<AtomicBool>),
) -> Result<Option<Summary>, Failure> {
    let synthetic = store.synthetic()?;
    let mut counter = worker(context, (store, synthetic), log, bare_metrics(context, Role::Worker)?, Arc::clone(&stop));
    counter.membership = Membership::Alone;
    counter.dead_letter_topic = None;
    counter.limits.dead_letters = None;
    counter.until = until;
    let mut bar = Progress::new(title.get(context.lang()));
    counter.progress = Box::new(move |done, of| bar.set(done, of));
    let summary = counter.run()?;
    Ok(if stop.load(Ordering::Relaxed) { None } else { Some(summary) })
}

fn limits(context: &Context) -> Limits {
    let worker = &context.settings.worker;
    Limits {
        records: worker.batch_records,
        bytes: worker.batch_bytes,
        wait_ms: worker.batch_wait_ms,
        dead_letters: Some(Tolerance { share_percent: worker.dead_letter_share, run: worker.dead_letter_run }),
        ..Limits::default()
    }
}

/// The signal that the stop flag was set by.
static SIGNAL: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);

/// That work was stopped before its end, by which signal, and what to do.
pub fn stopped_early(what: Text, remedy: Text) -> Failure {
    let kind = match SIGNAL.load(Ordering::Relaxed) as i32 {
        SIGINT => FailureKind::Interrupted,
        SIGHUP => FailureKind::HungUp,
        _ => FailureKind::Terminated,
    };
    Failure::new(kind, what, remedy)
}

/// A flag that SIGTERM, Ctrl-C and SIGHUP set; a second one ends the process at once. A SIGHUP that whoever started the
/// process has had ignored (`nohup`) stays so.
pub fn stop_flag() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT, SIGHUP].into_iter().filter(|signal| *signal != SIGHUP || !is_ignored(SIGHUP)) {
        let first = signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&stop));
        let noted = first.and_then(|_| signal_hook::flag::register_usize(signal, Arc::clone(&SIGNAL), signal as usize));
        let registered = noted.and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop)));
        registered.map_err(|error| Failure::io("signal", &error))?;
    }
    Ok(stop)
}

/// Whether a signal is ignored now, as far as the system tells.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    ignored.is_some_and(|ignored| ignored >> (signal - 1) & 1 == 1)
}

/// What a worker did, for people.
pub fn summary_text(context: &Context, summary: &Summary) -> String {
    let Counts { read, applied, duplicate, superseded, dead_lettered } = summary.counts;
    let text = text::summary(read, summary.batches, applied, duplicate, superseded, dead_lettered);
    text.get(context.lang()).to_owned()
}
