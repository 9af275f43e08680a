//! Settings in layers: defaults, then a file, then the environment, then flags.
//!
//! A key is a field of its section (`settings`, and `ReportHead`, `Limits` in their
//! rooms), which has its default, and a row in one table (`keys`), which drives the
//! checks, `giaoban config show` and the shipped `config/giaoban.toml`.

mod check;
mod error;
mod keys;
mod load;
mod origin;
mod settings;

pub use error::ConfigError;
pub use keys::{KEYS, Key, Shape, shipped_file};
pub use load::{Loaded, Overrides, language, load};
pub use origin::{Origin, variable_of};
pub use settings::{KafkaClient, LogSettings, Secret, Settings};
