//! `giaoban top`: the state of the pipeline at a terminal, asked of its processes; where none answers at the address
//! that is set, read from the store and its log.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use clap::Args;

use super::Done;
use crate::domain::{HANOI, Rules};
use crate::failure::{ExitCode, Explained as _, Failure, FailureKind};
use crate::observability::{self, History, Metrics, Pipeline, Role, Scrape, Watch};
use crate::program::{Context, metrics, open_reader, watch as watch_log};
use crate::report::completeness::Completeness;
use crate::report::operations::{Operations, Window, courses};
use crate::store::{StoreError, StorePlace};
use crate::terminal::print;
use crate::terminal::top::{Seen, printed, watch};
use crate::text::{Lang, Text, operations as say};
use crate::web::client::{Address, Client};

/// How often the processes are asked.
const EVERY: Duration = Duration::from_secs(2);
/// How often they are asked how complete the newest quarter is, which reads its figures.
const COMPLETENESS_EVERY: Duration = Duration::from_secs(30);
/// How long a log may take to say where it ends, before the first look is shown without that.
const ENDS_WITHIN: Duration = Duration::from_secs(5);
/// For how long samples are kept, and how they are drawn.
const WINDOW: Window = Window { least_ms: 5 * 60_000, most_ms: 15 * 60_000, columns: 75 };

/// The options of `giaoban top`.
#[derive(Args, Debug)]
#[command(
    after_help = "Phím / Keys: q, ↑ ↓, PgUp, PgDn, Home, End\n\nVí dụ / Example:\n  giaoban top\n  giaoban top --at http://worker-1:9464 --at http://worker-2:9464\n  giaoban top --once"
)]
pub struct TopArgs {
    /// Địa chỉ của worker, có thể nhiều lần; không ghi là http.listen · A worker's address, may be given several times; http.listen if none
    #[arg(long, value_name = "URL")]
    at: Vec<String>,
    /// In một lần rồi dừng · Print once and end
    #[arg(long)]
    once: bool,
}

/// Runs the command.
pub fn run(context: &Context, args: &TopArgs) -> Done {
    let lang = context.lang();
    let source = match args.at.is_empty() {
        true => Source::here(context)?,
        false => Source::Asked(Asked::of(args.at.iter().map(|given| address(given)).collect::<Result<_, _>>()?)?),
    };
    let mut looking = Looking::new(source, lang);
    if args.once {
        // Of one moment there is no course.
        let seen = Seen { courses: Vec::new(), ..looking.look() };
        print(&printed(&seen, lang))?;
        return Ok(ExitCode::Done);
    }
    let (seen, seeing) = sync_channel(1);
    std::thread::spawn(move || {
        while seen.send(looking.look()).is_ok() {
            std::thread::sleep(EVERY);
        }
    });
    watch(&seeing, lang)?;
    Ok(ExitCode::Done)
}

/// Where the state is from.
enum Source {
    Asked(Asked),
    Store(FromStore),
}

impl Source {
    /// The process of this machine, if it answers; else its store, if that can be read.
    fn here(context: &Context) -> Result<Self, Failure> {
        let http = &context.settings.http;
        let of = |listen: &String| (listen != "off").then(|| own_address(listen)).transpose();
        let (pages, metrics) = (of(&http.listen)?, of(&http.metrics_listen)?);
        let Some(shows_metrics) = metrics.or_else(|| pages.clone()) else {
            return Ok(Self::Store(FromStore::open(context)?));
        };
        let asked = Asked { pages: pages.into_iter().collect(), ..Asked::of(vec![shows_metrics])? };
        if asked.answers() {
            return Ok(Self::Asked(asked));
        }
        Ok(FromStore::open(context).map_or(Self::Asked(asked), Self::Store))
    }

    fn pipeline(&self) -> Pipeline {
        match self {
            Self::Asked(asked) => asked.pipeline(),
            Self::Store(store) => store.pipeline(),
        }
    }

    fn completeness(&self) -> Option<Completeness> {
        match self {
            Self::Asked(asked) => asked.completeness(),
            Self::Store(store) => store.completeness(),
        }
    }
}

fn address(given: &str) -> Result<Address, Failure> {
    let wrong = || Failure::new(FailureKind::Request, say::not_an_address(given), say::name_an_address());
    given.parse().map_err(|()| wrong())
}

/// Where this machine's worker serves by the settings.
fn own_address(listen: &str) -> Result<Address, Failure> {
    let here = listen.replace("0.0.0.0:", "127.0.0.1:").replace("[::]:", "[::1]:");
    address(&here)
}

/// The processes that are asked.
struct Asked {
    client: Client,
    /// Where each shows its metrics.
    addresses: Vec<Address>,
    /// Where figures may be shown.
    pages: Vec<Address>,
}

impl Asked {
    fn of(addresses: Vec<Address>) -> Result<Self, Failure> {
        let client = Client::new().map_err(|error| Failure::io("tokio", &error))?;
        Ok(Self { client, pages: addresses.clone(), addresses })
    }

    fn answers(&self) -> bool {
        self.pipeline().processes.iter().any(|process| process.said.is_ok())
    }

    fn pipeline(&self) -> Pipeline {
        let answers = self.client.get(&self.addresses, "/metrics");
        let names = self.addresses.iter().map(|address| address.as_str().to_owned());
        Pipeline::of(names.zip(answers.into_iter().map(|answer| answer.and_then(|text| of_giaoban(&text)))))
    }

    /// As the first says that serves pages.
    fn completeness(&self) -> Option<Completeness> {
        let answers = self.client.get(&self.pages, "/v1/rollup?format=json");
        answers.into_iter().flatten().find_map(|answer| completeness(&answer))
    }
}

/// What a process of the pipeline says of itself; another program's metrics say nothing of it.
fn of_giaoban(text: &str) -> Result<Scrape, String> {
    let scrape = Scrape::read(text);
    match scrape.value(&observability::names::BUILD_INFO) {
        Some(_) => Ok(scrape),
        None => Err("what answers is no giaoban".to_owned()),
    }
}

/// How complete a rollup says that its period is.
fn completeness(rollup: &str) -> Option<Completeness> {
    let rollup: serde_json::Value = serde_json::from_str(rollup).ok()?;
    let figures = &rollup["units"][0]["figures"];
    let count = |name: &str| figures[name].as_i64().map(i128::from);
    Some(Completeness {
        period: rollup["period"].as_str()?.parse().ok()?,
        expected: count("units_expected")?,
        reported: count("units_reported")?,
    })
}

/// The store and its log, where no process of the pipeline answers.
struct FromStore {
    place: StorePlace,
    rules: Arc<Rules>,
    topic: String,
    metrics: Arc<Metrics>,
    /// Asks the log where it ends; `None` if there is none that can be asked.
    watch: Option<Watch>,
}

impl FromStore {
    fn open(context: &Context) -> Result<Self, Failure> {
        let mut store = context.reader()?;
        let metrics = metrics(context, Role::Reader)?;
        let watch = context.log_beside(&mut *store).and_then(|log| watch_log(context, &log, &metrics));
        let opened = Self {
            place: context.place()?,
            rules: Arc::clone(&context.rules),
            topic: context.settings.kafka.topic.clone(),
            metrics,
            watch: watch.ok(),
        };
        opened.await_ends();
        Ok(opened)
    }

    /// The log is asked by another thread; of the store one look is enough for that.
    fn await_ends(&self) {
        let begun = Instant::now();
        // That it cannot be looked at is told with the first frame.
        let _ = self.look();
        let said = || Pipeline::of([(String::new(), Ok(Scrape::read(&self.metrics.render())))]);
        while self.watch.is_some() && said().lag_records().is_none() && begun.elapsed() < ENDS_WITHIN {
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn pipeline(&self) -> Pipeline {
        let (at, said) = match self.look() {
            Ok(at) => (at, Ok(Scrape::read(&self.metrics.render()))),
            Err(error) => (String::new(), Err(error.what().get(Lang::En).to_owned())),
        };
        Pipeline::of([(at, said)])
    }

    /// Looks at the store; returns what it is.
    fn look(&self) -> Result<String, StoreError> {
        let mut store = open_reader(&self.place, &self.rules)?;
        observability::store::look(&mut *store, &self.metrics)?;
        self.metrics.checkpoints(&store.checkpoints(&self.topic)?);
        Ok(store.describe())
    }

    fn completeness(&self) -> Option<Completeness> {
        let mut store = open_reader(&self.place, &self.rules).ok()?;
        let today = HANOI.to_datetime(jiff::Timestamp::now()).date();
        Completeness::newest(&mut *store, &self.rules, today).ok()?
    }
}

/// Looks, and remembers what it has seen.
struct Looking {
    source: Source,
    history: History,
    completeness: Option<(Instant, Option<Completeness>)>,
    lang: Lang,
}

impl Looking {
    fn new(source: Source, lang: Lang) -> Self {
        let keep = WINDOW.most_ms / EVERY.as_millis() as i64;
        Self { source, history: History::new(keep as usize), completeness: None, lang }
    }

    fn look(&mut self) -> Seen {
        let pipeline = self.source.pipeline();
        let now_ms = jiff::Timestamp::now().as_millisecond();
        self.history.note(now_ms, &pipeline);
        let completeness = self.completeness();
        Seen {
            operations: Operations::of(&pipeline, &self.history, completeness.as_ref(), now_ms),
            courses: courses(&self.history, WINDOW, now_ms, self.lang).into(),
            note: self.note(),
        }
    }

    fn note(&self) -> Option<Text> {
        matches!(self.source, Source::Store(_)).then(say::from_the_store)
    }

    fn completeness(&mut self) -> Option<Completeness> {
        let known = self.completeness.filter(|(at, _)| at.elapsed() < COMPLETENESS_EVERY);
        let (_, completeness) =
            *self.completeness.insert(known.unwrap_or_else(|| (Instant::now(), self.source.completeness())));
        completeness
    }
}
