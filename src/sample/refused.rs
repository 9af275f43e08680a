//! Messages that are not valid events.

/// A few messages that are not valid events, so that the demo has dead letters to show.
pub fn bad_examples() -> Vec<Vec<u8>> {
    let event = |event_type: &str, data: &str| {
        format!(
            r#"{{"specversion":"1.0","id":"SAI-1.1","source":"/units/00004","type":"{event_type}","subject":"SAI-1","time":"2020-06-01T08:00:00+07:00","synthetic":true,"data":{data}}}"#
        )
    };
    let supervision = "vn.giaoban.supervision.v1";
    let violation = "vn.giaoban.violation.v1";
    let case = |rest: &str| {
        format!(
            r#"{{"unit":"00004","detected_on":"2020-05-20","body":"trade_union","field":"environment","status":"confirmed","recommended":true,{rest}}}"#
        )
    };
    let messages = [
        event(supervision, r#"{"unit":"99999","held_on":"2020-05-20","body":"trade_union","field":"environment"}"#),
        event(supervision, r#"{"unit":"00004","held_on":"2020-02-30","body":"trade_union","field":"environment"}"#),
        event(violation, &case(r#""resolved_on":"2020-05-30","money_recovered_vnd":-5000000"#)),
        event(violation, &case(r#""resolved_on":"2020-05-01""#)),
        event("vn.giaoban.weather.v1", "{}"),
        r#"{"specversion":"1.0","id":"SAI-"#.to_owned(),
    ];
    messages.into_iter().map(String::into_bytes).collect()
}
