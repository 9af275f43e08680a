//! How many messages are read at once: a poll hands over all that it was asked
//! for, so what large ones take in memory is bounded before.

/// At most so many messages.
const MOST: usize = 1000;
/// No more than make so many bytes.
const BYTES: usize = 512 << 10;
/// Of the first portion, when nothing is known of the flow yet.
const FEW: usize = 100;

/// The size of a portion, by how large messages were lately.
#[derive(Debug)]
pub(super) struct Portion {
    /// The largest message lately, in bytes, at least 1.
    large: usize,
    /// The largest of the portion that is being read.
    largest: usize,
}

impl Portion {
    pub(super) fn new() -> Self {
        Self { large: BYTES / FEW, largest: 0 }
    }

    /// How many messages to ask for.
    pub(super) fn most(&self) -> usize {
        (BYTES / self.large).clamp(1, MOST)
    }

    /// A message of so many bytes came.
    pub(super) fn saw(&mut self, bytes: usize) {
        self.largest = self.largest.max(bytes);
    }

    /// The portion is read. What was large lately may come again: that is forgotten by and by.
    pub(super) fn end(&mut self) {
        self.large = self.largest.max(self.large - self.large / 8).max(1);
        self.largest = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_messages_are_read_at_once_where_they_are_large() {
        let mut portion = Portion::new();
        let mut next = |bytes: usize| {
            (0..portion.most()).for_each(|_| portion.saw(bytes));
            portion.end();
            portion.most()
        };
        assert!((1..10).contains(&next(100 << 10)));
        assert_eq!(next(4 << 20), 1);
        assert_eq!((0..100).map(|_| next(400)).max(), Some(MOST));
    }
}
