//! Whether so many records of a partition are not valid events that its producer must
//! be broken, and the partition is held rather than fill the dead letters.
//!
//! The verdict on a record depends on that record, those before it in the log and how
//! far somebody has accepted them, on nothing else: a worker that starts again holds it
//! at the same one. It falls where the limit is first exceeded; what was accepted is
//! not counted, and a stretch that the store has passed is not judged again. What lies
//! before the start is looked back at when the first bad record comes: good ones cost
//! nothing.

use std::collections::{BTreeMap, VecDeque};

use crate::domain::{NextOffset, Offset};
use crate::wire::Code;

/// The share is taken over this many records of a partition.
pub const WINDOW: u64 = 10_000;
/// It is no share of fewer than these.
pub const AT_LEAST: u64 = 1_000;

/// How many bad records of a partition are borne.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerance {
    /// At most this percentage of the last [`WINDOW`] records.
    pub share_percent: u64,
    /// At most this many in a row.
    pub run: u64,
}

/// Too many records are not valid events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excess {
    /// The first bad one that is counted.
    pub first: Offset,
    /// The record at which the limit was exceeded.
    pub last: Offset,
    /// How many are bad.
    pub bad: u64,
    /// Of how many.
    pub of: u64,
    /// The commonest reason.
    pub reason: &'static str,
}

/// What is to be done with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitVerdict {
    /// It is taken.
    Taken,
    /// It was looked back at, nothing more.
    Past,
    /// Read again from there; the record will come once more.
    LookBack(NextOffset),
    /// The limit is exceeded by it.
    TooMany(Excess),
}

#[derive(Clone, Copy, Debug)]
struct Bad {
    /// The ordinal of the record among those seen.
    nth: u64,
    offset: Offset,
    code: Code,
}

/// The records of one partition.
#[derive(Debug)]
pub struct DeadLetterLimit {
    tolerance: Option<Tolerance>,
    /// Records that were seen, one after the other.
    seen: u64,
    /// The last of them that are bad.
    run: u64,
    /// The bad ones among the last [`WINDOW`].
    bad: VecDeque<Bad>,
    /// Whether nothing that lies before what was seen matters.
    whole: bool,
    /// Whether the limit is exceeded, and the store has passed that.
    exceeded: bool,
    /// Records before this are accepted, whatever they are: they are not counted.
    accepted: NextOffset,
    /// Looks back until this record comes again.
    until: Option<Offset>,
    /// The last that was looked back at: each is counted once, however often it comes.
    looked: Option<Offset>,
}

impl DeadLetterLimit {
    /// `whole` says that the log has nothing before the first record that will be seen.
    pub fn new(tolerance: Option<Tolerance>, whole: bool) -> Self {
        let accepted = NextOffset(0);
        Self {
            tolerance,
            seen: 0,
            run: 0,
            bad: VecDeque::new(),
            whole,
            exceeded: false,
            accepted,
            until: None,
            looked: None,
        }
    }

    /// The same where records before `accepted` are accepted, and `next` is the first that will be seen.
    pub fn accepting(self, accepted: NextOffset, next: NextOffset) -> Self {
        Self { accepted, whole: self.whole || next <= accepted, ..self }
    }

    /// Whether this record is to be seen, if `next` is the next to be taken.
    pub fn wants(&self, offset: Offset, next: NextOffset) -> bool {
        match self.until {
            // What was already on its way when the reading went back comes again.
            Some(until) => offset <= until && self.looked.is_none_or(|looked| offset > looked),
            None => offset.next() > next,
        }
    }

    /// Sees a record: what is wrong with it first, if anything.
    pub fn see(&mut self, offset: Offset, wrong: Option<Code>) -> LimitVerdict {
        let Some(tolerance) = self.tolerance else { return LimitVerdict::Taken };
        if offset.0 < self.accepted.0 {
            return if self.until.is_some() { LimitVerdict::Past } else { LimitVerdict::Taken };
        }
        let reach = WINDOW.max(tolerance.run + 1);
        if let Some(until) = self.until {
            if offset < until {
                self.looked = Some(offset);
                self.count(offset, wrong);
                return LimitVerdict::Past;
            }
            (self.until, self.looked) = (None, None);
            self.whole = true;
            self.exceeded = self.too_many(tolerance).is_some();
        }
        self.whole |= self.seen >= reach;
        if !self.whole && wrong.is_some() {
            let accepted = self.accepted;
            *self = Self { until: Some(offset), accepted, ..Self::new(self.tolerance, false) };
            return LimitVerdict::LookBack(NextOffset(offset.0 - reach as i64).max(accepted));
        }
        self.count(offset, wrong);
        if !self.whole {
            return LimitVerdict::Taken;
        }
        let too_many = self.too_many(tolerance);
        match (std::mem::replace(&mut self.exceeded, too_many.is_some()), too_many) {
            (false, Some((bad, of))) => LimitVerdict::TooMany(self.excess(offset, bad, of)),
            _ => LimitVerdict::Taken,
        }
    }

    fn count(&mut self, offset: Offset, wrong: Option<Code>) {
        self.seen += 1;
        self.run = if wrong.is_some() { self.run + 1 } else { 0 };
        self.bad.extend(wrong.map(|code| Bad { nth: self.seen, offset, code }));
        while self.bad.front().is_some_and(|bad| bad.nth + WINDOW <= self.seen) {
            self.bad.pop_front();
        }
    }

    /// How many are bad, of how many, if that is more than is borne.
    fn too_many(&self, tolerance: Tolerance) -> Option<(u64, u64)> {
        let (bad, of) = (self.bad.len() as u64, self.seen.min(WINDOW));
        if self.run > tolerance.run {
            return Some((self.run, self.run));
        }
        (of >= AT_LEAST && bad * 100 > tolerance.share_percent * of).then_some((bad, of))
    }

    fn excess(&self, last: Offset, bad: u64, of: u64) -> Excess {
        let counted = self.bad.iter().rev().take(bad as usize);
        let first = counted.clone().next_back().map_or(last, |bad| bad.offset);
        let mut reasons: BTreeMap<Code, u64> = BTreeMap::new();
        counted.for_each(|bad| *reasons.entry(bad.code).or_default() += 1);
        let commonest = reasons.into_iter().max_by_key(|(_, count)| *count);
        Excess { first, last, bad, of, reason: commonest.map_or("unknown", |(code, _)| code.as_str()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAD: Option<Code> = Some(Code::JsonSyntax);

    /// A log of one partition, read from an offset on; returns where it stops.
    fn read(log: &[Option<Code>], tolerance: Tolerance, from: usize) -> Option<Excess> {
        let mut watch = DeadLetterLimit::new(Some(tolerance), from == 0);
        let (mut at, mut next) = (from, NextOffset(from as i64));
        while at < log.len() {
            let offset = Offset(at as i64);
            if watch.wants(offset, next) {
                match watch.see(offset, log[at]) {
                    LimitVerdict::Taken => next = offset.next(),
                    LimitVerdict::Past => {}
                    LimitVerdict::LookBack(back) => {
                        assert!(log[next.0 as usize..at].iter().all(Option::is_none), "at the first bad record");
                        // Records that were on their way still come.
                        for late in at + 1..(at + 4).min(log.len()) {
                            assert!(!watch.wants(Offset(late as i64), next));
                        }
                        at = back.0 as usize;
                        continue;
                    }
                    LimitVerdict::TooMany(excess) => return Some(excess),
                }
            }
            at += 1;
        }
        None
    }

    fn log(parts: &[(usize, Option<Code>)]) -> Vec<Option<Code>> {
        parts.iter().flat_map(|(count, record)| std::iter::repeat_n(*record, *count)).collect()
    }

    #[test]
    fn a_run_and_a_share_are_borne_up_to_the_limit() {
        let run = Tolerance { share_percent: 100, run: 20 };
        assert_eq!(read(&log(&[(20, BAD), (1, None), (20, BAD)]), run, 0), None);
        let excess = read(&log(&[(5, None), (30, BAD)]), run, 0).unwrap();
        assert_eq!((excess.first, excess.last, excess.bad, excess.of), (Offset(5), Offset(25), 21, 21));

        let share = Tolerance { share_percent: 50, run: 100_000 };
        assert_eq!(read(&log(&[(999, BAD)]), share, 0), None, "no share of so few");
        assert_eq!(read(&log(&[(1_000, BAD)]), share, 0).unwrap().last, Offset(999));
        let half: Vec<_> = (0..30_000).map(|n| if n % 2 == 1 { BAD } else { None }).collect();
        assert_eq!(read(&half, share, 0), None, "just half");
        let excess = read(&log(&[(20_000, None), (6_000, BAD)]), share, 0).unwrap();
        assert_eq!((excess.first, excess.last), (Offset(20_000), Offset(25_000)));
        assert_eq!((excess.bad, excess.of), (5_001, WINDOW));
    }

    #[test]
    fn the_commonest_reason_is_named() {
        let records = log(&[(4, Some(Code::UnitUnknown)), (9, BAD), (8, Some(Code::MessageEmpty))]);
        assert_eq!(read(&records, Tolerance { share_percent: 100, run: 20 }, 0).unwrap().reason, "json.syntax");
    }

    #[test]
    fn wherever_the_store_was_it_stops_at_the_same_record() {
        let records = log(&[(3_000, None), (15, BAD), (12_000, None), (30, BAD), (40, None)]);
        let tolerance = Tolerance { share_percent: 100, run: 20 };
        let whole = read(&records, tolerance, 0).unwrap();
        assert_eq!(whole.last, Offset(15_035));
        for from in [1, 2_999, 3_007, 3_016, 15_014, 15_020, 15_035] {
            assert_eq!(read(&records, tolerance, from), Some(whole), "from {from}");
        }
        let records = log(&[(3_000, None), (20_000, BAD)]);
        let tolerance = Tolerance { share_percent: 50, run: 100_000 };
        let whole = read(&records, tolerance, 0).unwrap();
        for from in [2_000, 3_500, whole.last.0 as usize] {
            assert_eq!(read(&records, tolerance, from), Some(whole), "from {from}");
        }
    }

    #[test]
    fn what_was_accepted_is_not_judged_again_but_what_comes_anew_is() {
        let records = log(&[(30, BAD), (1, None), (20, BAD), (1, None), (21, BAD)]);
        let tolerance = Tolerance { share_percent: 100, run: 20 };
        assert_eq!(read(&records, tolerance, 0).unwrap().last, Offset(20));
        for from in [21, 25, 31, 40] {
            let anew = read(&records, tolerance, from).unwrap();
            assert_eq!((anew.first, anew.last), (Offset(52), Offset(72)), "from {from}");
        }
        let after = log(&[(6_000, BAD), (300, None), (1, BAD)]);
        assert_eq!(read(&after, Tolerance { share_percent: 50, run: 20_000 }, 6_300), None, "one more bad one");
    }

    #[test]
    fn what_is_accepted_up_to_a_record_is_not_counted_and_what_follows_is_counted_anew() {
        let tolerance = Some(Tolerance { share_percent: 100, run: 20 });
        let held_at = |accepted: i64, from: i64| {
            let mut limit =
                DeadLetterLimit::new(tolerance, from == 0).accepting(NextOffset(accepted), NextOffset(from));
            let mut offset = from;
            while offset < 200 {
                match limit.see(Offset(offset), BAD) {
                    LimitVerdict::TooMany(excess) => return (excess.first.0, excess.last.0),
                    LimitVerdict::LookBack(back) => offset = back.0,
                    LimitVerdict::Taken | LimitVerdict::Past => offset += 1,
                }
            }
            panic!("never")
        };
        assert_eq!(held_at(0, 0), (0, 20));
        assert_eq!(held_at(21, 20), (21, 41), "just those that were seen");
        assert_eq!(held_at(100, 20), (100, 120));
        for from in [60, 101, 110, 120] {
            assert_eq!(held_at(100, from), (100, 120), "started again at {from}");
        }
    }

    #[test]
    fn what_is_looked_back_at_is_counted_once_however_often_it_comes() {
        let mut limit = DeadLetterLimit::new(Some(Tolerance { share_percent: 100, run: 2 }), false);
        assert_eq!(limit.see(Offset(8), BAD), LimitVerdict::LookBack(NextOffset(0)));
        let next = NextOffset(8);
        for (offset, wanted) in [(7, true), (7, false), (6, false), (8, true), (9, false)] {
            assert_eq!(limit.wants(Offset(offset), next), wanted, "{offset}");
            if wanted && offset < 8 {
                assert_eq!(limit.see(Offset(offset), BAD), LimitVerdict::Past);
            }
        }
        assert_eq!(limit.see(Offset(8), BAD), LimitVerdict::Taken, "two in a row");
    }

    #[test]
    fn without_a_limit_nothing_stops_and_nothing_is_looked_back_at() {
        let mut watch = DeadLetterLimit::new(None, false);
        assert!((0..3_000).all(|offset| watch.see(Offset(offset), BAD) == LimitVerdict::Taken));
    }
}
