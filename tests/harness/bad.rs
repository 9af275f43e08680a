//! What is no event, in every way.

use super::{case, session};

/// Every kind of bad line, with its code; between them good ones.
pub fn bad_lines() -> Vec<(Vec<u8>, &'static str)> {
    let good = session("00004", 1, 1, "2020-03-04", 12);
    let text = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replace(from, to).into_bytes()
    };
    let money = |amount: &str| {
        case("00004", 1, "2020-03-04", &format!(r#","resolved_on":"2020-03-09","money_recovered_vnd":{amount}"#))
            .into_bytes()
    };
    let land = |area: &str| {
        case("00004", 1, "2020-03-04", &format!(r#","resolved_on":"2020-03-09","land_recovered_m2":{area}"#))
            .into_bytes()
    };
    let mut not_utf8 = text("GS-1", "GS-X");
    let place = not_utf8.iter().position(|byte| *byte == b'X').unwrap();
    not_utf8[place] = 0xe1;
    let long = format!("{{\"pad\":\"{}\"}}", "x".repeat(10 << 20)).into_bytes();
    vec![
        (not_utf8, "encoding.not_utf8"),
        ([b"\xef\xbb\xbf".to_vec(), good.clone().into_bytes()].concat(), "encoding.bom"),
        (good.as_bytes()[..100].to_vec(), "json.syntax"),
        (long, "message.too_large"),
        (b"[1,2]".to_vec(), "json.not_an_object"),
        (text("supervision.v1", "weather.v1"), "type.unknown"),
        (text("supervision.v1", "supervision.v2"), "type.version_unknown"),
        (text(r#""held_on":"2020-03-04","#, ""), "field.missing"),
        (text(r#""participants":12"#, r#""participants":"12""#), "field.wrong_type"),
        (text("trade_union", "trade_onion"), "value.unknown"),
        (money("-1"), "money.negative"),
        (money("1.5"), "money.fractional"),
        (money("1000000000000001"), "money.too_large"),
        (land("1.234"), "land.too_fine"),
        (case("00004", 1, "2020-03-04", r#","money_recovered_vnd":5"#).into_bytes(), "resolution.missing"),
        (text("2020-03-04", "2020-02-30"), "date.invalid"),
        (text("2020-03-04", "2019-03-04"), "date.outside_unit"),
        (text("00004", "00010").replace_text("2020-03-04", "2025-03-04"), "date.outside_unit"),
        (text("2020-03-04", "2026-03-04"), "date.after_time"),
        (
            case("00004", 1, "2020-03-04", r#","resolved_on":"2020-03-03""#).into_bytes(),
            "date.resolved_before_detected",
        ),
        (text(r#""revision":1"#, r#""revision":0"#), "revision.invalid"),
        (text(r#""revision":1"#, r#""revision":9223372036854775808"#), "revision.invalid"),
        (text(r#""unit":"00004""#, r#""unit":"99999""#), "unit.unknown"),
        (text(r#""partitionkey":"00004""#, r#""partitionkey":"00007""#), "partitionkey.mismatch"),
        (text("/units/00004", "https://elsewhere.example"), "source.not_allowed"),
        (text(r#""unit":"00004","#, r#""unit":"00004","unit":"00007","#), "json.duplicate_key"),
    ]
}

trait ReplaceText {
    fn replace_text(self, from: &str, to: &str) -> Vec<u8>;
}

impl ReplaceText for Vec<u8> {
    fn replace_text(self, from: &str, to: &str) -> Vec<u8> {
        String::from_utf8(self).unwrap().replace(from, to).into_bytes()
    }
}
