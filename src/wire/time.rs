//! The time of an event, as RFC 3339 writes it.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::Offset;

/// A time by RFC 3339: with its offset, and nothing after it. Digits beyond nanoseconds are cut off.
pub(super) fn rfc3339(text: &str) -> Option<Timestamp> {
    let (start, rest) = text.as_bytes().split_first_chunk::<19>()?;
    let separated = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')].iter().all(|(at, byte)| start[*at] == *byte);
    if !separated || !start[10].eq_ignore_ascii_case(&b'T') {
        return None;
    }
    let pair = |at: usize| two_digits([start[at], start[at + 1]]);
    let date = Date::new(i16::from(pair(0)?) * 100 + i16::from(pair(2)?), pair(5)?, pair(8)?).ok()?;
    let (nanosecond, rest) = match rest {
        [b'.', fraction @ ..] => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let (digits, rest) = fraction.split_at(digits);
            let padded = digits.iter().chain([b'0'; 9].iter()).take(9);
            let nanosecond = padded.fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0'));
            if digits.is_empty() { return None } else { (nanosecond, rest) }
        }
        rest => (0, rest),
    };
    let (sign, hours, minutes) = match *rest {
        [b'Z' | b'z'] => (1, 0, 0),
        [b'+', h1, h2, b':', m1, m2] => (1, two_digits([h1, h2])?, two_digits([m1, m2])?),
        [b'-', h1, h2, b':', m1, m2] => (-1, two_digits([h1, h2])?, two_digits([m1, m2])?),
        _ => return None,
    };
    if hours > 23 || minutes > 59 {
        return None;
    }
    // A leap second counts as the one before it.
    let second = pair(17).map(|second| if second == 60 { 59 } else { second })?;
    let time = Time::new(pair(11)?, pair(14)?, second, nanosecond).ok()?;
    let offset = Offset::from_seconds(sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60)).ok()?;
    offset.to_timestamp(date.to_datetime(time)).ok()
}

fn two_digits(bytes: [u8; 2]) -> Option<i8> {
    let [tens, ones] = bytes.map(|byte| byte.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| (tens * 10 + ones) as i8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_time_is_read_as_others_read_it(seconds in -377_705_023_201i64..=253_402_207_200, nanosecond in 0..1_000_000_000i32, offset in -86_340..=86_340i32) {
            let time = Timestamp::new(seconds, nanosecond).unwrap();
            let offset = Offset::from_seconds(offset / 60 * 60).unwrap();
            let text = time.display_with_offset(offset).to_string();
            let expected = (offset.to_datetime(time).year() >= 0).then_some(time);
            prop_assert_eq!(rfc3339(&text), expected, "{}", text);
        }
    }

    #[test]
    fn a_time_has_its_offset() {
        let time = |text| rfc3339(text).map(|time| time.to_string());
        assert_eq!(time("2020-03-04T09:12:33+07:00").as_deref(), Some("2020-03-04T02:12:33Z"));
        assert_eq!(time("2020-03-04t09:12:33.5z").as_deref(), Some("2020-03-04T09:12:33.5Z"));
        assert_eq!(time("2020-03-04T09:12:33.1234567899-00:30").as_deref(), Some("2020-03-04T09:42:33.123456789Z"));
        assert_eq!(time("2016-12-31T23:59:60Z").as_deref(), Some("2016-12-31T23:59:59Z"));
        for text in [
            "",
            "2020-03-04",
            "2020-03-04T09:12:33",
            "2020-03-04 09:12:33Z",
            "2020-03-04T09:12:33+07",
            "2020-03-04T09:12:33+07:00[Asia/Ho_Chi_Minh]",
            "2020-02-30T09:12:33Z",
            "2020-03-04T25:12:33Z",
            "2020-03-04T09:12:33.Z",
            "2020-03-04T09:12:33+0700",
            "2020-03-04T09:12:33+24:00",
            "2020-03-04T09:12:33+07:60",
            "2020-03-04T09:12:61Z",
            "2020-03-04T09:12:33,5Z",
            "2020/03-04T09:12:33Z",
            "202 -03-04T09:12:33Z",
            "+020-03-04T09:12:33Z",
            "2020-03-04T09:12:33Zz",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
