//! How a topic is to be made, and what of one that is there is otherwise.

use std::collections::BTreeMap;

use super::{Copies, Topic};

/// Copies of each partition, where nobody says how many, if there are as many brokers.
pub const USUAL_COPIES: i32 = 3;

/// With these settings a topic keeps its messages for ever.
const UNLIMITED_RETENTION: [(&str, &str); 3] =
    [("retention.ms", "-1"), ("retention.bytes", "-1"), ("cleanup.policy", "delete")];
/// How many copies have to be in step for a message to be taken.
pub const MIN_IN_STEP: &str = "min.insync.replicas";
/// Whose clock a message's time is by.
const TIME_TYPE: &str = "message.timestamp.type";
const LARGEST: &str = "max.message.bytes";

/// By whose clock a message's time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The log's: when it took the message, whatever its sender says.
    Log,
    /// The sender's: a message that is copied here from another log keeps its time.
    Sender,
}

impl Clock {
    /// What it is called in a topic's settings.
    fn name(self) -> &'static str {
        match self {
            Self::Log => "LogAppendTime",
            Self::Sender => "CreateTime",
        }
    }

    /// That of a topic with these settings; `None` where they are not told.
    pub fn of(settings: &BTreeMap<String, String>) -> Option<Self> {
        let found = settings.get(TIME_TYPE)?;
        [Self::Log, Self::Sender].into_iter().find(|clock| clock.name() == found)
    }
}

/// How a topic is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// How many partitions, at least 1.
    pub partitions: i32,
    /// Copies of each on different brokers; `None` for three, or as many as there are brokers. The embedded log has one
    /// whatever this says.
    pub replication: Option<i32>,
    /// The largest message that the topic takes, in bytes.
    pub max_message_bytes: usize,
    /// By whose clock its messages' times are.
    pub clock: Clock,
}

impl TopicSpec {
    /// How many copies it has on so many brokers.
    pub fn copies(&self, brokers: usize) -> i32 {
        self.replication.unwrap_or_else(|| USUAL_COPIES.min(brokers.max(1) as i32))
    }

    /// Its settings, with so many copies: one of them may be away, and messages are taken all the same.
    pub fn settings(&self, copies: i32) -> Vec<(&'static str, String)> {
        let kept = UNLIMITED_RETENTION.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let more = [
            (MIN_IN_STEP, (copies - 1).max(1).to_string()),
            (TIME_TYPE, self.clock.name().to_owned()),
            (LARGEST, self.max_message_bytes.to_string()),
        ];
        kept.chain(more).collect()
    }

    /// What a topic that is there, with those settings and copies, has otherwise; of settings that nobody tells, nothing.
    pub fn differences(
        &self,
        topic: &Topic,
        (settings, copies): (&BTreeMap<String, String>, &[Copies]),
        brokers: usize,
    ) -> Vec<Difference> {
        let mut all = Vec::new();
        let mut differ = |what: &'static str, found: String, wanted: String| {
            if found != wanted {
                all.push(Difference { what, found, wanted });
            }
        };
        differ("partitions", topic.partitions.len().to_string(), self.partitions.to_string());
        let wanted = self.copies(brokers);
        if !copies.is_empty() {
            differ("copies", topic.replication.to_string(), wanted.to_string());
        }
        for (name, wanted) in self.settings(wanted) {
            // What takes larger messages takes these too.
            let takes =
                |found: &str| name == LARGEST && found.parse::<usize>().is_ok_and(|of| of >= self.max_message_bytes);
            if let Some(found) = settings.get(name).filter(|found| !takes(found)) {
                differ(name, found.clone(), wanted);
            }
        }
        all
    }
}

/// One thing that a topic has otherwise than it is to be made.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// `partitions`, `copies`, or the setting's name.
    pub what: &'static str,
    /// As it is.
    pub found: String,
    /// As it would be made.
    pub wanted: String,
}

/// By which of a topic's settings it loses messages in time, such as `retention.ms=604800000`; `None` if it keeps all.
pub fn loses_by(settings: &BTreeMap<String, String>) -> Option<String> {
    UNLIMITED_RETENTION.iter().find_map(|(name, wanted)| {
        let found = settings.get(*name).filter(|found| found != wanted)?;
        Some(format!("{name}={found}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{NextOffset, Partition};
    use crate::log::PartitionRange;

    fn spec(replication: Option<i32>) -> TopicSpec {
        TopicSpec { name: "t".into(), partitions: 1, replication, max_message_bytes: 1000, clock: Clock::Log }
    }

    #[test]
    fn there_are_three_copies_or_as_many_as_brokers_and_one_may_be_away() {
        for (replication, brokers, copies, in_step) in [
            (None, 1, 1, "1"),
            (None, 2, 2, "1"),
            (None, 3, 3, "2"),
            (None, 5, 3, "2"),
            (Some(5), 9, 5, "4"),
            (None, 0, 1, "1"),
        ] {
            let spec = spec(replication);
            assert_eq!(spec.copies(brokers), copies);
            assert!(spec.settings(copies).contains(&(MIN_IN_STEP, in_step.to_owned())), "{brokers}");
        }
    }

    #[test]
    fn what_a_topic_has_otherwise_is_named_and_a_larger_limit_is_no_difference() {
        let spec = spec(None);
        let ranges =
            (0..2).map(|id| PartitionRange { partition: Partition(id), low: NextOffset(0), high: NextOffset(0) });
        let topic = Topic { name: "t".into(), partitions: ranges.collect(), replication: 1 };
        let copies = [Copies { partition: Partition(0), leader: Some(1), on: vec![1], in_step: vec![1] }];
        let mut settings: BTreeMap<String, String> =
            spec.settings(3).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        settings.insert(LARGEST.into(), "2000".into());
        let told = |settings: &BTreeMap<String, String>| {
            let differences = spec.differences(&topic, (settings, &copies), 3);
            differences.into_iter().map(|of| format!("{} {} {}", of.what, of.found, of.wanted)).collect::<Vec<_>>()
        };
        assert_eq!(told(&settings), ["partitions 2 1", "copies 1 3"]);
        assert_eq!(loses_by(&settings), None);
        settings.insert("retention.ms".into(), "604800000".into());
        settings.insert(TIME_TYPE.into(), "CreateTime".into());
        settings.insert(LARGEST.into(), "10".into());
        let more = [
            "retention.ms 604800000 -1",
            "message.timestamp.type CreateTime LogAppendTime",
            "max.message.bytes 10 1000",
        ];
        assert_eq!(told(&settings)[2..], more);
        assert_eq!(loses_by(&settings).as_deref(), Some("retention.ms=604800000"));
        assert_eq!(told(&BTreeMap::new()).len(), 2, "who may not see the settings says nothing of them");
    }
}
