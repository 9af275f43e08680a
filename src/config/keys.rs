//! Every key of every section, and the shipped file that lists them.

use std::fmt::Write as _;
use std::sync::LazyLock;

use serde_json::Value;

use super::Settings;
use crate::setting::Key;
use crate::text::settings as says;

/// The sections as they are where nobody says anything: texts, numbers and lists, which are always JSON.
static DEFAULTS: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(Settings::default()).unwrap_or_default());

/// Every key, in the order of the shipped file.
pub static KEYS: LazyLock<Vec<Key>> = LazyLock::new(Settings::keys);

/// A key's default.
pub(super) fn default_of(key: &Key) -> &'static Value {
    key.name.split('.').fold(&*DEFAULTS, |value, name| &value[name])
}

/// The text of `config/giaoban.toml`: every key with its default, commented out.
pub fn shipped_file() -> String {
    let mut text = says::FILE_HEAD.to_owned();
    let mut section = "";
    for key in KEYS.iter() {
        let (table, name) = key.name.split_once('.').unwrap_or(("", key.name));
        if table != section {
            section = table;
            let _ = write!(text, "\n[{table}]");
        }
        if let Some(meaning) = says::meaning(key.name) {
            let _ = write!(text, "\n# {}\n# {}\n", meaning.vi, meaning.en);
        }
        let default = match default_of(key) {
            Value::Array(items) => {
                format!("[{}]", items.iter().map(Value::to_string).collect::<Vec<_>>().join(", "))
            }
            plain => plain.to_string(),
        };
        let _ = writeln!(text, "# {name} = {default}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_its_meaning_and_no_meaning_is_left_over() {
        let mut keys: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
        let mut meanings: Vec<&str> = says::MEANINGS.iter().map(|(name, _)| *name).collect();
        keys.sort_unstable();
        meanings.sort_unstable();
        assert_eq!(keys, meanings);
    }

    #[test]
    fn the_shipped_file_has_every_key() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/config/giaoban.toml");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, shipped_file()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), shipped_file(), "run the tests once with UPDATE_DOCS=1");
    }
}
