//! The last hours of the pipeline, sample by sample, in memory: for rates and
//! small charts where there is no Prometheus. Bounded; knows no clock.

use std::collections::VecDeque;

use super::pipeline::Pipeline;

/// What one sample says.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Moment {
    at_ms: i64,
    /// Since the last sample that told how much was read; `None` if there was none, or this one does not tell.
    since: Option<Increase>,
    lag_seconds: Option<f64>,
}

/// How much came within some time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Increase {
    seconds: f64,
    read: f64,
    refused: f64,
}

/// Which course is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// How far the figures are behind the log, in seconds.
    Lag,
    /// Records read in a minute.
    Read,
    /// Records refused in a minute.
    Refused,
}

/// The samples of the last hours, oldest first, no more than so many.
#[derive(Debug)]
pub struct History {
    keep: usize,
    moments: VecDeque<Moment>,
    /// The last sample that told how many records were read and refused: when, and how many.
    counted: Option<(i64, [f64; 2])>,
}

impl History {
    /// Keeps so many samples.
    pub fn new(keep: usize) -> Self {
        Self { keep, moments: VecDeque::new(), counted: None }
    }

    /// One more sample. What a store that went back reads again is not counted before it is where it was.
    pub fn note(&mut self, at_ms: i64, pipeline: &Pipeline) {
        let since = self.counted.zip(pipeline.counted).map(|((last_ms, before), now)| Increase {
            seconds: (at_ms - last_ms).max(0) as f64 / 1000.0,
            read: (now[0] - before[0]).max(0.0),
            refused: (now[1] - before[1]).max(0.0),
        });
        if let Some(now) = pipeline.counted {
            let most = self.counted.map_or(now, |(_, before)| [now[0].max(before[0]), now[1].max(before[1])]);
            self.counted = Some((at_ms, most));
        }
        if self.moments.len() == self.keep {
            self.moments.pop_front();
        }
        self.moments.push_back(Moment { at_ms, since, lag_seconds: pipeline.lag_seconds() });
    }

    /// When the first of the samples was taken, in milliseconds since 1970.
    pub fn begins_ms(&self) -> Option<i64> {
        self.moments.front().map(|moment| moment.at_ms)
    }

    /// Records read and refused in a second, over the last so many milliseconds. `None` before there are two samples.
    pub fn rates(&self, within_ms: i64) -> Option<[f64; 2]> {
        let from = self.moments.back()?.at_ms - within_ms;
        let (seconds, read, refused) = sum(self.moments.iter().filter(|moment| moment.at_ms > from));
        (seconds > 0.0).then(|| [read / seconds, refused / seconds])
    }

    /// A course in so many columns of equal time up to that moment; `None` where there was no sample.
    pub fn course(&self, course: Course, (from_ms, to_ms): (i64, i64), columns: usize) -> Vec<Option<f64>> {
        let width = ((to_ms - from_ms).max(1) as f64) / columns as f64;
        let column = |index: usize| {
            let starts = from_ms as f64 + width * index as f64;
            let within = |moment: &&Moment| (moment.at_ms as f64) > starts && (moment.at_ms as f64) <= starts + width;
            let moments = self.moments.iter().filter(within);
            match course {
                Course::Lag => moments.filter_map(|moment| moment.lag_seconds).reduce(f64::max),
                Course::Read | Course::Refused => {
                    let (seconds, read, refused) = sum(moments);
                    let count = if course == Course::Read { read } else { refused };
                    (seconds > 0.0).then(|| count / seconds * 60.0)
                }
            }
        };
        (0..columns).map(column).collect()
    }
}

/// Seconds, records read and records refused of all of them.
fn sum<'m>(moments: impl Iterator<Item = &'m Moment>) -> (f64, f64, f64) {
    moments.filter_map(|moment| moment.since).fold((0.0, 0.0, 0.0), |(seconds, read, refused), since| {
        (seconds + since.seconds, read + since.read, refused + since.refused)
    })
}

#[cfg(test)]
mod tests {
    use super::super::Scrape;
    use super::*;

    /// A pipeline whose store has read so many records; `None` while it does not answer.
    fn pipeline(read: Option<i64>) -> Pipeline {
        let said = |read: i64| {
            let lag = read % 7;
            Scrape::read(&format!(
                "giaoban_store_records{{outcome=\"read\"}} {read}\ngiaoban_store_records{{outcome=\"dead_lettered\"}} 1\n\
                 giaoban_topic_lag_seconds{{partition=\"0\"}} {lag}",
            ))
        };
        Pipeline::of([(String::new(), Ok(read.map(said).unwrap_or_default()))])
    }

    #[test]
    fn a_rate_is_of_what_came_in_between_also_over_an_outage_and_a_store_that_went_back() {
        let mut history = History::new(10);
        let mut rate_after = |at_ms: i64, read: Option<i64>| {
            history.note(at_ms, &pipeline(read));
            history.rates(10_000)
        };
        assert_eq!(rate_after(0, Some(1_000)), None);
        assert_eq!(rate_after(10_000, Some(1_100)), Some([10.0, 0.0]));
        assert_eq!(rate_after(20_000, None), None);
        assert_eq!(rate_after(30_000, Some(1_400)), Some([15.0, 0.0]), "of twenty seconds");
        assert_eq!(rate_after(40_000, Some(1_200)), Some([0.0, 0.0]));
        assert_eq!(rate_after(50_000, Some(1_500)), Some([10.0, 0.0]), "of which two hundred had been read before");
    }

    #[test]
    fn it_keeps_no_more_than_it_may_and_says_where_it_has_nothing() {
        let mut history = History::new(3);
        for sample in 0..6 {
            history.note(sample * 60_000, &pipeline(Some(sample * 6)));
        }
        assert_eq!((history.moments.len(), history.begins_ms()), (3, Some(180_000)));
        let course = |course| history.course(course, (0, 300_000), 5);
        assert_eq!(course(Course::Read), [None, None, Some(6.0), Some(6.0), Some(6.0)]);
        assert_eq!(course(Course::Lag), [None, None, Some(4.0), Some(3.0), Some(2.0)]);
        assert_eq!(course(Course::Refused), [None, None, Some(0.0), Some(0.0), Some(0.0)]);
    }
}
