//! Where a message lies in the event log: its partition and its offset.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A partition of the event log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Partition(pub i32);

/// Where one message lies in its partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Offset(pub i64);

impl Offset {
    /// The offset to read after this message.
    pub fn next(self) -> NextOffset {
        NextOffset(self.0 + 1)
    }
}

/// The first offset not yet read: one past the last message. Kept apart from
/// [`Offset`] so that no commit is off by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NextOffset(pub i64);

impl NextOffset {
    /// How many offsets a place lacks `now` of those that it had: 0 unless it went back.
    pub fn lost(now: Option<Self>, had: Option<Self>) -> i64 {
        (had.unwrap_or_default().0 - now.unwrap_or_default().0).max(0)
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for NextOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Messages of a partition that are gone from the log and were never read: `from..to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// The partition.
    pub partition: Partition,
    /// The first offset that is gone.
    pub from: NextOffset,
    /// The first that is there again.
    pub to: NextOffset,
}

impl Gap {
    /// How many messages it is at most: what lay at an offset may have been none.
    pub fn messages(&self) -> u64 {
        (self.to.0 - self.from.0).max(0).unsigned_abs()
    }
}

/// Where a revision lies in the event log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Position {
    /// The partition.
    pub partition: Partition,
    /// The offset in it.
    pub offset: Offset,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.partition, self.offset)
    }
}

impl std::str::FromStr for Position {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (partition, offset) = text.split_once(':')?;
            Some((
                partition.parse().ok().filter(|number| *number >= 0)?,
                offset.parse().ok().filter(|number| *number >= 0)?,
            ))
        };
        let (partition, offset) = read().ok_or("partition:offset, such as 0:17")?;
        Ok(Self { partition: Partition(partition), offset: Offset(offset) })
    }
}
