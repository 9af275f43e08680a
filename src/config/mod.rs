//! Settings in layers: defaults, then a file, then the environment, then flags.
//!
//! One table of keys (`keys`) drives defaults, the check for unknown keys,
//! `giaoban config show` and the shipped `config/giaoban.toml`.

mod check;
mod error;
mod keys;
mod load;
mod settings;

pub use error::ConfigError;
pub use keys::{KEYS, Key, Shape, shipped_file};
pub use load::{Loaded, Origin, Overrides, load, variable_of};
pub use settings::{KafkaClient, Secret, Settings};
