//! What librdkafka says, as errors that name the thing and tell whether trying
//! again can help.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::log::LogError;

/// Remembers the last cause that a client mentions.
#[derive(Clone)]
pub(super) struct Watch {
    pub(super) at: String,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    last: Option<(RDKafkaErrorCode, String)>,
    told: Option<Instant>,
}

/// A client that cannot connect says so many times a second.
const TELL_EVERY: Duration = Duration::from_secs(10);

impl Watch {
    pub(super) fn new(at: &str) -> Self {
        Self { at: at.to_owned(), seen: Arc::default() }
    }

    fn with_seen<T>(&self, act: impl FnOnce(&mut Seen) -> T) -> T {
        act(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A cause that does not pass by itself.
    pub(super) fn fatal(&self) -> Option<LogError> {
        let (code, text) = self.with_seen(|seen| seen.last.clone())?;
        let refused = matches!(code, RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed)
            || text.contains("certificate verify failed");
        refused.then(|| LogError::Authentication { at: self.at.clone(), cause: text })
    }

    /// That nobody answers, with the last cause.
    pub(super) fn unreachable(&self, otherwise: &str) -> LogError {
        let cause = self.with_seen(|seen| seen.last.clone()).map_or_else(|| otherwise.to_owned(), |(_, text)| text);
        LogError::Unreachable { at: self.at.clone(), cause }
    }
}

impl ClientContext for Watch {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(?level, facility, "{message}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
        self.with_seen(|seen| {
            // "All brokers are down" only repeats what a broker's own error has said.
            if code != RDKafkaErrorCode::AllBrokersDown || seen.last.is_none() {
                seen.last = Some((code, reason.to_owned()));
            }
            if seen.told.is_none_or(|told| told.elapsed() > TELL_EVERY) {
                seen.told = Some(Instant::now());
                tracing::warn!(brokers = %self.at, "{reason}");
            }
        });
    }
}

impl ConsumerContext for Watch {}

/// An error of a client that did something to a resource.
pub(super) fn of_error(error: &KafkaError, operation: &str, resource: &str, watch: &Watch) -> LogError {
    match error.rdkafka_error_code() {
        Some(code) => of_code(code, operation, resource, watch),
        None => LogError::Transient(error.to_string()),
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
        C::GroupAuthorizationFailed => LogError::Authorization {
            operation: "join".to_owned(),
            resource: format!("the consumer group of {resource}"),
        },
        C::Authentication | C::SaslAuthenticationFailed => {
            LogError::Authentication { at: watch.at.clone(), cause: code.to_string() }
        }
        C::OperationTimedOut
        | C::MessageTimedOut
        | C::BrokerTransportFailure
        | C::AllBrokersDown
        | C::RequestTimedOut
        // Given up because its time was over, or because no broker's address was found.
        | C::PurgeQueue
        | C::PurgeInflight
        | C::TimedOutQueue
        | C::Resolve => watch.fatal().unwrap_or_else(|| watch.unreachable(&code.to_string())),
        _ => LogError::Transient(format!("{operation} {resource}: {code}")),
    }
}
