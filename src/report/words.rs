//! Names of figures, bodies, fields and periods in the reader's language.

use crate::domain::{Body, Field, Figure, Period, UnitKind};
use crate::text::Lang;

/// Of two texts, the one in that language.
pub fn pick<T>(lang: Lang, vi: T, en: T) -> T {
    match lang {
        Lang::Vi => vi,
        Lang::En => en,
    }
}

/// A figure's name.
pub fn figure(figure: Figure, lang: Lang) -> &'static str {
    pick(lang, figure.vi(), figure.en())
}

/// A body's name.
pub fn body(body: Body, lang: Lang) -> &'static str {
    pick(lang, body.vi(), body.en())
}

/// A field's name.
pub fn field(field: Field, lang: Lang) -> &'static str {
    pick(lang, field.vi(), field.en())
}

/// A unit's kind, from the name that a rollup gives it.
pub fn kind(name: &str, lang: Lang) -> &str {
    match UnitKind::parse(name) {
        Some(kind) => pick(lang, kind.vi(), kind.en()),
        None => pick(lang, "đã giải thể", "dissolved"),
    }
}

/// A period as it is called: `quý IV năm 2020`, `6 tháng đầu năm 2020`.
pub fn period(period: Period, lang: Lang) -> String {
    let year = period.year();
    match (period, lang) {
        (Period::Quarter(quarter), Lang::Vi) => {
            let roman = ["I", "II", "III", "IV"][usize::from(quarter.number()) - 1];
            format!("quý {roman} năm {year}")
        }
        (Period::Quarter(quarter), Lang::En) => format!("quarter {} of {year}", quarter.number()),
        (Period::Half(_, 1), Lang::Vi) => format!("6 tháng đầu năm {year}"),
        (Period::Half(..), Lang::Vi) => format!("6 tháng cuối năm {year}"),
        (Period::Half(_, 1), Lang::En) => format!("first half of {year}"),
        (Period::Half(..), Lang::En) => format!("second half of {year}"),
        (Period::NineMonths(_), Lang::Vi) => format!("9 tháng đầu năm {year}"),
        (Period::NineMonths(_), Lang::En) => format!("first nine months of {year}"),
        (Period::Year(_), Lang::Vi) => format!("năm {year}"),
        (Period::Year(_), Lang::En) => format!("year {year}"),
    }
}

/// A text with its first letter in capitals.
pub fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_called_as_reports_call_them() {
        let name = |text: &str, lang| period(text.parse().unwrap(), lang);
        assert_eq!(name("2020-Q4", Lang::Vi), "quý IV năm 2020");
        assert_eq!(name("2020-H1", Lang::Vi), "6 tháng đầu năm 2020");
        assert_eq!(name("2020-H2", Lang::En), "second half of 2020");
        assert_eq!(name("2020-9M", Lang::Vi), "9 tháng đầu năm 2020");
        assert_eq!(capitalized(&name("2020", Lang::Vi)), "Năm 2020");
        assert_eq!(capitalized("đơn vị"), "Đơn vị");
    }
}
