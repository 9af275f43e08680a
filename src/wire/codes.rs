//! The list of codes. What each means and what to do is said by
//! [`crate::text::codes`]; `docs/codes.md` is made of both.

use std::fmt::{self, Write as _};

use crate::text::Lang;
use crate::text::codes::{CODES, HEADING};

macro_rules! codes {
    ($($member:ident = $code:literal,)+) => {
        /// A stable code: its text is never changed and never given to another rule.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = concat!("`", $code, "`")] $member),+ }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$member),+];

            /// The code as it stands in messages, receipts and metrics.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$member => $code),+ }
            }
        }
    };
}

codes! {
    FileEmpty = "file.empty",
    CsvColumns = "csv.columns",
    CsvQuoteUnclosed = "csv.quote_unclosed",
    CsvQuoteMisplaced = "csv.quote_misplaced",
    DeliveryFailed = "delivery.failed",
    MessageEmpty = "message.empty",
    MessageTooLarge = "message.too_large",
    EncodingNotUtf8 = "encoding.not_utf8",
    EncodingBom = "encoding.bom",
    JsonSyntax = "json.syntax",
    JsonNumberOutOfRange = "json.number_out_of_range",
    JsonLoneSurrogate = "json.lone_surrogate",
    JsonTooDeep = "json.too_deep",
    JsonDuplicateKey = "json.duplicate_key",
    JsonNotAnObject = "json.not_an_object",
    ContentTypeUnsupported = "content_type.unsupported",
    HeaderDuplicate = "header.duplicate",
    SpecversionUnsupported = "specversion.unsupported",
    TypeUnknown = "type.unknown",
    TypeVersionUnknown = "type.version_unknown",
    SourceUnitUnknown = "source.unit_unknown",
    SourceNotAllowed = "source.not_allowed",
    SubjectInvalid = "subject.invalid",
    IdInvalid = "id.invalid",
    RevisionInvalid = "revision.invalid",
    TimeInvalid = "time.invalid",
    PartitionkeyMismatch = "partitionkey.mismatch",
    DatacontenttypeUnsupported = "datacontenttype.unsupported",
    DataBase64 = "data.base64",
    FieldMissing = "field.missing",
    FieldWrongType = "field.wrong_type",
    ValueUnknown = "value.unknown",
    NumberFractional = "number.fractional",
    NumberOutOfRange = "number.out_of_range",
    MoneyNegative = "money.negative",
    MoneyFractional = "money.fractional",
    MoneyTooLarge = "money.too_large",
    LandNegative = "land.negative",
    LandTooFine = "land.too_fine",
    LandTooLarge = "land.too_large",
    DateInvalid = "date.invalid",
    DateAfterTime = "date.after_time",
    DateOutsideUnit = "date.outside_unit",
    DateOutsideCalendar = "date.outside_calendar",
    DateResolvedBeforeDetected = "date.resolved_before_detected",
    DateResolvedBeforeReceived = "date.resolved_before_received",
    ResolutionMissing = "resolution.missing",
    UnitUnknown = "unit.unknown",
    UnitOutsidePeriod = "unit.outside_period",
    PeriodInvalid = "period.invalid",
    YearInvalid = "year.invalid",
    CellUnreadable = "cell.unreadable",
}

impl Code {
    /// What is wrong.
    pub fn meaning(self, lang: Lang) -> &'static str {
        CODES[self as usize].meaning.get(lang)
    }

    /// What to do.
    pub fn remedy(self, lang: Lang) -> &'static str {
        CODES[self as usize].remedy.get(lang)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The page of the docs that lists every code.
pub fn codes_page() -> String {
    let mut page = String::from(
        "# Codes\n\nWhat may be wrong with an event. A code is stable: it keeps its meaning for ever. \
         This page is made from the code (`UPDATE_DOCS=1 cargo test --lib wire::codes`).\n",
    );
    for lang in [Lang::En, Lang::Vi] {
        let _ = write!(page, "\n## {}| --- | --- | --- |\n", HEADING.get(lang));
        for code in Code::ALL {
            let cell = |text: &str| text.replace('<', "&lt;").replace('|', "\\|");
            let _ = writeln!(page, "| `{code}` | {} | {} |", cell(code.meaning(lang)), cell(code.remedy(lang)));
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_has_its_sentences_in_the_same_place() {
        let codes = Code::ALL.iter().map(|code| code.as_str());
        assert!(codes.eq(CODES.iter().map(|text| text.code)));
    }

    #[test]
    fn codes_differ_and_are_named_alike() {
        let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for name in names {
            let (what, how) = name.split_once('.').unwrap();
            let plain = |part: &str| part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            assert!(plain(what) && plain(how), "{name}");
        }
    }

    #[test]
    fn the_page_of_codes_is_the_committed_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/codes.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/docs")).unwrap();
            std::fs::write(path, codes_page()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), codes_page(), "run with UPDATE_DOCS=1");
    }
}
