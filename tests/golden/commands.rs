//! Command lines good and bad: files of events, single records, questions, operation.

use std::io::Write as _;
use std::path::PathBuf;

use crate::bases::with;
use crate::harness::bad::bad_lines;
use crate::harness::events::event;
use crate::harness::{case, session};
use crate::product;
use crate::stored;
use crate::story::Story;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// All of these bytes can be unpacked, whoever packs them, and then the file breaks off.
fn broken_off_gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.flush().unwrap();
    gzip.get_ref().clone()
}

/// Sessions on lines of their own.
fn sessions(numbers: std::ops::Range<usize>) -> String {
    numbers.map(|number| session("00004", number, 1, "2020-03-04", 3) + "\n").collect()
}

pub fn publish() -> String {
    let mut story = Story::new();
    let mut lines = Vec::new();
    for (line, _) in bad_lines() {
        lines.extend(line);
        lines.push(b'\n');
    }
    let good = "type,subject,unit,held_on,body,field,participants,recommendations_authority,topic\n";
    let vietnamese = "\u{feff}type;subject;Mã đơn vị;detected_on;body;field;status;recommended;resolved_on;money_recovered_vnd;land_recovered_m2\r\n";
    story
        .write("good.ndjson", sessions(1..4))
        .run("publish good.ndjson")
        .write("mixed.ndjson", [&lines[..], b"\n# a remark\n", sessions(4..6).as_bytes()].concat())
        .run("publish mixed.ndjson")
        .receipt("mixed.rejected.ndjson")
        .run("publish mixed.ndjson --receipt back.ndjson")
        .receipt("back.ndjson")
        .write("bad.ndjson", "{}\nx\n")
        .run("publish bad.ndjson")
        .run("publish bad.ndjson")
        .receipt("bad.rejected-2.ndjson")
        .write("good.csv", format!("{good}supervision,C-1,00004,2020-03-04,trade_union,environment,\"1,200\",2,\"Họp, \"\"kín\"\"\"\n"))
        .run("publish good.csv")
        .write(
            "partly.csv",
            format!(
                "{vietnamese}violation;V-1;00004;2020-03-10;trade_union;environment;confirmed;có;2020-03-12;1.234.567;12,5\r\n\
                 violation;V-2;00004;10/03/2020;trade_union;environment;confirmed;không;2020-03-12;1.000;0,25\r\n\
                 violation;V-3;00004;2020-03-10;trade_union;environment;confirmed;có;2020-03-12;-7;1,234\r\n\
                 violation;V-4;00004\r\n\
                 violation;V-5;99999;2020-02-30;x;y;z;maybe;soon;1,5;a\r\n\
                 weather;V-6;00004;2020-03-10;;;;;;;\r\n"
            ),
        )
        .run("publish partly.csv")
        .receipt("partly.rejected.csv")
        .write("none.csv", "subject,unit,held_on,body,field\nN-1,00004,2020-02-30,trade_union,environment\nN-2,00004\n")
        .run("publish --type supervision none.csv")
        .receipt("none.rejected.csv")
        .run("publish --type nothing none.csv")
        .run("publish none.csv")
        .write(
            "quotes.csv",
            format!(
                "{good}supervision,Q-1,00004,2020-03-04,trade_union,environment,1,1,\"Họp\n\
                 supervision,Q-2,00004,2020-03-04,trade_union,environment,1,1,\"a\"b\n\
                 supervision,Q-3,00004,2020-03-04,trade_union,environment,1,1,\"a\nb\"\n\n\
                 supervision,Q-4,00004,2020-03-04,trade_union,environment,1;5,1,\n"
            ),
        )
        .run("publish quotes.csv")
        .receipt("quotes.rejected.csv")
        .write("twice.csv", "type,subject,unit,Mã đơn vị\nsupervision,T-1,00004,00007\n")
        .run("publish twice.csv")
        .write("empty.ndjson", "")
        .run("publish empty.ndjson")
        .write("remarks.ndjson", "# nothing\n\n")
        .run("publish remarks.ndjson")
        .write("header.csv", good)
        .run("publish header.csv")
        .run("publish absent.ndjson")
        .run("publish good.ndjson absent.ndjson")
        .run("publish good.ndjson bad.ndjson --receipt one.ndjson")
        .run("publish good.ndjson bad.ndjson")
        .write("packed.ndjson.gz", gzip(sessions(10..12).as_bytes()))
        .run("publish packed.ndjson.gz")
        .write("packed.ndjson.zst", zstd::encode_all(sessions(12..14).as_bytes(), 3).unwrap())
        .run("publish packed.ndjson.zst");
    story
        .write("half.ndjson.gz", broken_off_gzip((sessions(14..178) + "{\"specversion\":").as_bytes()))
        .run("publish half.ndjson.gz")
        .write("no.ndjson.gz", "this is not packed")
        .run("publish no.ndjson.gz")
        .write("book.xlsx", b"PK\x03\x04\x14\0")
        .run("publish book.xlsx")
        .write("wide.csv", "type,subject\n".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>())
        .run("publish wide.csv")
        .run("publish .")
        .run_on("publish -", sessions(500..502).as_bytes())
        .run_on("publish - --format csv", format!("{good}supervision,I-1,00007,2020-03-04,other,other,,,\n").as_bytes())
        .run_on("publish -", b"")
        .run_on("publish -", b"{}\n")
        .receipt("stdin.rejected.ndjson")
        .run("publish")
        .write("pretty.ndjson", serde_json::to_string_pretty(&event("petition")).unwrap())
        .run("publish pretty.ndjson")
        .write("array.json", format!("[{},{}]", event("activity"), event("index")))
        .run("publish array.json")
        .write("contradicts.ndjson", session("00004", 1, 1, "2020-03-04", 99))
        .run("publish contradicts.ndjson")
        .figures();
    story.text.clone()
}

pub fn record() -> String {
    let mut story = Story::new();
    let session = "--unit 00004 --held-on 2020-03-04 --body trade_union --field environment";
    story
        .run(&format!("record supervision {session} --participants 12 --recommendations-party 2 --subject R-1"))
        .run_with(&["record", "activity", "--unit", "001", "--held-on", "2020-03-05", "--kind", "inspection", "--body", "other", "--count", "3", "--subject", "R 2"])
        .run("record petition --unit 01 --received-on 2020-03-04 --kind complaint --resolved-on 2020-03-09 --subject R-3")
        .run("record violation --unit 00004 --detected-on 2020-03-04 --body trade_union --field environment --status confirmed --recommended true --resolved-on 2020-03-09 --money-recovered-vnd 1000000 --land-recovered-m2 12.5 --subject R-4")
        .run("record inspectionplan --unit 001 --year 2020 --planned 4 --subject R-5")
        .run("record index --unit 01 --year 2020 --index papi --score 5.31 --rank 48 --out-of 63 --subject R-6")
        .run("record nilreturn --unit 00007 --period 2020-Q1 --subject R-7")
        .run(&format!("record supervision {session} --subject R-1 --source /units/001"))
        .run(&format!("record supervision {session} --subject R-11 --source /units/00007"))
        .run("record supervision --unit 99999 --held-on 2020-02-30 --body x --field environment --subject R-8")
        .run("record violation --unit 00004 --detected-on 2020-03-04 --body trade_union --field environment --status confirmed --recommended true --money-recovered-vnd -5 --land-recovered-m2 1.234 --subject R-9")
        .run("record supervision --unit 00004 --subject R-10")
        .run("record weather --unit 00004")
        .run("record")
        .run("correct --subject R-1 --participants 15")
        .run("correct --subject R-1 --source /units/00004 --participants 15")
        .run("correct --subject R-2 --count 9")
        .run_with(&["correct", "--subject", "R 2", "--count", "9"])
        .run_with(&["correct", "--subject", "R-4", "--land-recovered-m2", ""])
        .run("correct --subject R-4")
        .run("correct --subject R-4 --status closed")
        .run("correct --subject R-4 --participants 5")
        .run("correct --subject nobody --participants 5")
        .run("worker --until-caught-up")
        .run("correct --subject R-4 --status dismissed")
        .run_with(&["withdraw", "--subject", "R-3", "--reason", "Nhập nhầm"])
        .run("withdraw --subject R-1 --reason x")
        .run("withdraw --subject nobody --reason x")
        .run("withdraw --subject R-6")
        .run("correct --subject R-3 --kind denunciation")
        .figures();
    let log = stored::log(&story.giaoban);
    story.note("the log").text += &log;
    story.run("records --period 2020-Q1 --figure violations_found --format json");
    story.text.clone()
}

pub fn figures() -> String {
    let mut story = Story::new();
    story
        .run("rollup --period 2020-Q1 --format json")
        .run("records --period 2020-Q1 --figure participants --format csv");
    story
        .run("report --period 2020-Q1")
        .run("dlq list")
        .run("topics create")
        .run("rollup --period 2020-Q1 --format csv");
    story
        .write("a.ndjson", sessions(1..4) + &case("00007", 1, "2020-03-04", r#","resolved_on":"2020-03-09""#))
        .run("publish a.ndjson")
        .figures()
        .run("rollup --period 2020-Q1 --unit 00004 --format csv")
        .run("rollup --period 2020-Q1 --unit 99999 --format csv")
        .run("rollup --period 2020-Q1 --unit x --format json")
        .run("rollup --period 2020-Q5")
        .run("rollup --period 2020-q1")
        .run("rollup --period 1990")
        .run("rollup --period 2020-Q1 --format xml")
        .run("rollup --period 2025-Q3 --unit 001 --format csv")
        .run("rollup --period 2025-Q3 --unit 00004 --format csv")
        .run("rollup --period 2025 --unit 00004 --format csv")
        .run("rollup")
        .run("records --period 2020-Q1 --figure participants --format json")
        .run("records --period 2020-Q1 --figure participants --unit 00004 --format csv")
        .run("records --period 2020-Q1 --figure particpants --format csv")
        .run("records --period 2020-Q1 --figure participants --unit 99999 --format csv")
        .run("records --period 2025 --figure participants --unit 00004 --format json")
        .run("records --period 2025 --figure participants --unit 00004 --since 2025-07-01 --format json")
        .run("records --period 2025 --figure participants --unit 00004 --since 2024-07-01 --format json")
        .run("records --period 2020-Q1 --figure units_reported --format json")
        .run("report --period 2020-Q1 --out here/there")
        .run("report --period 2020-Q9")
        .run("report --period 2020-Q1 --out a.ndjson")
        .run("schema --format json-schema --type petition")
        .run("schema --type nothing")
        .run("schema --format yaml")
        .run("frobnicate")
        .run("worker --until-caught-up --frobnicate")
        .run("rollup --period 2020-Q1 --lang fr");
    story.text.clone()
}

/// The names of the files in a folder of the story, in order.
fn files(story: &Story, folder: &str) -> String {
    let entries = std::fs::read_dir(story.giaoban.dir().join(folder)).unwrap();
    let mut names: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let names = names.iter().map(|path| path.file_name().unwrap().to_str().unwrap());
    let names = names.filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm"));
    // What was moved aside has the time in its name.
    names.map(|name| name.trim_end_matches(|c: char| c.is_ascii_digit())).collect::<Vec<_>>().join(" ")
}

pub fn operate() -> String {
    let mut story = Story::new();
    let foreign = session("00004", 77, 1, "2020-03-04", 5).replace("/units/00004", "/systems/hr");
    let wrong = with(&event("violation"), "/data/status", Some("\"closed\""));
    let dead = [foreign.as_str(), &wrong, "{\"cut\":"].map(|payload| product::Raw {
        key: Some(b"00004".to_vec()),
        headers: vec![("trace".to_owned(), Some(b"t1".to_vec()))],
        payload: payload.as_bytes().to_vec(),
    });
    story.run("replay").run("verify").run("backup copy").run("restore copy").run("doctor");
    story.write("a.ndjson", sessions(1..4)).run("publish a.ndjson").run("topics create");
    product::send(&story.giaoban.data(), dead.to_vec());
    story.run("worker --until-caught-up").run("dlq list").run("dlq list --format csv").run("dlq list --format json");
    // One key, so one partition, and the letters are in order.
    story
        .run("dlq list --reason json.syntax --format csv")
        .run("dlq list --unit 00004 --format csv")
        .run("dlq list --reason no.such")
        .run("dlq list --since yesterday")
        .run("dlq list --since 2020-01-01 --until 2020-01-02 --format json")
        .run("dlq show 5:999")
        .run("dlq show x")
        .run("dlq redrive --dry-run")
        .run("dlq redrive")
        .run("dlq export letters.ndjson")
        .run("dlq export letters.ndjson")
        .run("publish letters.ndjson");
    story
        .set("GIAOBAN__SOURCES__ALLOWED", "/systems/hr")
        .run("dlq redrive --dry-run")
        .run("dlq redrive")
        .run("dlq redrive")
        .run("worker --until-caught-up")
        .run_with(&["dlq", "discard", "--reason", "json.syntax", "--reason-text", "đã gửi lại"])
        .run("dlq discard --reason json.syntax")
        .run("dlq list --all --format csv")
        .run("dlq list --format csv")
        .run("replay --format json")
        .run("replay --format csv")
        .run("verify --format json")
        .run("verify --format csv")
        .run("backup copy")
        .run("backup copy")
        .run("restore copy")
        .run("restore copy --replace")
        .run("restore nowhere")
        .run("restore copy --data fresh")
        .run("rollup --period 2020-Q1 --format csv --data fresh")
        .run("replay --switch")
        .run("rollup --period 2020-Q1 --format csv");
    let listed = ["copy", "data", "fresh"].map(|folder| format!("{folder}: {}", files(&story, folder)));
    story.note(&listed.join("\n-- "));
    story
        .run("worker --until-caught-up")
        .run("migrate store")
        .run("migrate log")
        .run("migrate")
        .run("topics create --partitions 3 --data other")
        .run("topics create --partitions 0");
    // A figure that is wrong.
    let store = rusqlite::Connection::open(story.giaoban.data().join("store-2.db")).unwrap();
    store.execute("DELETE FROM cell WHERE unit = '00004'", []).unwrap();
    drop(store);
    story.run("verify --format csv").run("verify --format json").run("replay --format csv");
    story.run("demo --no-serve");
    story.text.clone()
}
