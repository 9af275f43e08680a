//! The pipeline on a real Kafka broker, measured against the least that any consumer or producer must do.
//!
//! A topic of six partitions is filled with synthetic events of about 400 bytes. In the same run a bare consumer that
//! only counts reads it, and `giaoban worker --until-caught-up` reads it into an empty store. What is printed first is
//! the ratio of the two: it says what the work costs on any machine, where events per second say it for one. Every
//! store is checked against the number of events before its time counts.
//!
//! `./test.sh bench` starts the broker and PostgreSQL and runs this; `./test.sh bench -- --records 300000 --pairs 1
//! --history 0` is a short run.

mod broker;
mod events;
mod giaoban;

use std::fmt::Write as _;
use std::fs;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Parser;

use broker::{count_bare, create_topic, delete_topic, fill, produce_bare};
use events::{Events, communes};
use giaoban::Giaoban;

const PARTITIONS: i32 = 6;

type Failure = Box<dyn std::error::Error>;

/// Measures the pipeline on the broker at KAFKA_BROKERS against a bare consumer and a bare producer, and on the
/// PostgreSQL of POSTGRES_URL if that is set.
#[derive(Parser)]
#[command(name = "pipeline")]
struct Arguments {
    /// Events in the topic
    #[arg(long, default_value_t = 3_000_000)]
    records: u64,
    /// Pairs of a bare consumer and a worker, and of a bare producer and `publish`; the medians are printed
    #[arg(long, default_value_t = 3)]
    pairs: usize,
    /// Events on PostgreSQL; 0 for none
    #[arg(long, default_value_t = 1_000_000)]
    postgres: u64,
    /// Events that are published; 0 for none
    #[arg(long, default_value_t = 1_000_000)]
    publish: u64,
    /// Records of history up to which the worker's speed is followed; 0 for none
    #[arg(long, default_value_t = 10_000_000)]
    history: u64,
    /// Seconds at 1,000 events/s, for the time from acknowledgement to figure; 0 for none
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
    if arguments.records > 0 && arguments.pairs > 0 {
        bench.sqlite(arguments.records, arguments.pairs)?;
    }
    match std::env::var("POSTGRES_URL") {
        Ok(url) if arguments.postgres > 0 => bench.postgres(&url, arguments.postgres)?,
        Err(_) if arguments.postgres > 0 => println!("PostgreSQL: not measured, POSTGRES_URL is not set"),
        _ => {}
    }
    if arguments.publish > 0 && arguments.pairs > 0 {
        bench.publish(arguments.publish, arguments.pairs)?;
    }
    if arguments.steady > 0 {
        bench.steady(arguments.steady)?;
    }
    if arguments.history > 0 {
        bench.history(arguments.history)?;
    }
    Ok(())
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

    fn giaoban<'g>(&'g self, topic: &'g str, data: &'g std::path::Path) -> Giaoban<'g> {
        let group = data.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Giaoban { brokers: self.brokers, topic, group: format!("{topic}.{group}"), data, variables: Vec::new() }
    }

    /// How long somebody waits for the program itself: its help, and the demo to its reports.
    fn startup(&self) -> Result<(), Failure> {
        let data = self.stores.path().join("startup");
        let giaoban = self.giaoban("startup", &data);
        let help = giaoban.milliseconds(20, || giaoban.command(&["--help"]))?;
        println!("giaoban --help: {help:.1} ms (median of 20)");
        let demo = giaoban.milliseconds(1, || giaoban.command(&["demo", "--no-serve"]))?;
        println!("giaoban demo, to its reports: {:.1} s", demo / 1000.0);
        fs::remove_dir_all(&data)?;
        Ok(())
    }

    fn sqlite(&self, records: u64, pairs: usize) -> Result<(), Failure> {
        self.on_topic("sqlite", |topic| {
            let start = Instant::now();
            let bytes = fill(self.brokers, topic, &mut Events::of_communes(self.communes), records)?;
            println!(
                "filled: {records} events of {:.0} bytes in {PARTITIONS} partitions, {:.0} events/s",
                bytes as f64 / records as f64,
                records as f64 / start.elapsed().as_secs_f64()
            );
            let (mut bare, mut worker, mut ratios, mut peak) = (vec![], vec![], vec![], 0);
            for pair in 1..=pairs {
                let consumer_rate = records as f64 / count_bare(self.brokers, topic, records)?;
                let data = self.stores.path().join(format!("pair-{pair}"));
                let giaoban = self.giaoban(topic, &data);
                let run = giaoban.work(1)?;
                giaoban.expect_events(records)?;
                let worker_rate = records as f64 / run.seconds;
                println!(
                    "pair {pair}: bare consumer {consumer_rate:.0} events/s, SQLite {worker_rate:.0} events/s, ratio {:.3}",
                    worker_rate / consumer_rate
                );
                bare.push(consumer_rate);
                worker.push(worker_rate);
                ratios.push(worker_rate / consumer_rate);
                peak = peak.max(run.peak_rss_bytes);
                if pair == pairs {
                    let store = giaoban.store_bytes()? as f64 / records as f64;
                    println!("SQLite / bare consumer: {:.3} (median of {pairs})", median(&mut ratios));
                    println!("bare consumer: {:.0} events/s", median(&mut bare));
                    println!("SQLite: {:.0} events/s, peak memory {}, {store:.0} bytes a record", median(&mut worker), megabytes(peak));
                    for period in ["2020-Q4", "2020-9M", "2020"] {
                        let took = giaoban.rollup_milliseconds(period)?;
                        println!("rollup of {period}, all units, JSON: {took:.1} ms (median of 5)");
                    }
                }
                fs::remove_dir_all(&data)?;
            }
            Ok(())
        })
    }

    fn postgres(&self, url: &str, records: u64) -> Result<(), Failure> {
        self.on_topic("postgres", |topic| {
            fill(self.brokers, topic, &mut Events::of_communes(self.communes), records)?;
            for workers in [1, 2] {
                let consumer_rate = records as f64 / count_bare(self.brokers, topic, records)?;
                let data = self.stores.path().join(format!("postgres-{workers}"));
                let schema = format!("{}_{workers}", self.name.replace('.', "_"));
                let mut giaoban = self.giaoban(topic, &data);
                giaoban.variables =
                    vec![("GIAOBAN__STORE__URL", url.to_owned()), ("GIAOBAN__STORE__SCHEMA", schema.clone())];
                let run = giaoban.work(workers)?;
                giaoban.expect_events(records)?;
                let rate = records as f64 / run.seconds;
                let mut client = postgres::Client::connect(url, postgres::NoTls)?;
                let size = "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class
                            WHERE relkind = 'r' AND relnamespace = $1::text::regnamespace";
                let bytes: i64 = client.query_one(size, &[&schema])?.get(0);
                println!(
                    "PostgreSQL, {workers} worker{}: {rate:.0} events/s, bare consumer {consumer_rate:.0}, ratio {:.3}, \
                     peak memory of a worker {}, {:.0} bytes a record",
                    if workers == 1 { "" } else { "s" },
                    rate / consumer_rate,
                    megabytes(run.peak_rss_bytes),
                    bytes as f64 / records as f64
                );
                client.batch_execute(&format!("DROP SCHEMA {schema} CASCADE"))?;
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
        let (mut bare, mut published, mut ratios) = (vec![], vec![], vec![]);
        for pair in 1..=pairs {
            let (mut bare_rate, mut rate) = (0.0, 0.0);
            self.on_topic(&format!("bare-{pair}"), |topic| {
                bare_rate = records as f64 / produce_bare(self.brokers, topic, &lines)?;
                Ok(())
            })?;
            self.on_topic(&format!("publish-{pair}"), |topic| {
                let data = self.stores.path().join("publish");
                let giaoban = self.giaoban(topic, &data);
                let start = Instant::now();
                let output = giaoban.command(&["publish"]).arg(&file).output()?;
                rate = records as f64 / start.elapsed().as_secs_f64();
                if !output.status.success() {
                    return Err(format!("publish: {}", String::from_utf8_lossy(&output.stderr)).into());
                }
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
        println!("publish: {:.0} events/s, bare {:.0}", median(&mut published), median(&mut bare));
        Ok(())
    }

    /// The time from the acknowledgement of an event to the commit with its figure, at 1,000 events/s.
    fn steady(&self, seconds: u64) -> Result<(), Failure> {
        self.on_topic("steady", |topic| {
            let data = self.stores.path().join("steady");
            let giaoban = self.giaoban(topic, &data);
            let mut worker = giaoban.start()?;
            let times = broker::follow(self.brokers, topic, &data, &mut Events::of_communes(self.communes), seconds * 1000);
            let peak = giaoban::peak_rss_of(worker.id()).unwrap_or_default();
            worker.kill()?;
            worker.wait()?;
            let mut times = times?;
            times.sort_unstable();
            let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
            println!(
                "at 1,000 events/s for {seconds} s, from acknowledgement to figure: median {:.0} ms, 99 % within {:.0} ms, \
                 all within {:.0} ms; peak memory {}",
                at(0.5),
                at(0.99),
                at(1.0),
                megabytes(peak)
            );
            fs::remove_dir_all(&data)?;
            Ok(())
        })
    }

    /// How fast the last million goes in, as the history grows.
    fn history(&self, most: u64) -> Result<(), Failure> {
        self.on_topic("history", |topic| {
            let data = self.stores.path().join("history");
            let giaoban = self.giaoban(topic, &data);
            let mut events = Events::of_communes(self.communes);
            let step = most.min(1_000_000);
            let (mut stored, mut first) = (0, 0.0);
            for history in [1_000_000, 10_000_000, 30_000_000].into_iter().filter(|history| *history <= most.max(step))
            {
                let before = history.min(most).saturating_sub(step);
                if before > stored {
                    fill(self.brokers, topic, &mut events, before - stored)?;
                    giaoban.work(1)?;
                }
                fill(self.brokers, topic, &mut events, step)?;
                let run = giaoban.work(1)?;
                stored = before + step;
                giaoban.expect_events(stored)?;
                let rate = step as f64 / run.seconds;
                if first == 0.0 {
                    first = rate;
                }
                println!(
                    "history of {stored}: the last {step} at {rate:.0} events/s ({:.2} of the first), peak memory {}, \
                     {:.0} bytes a record, rollup of 2020-Q4 {:.1} ms, of 2020-9M {:.1} ms, of 2020 {:.1} ms",
                    rate / first,
                    megabytes(run.peak_rss_bytes),
                    giaoban.store_bytes()? as f64 / stored as f64,
                    giaoban.rollup_milliseconds("2020-Q4")?,
                    giaoban.rollup_milliseconds("2020-9M")?,
                    giaoban.rollup_milliseconds("2020")?
                );
            }
            fs::remove_dir_all(&data)?;
            Ok(())
        })
    }
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
