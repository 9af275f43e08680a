//! The addresses of pages, with the period and the language that they carry on.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::{Figure, Period};
use crate::rollup::table::OfUnit;
use crate::text::Lang;
use crate::text::web::{language, other};

/// Makes the links of a page.
#[derive(Clone, Copy, Debug)]
pub struct Links {
    /// The reader's language.
    pub lang: Lang,
    /// The period that is shown.
    pub period: Option<Period>,
}

impl Links {
    /// The overview.
    pub fn overview(&self) -> String {
        self.to("/", Vec::new())
    }

    /// A unit's page.
    pub fn unit(&self, code: &str) -> String {
        self.to(&unit_path(code), Vec::new())
    }

    /// The records behind a figure of a unit.
    pub fn records(&self, unit: OfUnit<'_>, figure: Figure) -> String {
        self.to("/records", of_records(unit, figure))
    }

    /// Forms' totals beside single records.
    pub fn overlaps(&self) -> String {
        self.to("/overlaps", Vec::new())
    }

    /// The state of the pipeline, which has no period.
    pub fn operations(&self) -> String {
        Self { period: None, ..*self }.to("/operations", Vec::new())
    }

    /// The figures for programs: of a unit, or of all.
    pub fn rollup(&self, unit: Option<&str>, format: &str) -> String {
        let mut more: Vec<_> = unit.map(|unit| ("unit", unit.to_owned())).into_iter().collect();
        more.push(("format", format.to_owned()));
        self.to("/v1/rollup", more)
    }

    /// A page, by its own path and query, in the other language.
    pub fn switched(&self, here: &str) -> String {
        with_query(here, Self { lang: other(self.lang), ..*self }.carried())
    }

    fn to(&self, path: &str, more: Vec<(&'static str, String)>) -> String {
        with_query(path, self.carried().into_iter().chain(more))
    }

    /// Vietnamese, which is the default, is not said.
    fn carried(&self) -> Vec<(&'static str, String)> {
        let mut carried: Vec<_> = self.period.iter().map(|period| ("period", period.to_string())).collect();
        carried.extend((self.lang == Lang::En).then(|| ("lang", language(self.lang).to_owned())));
        carried
    }
}

/// The path of a unit's page.
pub fn unit_path(code: &str) -> String {
    format!("/units/{}", encoded(code))
}

/// The path and query of the records behind a figure, but for period and language.
pub fn records_path(unit: OfUnit<'_>, figure: Figure) -> String {
    with_query("/records", of_records(unit, figure))
}

fn of_records(unit: OfUnit<'_>, figure: Figure) -> Vec<(&'static str, String)> {
    let mut query: Vec<_> = unit.code.map(|code| ("unit", code.to_owned())).into_iter().collect();
    query.extend(unit.since.map(|since| ("since", since.to_string())));
    query.push(("figure", figure.name().to_owned()));
    query
}

/// A path, which may have a query already, with more of it.
fn with_query(path: &str, more: impl IntoIterator<Item = (&'static str, String)>) -> String {
    let mut link = path.to_owned();
    for (name, value) in more {
        link.push(if link.contains('?') { '&' } else { '?' });
        link.push_str(name);
        link.push('=');
        link.push_str(&encoded(&value));
    }
    link
}

fn encoded(text: &str) -> String {
    // Codes and figures are letters, digits and underscores; periods have a hyphen.
    const PLAIN: &percent_encoding::AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-');
    utf8_percent_encode(text, PLAIN).to_string()
}
