//! The Prometheus text format, read back: what a process says of itself at
//! `/metrics`, be it this one or another. What is no sample is passed over.

use super::names::Description;

/// What a process said at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scrape(Vec<Sample>);

#[derive(Clone, Debug, PartialEq)]
struct Sample {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

impl Scrape {
    /// Reads all samples of the text.
    pub fn read(text: &str) -> Self {
        Self(text.lines().filter(|line| !line.starts_with('#')).filter_map(sample).collect())
    }

    /// The one sample of a metric without labels of its own; of several their sum. `None` if there is none.
    pub fn value(&self, of: &Description) -> Option<f64> {
        self.of(of.name).map(|sample| sample.value).reduce(|sum, value| sum + value)
    }

    /// The samples of a metric by that label.
    pub fn by<'s>(&'s self, of: &Description, label: &'static str) -> impl Iterator<Item = (&'s str, f64)> + use<'s> {
        self.of(of.name).filter_map(move |sample| Some((sample.label(label)?, sample.value)))
    }

    /// A label of any sample of the metric.
    pub fn label(&self, of: &Description, label: &str) -> Option<&str> {
        self.of(of.name).find_map(|sample| sample.label(label))
    }

    fn of(&self, name: &'static str) -> impl Iterator<Item = &Sample> {
        self.0.iter().filter(move |sample| sample.name == name)
    }
}

impl Sample {
    fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(label, _)| label == name).map(|(_, value)| value.as_str())
    }
}

/// `name{label="value",…} number`, with a time after it perhaps.
fn sample(line: &str) -> Option<Sample> {
    let name_ends = line.find(['{', ' '])?;
    let (name, rest) = line.split_at(name_ends);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Vec::new(), rest),
    };
    let value = rest.split_ascii_whitespace().next()?.parse().ok()?;
    Some(Sample { name: name.to_owned(), labels, value })
}

/// The labels up to the brace that ends them, and what follows it.
fn labels(mut rest: &str) -> Option<(Vec<(String, String)>, &str)> {
    let mut labels = Vec::new();
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if let Some(after) = rest.strip_prefix('}') {
            return Some((labels, after));
        }
        let (name, quoted) = rest.split_once("=\"")?;
        let mut value = String::new();
        let mut letters = quoted.char_indices();
        let ends = loop {
            match letters.next()? {
                (at, '"') => break at,
                (_, '\\') => value.push(match letters.next()?.1 {
                    'n' => '\n',
                    plain => plain,
                }),
                (_, plain) => value.push(plain),
            }
        };
        labels.push((name.to_owned(), value));
        rest = &quoted[ends + 1..];
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Metrics, Role, names};
    use super::*;

    #[test]
    fn samples_are_read_as_they_are_written() {
        let text = "# HELP giaoban_build_info 1\n\
                    giaoban_build_info{version=\"1}, \\\"a\\\"\\\\\\n\", commit=\"c\",} 1 1700000000\n\
                    giaoban_worker_lag_records{partition=\"0\"} 3\n\
                    giaoban_worker_lag_records{partition=\"1\"} 4e0\n\
                    giaoban_worker_lag_seconds{partition=\"1} 9\n\
                    giaoban_overlaps NaN\ngarbage\n{} 1";
        let scrape = Scrape::read(text);
        assert_eq!(scrape.label(&names::BUILD_INFO, "version"), Some("1}, \"a\"\\\n"));
        assert_eq!(scrape.label(&names::BUILD_INFO, "commit"), Some("c"));
        assert_eq!(scrape.by(&names::LAG_RECORDS, "partition").collect::<Vec<_>>(), [("0", 3.0), ("1", 4.0)]);
        assert_eq!(scrape.value(&names::LAG_RECORDS), Some(7.0));
        assert_eq!(scrape.value(&names::LAG_SECONDS), None, "a label that does not end");
        assert!(scrape.value(&names::OVERLAPS).unwrap().is_nan());
    }

    #[test]
    fn what_a_worker_says_of_itself_can_be_read() {
        let scrape = Scrape::read(&Metrics::new("ha \"noi\\", Role::Worker).unwrap().render());
        assert_eq!(scrape.label(&names::BUILD_INFO, "version"), Some(env!("CARGO_PKG_VERSION")));
        assert_eq!(scrape.label(&names::BUILD_INFO, "installation"), Some("ha \"noi\\"));
        assert_eq!(scrape.value(&names::RECORDS_READ), Some(0.0));
    }
}
