//! Which log a store is made from, so that no two logs are ever counted as one.

/// What kind of log it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogKind {
    /// The file of one machine.
    Embedded,
    /// Apache Kafka.
    Kafka,
}

impl LogKind {
    /// Its name, as a store keeps it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Kafka => "kafka",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Embedded, Self::Kafka].into_iter().find(|kind| kind.name() == name)
    }
}

/// A topic of one log, and of no other: neither one of the same name elsewhere nor one recreated under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogIdentity {
    /// What keeps it.
    pub kind: LogKind,
    /// Its name.
    pub topic: String,
    /// Its id, another one each time that a topic is made; `None` where the log gives none (Kafka before 2.8).
    pub topic_id: Option<String>,
    /// The Kafka cluster's id, as far as it is known.
    pub cluster_id: Option<String>,
}

impl LogIdentity {
    /// Whether both are the same log. An id that one of them does not know says nothing.
    pub fn is_same(&self, other: &Self) -> bool {
        self.has_name_of(other) && agree(&self.cluster_id, &other.cluster_id) && agree(&self.topic_id, &other.topic_id)
    }

    /// Whether the other is a topic that was made anew under this one's name, in the same cluster.
    pub fn is_recreated_as(&self, other: &Self) -> bool {
        self.has_name_of(other) && agree(&self.cluster_id, &other.cluster_id) && !self.is_same(other)
    }

    /// A topic of which no more is known than its name.
    pub fn named(kind: LogKind, topic: &str) -> Self {
        Self { kind, topic: topic.to_owned(), topic_id: None, cluster_id: None }
    }

    /// Whether both are topics of one name in logs of one kind.
    pub fn has_name_of(&self, other: &Self) -> bool {
        (self.kind, &self.topic) == (other.kind, &other.topic)
    }
}

fn agree(one: &Option<String>, other: &Option<String>) -> bool {
    one.is_none() || other.is_none() || one == other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_told_from_every_other_and_an_unknown_id_says_nothing() {
        let log = |kind, topic: &str, topic_id: Option<&str>, cluster_id: Option<&str>| LogIdentity {
            kind,
            topic: topic.to_owned(),
            topic_id: topic_id.map(str::to_owned),
            cluster_id: cluster_id.map(str::to_owned),
        };
        let kafka = log(LogKind::Kafka, "events", Some("a"), Some("c"));
        for same in [kafka.clone(), log(LogKind::Kafka, "events", None, Some("c"))] {
            assert!(kafka.is_same(&same) && !kafka.is_recreated_as(&same), "{same:?}");
        }
        for other in [
            log(LogKind::Embedded, "events", Some("a"), Some("c")),
            log(LogKind::Kafka, "event", Some("a"), Some("c")),
            log(LogKind::Kafka, "events", Some("a"), Some("d")),
        ] {
            assert!(!kafka.is_same(&other) && !kafka.is_recreated_as(&other), "{other:?}");
        }
        let recreated = log(LogKind::Kafka, "events", Some("b"), Some("c"));
        assert!(!kafka.is_same(&recreated) && kafka.is_recreated_as(&recreated));
        assert_eq!(LogKind::named(LogKind::Kafka.name()), Some(LogKind::Kafka));
    }
}
