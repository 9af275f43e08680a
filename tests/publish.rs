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
    assert!(giaoban.fails(5, &["publish", "empty.ndjson"]).contains("file.empty"));
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
