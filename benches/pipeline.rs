//! The pipeline on a real Kafka broker, measured against the least any consumer must do.
//!
//! One topic of six partitions is filled with synthetic events of about 400 bytes. Then, in pairs and in the same
//! run, a bare consumer that only counts reads it, and `giaoban worker --until-caught-up` reads it into an empty
//! store. What is printed first is the ratio of the two: it says what the work costs on any machine, where
//! events per second say it for one. Every store is checked against the number of events before its time counts.
//!
//! `./test.sh bench` starts the broker and runs this; `./test.sh bench -- --records 300000 --pairs 1` is a short run.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Parser;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

const UNITS: &str = include_str!("../config/units/hanoi.csv");
const PARTITIONS: i32 = 6;
const BODIES: [&str; 7] = [
    "fatherland_front",
    "peoples_inspection_board",
    "community_investment_board",
    "trade_union",
    "sociopolitical_organisation",
    "peoples_council",
    "other",
];
const FIELDS: [&str; 9] = [
    "budget_finance",
    "land_construction_planning",
    "investment_projects",
    "peoples_contributions",
    "social_policy",
    "administrative_procedures",
    "official_conduct",
    "environment",
    "other",
];

type Failure = Box<dyn std::error::Error>;

/// Measures the pipeline on the broker at KAFKA_BROKERS against a bare consumer.
#[derive(Parser)]
#[command(name = "pipeline")]
struct Arguments {
    /// Events in the topic
    #[arg(long, default_value_t = 3_000_000)]
    records: u64,
    /// Pairs of a bare consumer and a worker; the medians are printed
    #[arg(long, default_value_t = 3)]
    pairs: usize,
    /// Leave the topic and the stores where they are, and say where
    #[arg(long)]
    keep: bool,
    /// Passed by cargo to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// What one run of the worker took.
struct WorkerRun {
    seconds: f64,
    peak_rss_bytes: u64,
    store_bytes: u64,
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
    if arguments.pairs == 0 || arguments.records == 0 {
        return Err("--pairs and --records must be at least 1".into());
    }
    println!("machine: {}", machine());
    if cfg!(debug_assertions) {
        println!("built without optimisation: the figures below say nothing about speed");
    }
    let topic = format!("giaoban.bench.{}", SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis());
    create_topic(brokers, &topic)?;
    let outcome = measure_topic(arguments, brokers, &topic);
    if arguments.keep {
        println!("kept: topic {topic}");
    } else {
        delete_topic(brokers, &topic)?;
    }
    outcome
}

fn measure_topic(arguments: &Arguments, brokers: &str, topic: &str) -> Result<(), Failure> {
    let start = Instant::now();
    let bytes = fill(brokers, topic, arguments.records)?;
    println!(
        "filled: {} events of {:.0} bytes in {PARTITIONS} partitions, {:.0} events/s",
        arguments.records,
        bytes as f64 / arguments.records as f64,
        arguments.records as f64 / start.elapsed().as_secs_f64()
    );

    let mut stores = tempfile::Builder::new().prefix("giaoban-bench-").tempdir()?;
    stores.disable_cleanup(arguments.keep);
    let (mut bare, mut worker, mut ratios) = (vec![], vec![], vec![]);
    let (mut peak_rss, mut store_bytes) = (0, 0);
    for pair in 1..=arguments.pairs {
        let consumer_rate = arguments.records as f64 / count_bare(brokers, topic, arguments.records)?;
        let data = stores.path().join(format!("pair-{pair}"));
        let giaoban = Giaoban { brokers, topic, group: format!("{topic}.{pair}"), data: &data };
        let run = giaoban.work()?;
        giaoban.expect_events(arguments.records)?;
        let worker_rate = arguments.records as f64 / run.seconds;
        println!(
            "pair {pair}: bare consumer {consumer_rate:.0} events/s, worker {worker_rate:.0} events/s, \
             ratio {:.3}, worker's peak memory {}",
            worker_rate / consumer_rate,
            megabytes(run.peak_rss_bytes)
        );
        bare.push(consumer_rate);
        worker.push(worker_rate);
        ratios.push(worker_rate / consumer_rate);
        peak_rss = peak_rss.max(run.peak_rss_bytes);
        store_bytes = run.store_bytes;
        if pair == arguments.pairs {
            println!("rollup of 2020-Q4, all units, JSON: {:.1} ms (median of 5)", giaoban.rollup_milliseconds()?);
        }
        if !arguments.keep {
            fs::remove_dir_all(&data)?;
        }
    }

    println!("ratio worker / bare consumer: {:.3} (median of {})", median(&mut ratios), arguments.pairs);
    println!("bare consumer: {:.0} events/s", median(&mut bare));
    println!("worker: {:.0} events/s", median(&mut worker));
    println!("worker's peak memory: {} (highest of {})", megabytes(peak_rss), arguments.pairs);
    println!(
        "store: {}, {:.0} bytes per record",
        megabytes(store_bytes),
        store_bytes as f64 / arguments.records as f64
    );
    if arguments.keep {
        println!("kept: stores in {}", stores.path().display());
    }
    Ok(())
}

/// The release binary on one topic and one data directory.
struct Giaoban<'a> {
    brokers: &'a str,
    topic: &'a str,
    group: String,
    data: &'a Path,
}

impl Giaoban<'_> {
    /// `GIAOBAN_BIN` stands in for the binary of this build, to compare two builds on one broker.
    fn command(&self, arguments: &[&str]) -> Command {
        let binary = std::env::var_os("GIAOBAN_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_giaoban").into());
        let mut command = Command::new(binary);
        command
            .args(arguments)
            .arg("--data")
            .arg(self.data)
            .env("GIAOBAN__KAFKA__BROKERS", self.brokers)
            .env("GIAOBAN__KAFKA__TOPIC", self.topic)
            .env("GIAOBAN__KAFKA__GROUP", &self.group)
            .env("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0")
            .stdin(Stdio::null());
        command
    }

    fn work(&self) -> Result<WorkerRun, Failure> {
        fs::create_dir_all(self.data)?;
        let start = Instant::now();
        let mut child = self.command(&["worker", "--until-caught-up"]).stdout(Stdio::null()).spawn()?;
        let mut peak_rss_bytes = 0;
        let status = loop {
            // VmHWM is the kernel's own peak, so nothing between two looks is missed but the last 5 ms.
            peak_rss_bytes = peak_rss_of(child.id()).unwrap_or(peak_rss_bytes);
            match child.try_wait()? {
                Some(status) => break status,
                None => thread::sleep(Duration::from_millis(5)),
            }
        };
        let seconds = start.elapsed().as_secs_f64();
        if !status.success() {
            return Err(format!("the worker ended with {status}; its messages are above").into());
        }
        Ok(WorkerRun { seconds, peak_rss_bytes, store_bytes: size_of_directory(self.data)? })
    }

    /// Fails unless the figures of the year account for every event: a fast worker that is wrong is not fast.
    fn expect_events(&self, records: u64) -> Result<(), Failure> {
        let output = self.command(&["rollup", "--period", "2020", "--format", "json"]).output()?;
        if !output.status.success() {
            return Err(format!("rollup: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        let rollup: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let city = &rollup["units"][0]["figures"];
        let counted = |figure: &str| city[figure].as_u64().ok_or(format!("the city's {figure} is not in the rollup"));
        let total = counted("supervision_sessions")? + counted("violations_found")?;
        if total != records {
            return Err(format!("the city's figures count {total} events, but {records} were sent").into());
        }
        Ok(())
    }

    fn rollup_milliseconds(&self) -> Result<f64, Failure> {
        let mut times = vec![];
        for _ in 0..5 {
            let mut command = self.command(&["rollup", "--period", "2020-Q4", "--format", "json"]);
            let start = Instant::now();
            let status = command.stdout(Stdio::null()).status()?;
            if !status.success() {
                return Err(format!("rollup ended with {status}").into());
            }
            times.push(start.elapsed().as_secs_f64() * 1000.0);
        }
        Ok(median(&mut times))
    }
}

/// Seconds that a consumer takes which does nothing but count, from its creation to the last of `expected` records.
fn count_bare(brokers: &str, topic: &str, expected: u64) -> Result<f64, Failure> {
    let start = Instant::now();
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "giaoban.bench.bare")
        .set("enable.auto.commit", "false")
        .create()?;
    let mut from_beginning = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        from_beginning.add_partition_offset(topic, partition, Offset::Beginning)?;
    }
    consumer.assign(&from_beginning)?;
    let (mut count, mut bytes) = (0, 0);
    while count < expected {
        let message = consumer
            .poll(Duration::from_secs(30))
            .ok_or(format!("the bare consumer got {count} of {expected} records, then nothing for 30 s"))??;
        count += 1;
        bytes += message.payload_len();
    }
    let seconds = start.elapsed().as_secs_f64();
    if bytes == 0 {
        return Err("the bare consumer read empty records".into());
    }
    Ok(seconds)
}

/// Produces the events and returns the bytes of their values.
fn fill(brokers: &str, topic: &str, records: u64) -> Result<u64, Failure> {
    let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("partitioner", "murmur2_random")
        .set("linger.ms", "20")
        .set("batch.size", "500000")
        .set("queue.buffering.max.messages", "500000")
        .create()?;
    let communes = communes()?;
    let mut events = Events::of_communes(&communes);
    let mut bytes = 0;
    for number in 0..records {
        let (key, value) = events.event(number)?;
        bytes += value.len() as u64;
        let mut record = BaseRecord::to(topic).key(key).payload(value);
        while let Err((error, refused)) = producer.send(record) {
            if error != KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull) {
                return Err(error.into());
            }
            thread::sleep(Duration::from_millis(1));
            record = refused;
        }
    }
    producer.flush(Duration::from_secs(120))?;
    let mut stored = 0;
    for partition in 0..PARTITIONS {
        let (low, high) = producer.client().fetch_watermarks(topic, partition, Duration::from_secs(10))?;
        stored += (high - low) as u64;
    }
    if stored != records {
        return Err(format!("{records} events were sent, but the topic holds {stored}").into());
    }
    Ok(bytes)
}

/// Codes of the communes that were in force all through 2020.
fn communes() -> Result<Vec<String>, Failure> {
    let mut codes = vec![];
    for row in csv::Reader::from_reader(UNITS.as_bytes()).deserialize() {
        let (code, _, kind, _, valid_from, valid_to): (String, String, String, String, Date, Option<Date>) = row?;
        let in_force = valid_from <= date(2020, 1, 1) && valid_to.is_none_or(|day| day >= date(2020, 12, 31));
        if in_force && matches!(kind.as_str(), "commune" | "township" | "ward") {
            codes.push(code);
        }
    }
    if codes.len() != 579 {
        return Err(format!("Hanoi had 579 communes in 2020, the table has {}", codes.len()).into());
    }
    Ok(codes)
}

/// The same events on every machine and in every run: six of seven a supervision session, one a violation.
struct Events<'a> {
    communes: &'a [String],
    days: Vec<String>,
    random: ChaCha8Rng,
    value: String,
}

impl<'a> Events<'a> {
    fn of_communes(communes: &'a [String]) -> Self {
        let days = (0..349).map(|day| (date(2020, 1, 1) + day.days()).to_string()).collect();
        Events { communes, days, random: ChaCha8Rng::seed_from_u64(2020), value: String::with_capacity(512) }
    }

    /// Key and value of the event `number`. Units take turns, and each numbers its records from 1.
    fn event(&mut self, number: u64) -> Result<(&str, &str), fmt::Error> {
        let turn = number as usize % self.communes.len();
        let record = number / self.communes.len() as u64 + 1;
        let unit = &self.communes[turn];
        let mut below = |bound: usize| (self.random.next_u64() % bound as u64) as usize;
        let day = &self.days[below(self.days.len())];
        let body = BODIES[below(BODIES.len())];
        let field = FIELDS[below(FIELDS.len())];
        let (minute, second, amount) = (below(60), below(60), below(1000));
        let violation = number % 7 == 6;
        let (kind, prefix) = if violation { ("violation", "VP") } else { ("supervision", "GS") };
        self.value.clear();
        write!(
            self.value,
            r#"{{"specversion":"1.0","id":"{prefix}-2020-{record:06}.1","source":"/units/{unit}","type":"vn.giaoban.{kind}.v1","subject":"{prefix}-2020-{record:06}","time":"{day}T09:{minute:02}:{second:02}+07:00","datacontenttype":"application/json","partitionkey":"{unit}","revision":1,"data":{{"unit":"{unit}","#
        )?;
        if violation {
            write!(
                self.value,
                r#""detected_on":"{day}","body":"{body}","field":"{field}","status":"confirmed","recommended":true,"resolved_on":"{day}","money_recovered_vnd":{}}}}}"#,
                amount * 1000
            )?;
        } else {
            write!(
                self.value,
                r#""held_on":"{day}","body":"{body}","field":"{field}","participants":{},"topic":"Giám sát thu, chi các khoản đóng góp"}}}}"#,
                amount % 40 + 1
            )?;
        }
        Ok((unit, &self.value))
    }
}

fn create_topic(brokers: &str, topic: &str) -> Result<(), Failure> {
    let new = NewTopic::new(topic, PARTITIONS, TopicReplication::Fixed(1)).set("retention.ms", "-1");
    let results = blocking(admin(brokers)?.create_topics([&new], &admin_options()))??;
    results.into_iter().try_for_each(|result| match result {
        Ok(_) => Ok(()),
        Err((name, code)) => Err(format!("topic {name} could not be created: {code}").into()),
    })
}

fn delete_topic(brokers: &str, topic: &str) -> Result<(), Failure> {
    let results = blocking(admin(brokers)?.delete_topics(&[topic], &admin_options()))??;
    results.into_iter().try_for_each(|result| match result {
        Ok(_) => Ok(()),
        Err((name, code)) => Err(format!("topic {name} could not be deleted: {code}").into()),
    })
}

fn admin(brokers: &str) -> Result<AdminClient<DefaultClientContext>, KafkaError> {
    ClientConfig::new().set("bootstrap.servers", brokers).create()
}

fn admin_options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(Duration::from_secs(30)))
}

fn blocking<F: Future>(future: F) -> std::io::Result<F::Output> {
    Ok(tokio::runtime::Builder::new_current_thread().build()?.block_on(future))
}

/// The process's highest resident set so far; none once it has ended.
fn peak_rss_of(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

fn size_of_directory(directory: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { size_of_directory(&entry.path())? } else { metadata.len() };
    }
    Ok(bytes)
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
