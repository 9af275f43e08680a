//! Totals of official forms, from the file that a unit sends to the figures, and what they may count twice.

#![allow(clippy::unwrap_used)]

mod database;
mod harness;

use std::time::Duration;

use database::Database;
use harness::running::Running;
use harness::{Giaoban, session, until};
use serde_json::{Value, json};

/// A form of Phường Trúc Bạch's Community Investment Supervision Board.
fn form(number: usize, revision: i64, totals: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"TH-{number}.{revision}","source":"/units/00004","type":"vn.giaoban.formtotal.v1","subject":"TH-{number}","time":"2020-12-20T08:00:00+07:00","partitionkey":"00004","revision":{revision},"data":{{"unit":"00004","period":"2020-Q4","form":"community_investment_board","totals":{totals}}}}}"#
    )
}

const TOTALS: &str = r#"{"supervision_sessions":6,"participants":80,"violations_found":3,"violations_recommended":2,"violations_resolved":1,"money_recovered_vnd":1500000,"money_other_vnd":0,"settlement_reduction_vnd":9000000,"land_recovered_m2":12.5,"land_other_m2":0.07}"#;

/// A session of that board.
fn boards_session(number: usize) -> String {
    session("00004", number, 1, "2020-11-02", 20).replace("trade_union", "community_investment_board")
}

fn row(rollup: &Value, unit: &str) -> Value {
    rollup["units"].as_array().unwrap().iter().find(|row| row["unit"] == unit).unwrap().clone()
}

fn overlaps(giaoban: &Giaoban, more: &[&str]) -> Value {
    let listed = giaoban.ok(&[&["overlaps", "--format", "json"], more].concat());
    serde_json::from_str::<Value>(&listed).unwrap()["overlaps"].take()
}

#[test]
fn a_forms_totals_count_in_their_quarter_under_its_body_and_in_no_field() {
    let giaoban = Giaoban::new();
    giaoban.write("a.ndjson", form(1, 1, TOTALS));
    giaoban.ok(&["publish", "a.ndjson"]);
    giaoban.settle();
    for unit in ["00004", "001", "01"] {
        let row = row(&giaoban.rollup("2020-Q4"), unit);
        for (figure, total) in [
            ("supervision_sessions", json!(6)),
            ("participants", json!(80)),
            ("violations_found", json!(3)),
            ("violations_suspected", json!(3)),
            ("violations_confirmed", json!(0)),
            ("violations_recommended", json!(2)),
            ("violations_resolved", json!(1)),
            ("money_recovered_vnd", json!(1_500_000)),
            ("money_other_vnd", json!(0)),
            ("settlement_reduction_vnd", json!(9_000_000)),
            ("land_recovered_m2", json!("12.50")),
            ("land_other_m2", json!("0.07")),
            ("units_reported", json!(1)),
            ("units_nil", json!(0)),
        ] {
            assert_eq!(row["figures"][figure], total, "{figure} of {unit}");
        }
        assert_eq!(row["by_body"]["violations_suspected"], json!({"community_investment_board": 3}));
        assert_eq!(row["by_field"]["land_other_m2"], json!({"unspecified": "0.07"}));
        assert_eq!(row["by_field"]["money_other_vnd"], Value::Null, "zeros are left out");
    }
    assert_eq!(giaoban.figure("2020-Q3", "01", "supervision_sessions"), 0);
    assert_eq!(giaoban.figure("2020", "01", "supervision_sessions"), 6);
    assert_eq!(overlaps(&giaoban, &[]), json!([]));
    let said = giaoban.ok(&["overlaps", "--lang", "vi"]);
    assert!(said.starts_with("Không có số tổng hợp nào"), "{said}");
}

#[test]
fn records_list_a_form_as_totals_with_each_figure_that_is_in_it() {
    let giaoban = Giaoban::new();
    giaoban.write("a.ndjson", form(1, 1, r#"{"participants":0,"land_other_m2":0.5}"#));
    giaoban.ok(&["publish", "a.ndjson"]);
    giaoban.settle();
    let of = ["records", "--period", "2020-Q4", "--unit", "00004", "--figure", "land_other_m2"];
    let listing: Value = serde_json::from_str(&giaoban.ok(&[&of[..], &["--format", "json"]].concat())).unwrap();
    let record = &listing["records"][0];
    assert_eq!((&record["type"], &record["period"]), (&json!("formtotal"), &json!("2020-Q4")));
    assert_eq!(record["totals"], json!({"participants": 0, "land_other_m2": "0.50"}));
    assert_eq!((&record["amount"], &record["day"]), (&json!("0.50"), &Value::Null));
    let csv = giaoban.ok(&[&of[..], &["--format", "csv"]].concat());
    assert!(csv.contains("2020-Q4,participants=0; land_other_m2=0.50"), "{csv}");
    let table = giaoban.ok(&[&of[..], &["--lang", "vi"]].concat());
    assert!(
        table.contains("số tổng hợp của biểu mẫu: Số lượt người tham gia 0; Xử lý khác về đất (m²) 0,50"),
        "{table}"
    );
}

#[test]
fn a_form_is_recorded_corrected_and_withdrawn_like_any_record() {
    let giaoban = Giaoban::new();
    let given = ["record", "formtotal", "--subject", "TH-1", "--unit", "00004", "--period", "2020-Q4"];
    let said = giaoban.fails(2, &given);
    assert!(said.contains("--form, --totals-…"), "{said}");
    let form = ["--form", "peoples_inspection_board"];
    assert!(giaoban.fails(2, &[&given[..], &form].concat()).contains("--totals-… missing"));
    let said = giaoban.fails(5, &[&given[..], &form, &["--totals-land-other-m2", "0.001"]].concat());
    assert!(said.contains("land.too_fine") && said.contains("/data/totals/land_other_m2"), "{said}");
    let totals = ["--totals-supervision-sessions", "4", "--totals-land-other-m2", "0.25"];
    giaoban.ok(&[&given[..], &form, &totals].concat());
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q4", "001", "supervision_sessions"), 4);
    giaoban.ok(&["correct", "--subject", "TH-1", "--totals-supervision-sessions", "7", "--totals-land-other-m2", ""]);
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q4", "001", "supervision_sessions"), 7);
    assert_eq!(giaoban.figure("2020-Q4", "001", "land_other_m2"), "0.00");
    // To another quarter, which the first leaves nothing behind in.
    giaoban.ok(&["correct", "--subject", "TH-1", "--period", "2020-Q3"]);
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q4", "001", "units_reported"), 0);
    assert_eq!(giaoban.figure("2020-Q3", "001", "supervision_sessions"), 7);
    giaoban.ok(&["withdraw", "--subject", "TH-1", "--reason", "twice"]);
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q3", "01", "supervision_sessions"), 0);
    assert_eq!(giaoban.figure("2020-Q3", "01", "units_reported"), 0);
}

#[test]
fn a_spreadsheet_of_forms_is_taken_under_either_language_of_its_heads() {
    let giaoban = Giaoban::new();
    let head = "type,subject,time,Mã đơn vị,Quý báo cáo,Biểu mẫu,Tổng số cuộc giám sát,totals_money_recovered_vnd";
    let row = "formtotal,TH-1,2020-12-20T08:00:00+07:00,00004,2020-Q4,peoples_inspection_board,5,1200000";
    giaoban.write("a.csv", format!("{head}\n{row}\n"));
    giaoban.ok(&["publish", "a.csv"]);
    let bad = row.replace("TH-1", "TH-2").replace("2020-Q4", "2020");
    giaoban.write("b.csv", format!("{head}\n{bad}\n"));
    assert!(giaoban.fails(5, &["publish", "b.csv"]).contains("period.not_a_quarter"));
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q4", "01", "supervision_sessions"), 5);
    assert_eq!(giaoban.figure("2020-Q4", "01", "money_recovered_vnd"), 1_200_000);
}

#[test]
fn a_form_beside_single_records_is_listed_until_one_side_is_withdrawn() {
    let giaoban = Giaoban::new().with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0");
    // Beside it lie a session of another board, one of another quarter and one of another unit.
    let other_quarter = boards_session(2).replace("2020-11-02", "2020-09-02");
    let lines = [
        form(1, 1, TOTALS),
        boards_session(1),
        other_quarter,
        session("00004", 3, 1, "2020-11-02", 1),
        boards_session(4).replace("00004", "00007"),
    ];
    giaoban.write("a.ndjson", lines.join("\n"));
    giaoban.ok(&["publish", "a.ndjson"]);
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q4", "00004", "supervision_sessions"), 8, "all are counted");

    let listed = overlaps(&giaoban, &["--period", "2020-Q4"]);
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    let overlap = &listed[0];
    assert_eq!((&overlap["period"], &overlap["unit"]), (&json!("2020-Q4"), &json!("00004")));
    assert_eq!((&overlap["valid_from"], &overlap["name"]), (&json!("2020-01-01"), &json!("Phường Trúc Bạch")));
    assert_eq!(overlap["body"], "community_investment_board");
    let subjects = |side: &str| {
        let records = overlap[side].as_array().unwrap().iter();
        records.map(|record| record["subject"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!((subjects("totals"), subjects("records")), ("TH-1".into(), "GS-1".into()));
    assert_eq!(overlap["records"][0]["figures"], json!({"supervision_sessions": 1, "participants": 20}));
    assert_eq!(overlap["totals"][0]["figures"]["violations_suspected"], 3);
    assert_eq!(overlaps(&giaoban, &["--period", "2020"]), listed);
    assert_eq!(overlaps(&giaoban, &["--period", "2020-Q3"]), json!([]));
    let csv = giaoban.ok(&["overlaps", "--format", "csv"]);
    assert!(csv.starts_with("period,unit,valid_from,name,body,side,source,subject,"), "{csv}");
    assert_eq!(csv.lines().count(), 3, "{csv}");
    let text = giaoban.ok(&["overlaps", "--format", "text", "--lang", "vi"]);
    assert!(text.contains("/units/00004 GS-1 r1") && text.contains("đơn vị rút phần trùng"), "{text}");

    let worker = Running::worker(&giaoban);
    let get = |path: &str| {
        let (status, page) = worker.get(path);
        assert_eq!(status, 200, "{page}");
        page
    };
    let shown = || worker.metric("giaoban_overlaps");
    until("the metric shows it", Duration::from_secs(20), || shown() == Some(1.0));
    assert!(get("/?period=2020-Q4&lang=en").contains("<a href=\"/overlaps?period=2020-Q4&#38;lang=en\">"));
    let page = get("/overlaps?period=2020-Q4&lang=en");
    assert!(page.contains("/units/00004 TH-1") && page.contains("/units/00004 GS-1"), "{page}");
    giaoban.ok(&["withdraw", "--subject", "GS-1", "--reason", "it is in the form"]);
    until("the metric follows", Duration::from_secs(40), || shown() == Some(0.0));
    assert!(!get("/?period=2020-Q4").contains("/overlaps"));
    drop(worker);
    assert_eq!(giaoban.figure("2020-Q4", "00004", "supervision_sessions"), 7);
}

#[test]
fn a_period_that_the_calendar_lacks_is_told() {
    let giaoban = Giaoban::new().with("GIAOBAN__CALENDAR", "calendar.csv");
    giaoban.write("calendar.csv", "quarter,from,to\n2020-Q4,2020-09-15,2020-12-14\n");
    giaoban.write("a.ndjson", form(1, 1, TOTALS));
    giaoban.ok(&["publish", "a.ndjson"]);
    giaoban.settle();
    let said = giaoban.fails(15, &["overlaps", "--period", "2020"]);
    assert!(said.contains("does not have all quarters of 2020"), "{said}");
}

#[test]
fn two_forms_of_one_board_and_quarter_are_an_overlap_too() {
    let giaoban = Giaoban::new();
    giaoban.write("a.ndjson", [form(1, 1, TOTALS), form(2, 1, TOTALS)].join("\n"));
    giaoban.ok(&["publish", "a.ndjson"]);
    giaoban.settle();
    let listed = overlaps(&giaoban, &[]);
    assert_eq!((listed[0]["totals"].as_array().unwrap().len(), &listed[0]["records"]), (2, &json!([])));
}

#[test]
#[ignore = "needs PostgreSQL: ./test.sh"]
fn postgres_has_the_same_figures_and_overlaps_as_a_file() {
    let nil = r#"{"specversion":"1.0","id":"BC-1.1","source":"/units/00007","type":"vn.giaoban.nilreturn.v1","subject":"BC-1","time":"2020-12-20T08:00:00+07:00","data":{"unit":"00007","period":"2020"}}"#;
    let lines = [form(1, 1, TOTALS), form(1, 2, r#"{"land_other_m2":0.5}"#), boards_session(1), nil.to_owned()];
    let database = Database::new();
    let server =
        Giaoban::new().with("GIAOBAN__STORE__URL", &database.url).with("GIAOBAN__STORE__SCHEMA", &database.schema);
    let answers = [Giaoban::new(), server].map(|giaoban| {
        giaoban.write("a.ndjson", lines.join("\n"));
        giaoban.ok(&["publish", "a.ndjson"]);
        giaoban.settle();
        let listed = giaoban.ok(&["records", "--period", "2020-Q4", "--figure", "land_other_m2", "--format", "json"]);
        (overlaps(&giaoban, &[]), giaoban.rollup("2020-Q4"), listed)
    });
    let (listed, rollup, _) = &answers[0];
    assert_eq!((listed.as_array().unwrap().len(), row(rollup, "01")["figures"]["units_nil"].as_i64()), (1, Some(1)));
    assert_eq!(row(rollup, "01")["figures"]["land_other_m2"], "0.50");
    assert!(answers[0] == answers[1]);
}
