//! The report as one HTML file that needs nothing else: laid out by Decree
//! 30/2020/NĐ-CP, appendix I, for paper and screen alike.

use askama::Template;

use super::datum::Datum;
use super::document::{Block, Chart, Document};
use super::svg;
use crate::text::safe::visible_lines;
use crate::text::{Text, report as say};

#[derive(Template)]
#[template(path = "report/report.html")]
struct Page<'a> {
    document: &'a Document<'a>,
    period: String,
}

impl Page<'_> {
    fn written(&self, datum: &Datum) -> String {
        datum.written(self.document.lang)
    }

    fn say(&self, text: Text) -> String {
        text.get(self.document.lang).to_owned()
    }

    fn drawn(&self, chart: &Chart) -> String {
        svg::drawn(chart, self.document.lang)
    }
}

/// The report.
pub fn report_html(document: &Document<'_>) -> String {
    let period = say::period_name(document.period).get(document.lang).to_owned();
    // A template of this program over texts: writing it into memory cannot fail.
    visible_lines(&Page { document, period }.render().unwrap_or_default()).into_owned()
}
