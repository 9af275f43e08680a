//! Whether the client that reads has a broker, looked at each second; what is done where it has none though others are
//! answered.

use std::thread;

use super::Reader;
use crate::ingest::connection::Step;
use crate::ingest::errands::Reply;
use crate::ingest::error::WorkerError;
use crate::log::identity_of;

impl Reader {
    /// Does what there is to be done about the client.
    pub(super) fn look_at_client(&mut self) -> Result<(), WorkerError> {
        let (connected, now_ms) = (self.consumer.connected(), self.now_ms());
        let without_ms = self.connection.without_for(now_ms);
        let seconds = without_ms.unwrap_or_default() / 1_000;
        self.metrics.connected(connected);
        // Before the first connection nobody has gone.
        match (connected, without_ms) {
            (true, Some(_)) if self.outages.was_connected => {
                tracing::info!(event = "log_back", seconds, "a broker is connected again");
            }
            (false, None) if self.outages.was_connected => {
                tracing::warn!(event = "log_away", "no broker is connected; waiting for one");
            }
            _ => {}
        }
        self.outages.was_connected |= connected;
        match self.connection.look(connected, now_ms) {
            Step::Wait => {}
            Step::Ask => self.ask_by_another(now_ms),
            Step::Renew => {
                tracing::error!(event = "client_renewed", seconds, log = %self.log.describe(), "the client that reads has no broker though others are answered: it is made anew");
                self.consumer.renew();
            }
            Step::End => return Err(WorkerError::Stranded { at: self.log.describe(), seconds }),
        }
        Ok(())
    }

    /// Asks the log by another client, on a thread of its own: it may be silent for long.
    fn ask_by_another(&mut self, now_ms: u64) {
        let (log, topic, answers) = (self.log.clone(), self.topic.clone(), self.answers.clone());
        let ask = move || drop(answers.send(Reply::LogAnswers(identity_of(&*log, &topic).is_ok())));
        if let Err(error) = thread::Builder::new().name("ask".into()).spawn(ask) {
            tracing::warn!(event = "client_question_not_started", %error, "cannot start a thread that asks whether the log answers; trying again");
            self.connection.answered(false, now_ms);
        }
    }

    /// The log has answered that client, or has not.
    pub(super) fn log_answers(&mut self, well: bool, now_ms: u64) {
        let Some(without_ms) = self.connection.without_for(now_ms) else { return };
        if well && !self.connection.is_passed_by() {
            let seconds = without_ms / 1_000;
            tracing::warn!(event = "client_passed_by", seconds, log = %self.log.describe(), "the client that reads has no broker, and another is answered; it is made anew unless it soon has one");
        }
        self.connection.answered(well, now_ms);
    }
}
