//! Events that keep every rule, one of each type. It knows nothing but JSON.

use serde_json::{Value, json};

pub const KINDS: [&str; 9] = [
    "supervision",
    "violation",
    "activity",
    "petition",
    "inspectionplan",
    "index",
    "nilreturn",
    "formtotal",
    "withdrawal",
];

/// A valid event of each type, with every field that the type has.
pub fn event(kind: &str) -> Value {
    let data = match kind {
        "supervision" => json!({"unit": "00004", "held_on": "2020-03-04", "body": "fatherland_front",
            "field": "budget_finance", "participants": 12, "topic": "Giám sát thu, chi", "project": "Đường 5",
            "recommendations": {"party": 1, "authority": 2, "other": 3}}),
        "violation" => json!({"unit": "00004", "detected_on": "2020-03-04", "body": "peoples_inspection_board",
            "field": "land_construction_planning", "status": "confirmed", "recommended": true,
            "supervision": "GS-2020-000123", "resolved_on": "2020-03-05", "money_recovered_vnd": 1_200_000,
            "money_other_vnd": 7, "settlement_reduction_vnd": 8, "land_recovered_m2": 12.5, "land_other_m2": 0.03,
            "summary": "Lấn đất công", "legal_obstacle": "Chưa rõ"}),
        "activity" => json!({"unit": "001", "held_on": "2020-03-04", "kind": "opinion_contribution",
            "body": "trade_union", "count": 40}),
        "petition" => {
            json!({"unit": "01", "received_on": "2020-03-04", "kind": "complaint", "resolved_on": "2020-03-05"})
        }
        "inspectionplan" => json!({"unit": "001", "year": 2020, "planned": 4}),
        "index" => json!({"unit": "01", "year": 2020, "index": "papi", "dimension": "Công khai", "score": 5.31,
            "rank": 48, "out_of": 63}),
        "nilreturn" => json!({"unit": "00004", "period": "2020-Q1"}),
        "formtotal" => json!({"unit": "00004", "period": "2020-Q1", "form": "community_investment_board",
            "totals": {"supervision_sessions": 9, "participants": 0, "violations_found": 2,
                "money_recovered_vnd": 1_200_000, "land_other_m2": 12.5}}),
        "withdrawal" => json!({"reason": "Nhập hai lần"}),
        other => panic!("{other}"),
    };
    let source = format!("/units/{}", data["unit"].as_str().unwrap_or("00004"));
    json!({"specversion": "1.0", "id": "X-1.1", "source": source, "type": format!("vn.giaoban.{kind}.v1"),
        "subject": "X-1", "time": "2020-03-05T09:00:00+07:00", "data": data})
}
