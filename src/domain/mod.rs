//! The field's own words as types: units, periods, amounts, records.
//!
//! Pure: no clock, no file, no network. May know nothing of how events travel
//! or where figures are stored.

pub mod amount;
pub mod calendar;
pub mod catalogue;
pub mod period;
pub mod record;
pub mod rules;
pub mod unit;

pub use amount::{Area, Vnd};
pub use calendar::{Calendar, CalendarError};
pub use catalogue::{ActivityKind, Body, Field, Figure, IndexKind, Measure, PetitionKind, Status, Subject};
pub use period::{Period, PeriodError, Quarter};
pub use record::{Digest, Entry, Fact, NextOffset, Offset, Partition, Position, RecordKey, Resolution, Revision};
pub use rules::Rules;
pub use unit::{Lookup, SegmentId, UnitCode, UnitKind, UnitRow, UnitTable, UnitTableError};
