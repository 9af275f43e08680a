//! Reads the layers and says of every value where it came from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use config::{Config, File, FileFormat, Value, ValueKind};

use super::ConfigError;
use super::check::{check, show, shown};
use super::keys::{self, KEYS};
use super::origin::{Origin, PREFIX};
use super::settings::Settings;
use crate::setting::{HIDDEN, Key, SecretFile, Shape};
use crate::text::nearest::nearest_by;
use crate::text::{Lang, config as says};

/// The variable that names the file.
const FILE_VARIABLE: &str = "GIAOBAN_CONFIG";

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
    for (name, value) in environment {
        if let Some(rest) = name.strip_prefix(PREFIX) {
            values.read_variable(name, &rest.to_lowercase(), value)?;
        }
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

/// The language to speak where the command line or the settings are wrong: that of the settings if they load, else that
/// of the flag or the locale.
pub fn language(overrides: &Overrides, environment: &[(String, String)]) -> Lang {
    if let Ok(loaded) = load(overrides, environment) {
        return loaded.settings.lang;
    }
    let locale: Vec<_> = environment.iter().filter(|(name, _)| !name.starts_with("GIAOBAN")).cloned().collect();
    let overrides = Overrides { lang: overrides.lang.clone(), ..Overrides::default() };
    load(&overrides, &locale).map(|loaded| loaded.settings.lang).unwrap_or_default()
}

pub(super) fn default_of(key: &Key) -> Value {
    // Any JSON is a value of that crate.
    serde_json::from_value(keys::default_of(key).clone()).unwrap_or_else(|_| Value::new(None, ValueKind::Nil))
}

fn list_value(text: &str) -> Value {
    let items: Vec<Value> = text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(Value::from).collect();
    Value::new(None, ValueKind::Array(items))
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

    fn read_variable(&mut self, variable: &str, rest: &str, value: &str) -> Result<(), ConfigError> {
        let name = rest.replace("__", ".");
        let origin = Origin::Variable(variable.to_owned());
        if let Some(key) = KEYS.iter().find(|key| key.name == name && key.shape != Shape::Properties) {
            let value =
                if matches!(key.shape, Shape::List | Shape::Systems) { list_value(value) } else { Value::from(value) };
            self.plain.insert(key.name, (value, origin));
            return Ok(());
        }
        let of = |key: &&Key| {
            key.shape == Shape::Properties && name.strip_prefix(key.name).is_some_and(|rest| rest.len() > 1)
        };
        if let Some(key) = KEYS.iter().find(of) {
            let property = property_of(&name[key.name.len() + 1..]);
            self.properties.insert((key.name, property), (value.to_owned(), origin));
            return Ok(());
        }
        Err(ConfigError::UnknownKey { place: variable.to_owned(), nearest: nearest_key(&name), key: name })
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
mod tests {
    use super::*;
    use crate::config::variable_of;
    use crate::failure::Explained as _;

    fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn file(text: &str) -> (tempfile::TempDir, Overrides) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("giaoban.toml");
        std::fs::write(&path, text).unwrap();
        (dir, Overrides { config: Some(path), ..Overrides::default() })
    }

    #[test]
    fn each_layer_wins_over_the_one_before() {
        let (_dir, overrides) = file("data = \"of-file\"\n[kafka]\ntopic = \"of-file\"\ngroup = \"of-file\"\n");
        let environment =
            environment(&[("GIAOBAN__KAFKA__TOPIC", "of-environment"), ("GIAOBAN__DATA", "of-environment")]);
        let overrides = Overrides { data: Some("of-flag".into()), ..overrides };
        let loaded = load(&overrides, &environment).unwrap();
        assert_eq!(loaded.settings.general.data, PathBuf::from("of-flag"));
        assert_eq!(loaded.settings.kafka.topic, "of-environment");
        assert_eq!(loaded.settings.kafka.group, "of-file");
        assert_eq!(loaded.settings.kafka.partitions, 6);
        let origin = |name: &str| loaded.shown.iter().find(|(key, ..)| key == name).unwrap().2.to_string();
        assert_eq!(origin("data"), "--data");
        assert_eq!(origin("kafka.topic"), "GIAOBAN__KAFKA__TOPIC");
        assert_eq!(origin("kafka.partitions"), "default");
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let (_dir, overrides) = file("[kafka]\nbroker = \"x\"\n");
        let Err(ConfigError::UnknownKey { key, nearest, .. }) = load(&overrides, &[]) else { panic!() };
        assert_eq!((key.as_str(), nearest.as_str()), ("kafka.broker", "kafka.brokers"));
        let error = load(&Overrides::default(), &environment(&[("GIAOBAN__KAFKA__BROKRS", "x")])).err().unwrap();
        assert_eq!(
            error.to_string(),
            "GIAOBAN__KAFKA__BROKRS: there is no key kafka.brokrs; the nearest is kafka.brokers"
        );
    }

    #[test]
    fn a_key_without_its_section_is_still_understood() {
        for (name, right) in
            [("brokers", "kafka.brokers"), ("listen", "http.listen"), ("report.adressee", "report.addressee")]
        {
            assert_eq!(nearest_key(name), right);
        }
    }

    #[test]
    fn a_broken_file_is_told_by_its_line_but_the_line_is_not_quoted() {
        let (_dir, overrides) = file("[kafka.properties]\n\"sasl.password\" = s3cret\n");
        let text = load(&overrides, &[]).err().unwrap().to_string();
        assert!(text.contains("line 2, column 19") && text.contains("must be quoted"), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
    }

    #[test]
    fn a_variable_that_names_no_file_is_no_file() {
        assert!(load(&Overrides::default(), &environment(&[("GIAOBAN_CONFIG", "")])).is_ok());
        let error = load(&Overrides::default(), &environment(&[("GIAOBAN_CONFIG", "/nowhere.toml")])).err().unwrap();
        assert!(matches!(&error, ConfigError::File { file, .. } if file == "/nowhere.toml"), "{error}");
    }

    #[test]
    fn dead_letters_do_not_go_where_events_are_read() {
        let pairs = [("GIAOBAN__KAFKA__DEAD_LETTER_TOPIC", "giaoban.events")];
        let text = load(&Overrides::default(), &environment(&pairs)).err().unwrap().to_string();
        assert!(text.starts_with("GIAOBAN__KAFKA__DEAD_LETTER_TOPIC: ") && text.contains("kafka.topic"), "{text}");
    }

    #[test]
    fn every_key_is_shown_even_where_nothing_was_said() {
        let loaded = load(&Overrides::default(), &[]).unwrap();
        let shown: Vec<&str> = loaded.shown.iter().map(|(key, ..)| key.as_str()).collect();
        assert_eq!(shown, KEYS.iter().map(|key| key.name).collect::<Vec<_>>());
    }

    #[test]
    fn a_broken_table_of_units_is_named_with_each_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("units.csv");
        std::fs::write(
            &path,
            "code,name,kind,parent_code,valid_from,valid_to\n01,A,city,,2025-02-30,\n2,B,village,01,2025-01-01,\n",
        )
        .unwrap();
        let loaded = load(&Overrides::default(), &environment(&[("GIAOBAN__UNITS__FILE", path.to_str().unwrap())]));
        let text = loaded.unwrap().settings.rules().unwrap_err().to_string();
        for line in [2, 3] {
            assert!(text.contains(&format!("{} line {line}: ", path.display())), "{text}");
        }
    }

    #[test]
    fn a_wrong_value_names_key_and_place() {
        let error =
            load(&Overrides::default(), &environment(&[("GIAOBAN__WORKER__BATCH_RECORDS", "many")])).err().unwrap();
        let text = error.to_string();
        assert_eq!(
            text,
            "GIAOBAN__WORKER__BATCH_RECORDS: worker.batch_records is many, but must be a whole number from 1 to 1000000"
        );
    }

    #[test]
    fn properties_pass_through_and_are_not_shown() {
        let (dir, overrides) =
            file("[kafka.properties]\n\"sasl.username\" = \"clerk\"\nsecurity.protocol = \"SASL_SSL\"\n");
        let secret = dir.path().join("password");
        std::fs::write(&secret, "s3cret\n").unwrap();
        let environment = environment(&[
            ("GIAOBAN__KAFKA__BROKERS", "localhost:1"),
            ("GIAOBAN__KAFKA__PROPERTIES__SASL_MECHANISM", "SCRAM-SHA-512"),
            ("GIAOBAN__KAFKA__SECRET_FILES__SASL_PASSWORD", secret.to_str().unwrap()),
        ]);
        let loaded = load(&overrides, &environment).unwrap();
        let client = loaded.settings.kafka.client().unwrap().unwrap();
        let expected = [
            ("sasl.mechanism", "SCRAM-SHA-512"),
            ("sasl.password", "s3cret"),
            ("sasl.username", "clerk"),
            ("security.protocol", "SASL_SSL"),
        ];
        let found: Vec<_> = client.properties.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(found, expected);
        assert!(loaded.shown.iter().all(|(_, value, _)| !value.contains("s3cret") && !value.contains("clerk")));
        assert!(!format!("{:?}", loaded.settings).contains("clerk"));
    }

    #[test]
    fn a_secret_in_the_place_of_its_file_is_not_shown() {
        for (variable, of) in [
            ("GIAOBAN__KAFKA__SECRET_FILES__SASL_PASSWORD", "kafka.secret_files.\"sasl.password\""),
            ("GIAOBAN__STORE__PASSWORD_FILE", "store.password_file"),
        ] {
            let loaded = load(
                &Overrides::default(),
                &environment(&[
                    ("GIAOBAN__KAFKA__BROKERS", "localhost:1"),
                    ("GIAOBAN__STORE__URL", "postgres://u@h/d"),
                    (variable, "s3cret/not a path"),
                ]),
            )
            .unwrap();
            let shown: Vec<&str> = loaded.shown.iter().map(|(_, value, _)| value.as_str()).collect();
            let settings = format!("{:?}", loaded.settings);
            let place = loaded.settings.store.place(Path::new("data")).err();
            let error = loaded.settings.kafka.client().err().or(place).unwrap();
            let told = format!("{error} {}", error.remedy());
            assert!(told.contains(of) && told.contains("not the secret itself"), "{told}");
            for text in [&shown.join(" "), &settings, &told, &format!("{error:?}")] {
                assert!(!text.contains("s3cret"), "{text}");
            }
        }
    }

    #[test]
    fn every_key_can_be_set_by_its_variable() {
        for key in KEYS.iter() {
            let of_properties = key.shape == Shape::Properties;
            let name = if of_properties { format!("{}.sasl_username", key.name) } else { key.name.to_owned() };
            let value = match show(&default_of(key)) {
                default if !default.is_empty() && !of_properties => default,
                _ if key.shape == Shape::Database => "postgres://u@h/d".to_owned(),
                _ if key.shape == Shape::Day => "2020-12-03".to_owned(),
                _ => "text".to_owned(),
            };
            let variable = variable_of(&name);
            let loaded = load(&Overrides::default(), &environment(&[(&variable, &value)])).unwrap();
            let shown = if of_properties { format!("{}.\"sasl.username\"", key.name) } else { name };
            let origin = loaded.shown.iter().find(|(known, ..)| *known == shown).map(|(.., origin)| origin);
            assert_eq!(origin, Some(&Origin::Variable(variable)), "{shown}");
        }
    }

    #[test]
    fn a_property_with_an_underscore_is_set_by_its_variable() {
        let environment = environment(&[
            ("GIAOBAN__KAFKA__BROKERS", "localhost:1"),
            ("GIAOBAN__KAFKA__PROPERTIES__LOG_LEVEL", "7"),
            ("GIAOBAN__KAFKA__PROPERTIES__SESSION_TIMEOUT_MS", "6000"),
        ]);
        let client = load(&Overrides::default(), &environment).unwrap().settings.kafka.client().unwrap().unwrap();
        let names: Vec<_> = client.properties.keys().map(String::as_str).collect();
        assert_eq!(names, ["log_level", "session.timeout.ms"]);
    }

    #[test]
    fn the_language_follows_the_locale() {
        let lang = |pairs: &[(&str, &str)]| load(&Overrides::default(), &environment(pairs)).unwrap().settings.lang;
        assert_eq!(lang(&[("LANG", "vi_VN.UTF-8")]), Lang::Vi);
        assert_eq!(lang(&[("LANG", "vi_VN.UTF-8"), ("LC_ALL", "C")]), Lang::En);
        assert_eq!(lang(&[("LANG", "C"), ("GIAOBAN__LANG", "vi")]), Lang::Vi);
    }
}
