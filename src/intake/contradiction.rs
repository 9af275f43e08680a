//! Which revisions of records were submitted lately, and what they say: to report two lines that contradict each other.
//! Both are taken, and only one of them counts.

use std::mem;

use rustc_hash::FxHashMap;

use crate::wire::decode::Mark;

/// So many revisions are remembered at least, and at most twice as many, by hashes alone: a contradiction that is
/// farther apart is not reported, and one in 10^8 runs of a million lines reports one that is none.
const REMEMBERED: usize = 1 << 18;

/// What was sent lately.
#[derive(Debug, Default)]
pub struct Seen {
    late: FxHashMap<u64, Sent>,
    early: FxHashMap<u64, Sent>,
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    content: u64,
    file: usize,
    line: u64,
}

impl Seen {
    /// Remembers a line of a file. Returns that of a line that says something else of the same revision.
    pub fn add(&mut self, mark: Mark, (file, line): (usize, u64)) -> Option<(usize, u64)> {
        if self.late.len() >= REMEMBERED {
            self.early = mem::take(&mut self.late);
        }
        let sent = Sent { content: mark.content, file, line };
        let before = self.late.insert(mark.revision, sent).or_else(|| self.early.get(&mark.revision).copied())?;
        (before.content != mark.content).then_some((before.file, before.line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut seen = Seen::default();
        let mark = |revision, content| Mark { revision, content };
        for number in 0..4 * REMEMBERED as u64 {
            assert_eq!(seen.add(mark(number, 1), (0, number)), None);
            assert!(seen.late.len() + seen.early.len() <= 2 * REMEMBERED);
        }
        let last = 4 * REMEMBERED as u64 - 1;
        assert_eq!(seen.add(mark(last, 1), (0, last)), None, "the same again");
        assert_eq!(seen.add(mark(last - REMEMBERED as u64 + 1, 2), (1, 7)), Some((0, last - REMEMBERED as u64 + 1)));
        assert_eq!(seen.add(mark(0, 2), (1, 8)), None, "long ago");
    }
}
