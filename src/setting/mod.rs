//! What a key of the configuration is, and how a section of keys is written: each key once, in its section, with its
//! type, its default and what it takes. What it means is a text (`text::settings`).
//!
//! Knows neither files nor variables: `config` reads the layers.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What is shown of a secret.
pub const HIDDEN: &str = "••••";

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Text.
    Text,
    /// Text that is not empty.
    Name,
    /// Kafka's brokers: `host:port`, several with commas; or nothing.
    Brokers,
    /// A Kafka topic's name.
    Topic,
    /// `host:port`, or `off`.
    Listen,
    /// A day such as `2020-12-03`, or nothing.
    Day,
    /// A whole number of that range.
    Number(i64, i64),
    /// `true` or `false`.
    Flag,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// A list of texts; in the environment separated by commas.
    List,
    /// Names of hosts; in the environment separated by commas.
    Hosts,
    /// Other systems, each with the units that it may speak for; in the environment separated by commas.
    Systems,
    /// A table of librdkafka properties.
    Properties,
    /// The URL of a database, or nothing; shown without its password.
    Database,
    /// The name of a schema in a database.
    Schema,
    /// Text that is never shown.
    Secret,
    /// The path of a file that holds a secret, or nothing.
    SecretFile,
}

impl Shape {
    /// Whether it is a list.
    pub fn is_list(self) -> bool {
        matches!(self, Self::List | Self::Hosts | Self::Systems)
    }
}

/// A key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its full name: `kafka.topic`.
    pub name: &'static str,
    /// What it takes.
    pub shape: Shape,
}

/// A text that is never shown.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text, for who needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// The path of a file that holds a secret. Shown only where such a file is there: somebody may have written the secret
/// in its place.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretFile(PathBuf);

impl SecretFile {
    /// The path, for who reads the file.
    pub fn reveal(&self) -> &Path {
        &self.0
    }

    /// The path as it may be shown.
    pub fn shown(path: &Path) -> String {
        if path.as_os_str().is_empty() || path.exists() || is_like_a_path(path) {
            path.display().to_string()
        } else {
            HIDDEN.to_owned()
        }
    }
}

/// Whether a text names a file that is not there, by its looks: a folder from the root on, and plain names. What is not
/// like that may be the secret itself.
fn is_like_a_path(path: &Path) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-');
    path.is_absolute() && path.components().count() > 2 && path.to_str().is_some_and(|text| text.chars().all(is_plain))
}

impl std::fmt::Debug for SecretFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&Self::shown(&self.0))
    }
}

/// A section: `"kafka." KafkaSettings { topic: String = "giaoban.events".into(), Shape::Topic; … }` is a structure with
/// these fields and defaults, and its `KEYS` with what stands before their names, in the order of the shipped file.
macro_rules! section {
    ($(#[$about:meta])* $before:literal $section:ident {
        $($(#[$of:meta])* $vis:vis $key:ident: $type:ty = $default:expr, $shape:expr;)+
    }) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $section { $($(#[$of])* $vis $key: $type,)+ }

        impl Default for $section {
            fn default() -> Self {
                Self { $($key: $default,)+ }
            }
        }

        impl $section {
            /// Its keys.
            pub const KEYS: &[$crate::setting::Key] =
                &[$($crate::setting::Key { name: concat!($before, stringify!($key)), shape: $shape },)+];
        }
    };
}
pub(crate) use section;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_the_place_of_its_file_is_not_shown_but_a_path_that_is_wrong_is() {
        let shown = |text: &str| SecretFile::shown(Path::new(text));
        for path in ["", "/run/secrets/kafka-password", "/nowhere/password"] {
            assert_eq!(shown(path), path);
        }
        for secret in ["s3cret", "/s3cret", "aB3/x+Yz==", "/aB3/x+Yz=="] {
            assert_eq!(shown(secret), HIDDEN);
        }
    }
}
