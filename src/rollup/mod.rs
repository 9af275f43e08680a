//! From what records say to what figures are: the part that the project exists for.
//!
//! Pure: the same facts give the same figures, whatever their order. May not
//! know where facts and cells are stored or how they arrive.

pub mod cell;
pub mod contribution;
pub mod delta;
mod error;
pub mod evidence;
pub mod overlap;
pub mod settle;
pub mod table;

pub use cell::{Cell, Counted};
pub use contribution::{CellPlace, Contribution, NotInTable, contributions};
pub use delta::Delta;
pub use error::RollupError;
pub use settle::{Earlier, EntryVerdict, Settled, settle};
pub use table::{Rollup, RollupRow, UnitReport, days_of};
