//! Whether the client that reads has a broker, and what is done about one that has none although others are answered: it
//! may stay so for good, in silence, and still claim partitions that the group has given to another. Decides only; it
//! knows neither a log nor a clock.

/// How long is waited, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// A client that has had no broker for so long is looked into: another asks, each time so long after the last answer.
    pub ask_ms: u64,
    /// One that still has none after others have been answered for so long is made anew.
    pub renew_ms: u64,
    /// If that has not helped within so long, with others answered, the worker ends.
    pub end_ms: u64,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { ask_ms: 5_000, renew_ms: 20_000, end_ms: 60_000 }
    }
}

/// What is to be done about a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Wait,
    /// To find out whether a broker answers another client, and to say so by [`Connection::answered`].
    Ask,
    /// To make it anew: what it had is lost.
    Renew,
    /// To end the worker.
    End,
}

/// What is known of a client's connection. Times are milliseconds of a clock that only goes forward.
#[derive(Debug)]
pub struct Connection {
    limits: ConnectionLimits,
    /// Since when it has had no broker.
    without_since: Option<u64>,
    /// When another client is asked for next; `None` while it is asked.
    ask_at: Option<u64>,
    /// Since when others have been answered each time, and when they last were.
    answered: Option<(u64, u64)>,
    /// Whether it was made anew since it had a broker.
    renewed: bool,
}

impl Connection {
    /// Of a client of which nothing was heard yet.
    pub fn new(limits: ConnectionLimits) -> Self {
        Self { limits, without_since: None, ask_at: None, answered: None, renewed: false }
    }

    /// What is to be done, now that it has a broker or has none.
    pub fn look(&mut self, connected: bool, now_ms: u64) -> Step {
        if connected {
            *self = Self::new(self.limits);
            return Step::Wait;
        }
        if self.without_since.is_none() {
            (self.without_since, self.ask_at) = (Some(now_ms), Some(now_ms + self.limits.ask_ms));
        }
        let patience = if self.renewed { self.limits.end_ms } else { self.limits.renew_ms };
        if self.answered.is_some_and(|(first, last)| last >= first + patience) {
            if self.renewed {
                return Step::End;
            }
            (self.answered, self.renewed) = (None, true);
            return Step::Renew;
        }
        if self.ask_at.take_if(|at| *at <= now_ms).is_some() { Step::Ask } else { Step::Wait }
    }

    /// Whether a broker has answered another client.
    pub fn answered(&mut self, well: bool, now_ms: u64) {
        // What was between two answers that lie far apart, nobody has seen.
        let before = self.answered.filter(|(_, last)| now_ms <= last + self.limits.renew_ms);
        self.answered = well.then(|| (before.map_or(now_ms, |(first, _)| first), now_ms));
        self.ask_at = Some(now_ms + self.limits.ask_ms);
    }

    /// For how long it has had no broker, in milliseconds; `None` if it has one, as far as is known.
    pub fn without_for(&self, now_ms: u64) -> Option<u64> {
        self.without_since.map(|since| now_ms - since)
    }

    /// Whether it is known that others are answered while it has no broker.
    pub fn is_passed_by(&self) -> bool {
        self.answered.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: ConnectionLimits = ConnectionLimits { ask_ms: 5, renew_ms: 20, end_ms: 60 };

    /// Each step but waiting, with when it came, of a client that has no broker at those times, where a question is answered
    /// at once or not.
    fn steps(connected: impl Fn(u64) -> bool, others: impl Fn(u64) -> bool, until: u64) -> Vec<(u64, Step)> {
        let (mut connection, mut steps) = (Connection::new(LIMITS), Vec::new());
        for now_ms in 0..until {
            let step = connection.look(connected(now_ms), now_ms);
            match step {
                Step::Wait => {}
                Step::Ask => connection.answered(others(now_ms), now_ms),
                Step::Renew | Step::End => steps.push((now_ms, step)),
            }
            if step == Step::End {
                break;
            }
        }
        steps
    }

    #[test]
    fn a_client_without_a_broker_while_others_are_answered_is_made_anew_once_and_then_the_worker_ends() {
        assert_eq!(steps(|_| false, |_| true, 1_000), [(26, Step::Renew), (91, Step::End)]);
    }

    #[test]
    fn an_outage_is_waited_for_however_long_it_lasts() {
        assert_eq!(steps(|_| false, |_| false, 10_000), []);
        // Brokers that come and go are none that answer.
        assert_eq!(steps(|_| false, |now_ms| now_ms / 15 % 2 == 0, 10_000), []);
    }

    #[test]
    fn a_client_that_comes_back_by_itself_is_left_alone() {
        assert_eq!(steps(|now_ms| !(100..120).contains(&now_ms), |_| true, 1_000), []);
        assert_eq!(steps(|now_ms| now_ms / 24 % 2 == 1, |_| true, 1_000), []);
    }

    #[test]
    fn an_outage_ends_long_before_the_client_is_given_up() {
        // None answers until 500; from then on others are, and the client is given its time from that moment.
        assert_eq!(steps(|_| false, |now_ms| now_ms >= 500, 1_000), [(521, Step::Renew), (586, Step::End)]);
    }

    #[test]
    fn one_that_stood_still_meanwhile_is_given_its_time_anew() {
        let mut connection = Connection::new(LIMITS);
        for now_ms in [1, 6, 1_000] {
            assert_ne!(connection.look(false, now_ms), Step::Renew);
            connection.answered(true, now_ms);
        }
        assert_eq!(connection.look(false, 1_001), Step::Wait);
        connection.answered(true, 1_020);
        assert_eq!(connection.look(false, 1_021), Step::Renew);
    }

    #[test]
    fn one_that_was_made_anew_and_has_a_broker_begins_from_the_start() {
        let twice = steps(|now_ms| (30..100).contains(&now_ms), |_| true, 130);
        assert_eq!(twice, [(26, Step::Renew), (126, Step::Renew)]);
    }

    #[test]
    fn it_is_known_for_how_long_it_has_had_none_and_that_others_are_answered() {
        let mut connection = Connection::new(LIMITS);
        assert_eq!((connection.look(true, 3), connection.without_for(3)), (Step::Wait, None));
        assert_eq!((connection.look(false, 4), connection.without_for(9)), (Step::Wait, Some(5)));
        assert_eq!((connection.look(false, 9), connection.is_passed_by()), (Step::Ask, false));
        // Nobody asks twice at a time.
        assert_eq!(connection.look(false, 50), Step::Wait);
        connection.answered(true, 50);
        assert!(connection.is_passed_by());
    }
}
