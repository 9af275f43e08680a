//! The client that asks about topics. It is kept from question to question, but one that nobody has answered is not: it may
//! go on asking a broker that is frozen, or stay without any for good, where another is answered at once.

use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::consumer::BaseConsumer;

use super::client::{KafkaSettings, config, make};
use super::errors::Watch;
use crate::log::LogError;

/// A consumer, so that no topic is made by asking for it.
pub(super) type Client = BaseConsumer<Watch>;

pub(super) struct Probe {
    settings: KafkaSettings,
    ours: &'static [(&'static str, &'static str)],
    /// What any of them has heard.
    watch: Watch,
    client: Mutex<Option<Arc<Client>>>,
}

impl Probe {
    /// Of clients with these properties, none of which is made yet.
    pub(super) fn new(settings: &KafkaSettings, ours: &'static [(&'static str, &'static str)]) -> Self {
        Self { settings: settings.clone(), ours, watch: Watch::new(&settings.brokers), client: Mutex::default() }
    }

    /// The client, made if there is none, and whether it was made before.
    fn client(&self) -> Result<(Arc<Client>, bool), LogError> {
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &*client {
            return Ok((Arc::clone(client), true));
        }
        let made = make(&config(&self.settings, self.ours), self.watch.clone())?;
        Ok((Arc::clone(client.insert(Arc::new(made))), false))
    }

    /// Asks a question, by a client that is new if nobody answers the one of before.
    pub(super) fn ask<T>(&self, question: impl Fn(&Client) -> Result<T, LogError>) -> Result<T, LogError> {
        let (client, kept) = self.client()?;
        let answer = question(&client);
        let Err(LogError::Unreachable { .. }) = answer else { return answer };
        self.client.lock().unwrap_or_else(PoisonError::into_inner).take_if(|of| Arc::ptr_eq(of, &client));
        // Where nobody has ever answered, another would wait as long for nothing.
        if kept && self.watch.was_answered() { self.ask(question) } else { answer }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_nobody_has_answered_asks_no_more() {
        let settings = KafkaSettings { brokers: "127.0.0.1:1".into(), properties: [].into() };
        let probe = Probe::new(&settings, &[]);
        let (first, kept) = probe.client().unwrap();
        assert!(!kept);
        let missing = || LogError::NoSuchTopic("t".into());
        assert_eq!(probe.ask(|_| Err::<(), _>(missing())), Err(missing()));
        assert!(Arc::ptr_eq(&first, &probe.client().unwrap().0), "that is an answer");
        probe.watch.answered();
        let away = || LogError::Unreachable { at: "127.0.0.1:1".into(), cause: "silence".into() };
        let of = |client: &Client| if std::ptr::eq(client, &*first) { Err(away()) } else { Ok(7) };
        assert_eq!(probe.ask(of), Ok(7), "by another");
        let second = probe.client().unwrap().0;
        assert_eq!(probe.ask(|_| Err::<(), _>(away())), Err(away()));
        assert!(!Arc::ptr_eq(&second, &probe.client().unwrap().0));
    }
}
