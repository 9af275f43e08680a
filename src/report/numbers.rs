//! Numbers and days as they are written, in Vietnamese and English. Integers
//! all the way: no figure passes through a float.

use jiff::civil::Date;

use crate::domain::Measure;
use crate::text::Lang;

/// For programs: digits alone, land in m² with a dot and two decimals.
pub fn plain(amount: i128, measure: Measure) -> String {
    match measure {
        Measure::CentiM2 => {
            let (sign, centi) = (if amount < 0 { "-" } else { "" }, amount.unsigned_abs());
            format!("{sign}{}.{:02}", centi / 100, centi % 100)
        }
        Measure::Count | Measure::Vnd => amount.to_string(),
    }
}

/// For people: `1.234.567` and `12,50` in Vietnamese, `1,234,567` and `12.50` in English.
pub fn written(amount: i128, measure: Measure, lang: Lang) -> String {
    let (group, point) = match lang {
        Lang::Vi => ('.', ','),
        Lang::En => (',', '.'),
    };
    let sign = if amount < 0 { "-" } else { "" };
    let amount = amount.unsigned_abs();
    match measure {
        Measure::CentiM2 => format!("{sign}{}{point}{:02}", grouped(amount / 100, group), amount % 100),
        Measure::Count | Measure::Vnd => format!("{sign}{}", grouped(amount, group)),
    }
}

/// How many percent `part` is of `whole`, to one decimal, half away from zero: `10,5%`.
/// `None` of a whole of 0.
pub fn percent(part: i128, whole: i128, lang: Lang) -> Option<String> {
    if whole == 0 {
        return None;
    }
    let negative = (part < 0) != (whole < 0) && part != 0;
    let (part, whole) = (part.unsigned_abs(), whole.unsigned_abs());
    let tenths = (part * 2000 + whole) / (whole * 2);
    let (group, point) = match lang {
        Lang::Vi => ('.', ','),
        Lang::En => (',', '.'),
    };
    let sign = if negative { "-" } else { "" };
    Some(format!("{sign}{}{point}{}%", grouped(tenths / 10, group), tenths % 10))
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
    format!("ngày {:02} tháng {month} năm {}", day.day(), day.year())
}

fn grouped(number: u128, separator: char) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn numbers_are_grouped_as_each_language_does() {
        let dong = |amount, lang| written(amount, Measure::Vnd, lang);
        assert_eq!(dong(0, Lang::Vi), "0");
        assert_eq!(dong(999, Lang::Vi), "999");
        assert_eq!(dong(1_000, Lang::Vi), "1.000");
        assert_eq!(dong(-1_234_567, Lang::Vi), "-1.234.567");
        assert_eq!(dong(1_234_567, Lang::En), "1,234,567");
    }

    #[test]
    fn land_has_two_decimals_always() {
        assert_eq!(written(1_250, Measure::CentiM2, Lang::Vi), "12,50");
        assert_eq!(written(123_456_700, Measure::CentiM2, Lang::Vi), "1.234.567,00");
        assert_eq!(written(7, Measure::CentiM2, Lang::En), "0.07");
        assert_eq!(written(-50, Measure::CentiM2, Lang::En), "-0.50");
        assert_eq!(plain(1_250, Measure::CentiM2), "12.50");
        assert_eq!(plain(-50, Measure::CentiM2), "-0.50");
        assert_eq!(plain(1_234_567, Measure::Vnd), "1234567");
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
