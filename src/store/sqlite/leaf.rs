//! Leaves of the ledger: some sixty records in the order of their keys, packed
//! into one row that fills about one page.
//!
//! A row for each record costs its own walk down the tree, its own header and its
//! whole key. A leaf is read, merged with all that a batch has for it, and written
//! once. Knows nothing of SQL.

use std::borrow::Cow;

use serde::{Deserialize, Serialize, Serializer};

use crate::domain::{Digest, Entry, Fact, Offset, Partition, Position, RecordKey, Revision};

/// A leaf has at most this many bytes, or one record: with the rest of its row it
/// fits one page of 4,096.
const FULL: usize = 3_900;

/// Bytes that are no leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a leaf of the ledger is damaged")]
pub(super) struct LeafError;

/// A record as it lies in a leaf: append, never reorder.
#[derive(Serialize, Deserialize)]
struct Packed<'l> {
    /// Bytes of its key that the key before has too.
    shared: usize,
    /// The rest of its key.
    rest: &'l str,
    #[serde(serialize_with = "bytes")]
    body: &'l [u8],
}

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

/// All at once, not byte by byte.
fn bytes<S: Serializer>(body: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(body)
}

/// The counting revision of a record.
#[derive(Debug)]
pub(super) struct Record<'l> {
    /// The text of the record's key.
    pub(super) key: Cow<'l, str>,
    body: Cow<'l, [u8]>,
}

impl<'l> Record<'l> {
    /// What an entry is in a leaf.
    pub(super) fn of(entry: &'l Entry) -> Result<Self, LeafError> {
        let body = Body {
            revision: entry.revision.number(),
            digest: entry.digest.0,
            event_id: entry.event_id.as_deref(),
            partition: entry.position.partition.0,
            offset: entry.position.offset.0,
            fact: &entry.fact,
        };
        let body = postcard::to_stdvec(&body).map_err(|_| LeafError)?;
        Ok(Self { key: entry.key.text().into(), body: body.into() })
    }

    /// The same, with nothing borrowed.
    pub(super) fn into_owned(self) -> Record<'static> {
        Record { key: self.key.into_owned().into(), body: self.body.into_owned().into() }
    }

    /// The entry.
    pub(super) fn entry(&self) -> Result<Entry, LeafError> {
        let body: Body<'_, Fact> = postcard::from_bytes(&self.body).map_err(|_| LeafError)?;
        Ok(Entry {
            key: RecordKey::from_text(&self.key).ok_or(LeafError)?,
            revision: Revision::stored(body.revision).ok_or(LeafError)?,
            digest: Digest(body.digest),
            event_id: body.event_id.map(Into::into),
            fact: body.fact,
            position: Position { partition: Partition(body.partition), offset: Offset(body.offset) },
        })
    }

    /// Its key, and where it lies in the log; what it says is not read.
    pub(super) fn place(&self) -> Result<(RecordKey, Position), LeafError> {
        let (body, _): (Body<'_, ()>, _) = postcard::take_from_bytes(&self.body).map_err(|_| LeafError)?;
        let key = RecordKey::from_text(&self.key).ok_or(LeafError)?;
        Ok((key, Position { partition: Partition(body.partition), offset: Offset(body.offset) }))
    }
}

/// The records of a leaf, in their order.
pub(super) struct Records<'l> {
    rest: &'l [u8],
    key: String,
}

impl<'l> Records<'l> {
    pub(super) fn of(leaf: &'l [u8]) -> Self {
        Self { rest: leaf, key: String::new() }
    }

    fn read(&mut self) -> Result<Record<'l>, LeafError> {
        let (packed, rest): (Packed<'l>, _) = postcard::take_from_bytes(self.rest).map_err(|_| LeafError)?;
        self.rest = rest;
        let shared = self.key.get(..packed.shared).ok_or(LeafError)?;
        self.key = [shared, packed.rest].concat();
        Ok(Record { key: self.key.clone().into(), body: packed.body.into() })
    }
}

impl<'l> Iterator for Records<'l> {
    type Item = Result<Record<'l>, LeafError>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.rest.is_empty()).then(|| self.read().inspect_err(|_| self.rest = &[]))
    }
}

/// A leaf as it is to be written.
pub(super) struct Leaf {
    /// The key of its first record.
    pub(super) first: String,
    /// How many records it has.
    pub(super) count: usize,
    pub(super) records: Vec<u8>,
}

/// Takes records in the order of their keys and packs them into leaves.
#[derive(Debug, Default)]
pub(super) struct Packer<'l> {
    records: Vec<Record<'l>>,
    /// What each takes in a leaf, at most.
    sizes: Vec<usize>,
    /// After the last record that is new or has changed.
    put: usize,
}

impl<'l> Packer<'l> {
    /// Takes over a record as it was stored.
    pub(super) fn keep(&mut self, record: Record<'l>) {
        let before = self.records.last().map_or("", |before| &before.key);
        // Each of the three lengths takes one byte, or two.
        self.sizes.push(record.key.len() - shared_prefix(before, &record.key) + record.body.len() + 4);
        self.records.push(record);
    }

    /// Takes a record that is new or has changed.
    pub(super) fn put(&mut self, record: Record<'l>) {
        self.keep(record);
        self.put = self.records.len();
    }

    /// How many records it has.
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// The leaves.
    pub(super) fn pack(self) -> Result<Vec<Leaf>, LeafError> {
        let mut begin = 0;
        let leaf = |end: usize| {
            let records = &self.records[std::mem::replace(&mut begin, end)..end];
            let (mut packed, mut before) = (Vec::with_capacity(FULL), "");
            for Record { key, body } in records {
                let shared = shared_prefix(before, key);
                packed = postcard::to_extend(&Packed { shared, rest: &key[shared..], body }, packed)
                    .map_err(|_| LeafError)?;
                before = key;
            }
            Ok(Leaf { first: records[0].key.to_string(), count: records.len(), records: packed })
        };
        self.cuts().into_iter().map(leaf).collect()
    }

    /// Where leaves end. They are filled from the left, so that what comes in the
    /// order of its keys leaves full leaves behind, also where it comes in the middle.
    fn cuts(&self) -> Vec<usize> {
        let mut cuts = Vec::new();
        let size = |from: usize, to: usize| self.sizes[from..to].iter().sum::<usize>();
        let all = self.sizes.len();
        if all == 0 || size(0, all) <= FULL {
            cuts.extend((all > 0).then_some(all));
            return cuts;
        }
        // What comes next is likely to follow on what came last.
        let middle = if size(0, self.put) >= FULL / 2 { self.put } else { all };
        for (from, to) in [(0, middle), (middle, all)] {
            let mut filled = 0;
            for index in from..to {
                if filled > 0 && filled + self.sizes[index] > FULL {
                    cuts.push(index);
                    filled = 0;
                }
                filled += self.sizes[index];
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
                filled += self.sizes[*index];
                filled > half
            });
            let place = cuts.len() - 2;
            cuts[place] = even.unwrap_or(begin).max(from + 1);
        }
        cuts
    }
}

/// How many bytes both keys begin with, up to the end of a character.
fn shared_prefix(a: &str, b: &str) -> usize {
    let shared = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    b.floor_char_boundary(shared)
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
        let firsts: Vec<String> = leaves.keys().cloned().collect();
        for (index, first) in firsts.iter().enumerate() {
            let mut packer = Packer::default();
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
            for record in Records::of(&old) {
                let record = record.unwrap();
                while let Some(new) = here.first_entry().filter(|new| **new.key() < *record.key) {
                    packer.put(Record::of(new.remove()).unwrap());
                }
                match here.remove(&*record.key) {
                    Some(new) => packer.put(Record::of(new).unwrap()),
                    None => packer.keep(record),
                }
            }
            here.values().for_each(|new| packer.put(Record::of(new).unwrap()));
            let mut begin = Some(first.clone());
            for leaf in packer.pack().unwrap() {
                leaves.insert(begin.take().unwrap_or(leaf.first), leaf.records);
            }
        }
    }

    fn all(leaves: &BTreeMap<String, Vec<u8>>) -> Vec<Entry> {
        leaves.values().flat_map(|leaf| Records::of(leaf)).map(|record| record.unwrap().entry().unwrap()).collect()
    }

    /// The one leaf of an entry.
    fn packed(entry: &Entry) -> Leaf {
        let mut packer = Packer::default();
        packer.put(Record::of(entry).unwrap());
        packer.pack().unwrap().remove(0)
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
        let leaf = packed(&entry("GS-1", 2));
        let text = b"/units/00004\nGS-1";
        // Revision, digest; the event's id; partition and offset; the eighth kind of fact. Numbers in zigzag, as LEB128.
        let body = [&[4][..], &[2; 32], &[1, 1, b'x'], &[6, 0xa0, 0x1f], &[7]].concat();
        let expected = [&[0, text.len() as u8][..], text, &[body.len() as u8], &body].concat();
        assert_eq!((leaf.first.as_bytes(), leaf.count, leaf.records), (&text[..], 1, expected));
    }

    #[test]
    fn bytes_that_are_no_leaf_are_refused() {
        let leaf = packed(&entry("ữ", 1)).records;
        let read = |bytes: &[u8]| Records::of(bytes).next().unwrap().and_then(|record| record.entry());
        assert_eq!(read(&leaf).unwrap(), entry("ữ", 1));
        for cut in 1..leaf.len() {
            assert_eq!(read(&leaf[..cut]), Err(LeafError), "{cut}");
        }
        assert_eq!(read(&[9, 1, b'a', 0]), Err(LeafError));
    }
}
