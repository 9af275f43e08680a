//! The field's own words as types: units, periods, amounts, records.
//!
//! Pure: no clock, no file, no network. May know nothing of how events travel
//! or where figures are stored.

pub mod amount;
pub mod calendar;
pub mod catalogue;
pub mod fact;
mod form_totals;
mod holidays;
pub mod log_identity;
pub mod period;
pub mod position;
pub mod record;
pub mod rules;
pub mod unit;
mod unit_authority;
mod unit_csv;
mod unit_segment;
mod unit_succession;
mod unit_table;

pub use amount::{Area, Vnd};
pub use calendar::{Calendar, CalendarError, CalendarProblem, HANOI};
pub use catalogue::{
    ActivityKind, Body, Field, FieldPart, Figure, Form, IndexKind, Measure, PetitionKind, Status, Subject,
};
pub use fact::{Fact, Resolution};
pub use form_totals::FormTotals;
pub use holidays::{HolidayError, HolidayProblem, Holidays};
pub use log_identity::{LogIdentity, LogKind};
pub use period::{Period, PeriodError, Quarter};
pub use position::{Gap, NextOffset, Offset, Partition, Position};
pub use record::{Digest, Entry, RecordKey, Revision};
pub use rules::Rules;
pub use unit::{UnitCode, UnitKind, UnitRow};
pub use unit_csv::{UnitFile, UnitProblem, UnitTableError};
pub use unit_segment::{Lookup, RowId, SegmentId};
pub use unit_table::UnitTable;
