//! A number as it is written in JSON, exactly: a double tells neither 0.99999999999999999999 from 1 nor 1e-400 from 0.

/// A number by its digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decimal<'t> {
    is_negative: bool,
    whole: &'t str,
    fraction: &'t str,
    exponent: i64,
}

/// A number in units of a power of ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Units {
    /// Whether it is less than 0.
    pub(super) is_negative: bool,
    /// How many whole units there are, without the sign; `None` from 2^128.
    pub(super) whole: Option<u128>,
    /// Whether something is left of a unit.
    pub(super) has_rest: bool,
}

impl<'t> Decimal<'t> {
    /// Of a number that keeps the grammar of JSON.
    pub(super) fn of(text: &'t str) -> Self {
        let (is_negative, text) = match text.strip_prefix('-') {
            Some(text) => (true, text),
            None => (false, text),
        };
        let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        // One that is no `i64` is beyond every number that counts.
        let beyond = if exponent.starts_with('-') { i64::MIN } else { i64::MAX };
        Self { is_negative, whole, fraction, exponent: exponent.parse().unwrap_or(beyond) }
    }

    /// In units of 10^−`places`.
    pub(super) fn units(self, places: u32) -> Units {
        let count = self.whole.len() + self.fraction.len();
        // So many digits are whole units.
        let within = self.exponent.saturating_add(self.whole.len() as i64).saturating_add(places.into());
        let mut units = Units { is_negative: false, whole: Some(0), has_rest: false };
        for (index, digit) in self.whole.bytes().chain(self.fraction.bytes()).enumerate() {
            if (index as i64) < within {
                units.shift(digit - b'0');
            } else {
                units.has_rest |= digit != b'0';
            }
        }
        // 2^128 has 39 digits.
        (count as i64..within).take(39).for_each(|_| units.shift(0));
        units.is_negative = self.is_negative && (units.whole != Some(0) || units.has_rest);
        units
    }
}

impl Units {
    /// Of a whole number.
    pub(super) fn of(is_negative: bool, whole: u64, places: u32) -> Self {
        Self { is_negative, whole: Some(u128::from(whole) * 10_u128.pow(places)), has_rest: false }
    }

    fn shift(&mut self, digit: u8) {
        self.whole = self.whole.and_then(|whole| whole.checked_mul(10)?.checked_add(digit.into()));
    }
}

/// The double that is nearest to a number that keeps the grammar of JSON.
pub(super) fn double(text: &str) -> f64 {
    text.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_as_it_is_written() {
        let units = |text, places| {
            let Units { is_negative, whole, has_rest } = Decimal::of(text).units(places);
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
