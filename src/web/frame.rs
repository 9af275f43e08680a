//! What every page has: language, period, links.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::{Figure, Period};
use crate::report::numbers::written;
use crate::report::words;
use crate::report::{SYNTHETIC_EN, SYNTHETIC_VI};
use crate::rollup::table::OfUnit;
use crate::text::Lang;

/// What every page has.
pub struct Frame {
    /// The page's title.
    pub title: String,
    /// The reader's language.
    pub lang: Lang,
    /// The period that is shown.
    pub period: Option<Period>,
    /// The periods that can be shown, newest first.
    pub periods: Vec<Period>,
    /// The page's own path and query without period and language.
    pub here: String,
    /// Whether any record says of itself that it is made up.
    pub synthetic: bool,
}

impl Frame {
    /// Of two texts, the one in the reader's language.
    pub fn say<'a>(&self, vi: &'a str, en: &'a str) -> &'a str {
        words::pick(self.lang, vi, en)
    }

    /// The code of the reader's language.
    pub fn code(&self) -> &'static str {
        words::pick(self.lang, "vi", "en")
    }

    /// The sentence on made-up figures.
    pub fn warning(&self) -> &'static str {
        self.say(SYNTHETIC_VI, SYNTHETIC_EN)
    }

    /// A period as it is called.
    pub fn name(&self, period: &Period) -> String {
        words::capitalized(&words::period(*period, self.lang))
    }

    /// Whether it is the period that is shown.
    pub fn is_shown(&self, period: &Period) -> bool {
        self.period == Some(*period)
    }

    /// The period and language that links carry on.
    fn carried(&self, lang: Lang) -> Vec<(&'static str, String)> {
        let mut carried: Vec<_> = self.period.iter().map(|period| ("period", period.to_string())).collect();
        carried.extend((lang == Lang::En).then(|| ("lang", "en".to_owned())));
        carried
    }

    fn link(&self, path: &str, more: Vec<(&'static str, String)>) -> String {
        with_query(path, self.carried(self.lang).into_iter().chain(more))
    }

    /// The overview.
    pub fn overview(&self) -> String {
        self.link("/", Vec::new())
    }

    /// A unit's page.
    pub fn unit(&self, code: &str) -> String {
        self.link(&format!("/units/{}", encoded(code)), Vec::new())
    }

    /// The records behind a figure of a unit.
    pub fn records(&self, unit: OfUnit<'_>, figure: &Figure) -> String {
        self.link("/records", of_records(unit, figure))
    }

    /// The figures for programs: of a unit, or of all.
    pub fn rollup(&self, unit: Option<&str>, format: &str) -> String {
        let mut more: Vec<_> = unit.map(|unit| ("unit", unit.to_owned())).into_iter().collect();
        more.push(("format", format.to_owned()));
        self.link("/v1/rollup", more)
    }

    /// This page in the other language.
    pub fn switched(&self) -> String {
        let other = words::pick(self.lang, Lang::En, Lang::Vi);
        with_query(&self.here, self.carried(other).into_iter())
    }

    /// A figure's name.
    pub fn figure(&self, figure: &Figure) -> &'static str {
        words::figure(*figure, self.lang)
    }

    /// An amount of a figure.
    pub fn amount(&self, amount: &i128, figure: &Figure) -> String {
        written(*amount, figure.measure(), self.lang)
    }
}

/// What the page of the records behind a figure is asked with.
pub fn of_records(unit: OfUnit<'_>, figure: &Figure) -> Vec<(&'static str, String)> {
    let mut query: Vec<_> = unit.code.map(|code| ("unit", code.to_owned())).into_iter().collect();
    query.extend(unit.since.map(|since| ("since", since.to_string())));
    query.push(("figure", figure.name().to_owned()));
    query
}

fn encoded(text: &str) -> String {
    // Codes and figures are letters, digits and underscores; periods have a hyphen.
    const PLAIN: &percent_encoding::AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-');
    utf8_percent_encode(text, PLAIN).to_string()
}

/// A path, which may have a query already, with more of it.
pub fn with_query(path: &str, more: impl Iterator<Item = (&'static str, String)>) -> String {
    let mut link = path.to_owned();
    for (name, value) in more {
        link.push(if link.contains('?') { '&' } else { '?' });
        link.push_str(name);
        link.push('=');
        link.push_str(&encoded(&value));
    }
    link
}
