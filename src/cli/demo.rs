//! `giaoban demo`: a sample year through the whole pipeline, as real events:
//! embedded log → worker → store → report, then pages and metrics on loopback.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;

use super::Done;
use super::report::write_report;
use super::worker::{stop_flag, stopped_early, summary_text, worker};
use crate::config::Settings;
use crate::domain::Figure;
use crate::failure::{ExitCode, Failure, FailureKind};
use crate::ingest::Summary;
use crate::ingest::worker::Until;
use crate::intake::submit::event_message;
use crate::log::LogError;
use crate::log::embedded::EmbeddedLog;
use crate::observability::{Metrics, Role};
use crate::program::{Context, HttpServer, metrics, watch};
use crate::report::numbers;
use crate::rollup::Rollup;
use crate::sample::{bad_examples, covers, sample_year};
use crate::store::{StoreError, StoreReader, StoreWriter};
use crate::terminal::print;
use crate::text::{Text, cli_demo as says, failure};
use crate::web::Watched;

/// The options of `giaoban demo`.
#[derive(Args, Debug)]
#[command(after_help = "Ví dụ / Example:\n  giaoban demo\n  giaoban demo --no-serve --data /tmp/thu")]
pub struct DemoArgs {
    /// Kết thúc sau khi viết báo cáo · End after the reports are written
    #[arg(long)]
    no_serve: bool,
}

/// Where the demo lies if no folder is named: apart from real data.
const FOLDER: &str = "giaoban-demo";
const PERIOD: &str = "2020-Q4";

impl DemoArgs {
    /// The demo is always on the embedded log and in a folder of its own.
    pub fn adjust(&self, settings: &mut Settings, data_named: bool) {
        settings.kafka.brokers.clear();
        if !data_named {
            settings.general.data = PathBuf::from(FOLDER);
        }
    }
}

/// Runs the command.
pub fn run(context: &Context, args: &DemoArgs) -> Done {
    let begun = Instant::now();
    refuse_other_years(context)?;
    refuse_real_data(context)?;
    let metrics = metrics(context, Role::Worker)?;
    let place = context.place()?;
    let lock = context.lock_worker()?;
    let stop = stop_flag()?;
    // Before the work, so that a port that is taken is told at once.
    let server =
        if args.no_serve { None } else { HttpServer::start(context, Arc::clone(&metrics) as Arc<dyn Watched>)? };
    let mut store = place.create(&context.rules, lock.as_ref())?;
    store.adopt(&context.rules, true)?;
    let sent = send_sample(context)?;
    let summary = drain(context, store, &metrics, &stop)?;
    let mut reader = context.reader()?;
    let out = context.settings.general.data.join("reports");
    let period = PERIOD.parse().map_err(|error: crate::domain::PeriodError| {
        Failure::new(FailureKind::Defect, Text::same(error.to_string()), Text::same(""))
    })?;
    let files = write_report(context, &mut *reader, period, &out)?;
    print(&story(context, &mut *reader, (sent, &summary), &files, begun.elapsed())?)?;
    let Some(server) = server else { return Ok(ExitCode::Done) };
    if let Some(address) = server.address {
        print(&next_steps(context, address))?;
    }
    // What is recorded or corrected meanwhile shows on the pages.
    let mut store = place.create(&context.rules, lock.as_ref())?;
    let log = context.log_beside(&mut *store)?;
    let _watch = watch(context, &log, &metrics)?;
    worker(context, (store, true), log, metrics, stop).run()?;
    server.stop();
    Ok(ExitCode::Done)
}

fn refuse_other_years(context: &Context) -> Result<(), Failure> {
    if covers(&context.rules) {
        return Ok(());
    }
    Err(Failure::new(FailureKind::Configuration, says::other_years(), says::built_in_units()))
}

/// The sample goes into a store that was made for such events, and into the log of one alone.
fn refuse_real_data(context: &Context) -> Result<(), Failure> {
    let refused = |what| Err(Failure::new(FailureKind::Request, what, says::other_data()));
    let is_made = match context.place()?.read() {
        Ok(mut store) => {
            if store.synthetic()? {
                return Ok(());
            }
            store.fingerprint()?.is_some().then(|| store.describe())
        }
        Err(StoreError::Missing { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    if let Some(store) = is_made {
        return refused(says::real_figures(store));
    }
    let data = &context.settings.general.data;
    if EmbeddedLog::is_in(data) {
        let topic = context.log()?.topic(&context.settings.kafka.topic)?;
        if topic.partitions.iter().any(|range| range.high.0 > 0) {
            return refused(says::real_events(data.display()));
        }
    }
    Ok(())
}

/// Sends the sample unless it is there; what was cut short is sent again and settles as duplicates.
fn send_sample(context: &Context) -> Result<usize, Failure> {
    let log = context.log()?;
    let topic = &context.settings.kafka.topic;
    let events = sample_year(&context.rules);
    let bad = bad_examples();
    let expected = events.len() + bad.len();
    let there: i64 = log.topic(topic)?.partitions.iter().map(|range| range.high.0).sum();
    if there >= expected as i64 {
        return Ok(0);
    }
    let mut producer = log.producer(topic)?;
    let good = events.into_iter().map(|event| event_message(Some(&event.key), event.payload));
    for (tag, message) in good.chain(bad.into_iter().map(|payload| event_message(None, payload))).enumerate() {
        producer.send(&message, tag as u64)?;
    }
    let mut taken = 0;
    for delivery in producer.flush(Duration::from_secs(60)) {
        delivery.result?;
        taken += 1;
    }
    if taken < expected {
        return Err(LogError::Transient(format!("{taken} of {expected} events were acknowledged").into()).into());
    }
    Ok(taken)
}

fn drain(
    context: &Context,
    mut store: Box<dyn StoreWriter>,
    metrics: &Arc<Metrics>,
    stop: &Arc<AtomicBool>,
) -> Result<Summary, Failure> {
    let log = context.log_beside(&mut *store)?;
    let mut worker = worker(context, (store, true), log, Arc::clone(metrics), Arc::clone(stop));
    worker.until = Until::CaughtUp;
    let summary = worker.run()?;
    if stop.load(Ordering::Relaxed) {
        return Err(stopped_early(failure::stopped_early(), says::demo_again()));
    }
    Ok(summary)
}

/// What was done and what came of it.
fn story(
    context: &Context,
    reader: &mut dyn StoreReader,
    (sent, summary): (usize, &Summary),
    files: &[PathBuf],
    took: Duration,
) -> Result<String, Failure> {
    let year = crate::domain::Period::Year(2020);
    let cells = reader.cells(&year.quarters(), &context.rules)?;
    let rollup = Rollup::of(year, None, &cells, &context.rules)?;
    let figure = |figure| rollup.first().map_or(0, |row| row.figure(figure));
    let number = |value: i128| numbers::grouped(value, context.lang());
    let (sessions, cases) = (number(figure(Figure::SupervisionSessions)), number(figure(Figure::ViolationsFound)));
    let (expected, reported) = (number(figure(Figure::UnitsExpected)), number(figure(Figure::UnitsReported)));
    let names = files.iter().map(|file| format!("  {}\n", file.display())).collect::<String>();
    let settled = summary_text(context, summary);
    let seconds = format!("{:.1}", took.as_secs_f64());
    let seconds = Text { vi: seconds.replace('.', ",").into(), en: seconds.into() };
    let lang = context.lang();
    let (sent, figures) = (says::sent(sent), says::figures(sessions, cases, reported, expected));
    Ok([sent.get(lang), &settled, figures.get(lang), says::report(seconds).get(lang), &names].concat())
}

fn next_steps(context: &Context, address: SocketAddr) -> String {
    let data = context.settings.general.data.display();
    let commands = format!(
        "  giaoban records --period 2020-Q4 --unit 001 --figure violations_found --data {data}\n  giaoban record supervision --unit 00004 --held-on 2020-12-01 --body fatherland_front --field budget_finance --data {data}\n"
    );
    says::look(address, commands).get(context.lang()).to_owned()
}
