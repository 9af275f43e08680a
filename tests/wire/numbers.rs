//! Numbers are held to their rules as they are written, digit by digit.

use giaoban::domain::{Fact, Revision};
use proptest::prelude::*;

use crate::{EXAMPLE, decode_bytes, event};

/// An event with that number in that field of its data, or as its revision.
fn with_number(field: &str, number: &str) -> Vec<u8> {
    let (text, written) = match field {
        "money_other_vnd" => (event("violation").to_string(), r#""money_other_vnd":7"#),
        "land_other_m2" => (event("violation").to_string(), r#""land_other_m2":0.03"#),
        "participants" => (EXAMPLE.to_owned(), r#""participants":12"#),
        "year" => (event("inspectionplan").to_string(), r#""year":2020"#),
        "revision" => (EXAMPLE.to_owned(), r#""revision":1"#),
        other => panic!("{other}"),
    };
    assert!(text.contains(written), "{text}");
    text.replace(written, &format!("\"{field}\":{number}")).into_bytes()
}

/// The code of a number in that field, if it is refused.
fn number_code(field: &str, number: &str) -> Option<String> {
    let error = decode_bytes(&with_number(field, number)).err()?.remove(0);
    assert_eq!(error.found, number, "what was found is what was written");
    Some(error.code.to_string())
}

#[test]
fn a_number_is_held_to_its_rules_as_it_is_written() {
    for (field, number, code) in [
        ("money_other_vnd", "0.99999999999999999999", "money.fractional"),
        ("money_other_vnd", "5.00000000000000000000001", "money.fractional"),
        ("money_other_vnd", "999999999999999.99999999", "money.fractional"),
        ("money_other_vnd", "1000000000000000.0000001", "money.fractional"),
        ("money_other_vnd", "1e-400", "money.fractional"),
        ("money_other_vnd", "-1e-400", "money.negative"),
        ("land_other_m2", "12.3400000000000000001", "land.too_fine"),
        ("land_other_m2", "999999999.999999999999", "land.too_fine"),
        ("land_other_m2", "1000000000.0000000000001", "land.too_large"),
        ("land_other_m2", "0.10000000000000001", "land.too_fine"),
        ("land_other_m2", "1e-400", "land.too_fine"),
        ("participants", "12.00000000000000000000001", "number.fractional"),
        ("participants", "1e-400", "number.fractional"),
        ("year", "2020.00000000000000000001", "year.invalid"),
        ("revision", "0.99999999999999999999", "revision.invalid"),
        ("revision", "1000001", "revision.invalid"),
        ("revision", "9223372036854775807", "revision.invalid"),
    ] {
        assert_eq!(number_code(field, number).as_deref(), Some(code), "{field} {number}");
    }
    for (field, number) in [
        ("money_other_vnd", "1e6"),
        ("money_other_vnd", "1200000.0"),
        ("money_other_vnd", "-0"),
        ("money_other_vnd", "-0.0"),
        ("money_other_vnd", "1000000000000000.00000000000000000000"),
        ("land_other_m2", "12.50"),
        ("land_other_m2", "12.5e0"),
        ("land_other_m2", "1250e-2"),
        ("land_other_m2", "12.340000000000000000000"),
        ("participants", "1.20e1"),
        ("year", "2.02e3"),
        ("revision", "1.0"),
        ("revision", "1000000.0"),
    ] {
        assert_eq!(number_code(field, number), None, "{field} {number}");
    }
}

/// A number's digits before and after its point, without those that say nothing.
fn plain(whole: &str, fraction: &str, exponent: i32) -> (String, String) {
    let digits = format!("{}{whole}{fraction}{}", "0".repeat(40), "0".repeat(40));
    let (whole, fraction) = digits.split_at((40 + whole.len() as i32 + exponent) as usize);
    (whole.trim_start_matches('0').to_owned(), fraction.trim_end_matches('0').to_owned())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_number_is_decided_by_its_decimal_digits(
        sign in "-?",
        whole in "0|[1-9][0-9]{0,17}|10{9}|10{15}|9{9}|9{15}",
        fraction in "[0-9]{0,25}|0{0,30}[0-9]?",
        exponent in prop_oneof![Just(0), -30..=30_i32],
        written in any::<bool>(),
    ) {
        let exponent = if written { exponent } else { 0 };
        let point = if fraction.is_empty() { "" } else { "." };
        let power = if written { format!("e{exponent}") } else { String::new() };
        let number = format!("{sign}{whole}{point}{fraction}{power}");
        let (whole, fraction) = plain(&whole, &fraction, exponent);
        let is_negative = sign == "-" && !(whole.is_empty() && fraction.is_empty());
        let above = |limit: &str| (whole.len(), whole.as_str()) > (limit.len(), limit);
        let (billion, quadrillion) = (format!("1{}", "0".repeat(9)), format!("1{}", "0".repeat(15)));
        let money = match () {
            () if is_negative => Some("money.negative"),
            () if !fraction.is_empty() => Some("money.fractional"),
            () if above(&quadrillion) => Some("money.too_large"),
            () => None,
        };
        let land = match () {
            () if is_negative => Some("land.negative"),
            () if above(&billion) || (whole == billion && !fraction.is_empty()) => Some("land.too_large"),
            () if fraction.len() > 2 => Some("land.too_fine"),
            () => None,
        };
        let count = match () {
            () if !fraction.is_empty() => Some("number.fractional"),
            () if is_negative || above(&billion) => Some("number.out_of_range"),
            () => None,
        };
        let is_revision = !is_negative && fraction.is_empty() && !whole.is_empty() && !above(&Revision::MAX.to_string());
        let revision = if is_revision { None } else { Some("revision.invalid") };
        for (field, code) in
            [("money_other_vnd", money), ("land_other_m2", land), ("participants", count), ("revision", revision)]
        {
            let result = decode_bytes(&with_number(field, &number));
            let found = result.as_ref().err().map(|errors| errors[0].code.as_str());
            prop_assert_eq!(found, code, "{} {}", field, number);
            // What is taken is what is written.
            let value = |digits: String| digits.parse::<i128>().unwrap_or(0);
            match result.ok().map(|event| (event.fact, event.revision)) {
                Some((Fact::Violation { resolution: Some(resolution), .. }, _)) if field == "money_other_vnd" => {
                    prop_assert_eq!(resolution.money_other.dong(), value(whole.clone()));
                }
                Some((Fact::Violation { resolution: Some(resolution), .. }, _)) => {
                    prop_assert_eq!(resolution.land_other.centi_m2(), value(format!("{whole}{fraction:0<2}")));
                }
                Some((Fact::Supervision { participants, .. }, _)) if field == "participants" => {
                    prop_assert_eq!(i128::from(participants), value(whole.clone()));
                }
                Some((_, revision)) => prop_assert_eq!(i128::from(revision.number()), value(whole.clone())),
                None => {}
            }
        }
    }
}
