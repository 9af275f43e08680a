//! Numbers and days as they are written, in Vietnamese and English. Integers
//! all the way: no figure passes through a float.

use jiff::civil::Date;

use crate::text::Lang;
use crate::text::report::{self, letterhead, separators};

/// `1.234.567` in Vietnamese, `1,234,567` in English.
pub fn grouped(number: i128, lang: Lang) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", report::grouped(&number.unsigned_abs().to_string(), lang))
}

/// Hundredths with two decimals: `1.234,50` in Vietnamese, `1,234.50` in English.
pub fn hundredths(number: i128, lang: Lang) -> String {
    let (_, point) = separators(lang);
    let sign = if number < 0 && number / 100 == 0 { "-" } else { "" };
    format!("{sign}{}{point}{:02}", grouped(number / 100, lang), number.unsigned_abs() % 100)
}

/// A number that was sent with a dot, with the language's own sign.
pub fn decimal(digits: &str, lang: Lang) -> String {
    let (_, point) = separators(lang);
    digits.replace('.', point.encode_utf8(&mut [0; 4]))
}

/// How many percent `part` is of `whole`, to one decimal, half away from zero: `10,5%`.
/// `None` of a whole of 0.
pub fn percent(part: i128, whole: i128, lang: Lang) -> Option<String> {
    if whole == 0 {
        return None;
    }
    let sign = if (part < 0) != (whole < 0) && part != 0 { "-" } else { "" };
    let (part, whole) = (part.abs(), whole.abs());
    let tenths = (part * 2000 + whole) / (whole * 2);
    let (_, point) = separators(lang);
    Some(format!("{sign}{}{point}{}%", grouped(tenths / 10, lang), tenths % 10))
}

/// `15/09/2020`, in either language.
pub fn day(day: Date) -> String {
    format!("{:02}/{:02}/{:04}", day.day(), day.month(), day.year())
}

/// As documents are dated (Decree 30/2020/NĐ-CP): days below 10 and the months
/// January and February take a zero.
pub fn long_day(day: Date) -> String {
    let month = match day.month() {
        month @ 1..=2 => format!("{month:02}"),
        month => month.to_string(),
    };
    letterhead::day(&format!("{:02}", day.day()), &month, day.year())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn numbers_are_grouped_as_each_language_does() {
        assert_eq!(grouped(0, Lang::Vi), "0");
        assert_eq!(grouped(999, Lang::Vi), "999");
        assert_eq!(grouped(1_000, Lang::Vi), "1.000");
        assert_eq!(grouped(-1_234_567, Lang::Vi), "-1.234.567");
        assert_eq!(grouped(1_234_567, Lang::En), "1,234,567");
    }

    #[test]
    fn percentages_are_rounded_half_away_from_zero() {
        assert_eq!(percent(1, 8, Lang::Vi).unwrap(), "12,5%");
        assert_eq!(percent(1, 2000, Lang::En).unwrap(), "0.1%");
        assert_eq!(percent(-1, 3, Lang::Vi).unwrap(), "-33,3%");
        assert_eq!(percent(30, 1, Lang::Vi).unwrap(), "3.000,0%");
        assert_eq!(percent(5, 0, Lang::Vi), None);
    }

    #[test]
    fn days_are_written_as_the_decree_says() {
        assert_eq!(day(date(2020, 9, 5)), "05/09/2020");
        assert_eq!(long_day(date(2020, 12, 3)), "ngày 03 tháng 12 năm 2020");
        assert_eq!(long_day(date(2021, 2, 28)), "ngày 28 tháng 02 năm 2021");
        assert_eq!(long_day(date(2021, 3, 1)), "ngày 01 tháng 3 năm 2021");
    }
}
