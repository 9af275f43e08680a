//! The pipeline on a real Kafka broker, measured against the least that any consumer or producer must do.
//!
//! A topic of six partitions is filled with synthetic events of about 400 bytes, once as every command of giaoban writes
//! them and once without compression. In the same run a bare consumer that only counts reads it, and `giaoban worker
//! --until-caught-up` reads it into an empty store. What is printed first is the ratio of the two: it says what the work
//! costs on any machine, where events per second say it for one. Every store is checked against the number of events
//! before its time counts. PostgreSQL is measured in the same way, with one worker and with two.
//!
//! `./test.sh bench` starts the broker and PostgreSQL and runs this; `./test.sh bench -- --records 300000 --postgres
//! 100000 --publish 100000 --pairs 1 --steady 5 --history 0` is a short run.

mod broker;
mod events;
mod giaoban;

use std::fmt::Write as _;
use std::fs;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Parser;

use broker::{Written, count_bare, create_topic, delete_topic, ends, fill, produce_bare};
use events::{Events, communes};
use giaoban::{Giaoban, Postgres};

const PARTITIONS: i32 = 6;
const FROM_BEGINNING: [i64; PARTITIONS as usize] = [0; PARTITIONS as usize];

type Failure = Box<dyn std::error::Error>;

/// Measures the pipeline on the broker at KAFKA_BROKERS against a bare consumer and a bare producer, and on the
/// PostgreSQL of POSTGRES_URL if that is set.
#[derive(Parser)]
#[command(name = "pipeline")]
struct Arguments {
    /// Events on SQLite; 0 for none
    #[arg(long, default_value_t = 3_000_000)]
    records: u64,
    /// Pairs of a bare consumer and workers, and of a bare producer and `publish`; the medians are printed
    #[arg(long, default_value_t = 3)]
    pairs: usize,
    /// Events on PostgreSQL; 0 for none
    #[arg(long, default_value_t = 1_000_000)]
    postgres: u64,
    /// Events that are published; 0 for none
    #[arg(long, default_value_t = 1_000_000)]
    publish: u64,
    /// Records of history on SQLite up to which the worker's speed is followed (30000000 wants 16 GB of disk); 0 for none
    #[arg(long, default_value_t = 10_000_000)]
    history: u64,
    /// The same on PostgreSQL
    #[arg(long, default_value_t = 0)]
    postgres_history: u64,
    /// Seconds at 1,000 events/s, for the time from acknowledgement to figure, on each store; 0 for none
    #[arg(long, default_value_t = 20)]
    steady: u64,
    /// Passed by cargo to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// What every measurement works with.
struct Bench<'a> {
    brokers: &'a str,
    communes: &'a [String],
    stores: tempfile::TempDir,
    /// Names of topics, groups and schemas begin with it.
    name: String,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let Ok(brokers) = std::env::var("KAFKA_BROKERS") else {
        eprintln!("KAFKA_BROKERS is not set. Run ./test.sh bench, which starts a broker, or set it to host:port");
        return ExitCode::from(2);
    };
    match measure(&arguments, &brokers) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("the benchmark failed: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &Arguments, brokers: &str) -> Result<(), Failure> {
    println!("machine: {}", machine());
    if cfg!(debug_assertions) {
        println!("built without optimisation: the figures below say nothing about speed");
    }
    let bench = Bench {
        brokers,
        communes: &communes()?,
        stores: tempfile::Builder::new().prefix("giaoban-bench-").tempdir()?,
        name: format!("giaoban.bench.{}", SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis()),
    };
    bench.startup()?;
    let url = std::env::var("POSTGRES_URL").ok();
    match &url {
        Some(url) => println!("PostgreSQL: {}", settings_of(url)?),
        None => println!("PostgreSQL: not measured, POSTGRES_URL is not set"),
    }
    let postgres = url.as_deref().map(On::Postgres);
    for written in [Written::Usual, Written::Uncompressed] {
        if arguments.records > 0 && arguments.pairs > 0 {
            bench.catch_up(On::Sqlite, written, &[1], arguments.records, arguments.pairs)?;
        }
        if let Some(on) = postgres.filter(|_| arguments.postgres > 0 && arguments.pairs > 0) {
            bench.catch_up(on, written, &[1, 2], arguments.postgres, arguments.pairs)?;
        }
    }
    if arguments.publish > 0 && arguments.pairs > 0 {
        bench.publish(arguments.publish, arguments.pairs)?;
    }
    for on in [Some(On::Sqlite), postgres].into_iter().flatten().filter(|_| arguments.steady > 0) {
        bench.steady(on, arguments.steady)?;
    }
    if arguments.history > 0 {
        bench.history(On::Sqlite, arguments.history)?;
    }
    if let Some(on) = postgres.filter(|_| arguments.postgres_history > 0) {
        bench.history(on, arguments.postgres_history)?;
    }
    Ok(())
}

/// Which store is measured.
#[derive(Clone, Copy)]
enum On<'a> {
    Sqlite,
    /// The database with that URL.
    Postgres(&'a str),
}

impl On<'_> {
    fn name(self) -> &'static str {
        match self {
            On::Sqlite => "SQLite",
            On::Postgres(_) => "PostgreSQL",
        }
    }
}

impl Bench<'_> {
    /// With a topic that is there for that measurement alone.
    fn on_topic(&self, suffix: &str, act: impl FnOnce(&str) -> Result<(), Failure>) -> Result<(), Failure> {
        let topic = format!("{}.{suffix}", self.name);
        create_topic(self.brokers, &topic)?;
        let outcome = act(&topic);
        delete_topic(self.brokers, &topic)?;
        outcome
    }

    fn giaoban<'g>(&'g self, topic: &'g str, data: &'g std::path::Path, on: On<'g>) -> Giaoban<'g> {
        let name = data.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let postgres = match on {
            On::Sqlite => None,
            On::Postgres(url) => {
                let schema = format!("{}_{name}", self.name).replace(['.', '-'], "_");
                Some(Postgres { url, schema })
            }
        };
        Giaoban { brokers: self.brokers, topic, group: format!("{topic}.{name}"), data, postgres }
    }

    /// How long somebody waits for the program itself: its help, and the demo to its reports.
    fn startup(&self) -> Result<(), Failure> {
        let data = self.stores.path().join("startup");
        let giaoban = self.giaoban("startup", &data, On::Sqlite);
        let help = giaoban.milliseconds(20, || giaoban.command(&["--help"]))?;
        println!("giaoban --help: {help:.1} ms (median of 20)");
        let demo = giaoban.milliseconds(1, || giaoban.command(&["demo", "--no-serve"]))?;
        println!("giaoban demo, to its reports: {:.1} s", demo / 1000.0);
        fs::remove_dir_all(&data)?;
        Ok(())
    }

    /// Workers that read a topic from its beginning into an empty store, each after a bare consumer of it.
    fn catch_up(
        &self,
        on: On<'_>,
        written: Written,
        fleets: &[usize],
        records: u64,
        pairs: usize,
    ) -> Result<(), Failure> {
        let store = on.name();
        let (how, suffix) = match written {
            Written::Usual => ("as publish writes them", "usual"),
            Written::Uncompressed => ("not compressed", "uncompressed"),
        };
        self.on_topic(&format!("{}-{suffix}", store.to_lowercase()), |topic| {
            let start = Instant::now();
            let bytes = fill(self.brokers, topic, written, &mut Events::of_communes(self.communes), records)?;
            println!(
                "filled: {records} events of {:.0} bytes in {PARTITIONS} partitions, {how}, {:.0} events/s",
                bytes as f64 / records as f64,
                records as f64 / start.elapsed().as_secs_f64()
            );
            for workers in fleets {
                let name = match workers {
                    1 => store.to_owned(),
                    workers => format!("{store}, {workers} workers"),
                };
                let (mut bare, mut worked, mut ratios, mut peak) = (vec![], vec![], vec![], 0);
                for pair in 1..=pairs {
                    let consumer_rate = records as f64 / count_bare(self.brokers, topic, &FROM_BEGINNING, records)?;
                    let data = self.stores.path().join(format!("pair-{workers}-{pair}"));
                    let giaoban = self.giaoban(topic, &data, on);
                    let run = giaoban.work(*workers)?;
                    giaoban.expect_events(records)?;
                    let rate = records as f64 / run.seconds;
                    println!(
                        "pair {pair}: bare consumer {consumer_rate:.0} events/s, {name} {rate:.0} events/s, ratio {:.3}",
                        rate / consumer_rate
                    );
                    bare.push(consumer_rate);
                    worked.push(rate);
                    ratios.push(rate / consumer_rate);
                    peak = peak.max(run.peak_rss_bytes);
                    if pair == pairs {
                        println!("{name} / bare consumer, {how}: {:.3} (median of {pairs})", median(&mut ratios));
                        println!("bare consumer: {:.0} events/s", median(&mut bare));
                        println!(
                            "{name}: {:.0} events/s, peak memory of a worker {}, {:.0} bytes a record",
                            median(&mut worked),
                            megabytes(peak),
                            giaoban.store_bytes()? as f64 / records as f64
                        );
                        for period in ["2020-Q4", "2020-9M", "2020"] {
                            let took = giaoban.rollup_milliseconds(period)?;
                            println!("rollup of {period}, all units, JSON: {took:.1} ms (median of 5)");
                        }
                    }
                    giaoban.remove_store()?;
                }
            }
            Ok(())
        })
    }

    /// `giaoban publish` of a file against a bare idempotent producer of the same messages.
    fn publish(&self, records: u64, pairs: usize) -> Result<(), Failure> {
        let mut events = Events::of_communes(self.communes);
        let (mut lines, mut text) = (Vec::new(), String::new());
        for _ in 0..records {
            let (key, value) = events.next()?;
            let _ = writeln!(text, "{value}");
            lines.push((key.to_owned(), value.to_owned()));
        }
        let file = self.stores.path().join("events.ndjson");
        fs::write(&file, text)?;
        let (mut bare, mut published, mut ratios, mut peak) = (vec![], vec![], vec![], 0);
        for pair in 1..=pairs {
            let (mut bare_rate, mut rate) = (0.0, 0.0);
            self.on_topic(&format!("bare-{pair}"), |topic| {
                bare_rate = records as f64 / produce_bare(self.brokers, topic, &lines)?;
                Ok(())
            })?;
            self.on_topic(&format!("publish-{pair}"), |topic| {
                let data = self.stores.path().join("publish");
                let mut command = self.giaoban(topic, &data, On::Sqlite).command(&["publish"]);
                command.arg(&file);
                let run = giaoban::run(std::iter::once(command))?;
                rate = records as f64 / run.seconds;
                peak = peak.max(run.peak_rss_bytes);
                Ok(())
            })?;
            let ratio = rate / bare_rate;
            println!(
                "pair {pair}: bare idempotent producer {bare_rate:.0} events/s, publish {rate:.0} events/s, ratio {ratio:.3}"
            );
            bare.push(bare_rate);
            published.push(rate);
            ratios.push(ratio);
        }
        println!("publish / bare idempotent producer: {:.3} (median of {pairs})", median(&mut ratios));
        println!(
            "publish: {:.0} events/s, peak memory {}, bare {:.0}",
            median(&mut published),
            megabytes(peak),
            median(&mut bare)
        );
        Ok(())
    }

    /// The time from the acknowledgement of an event to the commit with its figure, at 1,000 events/s.
    fn steady(&self, on: On<'_>, seconds: u64) -> Result<(), Failure> {
        self.on_topic(&format!("steady-{}", on.name().to_lowercase()), |topic| {
            let data = self.stores.path().join("steady");
            let giaoban = self.giaoban(topic, &data, on);
            let mut worker = giaoban.start()?;
            let times = giaoban.checkpoints().and_then(|mut checkpoints| {
                let mut events = Events::of_communes(self.communes);
                broker::follow(self.brokers, topic, &mut *checkpoints, &mut events, seconds * 1000)
            });
            let peak = giaoban::peak_rss_of(worker.id()).unwrap_or_default();
            worker.kill()?;
            worker.wait()?;
            let mut times = times?;
            times.sort_unstable();
            let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
            println!(
                "{} at 1,000 events/s for {seconds} s, from acknowledgement to figure: median {:.0} ms, 99 % within {:.0} ms, \
                 all within {:.0} ms; peak memory {}",
                on.name(),
                at(0.5),
                at(0.99),
                at(1.0),
                megabytes(peak)
            );
            giaoban.remove_store()
        })
    }

    /// How fast the last millions go in, one after the other, as the history grows: at 1, 10 and 30 million, as far as
    /// is asked for, and at the end. One of them takes two seconds, which differ by a tenth and more: the median of
    /// three is told.
    fn history(&self, on: On<'_>, most: u64) -> Result<(), Failure> {
        self.on_topic(&format!("history-{}", on.name().to_lowercase()), |topic| {
            let data = self.stores.path().join("history");
            let giaoban = self.giaoban(topic, &data, on);
            let mut events = Events::of_communes(self.communes);
            let step = most.min(1_000_000);
            let (mut stored, mut first) = (0, 0.0);
            let marks = [1_000_000, 10_000_000, 30_000_000].into_iter().filter(|mark| *mark < most);
            for mark in marks.chain([most]) {
                let before = mark.saturating_sub(3 * step).max(stored);
                if before > stored {
                    fill(self.brokers, topic, Written::Usual, &mut events, before - stored)?;
                    giaoban.work(1)?;
                    stored = before;
                }
                let (mut bare, mut worked, mut peak) = (vec![], vec![], 0);
                let end = mark.max(before + 3 * step).min(most);
                while stored < end {
                    let (from, records) = (ends(self.brokers, topic)?, step.min(end - stored));
                    fill(self.brokers, topic, Written::Usual, &mut events, records)?;
                    bare.push(records as f64 / count_bare(self.brokers, topic, &from, records)?);
                    let run = giaoban.work(1)?;
                    stored += records;
                    giaoban.expect_events(stored)?;
                    worked.push(records as f64 / run.seconds);
                    peak = peak.max(run.peak_rss_bytes);
                }
                let each: Vec<String> = worked.iter().map(|rate| format!("{rate:.0}")).collect();
                let (steps, rate, consumer_rate) = (worked.len(), median(&mut worked), median(&mut bare));
                if first == 0.0 {
                    first = rate;
                }
                println!(
                    "{}, history of {stored}: the last {steps} times at most {step} at {} events/s (median {:.2} of the first), a \
                     bare consumer of the same at {consumer_rate:.0}, ratio {:.3}, peak memory {}, {:.0} bytes a record, \
                     rollup of 2020-Q4 {:.1} ms, of 2020-9M {:.1} ms, of 2020 {:.1} ms",
                    on.name(),
                    each.join(", "),
                    rate / first,
                    rate / consumer_rate,
                    megabytes(peak),
                    giaoban.store_bytes()? as f64 / stored as f64,
                    giaoban.rollup_milliseconds("2020-Q4")?,
                    giaoban.rollup_milliseconds("2020-9M")?,
                    giaoban.rollup_milliseconds("2020")?
                );
            }
            giaoban.remove_store()
        })
    }
}

/// What decides how durable a commit is there, in the server's own words.
fn settings_of(url: &str) -> Result<String, Failure> {
    let mut client = postgres::Client::connect(url, postgres::NoTls)?;
    let names = ["server_version", "fsync", "full_page_writes", "synchronous_commit", "shared_buffers", "max_wal_size"];
    let mut settings = Vec::new();
    for name in names {
        let value: String = client.query_one("SELECT current_setting($1)", &[&name])?.get(0);
        settings.push(format!("{name} {value}"));
    }
    Ok(settings.join(", "))
}

fn machine() -> String {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, m)| m));
    format!("{cores} cores, {}", model.unwrap_or("processor unknown"))
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// The middle value, the higher one of the two middle ones.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// For measurements that wait for something to be there.
fn until<T>(what: &str, mut look: impl FnMut() -> Result<Option<T>, Failure>) -> Result<T, Failure> {
    let start = Instant::now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if start.elapsed() > Duration::from_secs(60) {
            return Err(format!("{what}: not within a minute").into());
        }
        thread::sleep(Duration::from_millis(2));
    }
}
