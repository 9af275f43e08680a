//! Leaves of the ledger: some sixty records in the order of their keys, packed
//! into one row that fills about one page.
//!
//! A row for each record costs its own walk down the tree, its own header and its
//! whole key. A leaf is read, merged with all that a batch has for it, and written
//! once. Knows nothing of SQL.

use serde::{Deserialize, Serialize};

use crate::domain::{Digest, Entry, Fact, Offset, Partition, Position, RecordKey, Revision};

/// A leaf has at most this many bytes, or one record: with the rest of its row it
/// fits one page of 4,096.
const FULL: usize = 3_900;

/// Bytes that are no leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a leaf of the ledger is damaged")]
pub(super) struct LeafError;

/// What a leaf holds of a record besides its key: append, never reorder.
#[derive(Serialize, Deserialize)]
struct Body<'b, F> {
    revision: i64,
    digest: [u8; 32],
    #[serde(borrow)]
    event_id: Option<&'b str>,
    partition: i32,
    offset: i64,
    fact: F,
}

/// Reads the records of a leaf, one after the other.
pub(super) struct Records<'l> {
    rest: &'l [u8],
    key: String,
    body: &'l [u8],
}

impl<'l> Records<'l> {
    /// Before the first record.
    pub(super) fn of(leaf: &'l [u8]) -> Self {
        Self { rest: leaf, key: String::with_capacity(64), body: &[] }
    }

    /// Goes on to the next record; false if there is none.
    pub(super) fn advance(&mut self) -> Result<bool, LeafError> {
        if self.rest.is_empty() {
            return Ok(false);
        }
        let shared = self.number()?;
        let suffix = self.bytes()?;
        self.body = self.bytes()?;
        if !self.key.is_char_boundary(shared) {
            return Err(LeafError);
        }
        self.key.truncate(shared);
        self.key.push_str(std::str::from_utf8(suffix).map_err(|_| LeafError)?);
        Ok(true)
    }

    /// The text of the record's key.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// What is stored of it, for [`Packer::keep`].
    pub(super) fn body(&self) -> &'l [u8] {
        self.body
    }

    /// The record.
    pub(super) fn entry(&self) -> Result<Entry, LeafError> {
        let body: Body<'_, Fact> = postcard::from_bytes(self.body).map_err(|_| LeafError)?;
        Ok(Entry {
            key: RecordKey::from_text(&self.key).ok_or(LeafError)?,
            revision: Revision::new(body.revision).ok_or(LeafError)?,
            digest: Digest(body.digest),
            event_id: body.event_id.map(Into::into),
            fact: body.fact,
            position: Position { partition: Partition(body.partition), offset: Offset(body.offset) },
        })
    }

    fn number(&mut self) -> Result<usize, LeafError> {
        let (number, rest) = postcard::take_from_bytes(self.rest).map_err(|_| LeafError)?;
        self.rest = rest;
        Ok(number)
    }

    fn bytes(&mut self) -> Result<&'l [u8], LeafError> {
        let length = self.number()?;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(LeafError)?;
        self.rest = rest;
        Ok(bytes)
    }
}

/// Takes records in the order of their keys and packs them into leaves.
#[derive(Debug, Default)]
pub(super) struct Packer {
    keys: String,
    bodies: Vec<u8>,
    items: Vec<Item>,
    /// After the last record that was put.
    put: usize,
    leaf: Vec<u8>,
}

/// One record in the packer: where its key and body end, and what both take in a leaf.
#[derive(Clone, Copy, Debug)]
struct Item {
    key_end: usize,
    body_end: usize,
    /// Bytes of its key that the key before has too.
    shared: usize,
    size: usize,
}

impl Packer {
    /// Takes over a record as it was stored.
    pub(super) fn keep(&mut self, key: &str, body: &[u8]) {
        self.bodies.extend_from_slice(body);
        self.close(key);
    }

    /// Takes a record that is new or has changed.
    pub(super) fn put(&mut self, entry: &Entry) -> Result<(), postcard::Error> {
        let body = Body {
            revision: entry.revision.number(),
            digest: entry.digest.0,
            event_id: entry.event_id.as_deref(),
            partition: entry.position.partition.0,
            offset: entry.position.offset.0,
            fact: &entry.fact,
        };
        self.bodies = postcard::to_extend(&body, std::mem::take(&mut self.bodies))?;
        self.close(entry.key.text());
        self.put = self.items.len();
        Ok(())
    }

    fn close(&mut self, key: &str) {
        let (before, body_begin) = match self.items.len().checked_sub(1) {
            Some(last) => (self.key(last), self.items[last].body_end),
            None => ("", 0),
        };
        let shared = shared_prefix(before, key);
        self.keys.push_str(key);
        let body_end = self.bodies.len();
        // Each of the three lengths takes one byte, or two.
        let size = key.len() - shared + (body_end - body_begin) + 4;
        self.items.push(Item { key_end: self.keys.len(), body_end, shared, size });
    }

    fn key(&self, index: usize) -> &str {
        let begin = index.checked_sub(1).map_or(0, |before| self.items[before].key_end);
        &self.keys[begin..self.items[index].key_end]
    }

    /// Hands over the leaves with the key of their first record and how many they hold, and is empty again.
    pub(super) fn pack<E>(&mut self, mut sink: impl FnMut(&str, usize, &[u8]) -> Result<(), E>) -> Result<(), E> {
        let mut begin = 0;
        let mut leaf = std::mem::take(&mut self.leaf);
        for end in self.cuts() {
            leaf.clear();
            for index in begin..end {
                self.write(index, index == begin, &mut leaf);
            }
            sink(self.key(begin), end - begin, &leaf)?;
            begin = end;
        }
        self.leaf = leaf;
        self.clear();
        Ok(())
    }

    /// How many records it has.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Forgets what it has.
    pub(super) fn clear(&mut self) {
        self.keys.clear();
        self.bodies.clear();
        self.items.clear();
        self.put = 0;
    }

    /// Where leaves end. They are filled from the left, so that what comes in the
    /// order of its keys leaves full leaves behind, also where it comes in the middle.
    fn cuts(&self) -> Vec<usize> {
        let mut cuts = Vec::new();
        let size = |from: usize, to: usize| self.items[from..to].iter().map(|item| item.size).sum::<usize>();
        let all = self.items.len();
        if all == 0 || size(0, all) <= FULL {
            cuts.extend((all > 0).then_some(all));
            return cuts;
        }
        // What comes next is likely to follow on what came last.
        let middle = if size(0, self.put) >= FULL / 2 { self.put } else { all };
        for (from, to) in [(0, middle), (middle, all)] {
            let mut filled = 0;
            for index in from..to {
                let item = self.items[index].size;
                if filled > 0 && filled + item > FULL {
                    cuts.push(index);
                    filled = 0;
                }
                filled += item;
            }
            cuts.extend((from < to).then_some(to));
        }
        // Records that came here and there: two leaves with room rather than a full one and a crumb.
        if let [.., begin, end] = cuts[..]
            && end != self.put
            && middle == all
            && size(begin, end) < FULL / 4
        {
            let from = cuts.iter().rev().nth(2).copied().unwrap_or(0);
            let half = size(from, end) / 2;
            let mut filled = 0;
            let even = (from..end).find(|index| {
                filled += self.items[*index].size;
                filled > half
            });
            let place = cuts.len() - 2;
            cuts[place] = even.unwrap_or(begin).max(from + 1);
        }
        cuts
    }

    fn write(&self, index: usize, first: bool, leaf: &mut Vec<u8>) {
        let item = self.items[index];
        let shared = if first { 0 } else { item.shared };
        let body_begin = index.checked_sub(1).map_or(0, |before| self.items[before].body_end);
        let (suffix, body) = (&self.key(index)[shared..], &self.bodies[body_begin..item.body_end]);
        number(leaf, shared);
        number(leaf, suffix.len());
        leaf.extend_from_slice(suffix.as_bytes());
        number(leaf, body.len());
        leaf.extend_from_slice(body);
    }
}

/// LEB128, as postcard reads it.
fn number(leaf: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        leaf.push((number as u8 & 0x7f) | 0x80);
        number >>= 7;
    }
    leaf.push(number as u8);
}

fn shared_prefix(a: &str, b: &str) -> usize {
    let (chunks, others) = (a.as_bytes().as_chunks::<8>().0, b.as_bytes().as_chunks::<8>().0);
    let whole = chunks.iter().zip(others).take_while(|(a, b)| a == b).count() * 8;
    let rest = a.as_bytes()[whole..].iter().zip(&b.as_bytes()[whole..]);
    let mut shared = whole + rest.take_while(|(a, b)| a == b).count();
    while !b.is_char_boundary(shared) {
        shared -= 1;
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn entry(subject: &str, revision: i64) -> Entry {
        Entry {
            key: RecordKey::new("/units/00004", subject),
            revision: Revision::new(revision).unwrap(),
            digest: Digest([revision as u8; 32]),
            event_id: (revision % 2 == 0).then(|| "x".into()),
            fact: Fact::Withdrawal,
            position: Position { partition: Partition(3), offset: Offset(revision * 1000) },
        }
    }

    /// Leaves by the key from which they hold, as the store keeps them.
    fn merge(leaves: &mut BTreeMap<String, Vec<u8>>, entries: &BTreeMap<String, Entry>) {
        let mut packer = Packer::default();
        let firsts: Vec<String> = leaves.keys().cloned().collect();
        for (index, first) in firsts.iter().enumerate() {
            let within = |key: &String| key >= first && firsts.get(index + 1).is_none_or(|next| key < next);
            let mut here: BTreeMap<&str, &Entry> = entries
                .values()
                .map(|entry| (entry.key.text(), entry))
                .filter(|(key, _)| within(&(*key).to_owned()))
                .collect();
            if here.is_empty() {
                continue;
            }
            let old = leaves.remove(first).unwrap();
            let mut records = Records::of(&old);
            while records.advance().unwrap() {
                while let Some(new) = here.first_entry().filter(|new| *new.key() < records.key()) {
                    packer.put(new.remove()).unwrap();
                }
                match here.remove(records.key()) {
                    Some(new) => packer.put(new).unwrap(),
                    None => packer.keep(records.key(), records.body()),
                }
            }
            here.values().for_each(|new| packer.put(new).unwrap());
            let mut begin = Some(first.clone());
            packer
                .pack(|first, _, leaf| {
                    leaves.insert(begin.take().unwrap_or_else(|| first.to_owned()), leaf.to_vec());
                    Ok::<_, ()>(())
                })
                .unwrap();
        }
    }

    fn all(leaves: &BTreeMap<String, Vec<u8>>) -> Vec<Entry> {
        let mut entries = Vec::new();
        for leaf in leaves.values() {
            let mut records = Records::of(leaf);
            while records.advance().unwrap() {
                entries.push(records.entry().unwrap());
            }
        }
        entries
    }

    proptest! {
        #[test]
        fn leaves_hold_what_was_put(
            batches in proptest::collection::vec(proptest::collection::btree_map("[a-cữ]{0,6}|GS-2020-[0-9]{6}", 1..9i64, 1..120), 1..8)
        ) {
            let mut leaves = BTreeMap::from([(String::new(), Vec::new())]);
            let mut expected = BTreeMap::new();
            for batch in batches {
                let batch: BTreeMap<String, Entry> =
                    batch.into_iter().map(|(subject, revision)| (subject.clone(), entry(&subject, revision))).collect();
                merge(&mut leaves, &batch);
                expected.extend(batch);
                prop_assert!(leaves.values().all(|leaf| leaf.len() <= FULL + 64));
                prop_assert_eq!(all(&leaves), expected.values().cloned().collect::<Vec<_>>());
            }
        }
    }

    /// How full leaves are after records came in that order, ten at a time.
    fn fill(mut subjects: Vec<String>) -> f64 {
        let mut leaves = BTreeMap::from([(String::new(), Vec::new())]);
        while !subjects.is_empty() {
            let batch = subjects.split_off(subjects.len().saturating_sub(10));
            merge(&mut leaves, &batch.into_iter().map(|subject| (subject.clone(), entry(&subject, 1))).collect());
        }
        let bytes: usize = leaves.values().map(Vec::len).sum();
        bytes as f64 / (leaves.len() * FULL) as f64
    }

    #[test]
    fn leaves_are_full_after_numbers_in_order_and_half_full_at_worst() {
        let two_series = (0..2_000).rev().map(|number| format!("{}-2020-{:06}", ["GS", "VP"][number % 2], number / 2));
        assert!(fill(two_series.collect()) > 0.9);
        let scattered = (0..2_000u64).map(|number| format!("{:020}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        assert!(fill(scattered.collect()) > 0.5);
    }

    #[test]
    fn a_record_is_packed_as_it_always_was() {
        let mut packer = Packer::default();
        packer.put(&entry("GS-1", 2)).unwrap();
        let text = b"/units/00004\nGS-1";
        // Revision, digest; the event's id; partition and offset; the eighth kind of fact. Numbers in zigzag, as LEB128.
        let body = [&[4][..], &[2; 32], &[1, 1, b'x'], &[6, 0xa0, 0x1f], &[7]].concat();
        let expected = [&[0, text.len() as u8][..], text, &[body.len() as u8], &body].concat();
        packer
            .pack(|first, count, leaf| {
                assert_eq!((first.as_bytes(), count, leaf), (&text[..], 1, &expected[..]));
                Ok::<_, ()>(())
            })
            .unwrap();
    }

    #[test]
    fn bytes_that_are_no_leaf_are_refused() {
        let mut packer = Packer::default();
        packer.put(&entry("ữ", 1)).unwrap();
        let mut leaf = Vec::new();
        packer
            .pack(|_, _, bytes| {
                leaf = bytes.to_vec();
                Ok::<_, ()>(())
            })
            .unwrap();
        let read = |bytes: &[u8]| {
            let mut records = Records::of(bytes);
            records.advance().and_then(|_| records.entry())
        };
        assert_eq!(read(&leaf).unwrap(), entry("ữ", 1));
        for cut in 1..leaf.len() {
            assert_eq!(read(&leaf[..cut]), Err(LeafError), "{cut}");
        }
        assert_eq!(read(&[9, 1, b'a', 0]), Err(LeafError));
    }
}
