//! Settings in layers: defaults, then a file, then the environment, then flags.
//!
//! A key is said once, in its section (`settings`; that of reports in their room),
//! with its default and what it takes. The sections' keys drive the checks,
//! `giaoban config show` and the shipped `config/giaoban.toml`.

mod check;
mod error;
mod keys;
mod load;
mod origin;
mod settings;

pub use error::ConfigError;
pub use keys::{KEYS, shipped_file};
pub use load::{Loaded, Overrides, environment, language, load};
pub use origin::{Origin, variable_of};
pub use settings::{KafkaClient, LogSettings, Settings};
