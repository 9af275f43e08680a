//! `giaoban serve`: pages, health and metrics of a store beside its workers. It reads, and writes nothing.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use clap::Args;

use super::Done;
use super::worker::stop_flag;
use crate::config::Settings;
use crate::domain::Rules;
use crate::failure::{ExitCode, Failure, FailureKind};
use crate::observability::{self, Metrics, Role, Watch};
use crate::program::{Context, HttpServer, Patience, alive, metrics, open_reader, watch};
use crate::store::{StoreError, StorePlace, StoreReader};
use crate::text::worker as text;
use crate::web::Watched;

/// How often the store is looked at: one that is away is known within ten seconds.
const LOOK_EVERY: Duration = Duration::from_secs(4);
/// How often overlaps are counted: for that all cells are read.
const OVERLAPS_EVERY: Duration = Duration::from_secs(60);
/// A stop is seen within this.
const STOP_WITHIN: Duration = Duration::from_millis(100);

/// The options of `giaoban serve`.
#[derive(Args, Debug)]
#[command(
    after_help = "Ví dụ / Example:\n  GIAOBAN__HTTP__LISTEN=127.0.0.1:8080 giaoban serve --data giaoban-data\n  GIAOBAN__STORE__URL=postgres://giaoban_reader@db.example/giaoban giaoban serve"
)]
pub struct ServeArgs {}

/// Runs the command.
pub fn run(context: Context, _args: &ServeArgs) -> Done {
    let metrics = metrics(&context, Role::Reader)?;
    // What is wrong with the settings is told before anything is waited for.
    let place = context.place()?;
    context.settings.kafka.client()?;
    let stop = stop_flag()?;
    let Some(server) = HttpServer::start(&context, Arc::clone(&metrics) as Arc<dyn Watched>)? else {
        return Err(Failure::new(FailureKind::Configuration, text::nothing_to_serve(), text::give_address()));
    };
    let alive = alive(&metrics);
    let within = Duration::from_secs(context.settings.store.wait);
    let opened = Patience { store: within, log: within, stop: &stop, alive: &alive }
        .until(|| Ok(open(&place, &context.rules)?.is_some()));
    let result = match opened {
        Ok(None) => Ok(()),
        Ok(Some(_)) => {
            let (ended, end) = channel();
            let (over, told) = channel();
            let watched = Arc::clone(&metrics);
            let look = move || {
                let mut looking = Looking { context, place, metrics: watched, watch: None, counted: None, away: None };
                // Nobody listens any more where the program ends.
                let _ = ended.send(looking.go(&told));
            };
            let thread = std::thread::Builder::new().name("store".into()).spawn(look);
            thread.map_err(|error| Failure::io("thread", &error))?;
            wait(&metrics, &stop, &end, over)
        }
        Err(failure) => Err(failure),
    };
    server.stop();
    result.map(|()| ExitCode::Done)
}

/// The store in force, for reading; `None` while nobody has made one.
fn open(place: &StorePlace, rules: &Rules) -> Result<Option<Box<dyn StoreReader>>, StoreError> {
    match open_reader(place, rules) {
        Err(StoreError::Missing { .. }) => Ok(None),
        opened => opened.map(Some),
    }
}

/// Until it is to stop, or looking at the store has ended. A server that hangs keeps nobody from stopping.
fn wait(
    metrics: &Metrics,
    stop: &std::sync::atomic::AtomicBool,
    end: &Receiver<Result<(), Failure>>,
    over: Sender<()>,
) -> Result<(), Failure> {
    while !stop.load(Ordering::Relaxed) {
        metrics.health.beat();
        match end.recv_timeout(STOP_WITHIN) {
            Ok(result) => return result,
            Err(RecvTimeoutError::Timeout) => {}
            // It has ended by a panic, which ends the program.
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(STOP_WITHIN),
        }
    }
    drop(over);
    Ok(())
}

/// Looks at the store now and then, and has its log watched.
struct Looking {
    context: Context,
    place: StorePlace,
    metrics: Arc<Metrics>,
    watch: Option<Watch>,
    /// When overlaps were counted last.
    counted: Option<Instant>,
    /// Since when the store is away.
    away: Option<Instant>,
}

impl Looking {
    fn go(&mut self, over: &Receiver<()>) -> Result<(), Failure> {
        loop {
            self.metrics.health.asked(false);
            let looked = self.look();
            self.metrics.health.answered(looked.is_ok());
            match looked {
                Ok(is_there) => {
                    if let Some(since) = self.away.take() {
                        let seconds = since.elapsed().as_secs();
                        tracing::info!(event = "store_back", seconds, "the store is there again");
                    }
                    if is_there { self.metrics.health.works() } else { self.none_yet() }
                }
                Err(failure) if failure.kind().may_pass() => {
                    if self.away.is_none() {
                        self.away = Some(Instant::now());
                        tracing::warn!(event = "store_away", error = %failure.what().en, "the store is away; waiting for it");
                    }
                }
                Err(failure) => return Err(failure),
            }
            if !matches!(over.recv_timeout(LOOK_EVERY), Err(RecvTimeoutError::Timeout)) {
                return Ok(());
            }
        }
    }

    fn none_yet(&self) {
        self.metrics.health.not_ready();
        self.metrics.health.awaits("there is no store yet: giaoban worker makes it".to_owned());
    }

    /// Opened anew each time: a replay puts another generation in force. False if there is none yet.
    fn look(&mut self) -> Result<bool, Failure> {
        let Some(mut store) = open(&self.place, &self.context.rules)? else { return Ok(false) };
        let Settings { kafka, .. } = &self.context.settings;
        self.metrics.checkpoints(&store.checkpoints(&kafka.topic)?);
        observability::store::look(&mut *store, &self.metrics)?;
        if self.counted.is_none_or(|counted| counted.elapsed() >= OVERLAPS_EVERY) {
            let quarters = store.quarters()?;
            self.metrics.overlaps(store.overlaps(&quarters, &self.context.rules)?.len());
            self.counted = Some(Instant::now());
        }
        self.metrics.health.answered(true);
        self.watch_log(&mut *store)?;
        Ok(true)
    }

    /// The log is watched once it is known to be the store's.
    fn watch_log(&mut self, store: &mut dyn StoreReader) -> Result<(), Failure> {
        if self.watch.is_some() || !self.context.has_log() {
            return Ok(());
        }
        match self.context.log_beside(store) {
            Ok(log) => self.watch = Some(watch(&self.context, &log, &self.metrics)?),
            // The store is what is served, and is there.
            Err(failure) if failure.kind().may_pass() => {
                tracing::debug!(event = "log_not_watched", error = %failure.what().en, "the log cannot be asked yet");
            }
            Err(failure) => return Err(failure),
        }
        Ok(())
    }
}
