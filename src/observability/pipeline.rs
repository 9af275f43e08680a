//! The state of the pipeline at one moment, from what its processes say of
//! themselves: the one place where several of them become one. What each says of
//! the topic or the store is one figure, whoever says it; what it says of itself
//! is its own. What nobody says is not known, and never 0.

use std::collections::BTreeMap;

use super::names::{self, Description};
use super::scrape::Scrape;
use super::verification::Outcome;
use crate::domain::Partition;

/// The state of the pipeline.
#[derive(Clone, Debug, Default)]
pub struct Pipeline {
    /// The processes that were asked, in that order.
    pub processes: Vec<Process>,
    /// The partitions of the events' topic.
    pub partitions: BTreeMap<Partition, PartitionState>,
    /// What this installation is called.
    pub installation: Option<String>,
    /// The last recount.
    pub verified: Option<Verified>,
    /// How many records the store has settled since it began, and how many of them were refused.
    pub counted: Option<[f64; 2]>,
    /// Records read that ended in no way, at most by any process; 0 unless one has vanished.
    pub unaccounted: Option<i64>,
    /// Messages that the figures lack because somebody accepted it.
    pub lacking: Option<i64>,
    /// Places where something may be counted twice.
    pub overlaps: Option<i64>,
    /// Dead letters of which nobody has decided.
    pub undecided: Option<i64>,
    /// Working days that have passed without an event.
    pub silence_days: Option<i64>,
    /// The store's size on disk.
    pub store_bytes: Option<i64>,
    /// The least space that is free where any of them keeps its data.
    pub free_bytes: Option<i64>,
}

/// A process, and what it says of itself.
#[derive(Clone, Debug)]
pub struct Process {
    /// Where it was asked.
    pub at: String,
    /// What it said, or why it said nothing.
    pub said: Result<Said, String>,
}

/// What a process says of itself.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// Its version.
    pub version: String,
    /// Whether it does its work.
    pub ready: Option<bool>,
    /// Whether it has a store that answers and takes what is written.
    pub store: Option<bool>,
    /// Whether it has a log.
    pub log: Option<bool>,
    /// How many partitions it reads; `None` if it is no worker.
    pub assigned: Option<i64>,
    /// How many it refused since it began, by the code of the rule.
    refused: BTreeMap<String, i64>,
}

/// A partition of the events' topic.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionState {
    /// Which of the processes reads it, by its place among them.
    pub reader: Option<usize>,
    /// Records that are not in the store yet.
    pub lag_records: Option<i64>,
    /// For how long the oldest of these has waited.
    pub lag_seconds: Option<f64>,
    /// Whether nothing of it is taken until somebody decides.
    pub held: bool,
    /// Whether no broker leads it that answers.
    pub unavailable: bool,
    /// Offsets behind an open transaction.
    pub hidden: i64,
}

/// The last recount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// When it ended, in seconds since 1970.
    pub at: i64,
    /// What it came to.
    pub outcome: Outcome,
    /// Figures that differed.
    pub differing: i64,
}

impl Pipeline {
    /// From what each process said at `/metrics`, or why it said nothing.
    pub fn of(asked: impl IntoIterator<Item = (String, Result<Scrape, String>)>) -> Self {
        let mut pipeline = Self::default();
        for (at, scrape) in asked {
            let said = scrape.map(|scrape| {
                pipeline.add(&scrape);
                said(&scrape)
            });
            pipeline.processes.push(Process { at, said });
        }
        pipeline
    }

    /// How far the figures are behind the log, in seconds: that of the partition furthest behind.
    pub fn lag_seconds(&self) -> Option<f64> {
        self.partitions.values().filter_map(|partition| partition.lag_seconds).reduce(f64::max)
    }

    /// How many records are not in the store yet, as far as is known.
    pub fn lag_records(&self) -> Option<i64> {
        self.partitions.values().filter_map(|partition| partition.lag_records).reduce(i64::saturating_add)
    }

    /// How many workers were reached.
    pub fn workers(&self) -> usize {
        self.said().filter(|said| said.assigned.is_some()).count()
    }

    /// How many of them do their work.
    pub fn ready(&self) -> usize {
        self.said().filter(|said| said.assigned.is_some() && said.ready == Some(true)).count()
    }

    /// How many partitions none of the processes reads. Where only one was asked, others may read them.
    pub fn unread(&self) -> Option<i64> {
        let read: i64 = self.said().filter_map(|said| said.assigned).sum();
        let all = i64::try_from(self.partitions.len()).unwrap_or(i64::MAX);
        (self.processes.len() > 1).then(|| (all - read).max(0))
    }

    /// How many records were refused since each process began, by the code of the rule, the most first.
    pub fn refusals(&self) -> Vec<(String, i64)> {
        let mut refused: BTreeMap<&str, i64> = BTreeMap::new();
        for (code, count) in self.said().flat_map(|said| &said.refused) {
            *refused.entry(code).or_default() += count;
        }
        let mut refused: Vec<_> = refused.into_iter().filter(|(_, count)| *count > 0).collect();
        refused.sort_by_key(|(_, count)| -count);
        refused.into_iter().map(|(code, count)| (code.to_owned(), count)).collect()
    }

    fn said(&self) -> impl Iterator<Item = &Said> {
        self.processes.iter().filter_map(|process| process.said.as_ref().ok())
    }

    fn add(&mut self, scrape: &Scrape) {
        let whole = |of: &Description| scrape.value(of).map(|value| value as i64);
        for (known, of) in [
            (&mut self.lacking, &names::ACCEPTED_GAPS),
            (&mut self.overlaps, &names::OVERLAPS),
            (&mut self.undecided, &names::DEAD_LETTERS_UNDECIDED),
            (&mut self.silence_days, &names::SILENCE),
            (&mut self.store_bytes, &names::STORE_SIZE),
        ] {
            *known = (*known).max(whole(of));
        }
        // They may be counted below 0.
        let mut vanished: Vec<i64> =
            [self.unaccounted, whole(&names::RECONCILIATION_DIFFERENCE)].into_iter().flatten().collect();
        self.free_bytes = [self.free_bytes, whole(&names::DATA_FREE)].into_iter().flatten().min();
        self.installation =
            self.installation.take().or(scrape.label(&names::BUILD_INFO, "installation").map(str::to_owned));
        if let Some(verified) = verified(scrape).filter(|said| self.verified.is_none_or(|known| known.at < said.at)) {
            self.verified = Some(verified);
        }
        let settled: BTreeMap<&str, f64> = scrape.by(&names::STORE_RECORDS, "outcome").collect();
        if let (Some(read), Some(refused)) = (settled.get("read"), settled.get("dead_lettered")) {
            let known = self.counted.unwrap_or_default();
            self.counted = Some([known[0].max(*read), known[1].max(*refused)]);
            let ended: f64 = settled.values().sum::<f64>() - read;
            vanished.push((read - ended) as i64);
        }
        self.unaccounted = vanished.into_iter().max_by_key(|count| count.abs());
        let reader = self.processes.len();
        self.each(scrape, &names::TOPIC_LAG_RECORDS, |partition, records| {
            partition.lag_records = partition.lag_records.max(Some(records as i64));
        });
        self.each(scrape, &names::TOPIC_LAG_SECONDS, |partition, seconds| {
            partition.lag_seconds = Some(partition.lag_seconds.map_or(seconds, |known| known.max(seconds)));
        });
        self.each(scrape, &names::PARTITION_HELD, |partition, held| {
            partition.reader = Some(reader);
            partition.held |= held > 0.0;
        });
        self.each(scrape, &names::PARTITION_UNAVAILABLE, |partition, unavailable| {
            partition.unavailable |= unavailable > 0.0;
        });
        self.each(scrape, &names::HIDDEN_RECORDS, |partition, hidden| {
            partition.hidden = partition.hidden.max(hidden as i64);
        });
        // Of some of them nobody may know how far they are.
        for partition in 0..whole(&names::TOPIC_PARTITIONS).unwrap_or_default().min(MOST_PARTITIONS) {
            self.partitions.entry(Partition(partition as i32)).or_default();
        }
    }

    fn each(&mut self, scrape: &Scrape, of: &Description, note: impl Fn(&mut PartitionState, f64)) {
        for (partition, value) in scrape.by(of, "partition") {
            if let Ok(partition) = partition.parse() {
                note(self.partitions.entry(Partition(partition)).or_default(), value);
            }
        }
    }
}

/// A topic has no more of them: another process's word is not trusted further.
const MOST_PARTITIONS: i64 = 10_000;

fn said(scrape: &Scrape) -> Said {
    let flag = |of: &Description| scrape.value(of).map(|value| value > 0.0);
    let refused: BTreeMap<String, i64> = scrape
        .by(&names::RECORDS_DEAD_LETTERED, "reason")
        .map(|(code, count)| (code.to_owned(), count as i64))
        .collect();
    Said {
        version: scrape.label(&names::BUILD_INFO, "version").unwrap_or_default().to_owned(),
        ready: flag(&names::READY),
        store: flag(&names::STORE_CONNECTED),
        log: flag(&names::LOG_CONNECTED),
        assigned: scrape.value(&names::ASSIGNED_PARTITIONS).map(|partitions| partitions as i64),
        refused,
    }
}

fn verified(scrape: &Scrape) -> Option<Verified> {
    let said = scrape.by(&names::VERIFY_OUTCOME, "outcome").find(|(_, is)| *is > 0.0)?.0;
    Some(Verified {
        at: scrape.value(&names::VERIFIED_AT)? as i64,
        outcome: Outcome::ALL.into_iter().find(|outcome| outcome.name() == said)?,
        differing: scrape.value(&names::VERIFIED_DIFFERENCES).unwrap_or_default() as i64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(texts: &[&str]) -> Pipeline {
        let processes = texts.iter().enumerate();
        Pipeline::of(processes.map(|(index, text)| (format!("w{index}"), Ok(Scrape::read(text)))))
    }

    #[test]
    fn what_several_say_of_one_store_and_topic_is_one_figure_and_the_worst() {
        let pipeline = asked(&[
            "giaoban_store_size_bytes 10\ngiaoban_data_free_bytes 7\ngiaoban_topic_partitions 3\n\
             giaoban_topic_lag_records{partition=\"0\"} 5\ngiaoban_topic_lag_seconds{partition=\"0\"} 1.5\n\
             giaoban_worker_assigned_partitions 1\ngiaoban_worker_partition_held{partition=\"0\"} 0\n\
             giaoban_worker_reconciliation_difference_records -2\n\
             giaoban_worker_records_dead_lettered_total{reason=\"a\"} 1\n\
             giaoban_worker_records_dead_lettered_total{reason=\"none\"} 0",
            "giaoban_store_size_bytes 12\ngiaoban_data_free_bytes 9\ngiaoban_topic_partitions 3\n\
             giaoban_topic_lag_records{partition=\"0\"} 4\ngiaoban_topic_lag_records{partition=\"1\"} 2\n\
             giaoban_worker_assigned_partitions 1\ngiaoban_worker_partition_held{partition=\"1\"} 1\n\
             giaoban_worker_reconciliation_difference_records 0\ngiaoban_worker_ready 1\n\
             giaoban_worker_records_dead_lettered_total{reason=\"a\"} 2\n\
             giaoban_worker_records_dead_lettered_total{reason=\"b\"} 9",
        ]);
        assert_eq!((pipeline.store_bytes, pipeline.free_bytes), (Some(12), Some(7)));
        assert_eq!((pipeline.lag_records(), pipeline.lag_seconds()), (Some(7), Some(1.5)));
        assert_eq!((pipeline.workers(), pipeline.ready(), pipeline.unread()), (2, 1, Some(1)));
        assert_eq!(pipeline.unaccounted, Some(-2));
        assert_eq!(pipeline.refusals(), [("b".to_owned(), 9), ("a".to_owned(), 3)]);
        assert_eq!(pipeline.partitions[&Partition(0)].reader, Some(0));
        assert!(pipeline.partitions[&Partition(1)].held);
        assert_eq!(pipeline.partitions[&Partition(2)], PartitionState::default());
    }

    #[test]
    fn what_nobody_says_is_not_known() {
        let silent = Pipeline::of([("w0".to_owned(), Err("refused".to_owned()))]);
        assert_eq!((silent.lag_records(), silent.lag_seconds()), (None, None));
        assert_eq!((silent.store_bytes, silent.undecided, silent.verified), (None, None, None));
        assert_eq!((silent.workers(), silent.unread()), (0, None), "others may read them");
    }

    #[test]
    fn of_two_recounts_the_later_one_is_told() {
        let recount = |at: i64, outcome: &str| {
            format!(
                "giaoban_verify_last_run_timestamp_seconds {at}\ngiaoban_verify_differences 3\n\
                 giaoban_verify_outcome{{outcome=\"agreed\"}} 0\ngiaoban_verify_outcome{{outcome=\"{outcome}\"}} 1"
            )
        };
        let outcome = |earlier: &str, later: &str| {
            let pipeline = asked(&[&recount(20, later), &recount(10, earlier)]);
            pipeline.verified.map(|verified| (verified.at, verified.outcome, verified.differing))
        };
        assert_eq!(outcome("agreed", "differed"), Some((20, Outcome::Differed, 3)));
        assert_eq!(outcome("differed", "failed"), Some((20, Outcome::Failed, 3)));
        assert_eq!(outcome("failed", "agreed"), Some((20, Outcome::Agreed, 3)));
    }
}
