//! A number as it is written in JSON, exactly: a double distinguishes neither 0.99999999999999999999 from 1 nor 1e-400 from 0.

/// A number of a document, by the text that it has there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number<'t>(&'t str);

/// A number in units of a power of ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scaled {
    /// Whether it is less than 0.
    pub is_negative: bool,
    /// How many whole units there are, without the sign; `None` from 2^128.
    pub whole: Option<u128>,
    /// Whether something is left of a unit.
    pub has_rest: bool,
}

impl<'t> Number<'t> {
    /// The number of a text that keeps the grammar of JSON's numbers.
    pub fn new(text: &'t str) -> Self {
        Self(text)
    }

    /// The number as it is written.
    pub fn as_str(self) -> &'t str {
        self.0
    }

    /// The double that is nearest to it.
    pub fn to_f64(self) -> f64 {
        self.0.parse().unwrap_or_default()
    }

    /// The number in units of 10^−`places`.
    pub fn in_units(self, places: u32) -> Scaled {
        let (is_negative, text) = match self.0.strip_prefix('-') {
            Some(text) => (true, text),
            None => (false, self.0),
        };
        let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        // One that is no `i64` is beyond every number that counts.
        let beyond = if exponent.starts_with('-') { i64::MIN } else { i64::MAX };
        let exponent: i64 = exponent.parse().unwrap_or(beyond);
        let count = whole.len() + fraction.len();
        // So many digits are whole units.
        let within = exponent.saturating_add(whole.len() as i64).saturating_add(places.into());
        let mut units = Scaled { is_negative: false, whole: Some(0), has_rest: false };
        for (index, digit) in whole.bytes().chain(fraction.bytes()).enumerate() {
            if (index as i64) < within {
                units.shift(digit - b'0');
            } else {
                units.has_rest |= digit != b'0';
            }
        }
        // 2^128 has 39 digits.
        (count as i64..within).take(39).for_each(|_| units.shift(0));
        units.is_negative = is_negative && (units.whole != Some(0) || units.has_rest);
        units
    }

    /// Whether it is an integer so small that every one of its size is a double, written as RFC 8785 writes it.
    pub(super) fn is_small_integer(self) -> bool {
        let digits = self.0.strip_prefix('-').unwrap_or(self.0);
        digits.len() <= 15 && digits.bytes().all(|byte| byte.is_ascii_digit()) && self.0 != "-0"
    }
}

impl Scaled {
    fn shift(&mut self, digit: u8) {
        self.whole = self.whole.and_then(|whole| whole.checked_mul(10)?.checked_add(digit.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_as_it_is_written() {
        let units = |text, places| {
            let Scaled { is_negative, whole, has_rest } = Number::new(text).in_units(places);
            let sign = if is_negative { "-" } else { "" };
            let whole = whole.map_or("beyond".to_owned(), |whole| whole.to_string());
            format!("{sign}{whole}{}", if has_rest { "+" } else { "" })
        };
        for (text, whole, hundredths) in [
            ("0.99999999999999999999", "0+", "99+"),
            ("12.50", "12+", "1250"),
            ("12.5e0", "12+", "1250"),
            ("1.2e6", "1200000", "120000000"),
            ("1200000.0", "1200000", "120000000"),
            ("125E-1", "12+", "1250"),
            ("-0", "0", "0"),
            ("-0.0e7", "0", "0"),
            ("0e99999999999999999999", "0", "0"),
            ("1e-400", "0+", "0+"),
            ("-1e-400", "-0+", "-0+"),
            ("1e400", "beyond", "beyond"),
            ("1e-99999999999999999999", "0+", "0+"),
            ("1e99999999999999999999", "beyond", "beyond"),
            ("340282366920938463463374607431768211455", "340282366920938463463374607431768211455", "beyond"),
            ("340282366920938463463374607431768211456", "beyond", "beyond"),
        ] {
            assert_eq!((units(text, 0), units(text, 2)), (whole.to_owned(), hundredths.to_owned()), "{text}");
        }
    }
}
