//! The state of the pipeline as operators read it, in the order in which they
//! ask: are the figures right, are they current, who is refused and why, will it
//! hold. Made once, for the terminal and for the page; each only lays it out.

use super::completeness::Completeness;
use super::numbers;
use super::timeline::Timeline;
use crate::domain::{HANOI, Partition};
use crate::observability::pipeline::{PartitionState, Process, Said};
use crate::observability::{Course, History, Outcome, Pipeline};
use crate::text::codes::Code;
use crate::text::{Lang, Text, operations as say};

/// The figures may be so far behind before somebody should look, and before something is wrong; in seconds.
const LAG: [f64; 2] = [300.0, 900.0];
/// So much should be free on a disk, and so much must be; in bytes.
const FREE: [i64; 2] = [5_000_000_000, 1_000_000_000];
/// So many working days without an event are looked at, and so many are wrong.
const SILENCE: [i64; 2] = [2, 5];
/// Over how long rates are taken, in milliseconds.
const RATES_OVER_MS: i64 = 60_000;

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Nothing to be judged.
    Plain,
    /// As it should be.
    Well,
    /// To keep an eye on.
    Watch,
    /// To be put right.
    Wrong,
}

impl Standing {
    /// Its sign, which needs no colour.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Plain => "·",
            Self::Well => "✓",
            Self::Watch => "!",
            Self::Wrong => "✗",
        }
    }

    /// Its name.
    pub fn name(self) -> Option<Text> {
        match self {
            Self::Plain => None,
            Self::Well => Some(say::well()),
            Self::Watch => Some(say::watch()),
            Self::Wrong => Some(say::wrong()),
        }
    }

    /// Well at 0, as said otherwise.
    fn unless_none(count: i64, otherwise: Self) -> Self {
        if count == 0 { Self::Well } else { otherwise }
    }

    /// By where to watch and where it is wrong.
    fn above<T: PartialOrd>(value: T, [watch, wrong]: [T; 2]) -> Self {
        if value >= wrong {
            Self::Wrong
        } else if value >= watch {
            Self::Watch
        } else {
            Self::Well
        }
    }
}

/// One thing that is known, or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// What it is.
    pub name: Text,
    /// How much.
    pub value: Text,
    /// How it stands.
    pub standing: Standing,
}

/// What an operator asks, with what there is to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The question.
    pub title: Text,
    /// The answers.
    pub facts: Vec<Fact>,
}

/// A process.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessLine {
    /// Where it answers.
    pub at: Text,
    /// Its version.
    pub version: String,
    /// What it is doing.
    pub state: Text,
    /// How it stands.
    pub standing: Standing,
    /// How many partitions it reads.
    pub partitions: String,
}

/// A partition.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionLine {
    /// Its number.
    pub partition: String,
    /// Which process reads it.
    pub reader: Text,
    /// Records that wait.
    pub records: Text,
    /// How far it is behind.
    pub time: Text,
    /// What becomes of it.
    pub state: Text,
    /// How it stands.
    pub standing: Standing,
}

/// A reason for which records were refused.
#[derive(Clone, Debug, PartialEq)]
pub struct ReasonLine {
    /// Its code.
    pub code: String,
    /// What it means.
    pub meaning: Text,
    /// How many.
    pub count: Text,
}

/// The state of the pipeline, in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Operations {
    /// The whole in one sentence.
    pub summary: Text,
    /// How the worst of it stands.
    pub standing: Standing,
    /// When that was, by Hanoi's clock, and of which installation.
    pub when: Text,
    /// What an operator asks.
    pub questions: [Question; 4],
    /// The processes.
    pub processes: Vec<ProcessLine>,
    /// The partitions.
    pub partitions: Vec<PartitionLine>,
    /// Why records were refused, the most frequent first.
    pub reasons: Vec<ReasonLine>,
}

impl Operations {
    /// At that moment, in milliseconds since 1970.
    pub fn of(pipeline: &Pipeline, history: &History, completeness: Option<&Completeness>, now_ms: i64) -> Self {
        let rates = history.rates(RATES_OVER_MS);
        let questions = [
            Question { title: say::right(), facts: right(pipeline, now_ms) },
            Question { title: say::current(), facts: current(pipeline, completeness) },
            Question { title: say::refused(), facts: refused(pipeline, rates) },
            Question { title: say::holds(), facts: holds(pipeline, rates) },
        ];
        let processes: Vec<ProcessLine> = pipeline.processes.iter().map(process).collect();
        let partitions: Vec<PartitionLine> =
            pipeline.partitions.iter().map(|(number, state)| partition(*number, state, pipeline, &processes)).collect();
        let standings: Vec<Standing> = questions
            .iter()
            .flat_map(|question| &question.facts)
            .map(|fact| fact.standing)
            .chain(processes.iter().filter(|line| line.standing == Standing::Wrong).map(|line| line.standing))
            .chain(pipeline.partitions.values().filter_map(|state| match state {
                // It is counted among what is refused.
                PartitionState { held: true, .. } => None,
                PartitionState { unavailable: true, .. } => Some(Standing::Wrong),
                PartitionState { hidden: 1.., .. } => Some(Standing::Watch),
                _ => None,
            }))
            .collect();
        let count = |standing| standings.iter().filter(|other| **other == standing).count();
        let (standing, summary) = match (count(Standing::Wrong), count(Standing::Watch)) {
            _ if pipeline.processes.iter().all(|process| process.said.is_err()) => (Standing::Wrong, say::nobody()),
            (0, 0) if pipeline.workers() == 0 => (Standing::Watch, say::no_worker_asked()),
            (0, 0) => (Standing::Well, say::all_well()),
            (0, watch) => (Standing::Watch, say::to_watch(watch)),
            (wrong, _) => (Standing::Wrong, say::to_mend(wrong)),
        };
        let local = HANOI.to_datetime(jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default());
        let when = say::at(numbers::day(local.date()), clock(now_ms, true));
        let when = match &pipeline.installation {
            Some(name) => Text::join(&[when, say::installation(name)], &Text::same(" · ")),
            None => when,
        };
        let reasons = pipeline.refusals().into_iter().map(|(code, count)| reason(code, count)).collect();
        Self { summary, standing, when, questions, processes, partitions, reasons }
    }
}

/// How much time courses show, in milliseconds: as much as there is of it, between these two; and in how many columns.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// No less.
    pub least_ms: i64,
    /// No more.
    pub most_ms: i64,
    /// So many columns, each of several samples where it is the least.
    pub columns: usize,
}

/// The courses of the last hours.
pub fn courses(history: &History, window: Window, now_ms: i64, lang: Lang) -> [Timeline; 3] {
    let Window { least_ms, most_ms, columns } = window;
    let window_ms = (now_ms - history.begins_ms().unwrap_or(now_ms)).clamp(least_ms, most_ms);
    let from_ms = now_ms - window_ms;
    let of = |id, title: Text, course: Course| {
        let mut values = history.course(course, (from_ms, now_ms), columns);
        if course == Course::Lag {
            // As it is told: what is said to be 0 has no bar.
            values.iter_mut().flatten().for_each(|seconds| *seconds = seconds.round());
        }
        let began_ms = history.begins_ms().unwrap_or(now_ms);
        let before = (began_ms - from_ms).max(0) as f64 / window_ms as f64 * columns as f64;
        let written = |value: f64| if course == Course::Lag { say::length(value) } else { say::rate(value) };
        let time = |column: usize| clock(from_ms + window_ms * (column as i64 + 1) / columns as i64, false);
        let highest = values.iter().enumerate().filter_map(|(at, value)| Some((at, (*value)?)));
        let highest = highest.reduce(|most, next| if next.1 > most.1 { next } else { most });
        let last = values.iter().rev().flatten().next();
        let said = match (highest, last) {
            (Some((at, most)), Some(last)) => {
                let ends = (clock(began_ms.max(from_ms), false), clock(now_ms, false));
                say::course(ends.0, ends.1, say::highest(written(most), time(at)), written(*last))
            }
            _ => say::no_samples(),
        };
        Timeline {
            id,
            title: title.get(lang).to_owned(),
            description: said.get(lang).to_owned(),
            ends: [clock(from_ms, false), clock(now_ms, false)],
            columns: values,
            before: (before as usize).min(columns),
        }
    };
    [
        of("course-lag", say::lag_course(), Course::Lag),
        of("course-read", say::read_course(), Course::Read),
        of("course-refused", say::refused_course(), Course::Refused),
    ]
}

/// `14:05`, or with seconds, by Hanoi's clock.
fn clock(at_ms: i64, seconds: bool) -> String {
    let at = HANOI.to_datetime(jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default());
    let rest = if seconds { format!(":{:02}", at.second()) } else { String::new() };
    format!("{:02}:{:02}{rest}", at.hour(), at.minute())
}

fn number(count: i64) -> Text {
    Text::in_both(|lang| numbers::grouped(count.into(), lang))
}

/// A fact of a count that may not be known.
fn counted(name: Text, count: Option<i64>, standing: impl Fn(i64) -> Standing) -> Fact {
    match count {
        Some(count) => Fact { name, value: number(count), standing: standing(count) },
        None => Fact { name, value: say::not_known(), standing: Standing::Plain },
    }
}

fn right(pipeline: &Pipeline, now_ms: i64) -> Vec<Fact> {
    let (value, standing) = match pipeline.verified {
        None => (say::no_recount(), Standing::Plain),
        Some(verified) => {
            let ago = say::length((now_ms / 1000 - verified.at) as f64);
            match verified.outcome {
                Outcome::Agreed => (say::agreed(ago), Standing::Well),
                Outcome::Differed => (say::differed(number(verified.differing), ago), Standing::Wrong),
                Outcome::Failed => (say::failed(ago), Standing::Watch),
            }
        }
    };
    let unless = |otherwise| move |count| Standing::unless_none(count, otherwise);
    vec![
        counted(say::unaccounted(), pipeline.unaccounted, unless(Standing::Wrong)),
        Fact { name: say::recount(), value, standing },
        counted(say::lacking(), pipeline.lacking, unless(Standing::Watch)),
        counted(say::overlaps(), pipeline.overlaps, unless(Standing::Watch)),
    ]
}

fn current(pipeline: &Pipeline, completeness: Option<&Completeness>) -> Vec<Fact> {
    let lag = match pipeline.lag_seconds() {
        Some(seconds) => {
            Fact { name: say::lag(), value: say::length(seconds), standing: Standing::above(seconds, LAG) }
        }
        None => Fact { name: say::lag(), value: say::not_known(), standing: Standing::Plain },
    };
    let reported = completeness.map(|Completeness { period, expected, reported }| {
        let grouped = |count: i128| Text::in_both(|lang| numbers::grouped(count, lang));
        let share = Text::in_both(|lang| numbers::percent(*reported, *expected, lang).unwrap_or_default());
        let value = say::of_all(grouped(*reported), grouped(*expected), share);
        Fact { name: say::completeness(period), value, standing: Standing::Plain }
    });
    [lag, counted(say::waiting(), pipeline.lag_records(), |_| Standing::Plain)]
        .into_iter()
        .chain(reported)
        .chain([counted(say::silence(), pipeline.silence_days, |days| Standing::above(days, SILENCE))])
        .collect()
}

fn refused(pipeline: &Pipeline, rates: Option<[f64; 2]>) -> Vec<Fact> {
    let held = pipeline.partitions.values().filter(|partition| partition.held).count() as i64;
    // Only workers say of what is held.
    let held = (held > 0 || pipeline.workers() > 0).then_some(held);
    vec![
        counted(say::undecided(), pipeline.undecided, |count| Standing::unless_none(count, Standing::Watch)),
        per_second(say::refused_rate(), rates.map(|rates| rates[1])),
        counted(say::held(), held, |count| Standing::unless_none(count, Standing::Wrong)),
    ]
}

fn holds(pipeline: &Pipeline, rates: Option<[f64; 2]>) -> Vec<Fact> {
    let (workers, ready) = (pipeline.workers(), pipeline.ready());
    let bytes = |name: Text, bytes: Option<i64>, standing: &dyn Fn(i64) -> Standing| match bytes {
        Some(bytes) => Fact { name, value: say::bytes(bytes), standing: standing(bytes) },
        None => Fact { name, value: say::not_known(), standing: Standing::Plain },
    };
    let free = |bytes: i64| match bytes {
        bytes if bytes < FREE[1] => Standing::Wrong,
        bytes if bytes < FREE[0] => Standing::Watch,
        _ => Standing::Well,
    };
    let ready_workers = (workers > 0).then(|| Fact {
        name: say::workers_ready(),
        value: Text::same(format!("{ready}/{workers}")),
        standing: match ready {
            0 => Standing::Wrong,
            ready if ready < workers => Standing::Watch,
            _ => Standing::Well,
        },
    });
    let unread = pipeline
        .unread()
        .map(|unread| counted(say::unread(), Some(unread), |count| Standing::unless_none(count, Standing::Wrong)));
    let rest = [
        per_second(say::read_rate(), rates.map(|rates| rates[0])),
        bytes(say::store_size(), pipeline.store_bytes, &|_| Standing::Plain),
        bytes(say::free(), pipeline.free_bytes, &free),
    ];
    ready_workers.into_iter().chain(unread).chain(rest).collect()
}

fn per_second(name: Text, rate: Option<f64>) -> Fact {
    let value = rate.map_or_else(say::not_known, |rate| say::a_second(say::rate(rate)));
    Fact { name, value, standing: Standing::Plain }
}

fn process(process: &Process) -> ProcessLine {
    let at = if process.at.is_empty() { say::this_process() } else { Text::same(process.at.clone()) };
    let said = match &process.said {
        Ok(said) => said,
        Err(cause) => {
            let state = say::no_answer(cause);
            let (version, partitions) = (String::new(), String::new());
            return ProcessLine { at, version, state, standing: Standing::Wrong, partitions };
        }
    };
    let (state, standing) = state_of(said);
    let partitions = said.assigned.map(|count| count.to_string()).unwrap_or_default();
    ProcessLine { at, version: said.version.clone(), state, standing, partitions }
}

fn state_of(said: &Said) -> (Text, Standing) {
    let lacks: Vec<Text> = [(said.store, say::without_store()), (said.log, say::without_log())]
        .into_iter()
        .filter(|(there, _)| *there == Some(false))
        .map(|(_, text)| text)
        .collect();
    match said.ready {
        _ if !lacks.is_empty() => (Text::join(&lacks, &Text::same(", ")), Standing::Wrong),
        Some(true) => (say::ready(), Standing::Well),
        Some(false) => (say::not_ready(), Standing::Wrong),
        None => (say::no_worker(), Standing::Plain),
    }
}

fn partition(
    number_of: Partition,
    state: &PartitionState,
    pipeline: &Pipeline,
    processes: &[ProcessLine],
) -> PartitionLine {
    let reader = state.reader.and_then(|reader| processes.get(reader));
    let (said, standing) = match state {
        PartitionState { held: true, .. } => (say::is_held(), Standing::Wrong),
        PartitionState { unavailable: true, .. } => (say::is_unavailable(), Standing::Wrong),
        PartitionState { hidden: 1.., .. } => (say::hides(number(state.hidden)), Standing::Watch),
        _ if reader.is_none() && pipeline.unread() > Some(0) => (say::is_unread(), Standing::Wrong),
        _ if reader.is_none() => (say::not_here(), by_lag(state)),
        _ => (say::is_read(), by_lag(state)),
    };
    PartitionLine {
        partition: number_of.to_string(),
        reader: reader.map_or_else(|| Text::same("–"), |reader| reader.at.clone()),
        records: state.lag_records.map_or_else(say::not_known, number),
        time: state.lag_seconds.map_or_else(say::not_known, say::length),
        state: said,
        standing,
    }
}

fn by_lag(state: &PartitionState) -> Standing {
    state.lag_seconds.map_or(Standing::Plain, |lag| Standing::above(lag, LAG))
}

fn reason(code: String, count: i64) -> ReasonLine {
    let known = Code::ALL.iter().find(|known| known.as_str() == code);
    let meaning =
        known.map_or_else(|| Text::same(""), |known| Text::new(known.meaning(Lang::Vi), known.meaning(Lang::En)));
    ReasonLine { code, meaning, count: number(count) }
}
