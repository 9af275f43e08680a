//! Reads the layers and says of every value where it came from.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use config::{Config, File, FileFormat, Value, ValueKind};

use super::ConfigError;
use super::check::{check, show, shown};
use super::keys::{self, KEYS};
use super::origin::{Origin, PREFIX, variable_of};
use super::settings::Settings;
use crate::setting::{HIDDEN, Key, SecretFile, Shape};
use crate::text::nearest::nearest_by;
use crate::text::safe::told_apart;
use crate::text::{Lang, config as says};

/// The variable that names the file.
const FILE_VARIABLE: &str = "GIAOBAN_CONFIG";
/// What begins so, in whatever case, is meant for this program.
const OURS: &str = "GIAOBAN";

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--data`.
    pub data: Option<PathBuf>,
    /// `--lang`.
    pub lang: Option<String>,
}

/// The settings, and each key's value as text with its origin.
pub struct Loaded {
    /// For use.
    pub settings: Settings,
    /// For show: key, value, origin. Properties are listed one by one.
    pub shown: Vec<(String, String, Origin)>,
}

/// Values by key; properties by property.
#[derive(Default)]
struct Values {
    plain: BTreeMap<&'static str, (Value, Origin)>,
    properties: BTreeMap<(&'static str, String), (String, Origin)>,
}

/// Loads all layers. `environment` are the process's variables.
pub fn load(overrides: &Overrides, environment: &[(String, String)]) -> Result<Loaded, ConfigError> {
    let variable = |name: &str| environment.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let mut values = Values::default();
    for key in KEYS.iter().filter(|key| key.shape != Shape::Properties) {
        values.plain.insert(key.name, (default_of(key), Origin::Default));
    }
    let of_variable = || variable(FILE_VARIABLE).filter(|file| !file.is_empty()).map(PathBuf::from);
    let named = overrides.config.clone().or_else(of_variable);
    if let Some(file) = named {
        values.read_file(&file)?;
    }
    for (name, value) in environment.iter().filter(|(name, _)| is_ours(name) && name != FILE_VARIABLE) {
        values.read_variable(name, value)?;
    }
    if let Some(data) = &overrides.data {
        values.plain.insert("data", (Value::from(data.display().to_string()), Origin::Flag("--data")));
    }
    if let Some(lang) = &overrides.lang {
        values.plain.insert("lang", (Value::from(lang.as_str()), Origin::Flag("--lang")));
    }
    let mut loaded = values.finish(environment)?;
    if let Some(data) = &overrides.data {
        // As it was given: a path need not be text.
        loaded.settings.general.data.clone_from(data);
    }
    Ok(loaded)
}

/// The process's variables as text, and that of those meant for this program one is none.
pub fn environment(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> (Vec<(String, String)>, Result<(), ConfigError>) {
    let (mut environment, mut readable) = (Vec::new(), Ok(()));
    for (name, value) in variables {
        match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => environment.push((name, value)),
            (name, _) => {
                let name = name.unwrap_or_else(|name| name.to_string_lossy().into_owned());
                if is_ours(&name) {
                    readable = Err(ConfigError::NotText { name: told_apart(&name).into_owned() });
                }
            }
        }
    }
    (environment, readable)
}

/// Whether a variable is meant for this program, by its name.
fn is_ours(name: &str) -> bool {
    name.get(..OURS.len()).is_some_and(|begins| begins.eq_ignore_ascii_case(OURS))
}

/// The right name of a variable that is no setting: the same in its right form, else the most like it.
fn nearest_variable(name: &str) -> String {
    let key = name.get(OURS.len()..).unwrap_or_default().trim_start_matches('_').to_lowercase().replace("__", ".");
    if key.replace(['.', '_'], "").starts_with("config") {
        return FILE_VARIABLE.to_owned();
    }
    let of_properties = |of: &&Key| of.shape == Shape::Properties && key.len() > of.name.len() + 1;
    let same = |one: &str, other: &str| one.replace('.', "_") == other.replace('.', "_");
    // A property may have any name.
    let property = KEYS.iter().filter(of_properties).find_map(|of| {
        let (section, property) = (key.get(..of.name.len())?, key.get(of.name.len() + 1..)?);
        same(section, of.name).then(|| format!("{}.{property}", of.name))
    });
    let plain = || KEYS.iter().find(|of| same(of.name, &key)).map(|of| of.name.to_owned());
    variable_of(&property.or_else(plain).unwrap_or_else(|| nearest_key(&key)))
}

/// The language to speak where the command line or the settings are wrong: that of the settings if they load, else that
/// of the flag or the locale.
pub fn language(overrides: &Overrides, environment: &[(String, String)]) -> Lang {
    if let Ok(loaded) = load(overrides, environment) {
        return loaded.settings.lang;
    }
    let locale: Vec<_> = environment.iter().filter(|(name, _)| !is_ours(name)).cloned().collect();
    let overrides = Overrides { lang: overrides.lang.clone(), ..Overrides::default() };
    load(&overrides, &locale).map(|loaded| loaded.settings.lang).unwrap_or_default()
}

pub(super) fn default_of(key: &Key) -> Value {
    // Any JSON is a value of that crate.
    serde_json::from_value(keys::default_of(key).clone()).unwrap_or_else(|_| Value::new(None, ValueKind::Nil))
}

/// A list that a variable holds: as it stands in the file, where it begins with a bracket; else with commas.
fn list_value(text: &str) -> Value {
    if text.trim_start().starts_with('[') {
        // What is no list is told as what it is.
        return bracketed(text).unwrap_or_else(|| Value::from(text));
    }
    let items = text.split(',').map(str::trim).map(Value::from);
    Value::new(None, ValueKind::Array(if text.trim().is_empty() { Vec::new() } else { items.collect() }))
}

fn bracketed(text: &str) -> Option<Value> {
    let file = File::from_str(&format!("list = {text}"), FileFormat::Toml);
    match Config::builder().add_source(file).build().ok()?.cache.kind {
        ValueKind::Table(mut table) if table.len() == 1 => table.remove("list"),
        _ => None,
    }
}

/// The key most like a mistyped one; a section that was left out or mistaken counts little.
fn nearest_key(name: &str) -> String {
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    // A key that goes on and on is like the one that begins as it does.
    let name: String = name.chars().take(32).collect();
    let name = name.as_str();
    let likeness = |key: &&Key, name: &str| {
        let whole = strsim::jaro_winkler(key.name, name);
        whole.max(0.95 * strsim::jaro_winkler(&last(key.name), &last(name)))
    };
    nearest_by(KEYS.as_slice(), name, likeness, -1.0).map_or_else(String::new, |key| key.name.to_owned())
}

/// A parser's message without the line that it quotes: a password may stand there.
fn unquoted(message: &str) -> String {
    let quotes = |line: &&str| line.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit()).starts_with('|');
    let lines = message.lines().filter(|line| !quotes(line) && !line.trim().is_empty());
    lines.collect::<Vec<_>>().join(": ")
}

/// The property that a variable means: `sasl_password` is `sasl.password`, for a variable's name has no dots.
fn property_of(name: &str) -> String {
    // The one property of librdkafka whose own name has an underscore.
    if name == "log_level" { name.to_owned() } else { name.replace('_', ".") }
}

impl Values {
    fn read_file(&mut self, file: &Path) -> Result<(), ConfigError> {
        let place = file.display().to_string();
        let text = std::fs::read_to_string(file)
            .map_err(|error| ConfigError::File { file: place.clone(), cause: error.into() })?;
        let config = Config::builder().add_source(File::from_str(&text, FileFormat::Toml)).build();
        let config = config
            .map_err(|error| ConfigError::File { file: place.clone(), cause: unquoted(&error.to_string()).into() })?;
        self.read_table("", config.cache, &place)
    }

    fn read_table(&mut self, above: &str, value: Value, place: &str) -> Result<(), ConfigError> {
        let ValueKind::Table(table) = value.kind else {
            return Err(ConfigError::UnknownKey {
                place: place.to_owned(),
                key: above.to_owned(),
                nearest: nearest_key(above),
            });
        };
        let mut table: Vec<_> = table.into_iter().collect();
        table.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, value) in table {
            let full = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
            match KEYS.iter().find(|key| key.name == full) {
                Some(key) if key.shape == Shape::Properties => self.read_properties(key, "", value, place)?,
                Some(key) => {
                    self.plain.insert(key.name, (value, Origin::File(place.to_owned())));
                }
                None => {
                    let is_section =
                        KEYS.iter().any(|key| key.name.strip_prefix(&full).is_some_and(|rest| rest.starts_with('.')));
                    if !is_section {
                        return Err(ConfigError::UnknownKey {
                            place: place.to_owned(),
                            nearest: nearest_key(&full),
                            key: full,
                        });
                    }
                    self.read_table(&full, value, place)?;
                }
            }
        }
        Ok(())
    }

    /// `"sasl.username" = "x"` and `sasl.username = "x"` are the same.
    fn read_properties(&mut self, key: &Key, above: &str, value: Value, place: &str) -> Result<(), ConfigError> {
        let wrong = |found: &str| ConfigError::Value {
            place: place.to_owned(),
            key: format!("{} {above}", key.name).trim_end().to_owned(),
            found: found.to_owned(),
            allowed: says::properties(),
        };
        if let ValueKind::Table(table) = value.kind {
            for (name, value) in table {
                let name = if above.is_empty() { name } else { format!("{above}.{name}") };
                self.read_properties(key, &name, value, place)?;
            }
            return Ok(());
        }
        if above.is_empty() {
            return Err(wrong("no table"));
        }
        let text = value.into_string().map_err(|_| wrong("a list"))?;
        self.properties.insert((key.name, above.to_owned()), (text, Origin::File(place.to_owned())));
        Ok(())
    }

    fn read_variable(&mut self, variable: &str, value: &str) -> Result<(), ConfigError> {
        let named = |rest: &&str| !rest.eq_ignore_ascii_case("config");
        let Some(rest) = variable.strip_prefix(PREFIX).filter(named) else {
            return Err(ConfigError::UnknownVariable {
                name: told_apart(variable).into_owned(),
                nearest: nearest_variable(variable),
            });
        };
        let name = rest.to_lowercase().replace("__", ".");
        let origin = Origin::Variable(variable.to_owned());
        let before = if let Some(key) = KEYS.iter().find(|key| key.name == name && key.shape != Shape::Properties) {
            let value = if key.shape.is_list() { list_value(value) } else { Value::from(value) };
            self.plain.insert(key.name, (value, origin)).map(|(_, before)| before)
        } else {
            let of = |key: &&Key| {
                key.shape == Shape::Properties && name.strip_prefix(key.name).is_some_and(|rest| rest.len() > 1)
            };
            let Some(key) = KEYS.iter().find(of) else {
                let nearest = nearest_key(&name);
                return Err(ConfigError::UnknownKey { place: variable.to_owned(), nearest, key: name });
            };
            let property = property_of(&name[key.name.len() + 1..]);
            self.properties.insert((key.name, property), (value.to_owned(), origin)).map(|(_, before)| before)
        };
        match before {
            // Which of two comes last nobody has said.
            Some(Origin::Variable(other)) => {
                Err(ConfigError::TwoVariables { name: variable.to_owned(), other, key: name })
            }
            _ => Ok(()),
        }
    }

    fn finish(self, environment: &[(String, String)]) -> Result<Loaded, ConfigError> {
        let mut listed = Vec::new();
        let mut root = config::Map::new();
        for key in KEYS.iter() {
            if key.shape == Shape::Properties {
                let mut table = config::Map::new();
                if !self.properties.keys().any(|(of, _)| *of == key.name) {
                    listed.push((key.name.to_owned(), "{}".to_owned(), Origin::Default));
                }
                for ((_, property), (value, origin)) in self.properties.iter().filter(|((of, _), _)| *of == key.name) {
                    // Any of them may be a secret, and their names do not tell.
                    let is_file = key.name == "kafka.secret_files";
                    let shown = if is_file { SecretFile::shown(Path::new(value)) } else { HIDDEN.to_owned() };
                    listed.push((format!("{}.\"{property}\"", key.name), shown, origin.clone()));
                    table.insert(property.clone(), Value::from(value.as_str()));
                }
                insert(&mut root, key.name, Value::new(None, ValueKind::Table(table)));
                continue;
            }
            let Some((value, origin)) = self.plain.get(key.name) else { continue };
            check(key, value, origin)?;
            listed.push((key.name.to_owned(), shown(key, value), origin.clone()));
            insert(&mut root, key.name, value.clone());
        }
        self.check_topics()?;
        let value = Value::new(None, ValueKind::Table(root));
        let settings = Settings::from_value(value, environment)?;
        Ok(Loaded { settings, shown: listed })
    }

    /// A dead letter in the topic of events would be read, and be a dead letter again, for ever.
    fn check_topics(&self) -> Result<(), ConfigError> {
        let of = |name: &str| self.plain.get(name).map(|(value, origin)| (show(value), origin));
        match (of("kafka.topic"), of("kafka.dead_letter_topic")) {
            (Some((events, _)), Some((letters, origin))) if events == letters => Err(ConfigError::Value {
                place: origin.to_string(),
                key: "kafka.dead_letter_topic".to_owned(),
                found: letters,
                allowed: says::other_topic(),
            }),
            _ => Ok(()),
        }
    }
}

fn insert(root: &mut config::Map<String, Value>, name: &str, value: Value) {
    let Some((section, rest)) = name.split_once('.') else {
        root.insert(name.to_owned(), value);
        return;
    };
    let empty = || Value::new(None, ValueKind::Table(config::Map::new()));
    if let ValueKind::Table(table) = &mut root.entry(section.to_owned()).or_insert_with(empty).kind {
        table.insert(rest.to_owned(), value);
    }
}

#[cfg(test)]
mod tests;
