//! From an event to a figure and back to what stands behind it.

#![allow(clippy::unwrap_used)]

mod harness;

use std::collections::{BTreeMap, BTreeSet};

use harness::running::Running;
use harness::{Giaoban, case, session};
use serde_json::{Value, json};

/// The example of the contract, verbatim.
const EXAMPLE: &str = r#"{"specversion":"1.0","id":"GS-2020-000123.1","source":"/units/00004","type":"vn.giaoban.supervision.v1","subject":"GS-2020-000123","time":"2020-03-04T09:12:33+07:00","datacontenttype":"application/json","partitionkey":"00004","revision":1,"data":{"unit":"00004","held_on":"2020-03-04","body":"fatherland_front","field":"budget_finance","participants":12,"topic":"Giám sát thu, chi các khoản đóng góp của nhân dân"}}"#;

fn published(lines: &[String]) -> Giaoban {
    let giaoban = Giaoban::new();
    giaoban.write("events.ndjson", lines.join("\n"));
    giaoban.ok(&["publish", "events.ndjson"]);
    giaoban.settle();
    giaoban
}

fn row<'r>(rollup: &'r Value, unit: &str) -> &'r Value {
    rollup["units"].as_array().unwrap().iter().find(|row| row["unit"] == unit).unwrap()
}

#[test]
fn the_contracts_example_gives_its_figures_in_the_contracts_form() {
    let giaoban = published(&[EXAMPLE.to_owned()]);
    let text = giaoban.ok(&["rollup", "--period", "2020-Q1", "--unit", "001", "--format", "json"]);
    let rollup: Value = serde_json::from_str(&text).unwrap();
    let head = json!({"period":"2020-Q1","calendar":"decree-09-2019","from":"2019-12-15","to":"2020-03-14","status":"open","revision":null});
    for (key, value) in head.as_object().unwrap() {
        assert_eq!(rollup[key], *value, "{key}");
    }
    assert!(rollup.get("synthetic").is_none());
    assert_eq!(rollup["units"].as_array().unwrap().len(), 15, "Ba Đình and its fourteen wards");
    for unit in ["001", "00004"] {
        let row = row(&rollup, unit);
        assert_eq!(row["figures"]["supervision_sessions"], 1);
        assert_eq!(row["figures"]["land_recovered_m2"], "0.00");
        assert_eq!(row["figures"].as_object().unwrap().len(), 30);
        assert_eq!(
            row["by_body"],
            json!({"supervision_sessions":{"fatherland_front":1},"participants":{"fatherland_front":12}})
        );
        assert_eq!(
            row["by_field"],
            json!({"supervision_sessions":{"budget_finance":1},"participants":{"budget_finance":12}})
        );
    }
    assert_eq!(row(&rollup, "001")["parent"], "01");
    assert_eq!(row(&rollup, "001")["figures"]["units_expected"], 15);
    assert_eq!(row(&rollup, "001")["figures"]["units_reported"], 1);

    let csv = giaoban.ok(&["rollup", "--period", "2020-Q1", "--format", "csv"]);
    assert!(
        csv.starts_with("unit,valid_from,name,kind,parent,supervision_sessions,participants,recommendations_party"),
        "{csv}"
    );
    assert!(csv.lines().any(|line| line.starts_with("00004,2020-01-01,Phường Trúc Bạch,ward,001,1,12,0")));
}

#[test]
fn a_correction_moves_unit_and_quarter_and_a_withdrawal_takes_all_away() {
    // Its district sent it, which speaks for both units.
    let giaoban = published(&[EXAMPLE.replace("/units/00004", "/units/001")]);
    giaoban.ok(&["correct", "--subject", "GS-2020-000123", "--unit", "00007", "--held-on", "2020-03-20"]);
    // Corrected again before a worker has seen the first correction.
    giaoban.ok(&["correct", "--subject", "GS-2020-000123", "--participants", "20", "--topic", ""]);
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q1", "01", "supervision_sessions"), 0);
    assert_eq!(giaoban.figure("2020-Q1", "01", "units_reported"), 0);
    assert_eq!(giaoban.figure("2020-Q2", "00007", "participants"), 20);
    let listing = giaoban.ok(&["records", "--period", "2020-Q2", "--figure", "participants", "--format", "json"]);
    let listing: Value = serde_json::from_str(&listing).unwrap();
    assert_eq!(listing["total"], 20);
    assert_eq!(listing["records"][0]["revision"], 3);
    assert_eq!(listing["records"][0]["earlier_revisions"].as_array().unwrap().len(), 2);

    giaoban.ok(&["withdraw", "--subject", "GS-2020-000123", "--reason", "nhập nhầm"]);
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q2", "01", "participants"), 0);
    assert!(
        giaoban.fails(15, &["correct", "--subject", "GS-2020-000123", "--participants", "1"]).contains("withdrawn")
    );
    assert!(giaoban.fails(15, &["withdraw", "--subject", "GS-0", "--reason", "x"]).contains("GS-0"));
}

#[test]
fn where_a_record_lies_in_the_log_is_told_when_it_is_taken_and_behind_the_figure() {
    let giaoban = published(&[EXAMPLE.to_owned()]);
    let given = ["--unit", "00004", "--held-on", "2020-04-01", "--body", "other", "--field", "other"];
    let said = giaoban.ok(&[&["record", "supervision"], &given[..]].concat());
    giaoban.settle();
    let number = |after: &str| said.split(after).nth(1).unwrap().split([',', '.']).next().unwrap().to_owned();
    let place = format!("@{}:{}", number("at partition "), number("offset "));
    let listed = giaoban.ok(&["records", "--period", "2020-Q2", "--unit", "00004", "--figure", "supervision_sessions"]);
    assert!(listed.lines().any(|line| line.ends_with(&place)), "{said}{listed}");
}

#[test]
fn longer_periods_are_the_sums_of_their_quarters() {
    let days = ["2020-02-01", "2020-05-01", "2020-08-01", "2020-11-01", "2020-12-20"];
    let giaoban = published(
        &days.iter().enumerate().map(|(number, day)| session("00004", number, 1, day, 1)).collect::<Vec<_>>(),
    );
    for (period, count) in [("2020-Q1", 1), ("2020-H1", 2), ("2020-H2", 2), ("2020-9M", 3), ("2020", 4), ("2021-Q1", 1)]
    {
        assert_eq!(giaoban.figure(period, "01", "supervision_sessions"), count, "{period}");
    }
    assert_eq!(giaoban.figure("2020", "01", "units_expected"), 609, "each unit once, whatever the period");
}

#[test]
fn a_case_that_outlives_its_unit_counts_in_its_heir_or_in_none() {
    let settled = r#","resolved_on":"2025-08-01","money_recovered_vnd":7"#;
    let giaoban = published(&[
        case("00010", 1, "2024-05-01", settled),
        case("00016", 2, "2024-05-01", settled),
        case("00091", 3, "2024-05-01", settled),
    ]);
    let rollup = giaoban.rollup("2025-Q3");
    let resolved = |unit: &str, since: Option<&str>| {
        let rows = rollup["units"].as_array().unwrap();
        let row = rows.iter().find(|row| row["unit"] == unit && row["valid_from"].as_str() == since).unwrap();
        row["figures"]["violations_resolved"].clone()
    };
    assert_eq!(resolved("00004", Some("2025-07-01")), 1, "Ba Đình, by way of Trúc Bạch");
    assert_eq!(resolved("00004", Some("2020-01-01")), 0);
    assert_eq!(resolved("00091", Some("2025-07-01")), 1, "code and name went on unchanged");
    assert_eq!(resolved("dissolved", None), 1);
    assert_eq!(resolved("01", Some("2020-01-01")), 3);
    assert_eq!(row(&rollup, "dissolved")["parent"], "01");
    assert!(!giaoban.rollup("2025-Q4")["units"].as_array().unwrap().iter().any(|row| row["unit"] == "dissolved"));
    let listed =
        giaoban.ok(&["records", "--period", "2025-Q3", "--unit", "dissolved", "--figure", "violations_resolved"]);
    assert!(listed.contains("1 records") && listed.contains("VP-2"), "{listed}");

    // The row by itself, and behind each of its figures as much as it says.
    let alone = |period: &str| -> Value {
        serde_json::from_str(&giaoban.ok(&["rollup", "--period", period, "--unit", "dissolved", "--format", "json"]))
            .unwrap()
    };
    assert_eq!(alone("2025-Q3")["units"], json!([row(&rollup, "dissolved")]));
    assert_eq!(alone("2025-Q4")["units"], json!([]));
    for (figure, value) in row(&rollup, "dissolved")["figures"].as_object().unwrap() {
        let asked = ["records", "--period", "2025-Q3", "--unit", "dissolved", "--figure", figure];
        let listed: Value = serde_json::from_str(&giaoban.ok(&[&asked[..], &["--format", "json"]].concat())).unwrap();
        assert_eq!(&listed["total"], value, "{figure}");
        let rows = giaoban.ok(&[&asked[..], &["--format", "csv"]].concat()).lines().count() - 1;
        assert_eq!(rows, usize::from(*value != 0 && *value != "0.00"), "{figure}");
        if figure.starts_with("units_") {
            assert!(giaoban.ok(&asked).contains("0 (0 units)"), "{figure}");
        }
    }
}

#[test]
fn every_figure_is_the_sum_of_the_records_behind_it() {
    let giaoban = Giaoban::new();
    giaoban.ok(&["demo", "--no-serve"]);
    let rollup = giaoban.rollup("2020-Q4");
    for unit in ["01", "001", "00004"] {
        for figure in [
            "supervision_sessions",
            "participants",
            "violations_found",
            "violations_resolved",
            "money_recovered_vnd",
            "land_recovered_m2",
            "opinion_contribution",
            "petitions_received",
            "units_expected",
            "units_reported",
            "units_nil",
        ] {
            let listing =
                giaoban.ok(&["records", "--period", "2020-Q4", "--unit", unit, "--figure", figure, "--format", "json"]);
            let listing: Value = serde_json::from_str(&listing).unwrap();
            assert_eq!(listing["total"], row(&rollup, unit)["figures"][figure], "{figure} of {unit}");
            if ["supervision_sessions", "violations_found", "violations_resolved", "petitions_received"]
                .contains(&figure)
            {
                let count = listing.get("records").map_or(0, |records| records.as_array().unwrap().len());
                assert_eq!(json!(count), listing["total"], "{figure} of {unit}");
            }
        }
    }
}

#[test]
fn a_code_that_was_two_units_in_the_period_has_the_records_of_each_apart() {
    // 00004 was Phường Trúc Bạch until 30 June 2025 and is Phường Ba Đình since 1 July, in one quarter.
    let giaoban = published(&[
        session("00004", 1, 1, "2025-06-20", 10),
        session("00004", 2, 1, "2025-06-30", 20),
        session("00004", 3, 1, "2025-07-01", 40),
    ]);
    let rollup = giaoban.rollup("2025-Q3");
    let ask = |figure: &str, more: &[&str]| {
        let asked = ["records", "--period", "2025-Q3", "--unit", "00004", "--figure", figure];
        giaoban.run(&[&asked, more].concat())
    };
    for figure in ["supervision_sessions", "participants", "units_reported", "units_expected"] {
        for row in rollup["units"].as_array().unwrap().iter().filter(|row| row["unit"] == "00004") {
            let listed = ask(figure, &["--since", row["valid_from"].as_str().unwrap(), "--format", "json"]).out;
            let listed: Value = serde_json::from_str(&listed).unwrap();
            assert_eq!(listed["total"], row["figures"][figure], "{figure} of {}", row["name"]);
            assert_eq!(listed["valid_from"], row["valid_from"]);
        }
    }
    // For people both, each with its own total.
    let text = ask("participants", &[]).out;
    assert!(text.contains("2025-Q3, Phường Trúc Bạch (since 2020-01-01): 30 (2 records)"), "{text}");
    assert!(text.contains("2025-Q3, Phường Ba Đình (since 2025-07-01): 40 (1 records)"), "{text}");
    // A program is told to say which.
    for format in ["json", "csv"] {
        let ended = ask("participants", &["--format", format]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""));
        assert!(
            ended.err.contains("Phường Trúc Bạch since 2020-01-01, Phường Ba Đình since 2025-07-01"),
            "{}",
            ended.err
        );
        assert!(ended.err.contains("--since 2020-01-01 or --since 2025-07-01"), "{}", ended.err);
    }
    assert!(ask("participants", &["--since", "2025-07-02"]).err.contains("since 2025-07-01"));
}

#[test]
fn the_demo_gives_the_briefings_totals_and_says_that_it_is_a_sample() {
    let giaoban = Giaoban::new();
    let said = giaoban.ok(&["demo", "--no-serve", "--data", "demo"]);
    assert!(said.contains("5,085 supervision sessions and 848 cases"), "{said}");
    let report = |suffix: &str| giaoban.read(&format!("demo/reports/giaoban-2020-Q4.{suffix}"));
    assert!(report("json").contains("\"synthetic\""));
    assert!(report("csv").lines().next().unwrap().ends_with(",synthetic"));
    assert!(report("html").contains("Số liệu mẫu"));
    let first = [report("html"), report("csv"), report("json")];
    let again = giaoban.ok(&["demo", "--no-serve", "--data", "demo"]);
    assert!(again.contains("Sent 0 sample events"), "{again}");
    assert!(first == [report("html"), report("csv"), report("json")], "the same figures, the same bytes");
    let year = serde_json::from_str::<Value>(
        &giaoban.ok(&["rollup", "--period", "2020", "--format", "json", "--data", "demo"]),
    )
    .unwrap();
    assert_eq!(year["units"][0]["figures"]["supervision_sessions"], 5085);
    assert_eq!(year["units"][0]["figures"]["violations_found"], 848);
}

#[test]
fn the_demo_serves_pages_metrics_and_probes_until_it_is_told_to_stop() {
    let giaoban = Giaoban::new().with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0");
    let demo = Running::of(giaoban.command(&["demo"]));
    let get = |path: &str| demo.get(path);
    // The reports are written first, and the worker goes on.
    let report = giaoban.data().join("reports/giaoban-2020-Q4.html");
    let within = std::time::Duration::from_secs(60);
    harness::until("the reports", within, || report.exists());
    harness::until("the worker", within, || ["/startupz", "/readyz"].iter().all(|probe| get(probe).0 == 200));
    assert_eq!(get("/livez").0, 200);
    let (status, page) = get("/?period=2020-Q4");
    assert!(status == 200 && page.contains("Thành phố Hà Nội"), "{page}");
    let (status, metrics) = get("/metrics");
    assert!(status == 200 && metrics.contains("giaoban_worker_records_applied_total"), "{metrics}");
    demo.signal("INT");
    let (code, log) = demo.ended();
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn the_report_is_three_files_in_the_folder_that_is_named() {
    let giaoban = published(&[EXAMPLE.to_owned()]);
    let said = giaoban.ok(&["report", "--period", "2020-Q1", "--out", "bao-cao"]);
    let files: Vec<String> = ["html", "csv", "json"].map(|form| format!("bao-cao/giaoban-2020-Q1.{form}")).into();
    assert_eq!(said.lines().collect::<Vec<_>>(), files);
    for file in &files {
        assert!(giaoban.read(file).contains("Phường Trúc Bạch"), "{file}");
    }
    assert_eq!(std::fs::read_dir(giaoban.dir().join("bao-cao")).unwrap().count(), 3, "and no other");
    giaoban.write("taken", "");
    let again = giaoban.run(&["report", "--period", "2020-Q1", "--out", "bao-cao"]);
    let replaced = |file: &String| again.err.contains(&format!("Replaced the earlier file {file}."));
    assert!(again.out == said && files.iter().all(replaced), "{}", again.err);
    let said = giaoban.fails(13, &["report", "--period", "2020-Q1", "--out", "taken/bao-cao"]);
    assert!(said.contains("taken/bao-cao") && said.contains("remedy"), "{said}");
}

#[test]
fn the_demo_leaves_real_figures_alone() {
    let giaoban = published(&[EXAMPLE.to_owned()]);
    assert!(giaoban.fails(2, &["demo", "--no-serve"]).contains("is for real figures"));
}

#[test]
fn calendars_and_units_are_configuration() {
    let giaoban = Giaoban::new().with("GIAOBAN__CALENDAR", "calendar-quarter");
    giaoban.write("a.ndjson", session("00004", 1, 1, "2020-03-20", 1));
    giaoban.ok(&["publish", "a.ndjson"]);
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q1", "01", "supervision_sessions"), 1);

    let giaoban = Giaoban::new().with("GIAOBAN__CALENDAR", "school.csv").with("GIAOBAN__UNITS__FILE", "units.csv");
    giaoban.write("school.csv", "quarter,from,to\n2020-Q1,2020-01-06,2020-03-29\n2020-Q2,2020-03-30,2020-06-28\n");
    giaoban.write("units.csv", "code,name,kind,parent_code,valid_from,valid_to\n99,Tỉnh Mẫu,province,,2020-01-01,\n99001,Xã Một,commune,99,2020-01-01,\n");
    giaoban
        .write("a.ndjson", session("99001", 1, 1, "2020-03-29", 1) + "\n" + &session("99001", 2, 1, "2020-07-01", 1));
    assert!(giaoban.fails(4, &["publish", "a.ndjson"]).contains("date.outside_calendar"));
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q1", "99", "supervision_sessions"), 1);
    assert!(giaoban.fails(15, &["rollup", "--period", "2020"]).contains("does not have all quarters of 2020"));

    giaoban.write("units.csv", "code,name,kind,parent_code,valid_from,valid_to\n99,Tỉnh Mẫu,province,,2020-01-01,\n99001,Xã Một,commune,98,2020-01-01,\n");
    let said = giaoban.fails(3, &["rollup", "--period", "2020-Q1"]);
    assert!(said.contains("units.csv line 3: orphan"), "{said}");
}

#[test]
fn changed_rules_are_a_replay() {
    let mut giaoban = published(&[session("00004", 1, 1, "2020-03-20", 3)]);
    let figures = |giaoban: &Giaoban| {
        let mut figures = BTreeMap::new();
        for period in ["2020-Q1", "2020-Q2"] {
            for row in giaoban.rollup(period)["units"].as_array().unwrap() {
                let unit =
                    format!("{period},{},{}", row["unit"].as_str().unwrap(), row["valid_from"].as_str().unwrap());
                for (figure, value) in row["figures"].as_object().unwrap() {
                    figures.insert(format!("{unit},{figure}"), value.clone());
                }
            }
        }
        figures
    };
    let before = figures(&giaoban);
    giaoban = giaoban.with("GIAOBAN__CALENDAR", "calendar-quarter");
    assert!(giaoban.fails(10, &["worker", "--until-caught-up"]).contains("giaoban replay"));
    assert!(giaoban.fails(10, &["rollup", "--period", "2020-Q1"]).contains("giaoban replay"));
    let changes = giaoban.ok(&["replay", "--format", "csv"]);
    assert!(changes.contains("2020-Q1,00004,2020-01-01,supervision_sessions,0,1"), "{changes}");
    assert!(changes.contains("2020-Q2,00004,2020-01-01,participants,3,0"), "{changes}");
    assert!(
        giaoban.fails(10, &["rollup", "--period", "2020-Q1"]).contains("giaoban replay"),
        "nothing is switched unasked"
    );
    let told = giaoban.ok(&["replay", "--switch"]);
    assert!(told.contains(&format!("{} figures would change", changes.lines().count() - 1)), "{told}");
    assert_eq!(giaoban.figure("2020-Q1", "01", "supervision_sessions"), 1);
    // What was told is what a reader sees change: of every unit above, too, and who has reported.
    let after = figures(&giaoban);
    let changed = before.iter().filter(|(name, value)| after[*name] != **value);
    let changed: BTreeSet<String> = changed.map(|(name, value)| format!("{name},{value},{}", after[name])).collect();
    assert!(changed.contains("2020-Q1,01,2020-01-01,units_reported,0,1"), "{changed:?}");
    assert_eq!(changes.lines().skip(1).map(str::to_owned).collect::<BTreeSet<_>>(), changed);
    giaoban.write("b.ndjson", session("00004", 2, 1, "2020-03-21", 1));
    giaoban.ok(&["publish", "b.ndjson"]);
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q1", "01", "supervision_sessions"), 2);
    assert!(giaoban.ok(&["replay"]).contains("Nothing would change"));
}

#[test]
fn results_stand_alone_on_standard_output_and_speak_the_language_asked_for() {
    let giaoban = published(&[EXAMPLE.to_owned()]);
    let ended = giaoban.run(&["rollup", "--period", "2020-Q1", "--format", "json"]);
    serde_json::from_str::<Value>(&ended.out).unwrap();
    giaoban.ok(&["correct", "--subject", "GS-2020-000123", "--participants", "2"]);
    let ended = giaoban.run(&["rollup", "--period", "2020-Q1", "--format", "json"]);
    serde_json::from_str::<Value>(&ended.out).unwrap();
    assert!(ended.err.contains("1 records of the log are not in these figures yet"), "{}", ended.err);
    assert!(giaoban.ok(&["worker", "--until-caught-up", "--lang", "vi"]).contains("được tính"));
    assert!(
        giaoban.fails(15, &["rollup", "--period", "2020-Q1", "--unit", "99999", "--lang", "vi"]).contains("cách xử lý")
    );
    giaoban.fails(2, &["rollup", "--period", "2020-Q5"]);
    giaoban.fails(2, &["records", "--period", "2020-Q1", "--figure", "nothing"]);
}

#[test]
fn a_wrong_command_line_is_told_in_the_language_asked_for() {
    let giaoban = Giaoban::new();
    let records = ["records", "--period", "2020-Q4", "--figure"];
    for (arguments, said, also) in [
        (&["rollup", "--period", "2020-Q5"][..], "--period <PERIOD> không nhận giá trị “2020-Q5”", "2020-Q5"),
        (&["rollup"], "thiếu tham số bắt buộc: --period <PERIOD>", "--period <PERIOD>"),
        (&["rolup"], "không có lệnh “rolup”; gần nhất là rollup", "rollup"),
        (&["rollup", "--periode", "2020"], "không có tham số --periode; gần nhất là --period", "--period"),
        (&[&records[..], &["violation_found"]].concat(), "gần nhất là violations_found", "violations_found"),
        (&["topics"], "thiếu lệnh hoặc tham số", "create"),
    ] {
        let vietnamese = giaoban.fails(2, &[arguments, &["--lang", "vi"]].concat());
        let first = vietnamese.lines().next().unwrap();
        assert!(first.starts_with("lỗi: ") && first.contains(said), "{vietnamese}");
        assert!(vietnamese.split_once('\n').unwrap().1.contains(also), "{vietnamese}");
        let english = giaoban.fails(2, arguments);
        assert!(!english.contains("lỗi") && english.contains(also), "{english}");
    }
    // By the locale or the environment, where no flag says so.
    for (name, value, arguments) in [
        ("LC_ALL", "vi_VN.UTF-8", &["rollup"][..]),
        ("GIAOBAN__LANG", "vi", &["rollup"]),
        ("LC_ALL", "C", &["rollup", "--lang=vi"]),
    ] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_giaoban"));
        let ended = command.env_remove("GIAOBAN__LANG").env(name, value).args(arguments).output().unwrap();
        assert!(String::from_utf8_lossy(&ended.stderr).starts_with("lỗi: thiếu"), "{name}={value} {arguments:?}");
    }
}

#[test]
fn the_contract_is_printed_for_machines() {
    let giaoban = Giaoban::new();
    let asyncapi: Value = serde_json::from_str(&giaoban.ok(&["schema"])).unwrap();
    assert!(asyncapi["asyncapi"].as_str().unwrap().starts_with("3."));
    let schema: Value =
        serde_json::from_str(&giaoban.ok(&["schema", "--format", "json-schema", "--type", "supervision"])).unwrap();
    assert!(schema["$schema"].is_string());
}

#[test]
fn settings_are_shown_with_where_they_came_from() {
    let giaoban = Giaoban::new()
        .with("GIAOBAN__KAFKA__GROUP", "mine")
        .with("GIAOBAN__KAFKA__PROPERTIES__SASL_PASSWORD", "s3cret");
    let shown = giaoban.ok(&["config", "show"]);
    assert!(shown.contains("kafka.group = \"mine\"  (GIAOBAN__KAFKA__GROUP)"), "{shown}");
    assert!(shown.contains("kafka.topic = \"giaoban.events\"  (default)"), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
    // A file by its flag wins over the one by the variable, and the environment over both.
    let giaoban = giaoban.with("GIAOBAN_CONFIG", "other.toml");
    giaoban.write("mine.toml", "calendar = \"calendar-quarter\"\n[kafka]\ngroup = \"of-file\"\ntopic = \"of-file\"\n");
    let shown = giaoban.ok(&["config", "show", "--config", "mine.toml"]);
    assert!(shown.contains("kafka.topic = \"of-file\"  (mine.toml)"), "{shown}");
    assert!(shown.contains("kafka.group = \"mine\"  (GIAOBAN__KAFKA__GROUP)"), "{shown}");
    assert!(giaoban.fails(3, &["config", "show"]).contains("other.toml"));
    giaoban.write("a.ndjson", session("00004", 1, 1, "2020-03-20", 1));
    giaoban.ok(&["publish", "a.ndjson", "--config", "mine.toml"]);
    giaoban.ok(&["worker", "--until-caught-up", "--config", "mine.toml"]);
    let quarter = giaoban.ok(&["rollup", "--period", "2020-Q1", "--config", "mine.toml", "--format", "csv"]);
    assert!(
        quarter.lines().any(|line| line.starts_with("00004,2020-01-01,Phường Trúc Bạch,ward,001,1,1,")),
        "{quarter}"
    );

    let giaoban = Giaoban::new().with("GIAOBAN__KAFKA__BROKRES", "x");
    assert!(giaoban.fails(3, &["config", "show"]).contains("kafka.brokers"));
}
