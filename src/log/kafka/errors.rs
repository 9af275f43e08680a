//! What librdkafka says, as errors that name the resource and say whether a retry
//! can help.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::client::ANSWER_WITHIN;
use crate::failure::Cause;
use crate::log::LogError;

/// Remembers the last cause that a client mentions.
#[derive(Clone)]
pub(super) struct Watch {
    pub(super) at: String,
    seen: Arc<Mutex<Seen>>,
    /// Whether the causes are logged as warnings too.
    loud: bool,
}

#[derive(Default)]
struct Seen {
    last: Option<(RDKafkaErrorCode, String)>,
    /// That a broker ended a connection: perhaps both sides do not speak the same protocol.
    hung_up: Option<String>,
    /// Whether any has answered.
    answered: bool,
    told: Option<Instant>,
}

/// A client that cannot connect says so many times a second.
const TELL_EVERY: Duration = Duration::from_secs(10);

impl Watch {
    pub(super) fn new(at: &str) -> Self {
        Self { at: at.to_owned(), seen: Arc::default(), loud: true }
    }

    /// Of a client whose refusals are an answer.
    pub(super) fn quiet(at: &str) -> Self {
        Self { loud: false, ..Self::new(at) }
    }

    fn with_seen<T>(&self, act: impl FnOnce(&mut Seen) -> T) -> T {
        act(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A cause that does not pass by itself.
    pub(super) fn fatal(&self) -> Option<LogError> {
        let (code, cause) = self.with_seen(|seen| seen.last.clone())?;
        refusal(code, cause, &self.at)
    }

    /// That nobody answers, with the last cause.
    pub(super) fn unreachable(&self, otherwise: impl Into<Cause>) -> LogError {
        let cause = self.with_seen(|seen| seen.last.clone()).map_or_else(|| otherwise.into(), |(_, text)| text.into());
        // That a client put a connection away is no cause.
        let told = cause.to_string();
        let cause = if told.contains("DestroyBroker") || told.contains("handle destroyed") {
            format!("nothing within {} s", ANSWER_WITHIN.as_secs()).into()
        } else {
            cause
        };
        LogError::Unreachable { at: self.at.clone(), cause }
    }

    /// A broker has answered.
    pub(super) fn answered(&self) {
        self.with_seen(|seen| seen.answered = true);
    }

    /// Whether any broker ever has.
    pub(super) fn was_answered(&self) -> bool {
        self.with_seen(|seen| seen.answered)
    }

    /// That nobody answers, perhaps because both sides do not speak the same protocol. A broker that goes down ends
    /// connections as one that speaks another does, so that is no guess where any has answered before.
    pub(super) fn unanswered(&self, otherwise: impl Into<Cause>) -> LogError {
        match self.with_seen(|seen| seen.hung_up.clone().filter(|_| !seen.answered)) {
            Some(cause) => LogError::Protocol { at: self.at.clone(), cause: cause.into() },
            None => self.unreachable(otherwise),
        }
    }
}

/// What a client that is not let in says of it; `None` of what passes.
fn refusal(code: RDKafkaErrorCode, cause: String, at: &str) -> Option<LogError> {
    use RDKafkaErrorCode as C;
    let at = at.to_owned();
    match code {
        _ if cause.contains("certificate verify failed") => Some(LogError::Certificate { at, cause: cause.into() }),
        // The connection ended while it was being made: no word of the broker's.
        C::Authentication if cause.contains("ailed: Local: ") => None,
        C::Authentication | C::SaslAuthenticationFailed | C::UnsupportedSASLMechanism => {
            Some(LogError::Authentication { at, cause: cause.into() })
        }
        _ => None,
    }
}

impl ClientContext for Watch {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(event = "librdkafka", ?level, facility, "{message}");
        // Of this librdkafka logs only.
        if facility == "FAIL" && message.contains("Disconnected") {
            let text = message.split_once("]: ").map_or(message, |(_, text)| text);
            self.with_seen(|seen| seen.hung_up = Some(text.to_owned()));
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
        // Who needs the group hears of it from polling; who reads alone needs none, and librdkafka asks all the same.
        // That a partition has been read to its end is no error.
        // That a client put a connection away is its own affair.
        use RDKafkaErrorCode as C;
        if matches!(code, C::GroupAuthorizationFailed | C::PartitionEOF | C::DestroyBroker | C::BrokerDestroy) {
            return;
        }
        self.with_seen(|seen| {
            // It only repeats what a broker's own error has said, and counts the address of the settings as a broker.
            if code != RDKafkaErrorCode::AllBrokersDown {
                seen.last = Some((code, reason.to_owned()));
            } else if seen.last.is_none() {
                seen.last = Some((code, "no broker can be reached".to_owned()));
            }
            if self.loud && seen.told.is_none_or(|told| told.elapsed() > TELL_EVERY) {
                seen.told = Some(Instant::now());
                let cause = seen.last.as_ref().map_or(reason, |(_, cause)| cause);
                tracing::warn!(event = "log_trouble", brokers = %self.at, "{cause}");
            }
        });
    }
}

impl ConsumerContext for Watch {}

/// An error of a client that did something to a resource.
pub(super) fn of_error(error: &KafkaError, operation: &str, resource: &str, watch: &Watch) -> LogError {
    match error.rdkafka_error_code() {
        Some(code) => of_code(code, operation, resource, watch),
        None => LogError::Transient(error.clone().into()),
    }
}

/// An error code met while doing something to a resource.
pub(super) fn of_code(code: RDKafkaErrorCode, operation: &str, resource: &str, watch: &Watch) -> LogError {
    use RDKafkaErrorCode as C;
    match code {
        C::UnknownTopicOrPartition | C::UnknownTopic | C::UnknownPartition => {
            LogError::NoSuchTopic(resource.to_owned())
        }
        C::TopicAuthorizationFailed | C::ClusterAuthorizationFailed | C::TransactionalIdAuthorizationFailed => {
            LogError::Authorization { operation: operation.to_owned(), resource: format!("topic {resource}") }
        }
        C::GroupAuthorizationFailed => {
            LogError::Authorization { operation: "join".to_owned(), resource: format!("group {resource}") }
        }
        C::Authentication | C::SaslAuthenticationFailed => {
            LogError::Authentication { at: watch.at.clone(), cause: code.into() }
        }
        // What the topic's settings or the cluster's policies do not allow.
        C::InvalidRecord
        | C::PolicyViolation
        | C::InvalidTimestamp
        | C::UnsupportedForMessageFormat
        | C::InvalidTopic => LogError::Refused { resource: format!("topic {resource}"), cause: code.into() },
        C::OperationTimedOut
        | C::MessageTimedOut
        | C::BrokerTransportFailure
        | C::AllBrokersDown
        | C::RequestTimedOut
        // Given up because its time was over, or because no broker's address was found.
        | C::PurgeQueue
        | C::PurgeInflight
        | C::TimedOutQueue
        | C::DestroyBroker
        | C::Resolve => watch.fatal().unwrap_or_else(|| watch.unreachable(code)),
        _ => LogError::Transient(Cause::worded(format!("{operation} {resource}: {code}"), code)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_from_a_connection_that_ended() {
        use RDKafkaErrorCode as C;
        let told = |code, text: &str| refusal(code, text.to_owned(), "kafka:9093");
        let password = "SASL authentication error: Authentication failed due to invalid credentials";
        assert!(matches!(told(C::Authentication, password), Some(LogError::Authentication { .. })));
        let mechanism = "SASL PLAIN mechanism handshake failed: Broker: Unsupported SASL mechanism";
        assert!(matches!(told(C::Authentication, mechanism), Some(LogError::Authentication { .. })));
        let certificate = "SSL handshake failed: error:0A000086:SSL routines::certificate verify failed";
        for code in [C::SSL, C::BrokerTransportFailure] {
            assert!(matches!(told(code, certificate), Some(LogError::Certificate { .. })));
        }
        // A broker that goes down at that moment: librdkafka gives the same code.
        for text in [
            "SASL authentication error: SaslAuthenticateRequest failed: Local: Broker transport failure",
            "SASL SCRAM-SHA-512 mechanism handshake failed: Local: Broker transport failure",
        ] {
            assert_eq!(told(C::Authentication, text), None);
        }
        assert_eq!(told(C::AllBrokersDown, "1/1 brokers are down"), None);
    }

    #[test]
    fn what_a_topic_does_not_allow_is_a_refusal_and_what_it_lacks_for_now_is_named() {
        use RDKafkaErrorCode as C;
        let of = |code| of_code(code, "write", "events.dlq", &Watch::new("kafka:9093"));
        let never = [
            C::InvalidRecord,
            C::PolicyViolation,
            C::InvalidTimestamp,
            C::UnsupportedForMessageFormat,
            C::InvalidTopic,
        ];
        for code in never {
            assert!(matches!(of(code), LogError::Refused { resource, .. } if resource == "topic events.dlq"), "{code}");
        }
        let LogError::Transient(cause) = of(C::NotEnoughReplicas) else { panic!("it may pass") };
        assert!(
            cause.to_string().contains("events.dlq") && cause.to_string().contains("Not enough in-sync replicas"),
            "{cause}"
        );
    }

    #[test]
    fn that_a_client_put_a_connection_away_is_no_cause() {
        use RDKafkaErrorCode as C;
        let watch = Watch::new("kafka:9092");
        watch.error(KafkaError::Global(C::DestroyBroker), "Broker handle destroyed without termination");
        for error in [
            of_error(&KafkaError::MetadataFetch(C::DestroyBroker), "read", "events", &watch),
            watch.unanswered(KafkaError::MetadataFetch(C::DestroyBroker)),
        ] {
            let told = error.to_string();
            assert!(matches!(error, LogError::Unreachable { .. }), "{told}");
            assert!(!told.contains("estroy") && told.contains("within 6 s"), "{told}");
        }
    }

    #[test]
    fn a_connection_that_was_ended_is_a_guess_for_who_never_had_an_answer() {
        let watch = Watch::new("kafka:9093");
        assert!(matches!(watch.unanswered("late"), LogError::Unreachable { .. }));
        watch.log(RDKafkaLogLevel::Info, "FAIL", "[thrd:k]: k: Disconnected: connection closed by peer");
        watch.error(KafkaError::Global(RDKafkaErrorCode::AllBrokersDown), "1/1 brokers are down");
        watch.error(KafkaError::Global(RDKafkaErrorCode::PartitionEOF), "reached end of partition");
        assert!(watch.fatal().is_none());
        assert!(!watch.unreachable("late").to_string().contains("end of partition"));
        assert!(matches!(watch.unreachable("late"), LogError::Unreachable { .. }));
        let LogError::Protocol { cause, .. } = watch.unanswered("late") else { panic!("no guess") };
        assert_eq!(cause.to_string(), "k: Disconnected: connection closed by peer");
    }
}
