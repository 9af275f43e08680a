//! What an operator does with a data folder as a whole: copies it while it is in use, makes one of a copy. The order of
//! the steps is what makes a copy that was cut short one that nobody takes for whole.
//!
//! Knows neither the command line nor the configuration.

pub mod backup;
mod stores;
