//! Files of events: what is good goes, what is bad comes back with its code.

#![allow(clippy::unwrap_used)]

mod harness;

use harness::bad::bad_lines;
use harness::{Giaoban, session};

#[test]
fn each_bad_line_comes_back_with_its_code_and_stops_no_other() {
    let giaoban = Giaoban::new();
    let bad = bad_lines();
    let mut file = Vec::new();
    for (number, (line, _)) in bad.iter().enumerate() {
        file.extend(line);
        file.push(b'\n');
        file.extend(session("00004", 1000 + number, 1, "2020-03-04", 1).bytes());
        // Some as Windows ends them, and the last one cut off before its end.
        file.extend(if number % 2 == 0 { "\r\n" } else { "\n" }.bytes());
    }
    file.pop();
    giaoban.write("events.ndjson", &file);
    let ended = giaoban.run(&["publish", "events.ndjson"]);
    assert_eq!(ended.code, Some(4), "{}", ended.err);
    assert!(ended.out.contains(&format!("{} taken, {} refused", bad.len(), bad.len())), "{}", ended.out);
    let receipt = std::fs::read(giaoban.dir().join("events.rejected.ndjson")).unwrap();
    let receipt = String::from_utf8_lossy(&receipt);
    for (index, (_, code)) in bad.iter().enumerate() {
        let remark = format!("# line {}: {code}", 2 * index + 1);
        assert!(receipt.contains(&remark), "no {remark:?} in the receipt");
    }
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), bad.len());
}

#[test]
fn extra_fields_are_kept_and_ignored() {
    let giaoban = Giaoban::new();
    let event =
        session("00004", 1, 1, "2020-03-04", 1).replace(r#""participants""#, r#""weather":"mưa","participants""#);
    giaoban.write("a.ndjson", event.replace(r#""revision""#, r#""traceparent":"x","revision""#));
    giaoban.ok(&["publish", "a.ndjson"]);
}

#[test]
fn a_receipt_is_corrected_and_sent_as_it_is() {
    let giaoban = Giaoban::new();
    let bad = session("00004", 1, 1, "2020-02-30", 7);
    giaoban.write("a.ndjson", format!("{bad}\n{}\n", session("00007", 2, 1, "2020-03-01", 5)));
    assert!(giaoban.fails(4, &["publish", "a.ndjson"]).contains("date.invalid"));
    let receipt = giaoban.read("a.rejected.ndjson");
    giaoban.write("a.rejected.ndjson", receipt.replace("\"2020-02-30\"", "\"2020-02-29\""));
    let said = giaoban.ok(&["publish", "a.rejected.ndjson"]);
    assert!(said.contains("1 taken, 0 refused"), "{said}");
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q1", "01", "participants"), 12);
}

#[test]
fn a_spreadsheet_as_excel_saves_it_in_vietnam() {
    let giaoban = Giaoban::new();
    let sheet = "\u{feff}type;subject;Mã đơn vị;detected_on;body;field;status;recommended;resolved_on;money_recovered_vnd;land_recovered_m2\r\n\
                 violation;VP-1;00004;2020-03-10;trade_union;environment;confirmed;có;2020-03-12;1.234.567;12,5\r\n\
                 violation;VP-2;00004;2020-03-10;trade_union;environment;confirmed;không;2020-03-12;1.000;0,25\r\n\
                 violation;VP-3;00004;2020-03-10;trade_union;environment;confirmed;có;2020-03-12;-7;1,234\r\n\
                 violation;VP-4;00004\r\n";
    giaoban.write("thang-3.csv", sheet);
    let said = giaoban.fails(4, &["publish", "thang-3.csv"]);
    for code in ["money.negative", "land.too_fine", "csv.columns"] {
        assert!(said.contains(code), "{said}");
    }
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q1", "00004", "money_recovered_vnd"), 1_235_567);
    assert_eq!(giaoban.figure("2020-Q1", "00004", "land_recovered_m2"), "12.75");
    assert_eq!(giaoban.figure("2020-Q1", "00004", "violations_recommended"), 1);

    let receipt = giaoban.read("thang-3.rejected.csv");
    let receipt = receipt
        .replace(";-7;1,234;", ";7;1,23;")
        .replace("violation;VP-4;00004;", "violation;VP-4;00004;2020-03-11;other;other;suspected;không;;;;");
    giaoban.write("thang-3.rejected.csv", receipt);
    let said = giaoban.ok(&["publish", "thang-3.rejected.csv"]);
    assert!(said.contains("2 taken, 0 refused"), "{said}");
}

#[test]
fn a_comma_file_packed_files_and_standard_input() {
    let giaoban = Giaoban::new();
    let sheet = "type,subject,unit,held_on,body,field,participants,recommendations_authority\n\
                 supervision,GS-1,00004,2020-03-04,trade_union,environment,\"1,200\",2\n";
    giaoban.write("a.csv", sheet);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, session("00004", 2, 1, "2020-03-04", 3).as_bytes()).unwrap();
    giaoban.write("b.ndjson.gz", gzip.finish().unwrap());
    giaoban.write("c.ndjson.zst", zstd::encode_all(session("00004", 3, 1, "2020-03-04", 4).as_bytes(), 3).unwrap());
    giaoban.ok(&["publish", "a.csv", "b.ndjson.gz", "c.ndjson.zst"]);
    let ended = giaoban.run_with_input(&["publish", "-"], session("00004", 4, 1, "2020-03-04", 5).as_bytes());
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q1", "00004", "participants"), 1212);
    assert_eq!(giaoban.figure("2020-Q1", "00004", "recommendations_authority"), 2);
}

#[test]
fn an_empty_file_and_one_cut_short_are_told() {
    let giaoban = Giaoban::new();
    giaoban.write("empty.ndjson", "");
    assert!(giaoban.fails(5, &["publish", "empty.ndjson"]).contains("empty.ndjson: file.empty: "));
    assert!(!giaoban.dir().join("empty.rejected.ndjson").exists(), "there is no line to correct");
    let lines: String = (0..2000).map(|number| session("00004", number, 1, "2020-03-04", 1) + "\n").collect();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, lines.as_bytes()).unwrap();
    let packed = gzip.finish().unwrap();
    giaoban.write("cut.ndjson.gz", &packed[..packed.len() / 2]);
    let ended = giaoban.run(&["publish", "cut.ndjson.gz"]);
    assert_eq!(ended.code, Some(4), "{}{}", ended.out, ended.err);
    assert!(ended.out.contains("cannot be read beyond line"), "{}", ended.out);
    // The whole file, once it is there, adds what was missing and nothing twice.
    giaoban.write("whole.ndjson.gz", &packed);
    giaoban.ok(&["publish", "whole.ndjson.gz"]);
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), 2000);
}

#[test]
fn the_same_file_twice_changes_nothing() {
    let giaoban = Giaoban::new();
    giaoban.write("a.ndjson", session("00004", 1, 1, "2020-03-04", 12));
    giaoban.ok(&["publish", "a.ndjson"]);
    giaoban.ok(&["publish", "a.ndjson"]);
    let said = giaoban.settle();
    assert!(said.contains("1 applied, 1 duplicate"), "{said}");
    assert_eq!(giaoban.figure("2020-Q1", "01", "participants"), 12);
}

#[test]
fn a_missing_file_stops_before_anything_is_sent() {
    let giaoban = Giaoban::new();
    giaoban.write("a.ndjson", session("00004", 1, 1, "2020-03-04", 12));
    assert!(giaoban.fails(15, &["publish", "a.ndjson", "b.ndjson"]).contains("b.ndjson"));
    assert!(giaoban.settle().contains("Read 0 records"));
}

#[test]
fn a_sheet_that_is_not_utf_8_is_told_how_to_be_saved() {
    let giaoban = Giaoban::new();
    let utf16: Vec<u8> = "\u{feff}type,subject\nsupervision,GS-1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    giaoban.write("a.csv", utf16);
    assert!(giaoban.fails(5, &["publish", "a.csv"]).contains("CSV UTF-8"));
}

#[test]
fn a_workbook_and_a_folder_are_told_from_files_of_events() {
    let giaoban = Giaoban::new();
    for (name, start) in
        [("a.xlsx", "PK\x03\x04\x14\0".as_bytes()), ("b.csv", b"PK\x03\x04\x14\0"), ("c.xls", b"\xd0\xcf\x11\xe0\xa1")]
    {
        giaoban.write(name, start);
        let said = giaoban.fails(5, &["publish", name]);
        assert!(said.contains("Excel workbook") && said.contains("CSV UTF-8"), "{said}");
    }
    std::fs::create_dir(giaoban.dir().join("march")).unwrap();
    assert!(giaoban.fails(13, &["publish", "march"]).contains("This is a folder"));
}

#[test]
fn a_sheet_with_a_column_twice_is_refused_whole() {
    let giaoban = Giaoban::new();
    // The Vietnamese name of `unit` is the same column.
    let sheet = "type,subject,unit,held_on,body,field,participants,Mã đơn vị,,\n\
                 supervision,GS-1,00004,2020-03-04,trade_union,environment,12,00007,,\n";
    giaoban.write("a.csv", sheet);
    assert!(giaoban.fails(5, &["publish", "a.csv"]).contains("column \"unit\" twice"));
    // Nor does anything of a good file beside it go.
    giaoban.write("b.ndjson", session("00004", 1, 1, "2020-03-04", 12));
    assert!(giaoban.fails(5, &["publish", "b.ndjson", "a.csv"]).contains("a.csv"));
    assert!(giaoban.settle().contains("Read 0 records"));
    // What stands twice and is not read is nobody's loss, nor are columns without a name.
    giaoban.write("a.csv", sheet.replace("unit", "note").replace("participants", "note"));
    giaoban.ok(&["publish", "a.csv"]);
}

/// A sheet of sessions, and its rows.
const SESSIONS: &str = "type,subject,unit,held_on,body,field,topic\n";

fn row(number: usize, topic: &str) -> String {
    format!("supervision,Q{number},00004,2020-03-04,trade_union,environment,{topic}\n")
}

#[test]
fn a_quote_that_is_not_closed_costs_its_row_alone() {
    let rows = |topics: &[&str]| {
        let rows = topics.iter().enumerate().map(|(index, topic)| row(index + 1, topic));
        format!("{SESSIONS}{}", rows.collect::<String>())
    };
    // To the end of the file; up to a quote that opens another cell; up to one that is as wrong.
    for (topics, line) in [
        (["\"Họp", "Nước", "Rác", "Đất"], 2),
        (["Họp", "\"Nước", "Rác", "\"Đất, nhà\""], 3),
        (["\"Họp", "Nước", "Rác\"", "Đất"], 2),
        (["\"Họp", "Nước\"", "Rác", "Đất"], 2),
        (["Họp", "Nước", "Rác", "\"Đất n"], 5),
    ] {
        let giaoban = Giaoban::new();
        giaoban.write("a.csv", rows(&topics));
        let ended = giaoban.run(&["publish", "a.csv"]);
        assert_eq!(ended.code, Some(4), "{}{}", ended.out, ended.err);
        assert!(ended.out.contains("3 taken, 1 refused"), "{}", ended.out);
        assert!(ended.err.contains(&format!("line {line}: csv.quote_unclosed")), "{}", ended.err);
        giaoban.settle();
        assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), 3);
        // The receipt holds that row; closed, it is taken.
        let receipt = giaoban.read("a.rejected.csv");
        assert_eq!(receipt.lines().count(), 2, "{receipt}");
        giaoban.write("a.rejected.csv", receipt.replace("\"\"\"", "\""));
        assert!(giaoban.ok(&["publish", "a.rejected.csv"]).contains("1 taken, 0 refused"));
    }
    let giaoban = Giaoban::new();
    giaoban.write("a.csv", rows(&["\"Họp \"kín\" tại phường\"", "\"Nước,\nrác \"\"và\"\"\n\nđất\""]));
    assert!(giaoban.fails(4, &["publish", "a.csv"]).contains("line 2: csv.quote_misplaced"));
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), 1, "a cell may have several lines");
}

#[test]
fn a_receipt_carries_the_type_that_was_given() {
    let giaoban = Giaoban::new();
    let sheet = "subject,unit,held_on,body,field\n\
                 GS-1,00004,2020-02-30,trade_union,environment\n\
                 GS-2,00004\n";
    giaoban.write("a.csv", sheet);
    giaoban.write("b.csv", sheet.replace('\n', ",\n").replacen("field,", "field,type", 1));
    for name in ["a", "b"] {
        giaoban.fails(5, &["publish", "--type", "supervision", &format!("{name}.csv")]);
        let rejected = format!("{name}.rejected.csv");
        let receipt = giaoban.read(&rejected).replace("2020-02-30", "2020-02-29");
        giaoban.write(&rejected, receipt.lines().take(2).collect::<Vec<_>>().join("\n"));
        let said = giaoban.ok(&["publish", &rejected]);
        assert!(said.contains("1 taken, 0 refused"), "{said}");
    }
}

#[test]
fn a_line_has_the_number_that_an_editor_shows() {
    let giaoban = Giaoban::new();
    let sheet = format!("{SESSIONS}{}\n{}\n\n{}", row(1, "\"a\nb\""), row(2, ""), row(3, "").replace("03-04", "02-30"));
    for (name, sheet) in [("a", sheet.clone()), ("b", sheet.replace('\n', "\r\n")), ("c", sheet.replace('\n', "\r"))] {
        giaoban.write(&format!("{name}.csv"), sheet);
        let said = giaoban.fails(4, &["publish", &format!("{name}.csv")]);
        assert!(said.contains("line 8: date.invalid"), "{said}");
        assert!(giaoban.read(&format!("{name}.rejected.csv")).contains(",8,date.invalid,"));
    }
}

#[test]
fn two_lines_that_contradict_each_other_are_told() {
    let giaoban = Giaoban::new();
    let sheet = format!("{SESSIONS}{}{}{}", row(1, "Họp"), row(2, "Họp"), row(1, "Nước"));
    giaoban.write("a.csv", sheet);
    giaoban.write(
        "b.ndjson",
        [session("00004", 7, 1, "2020-03-04", 1), session("00004", 7, 1, "2020-03-04", 2)].join("\n"),
    );
    giaoban.write("c.csv", format!("{SESSIONS}{}{}", row(2, "Rác"), row(1, "Nước")));
    let ended = giaoban.run(&["publish", "a.csv", "b.ndjson", "c.csv"]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    for told in [
        "a.csv: line 4 contradicts line 2: the same record /units/00004 Q1 and revision",
        "b.ndjson: line 2 contradicts line 1: the same record /units/00004 GS-7 and revision",
        "c.csv: line 2 contradicts a.csv line 3: the same record /units/00004 Q2 and revision",
        "Give the later one a higher revision: the column \"revision\", or giaoban correct.",
    ] {
        assert!(ended.err.contains(told), "no {told:?} in {}", ended.err);
    }
    assert_eq!(ended.err.matches("contradicts").count(), 3, "the same again is none: {}", ended.err);
}

#[test]
fn json_over_several_lines_or_in_a_list_holds_events() {
    let giaoban = Giaoban::new();
    let event = |number, participants| -> serde_json::Value {
        serde_json::from_str(&session("00004", number, 1, "2020-03-04", participants)).unwrap()
    };
    giaoban.write("one.json", serde_json::to_string_pretty(&event(1, 1)).unwrap());
    giaoban.write("list.json", serde_json::to_string_pretty(&[event(2, 2), event(3, 4)]).unwrap());
    giaoban.write("dense", serde_json::to_string(&[event(4, 8)]).unwrap());
    giaoban.write("lines.json", format!("{}\n{}\n", event(5, 16), event(6, 32)));
    giaoban.ok(&["publish", "one.json", "list.json", "dense", "lines.json"]);
    let mut bad = event(7, 64);
    bad["data"]["held_on"] = "2020-02-30".into();
    giaoban.write("bad.json", serde_json::to_string_pretty(&[event(8, 128), bad]).unwrap());
    let said = giaoban.fails(4, &["publish", "bad.json"]);
    assert!(said.contains("line 20: date.invalid"), "{said}");
    let receipt = giaoban.read("bad.rejected.ndjson").replace("02-30", "02-29");
    giaoban.write("bad.rejected.ndjson", receipt);
    giaoban.ok(&["publish", "bad.rejected.ndjson"]);
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q1", "00004", "participants"), 255);
}

#[test]
fn a_sheet_may_name_its_delimiter() {
    let giaoban = Giaoban::new();
    let sheet = format!("{SESSIONS}{}{}", row(1, ""), row(2, "").replace("03-04", "02-30"));
    for (name, said, delimiter) in [("a", "sep=;", ";"), ("b", "\"SEP=\t\"", "\t"), ("c", "sep=|", "|")] {
        giaoban.write(&format!("{name}.csv"), format!("{said}\r\n{}", sheet.replace(',', delimiter)));
        let told = giaoban.fails(4, &["publish", &format!("{name}.csv")]);
        assert!(told.contains("line 4: date.invalid"), "{told}");
        let receipt = giaoban.read(&format!("{name}.rejected.csv")).replace("02-30", "02-29");
        giaoban.write(&format!("{name}.rejected.csv"), receipt);
        giaoban.ok(&["publish", &format!("{name}.rejected.csv")]);
    }
}

#[test]
fn a_column_that_is_misspelt_stops_the_sheet_and_another_is_told() {
    let giaoban = Giaoban::new();
    let sheet = |column: &str| {
        format!(
            "type,subject,unit,held_on,body,field,{column}\nsupervision,GS-1,00004,2020-03-04,trade_union,environment,12\n"
        )
    };
    for (column, meant) in [
        ("partecipants", "participants"),
        ("Số lượt người tham da", "participants"),
        ("recommendations party", "recommendations_party"),
    ] {
        giaoban.write("a.csv", sheet(column));
        let said = giaoban.fails(5, &["publish", "a.csv"]);
        assert!(said.contains(&format!("did you mean \"{meant}\"?")), "{said}");
    }
    for (column, told) in [
        ("note", "the column \"note\" is not read\n"),
        ("units", "the column \"units\" is not read; did you mean \"unit\"?"),
        ("participant_list", "the column \"participant_list\" is not read; did you mean \"participants\"?"),
    ] {
        giaoban.write("a.csv", sheet(column));
        let ended = giaoban.run(&["publish", "a.csv"]);
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        assert!(ended.err.contains(told), "{}", ended.err);
    }
    giaoban.write("a.csv", sheet("_partecipants"));
    assert!(!giaoban.run(&["publish", "a.csv"]).err.contains("partecipants"));
}

#[test]
fn a_line_that_is_too_long_is_told_with_its_length_and_never_taken_from_the_receipt() {
    let giaoban = Giaoban::new();
    let long = "x".repeat(1 << 20);
    giaoban.write("a.csv", format!("{SESSIONS}{}{}", row(1, &long), row(2, "Họp")));
    giaoban.write("b.ndjson", session("00004", 3, 1, "2020-03-04", 1).replace("trade_union", &long));
    for (name, length, suffix) in [("a.csv", (1 << 20) + 57, "csv"), ("b.ndjson", (1 << 20) + 311, "ndjson")] {
        let ended = giaoban.run(&["publish", name]);
        assert!(ended.err.contains("message.too_large"), "{}", ended.err);
        let found = ended.err.split("found: ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
        assert!(found.parse::<i64>().unwrap().abs_diff(length) < 64, "{found} {length}");
        let rejected = format!("{}.rejected.{suffix}", &name[..1]);
        assert!(giaoban.read(&rejected).len() < 4096);
        assert!(giaoban.read(&rejected).contains("Only the beginning of the line is given here"));
        giaoban.fails(5, &["publish", &rejected]);
    }
}
