//! Whatever somebody sends, no way out shows it raw: terminal, log, files, pages, spreadsheets. Every command is run
//! amid hostile text, and every place in the code that writes to the world is named here: a new one fails until it is
//! looked at.

#![allow(clippy::unwrap_used)]

mod harness;

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use giaoban::log::embedded::EmbeddedLog;
use giaoban::log::{EventLog as _, Outgoing};
use harness::running::Running;
use harness::{Ended, Giaoban, case, session};

/// What writes to the world, and the only files that may.
const WAYS_OUT: [(&str, &[&str]); 20] = [
    ("stdout", &["terminal/mod.rs"]),
    ("stderr", &["terminal/mod.rs", "terminal/progress.rs", "terminal/prompt.rs"]),
    ("println!", &[]),
    ("print!(", &[]),
    ("dbg!", &[]),
    // Help, which is the program's own.
    (".print();", &["program/usage.rs"]),
    ("tracing_subscriber::fmt", &["program/context.rs"]),
    ("dialoguer::", &["terminal/prompt.rs"]),
    ("ProgressBar::", &["terminal/progress.rs"]),
    ("ratatui::", &["terminal/top.rs"]),
    ("fs::write(", &[]),
    ("fs::copy(", &[]),
    ("File::create(", &[]),
    ("OpenOptions", &["files/private.rs"]),
    ("create_dir", &[]),
    // The others keep what only programs read.
    ("serde_json::to_string", &["text/safe.rs", "log/embedded/headers.rs"]),
    ("serde_json::to_vec", &["observability/verification.rs"]),
    ("serde_json::to_writer", &["json/canonical.rs", "wire/encode.rs"]),
    ("csv::Writer", &["text/safe.rs"]),
    (
        ".render()",
        &["report/html.rs", "report/prose.rs", "web/view.rs", "web/probes.rs", "program/usage.rs", "cli/top.rs"],
    ),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sources(&path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn every_way_out_of_the_program_is_named() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&src, &mut found);
    let mut used = BTreeSet::new();
    for path in found.iter().filter(|path| path.extension().is_some_and(|suffix| suffix == "rs")) {
        let name = path.strip_prefix(&src).unwrap().to_str().unwrap();
        if name.ends_with("tests.rs") || name.contains("tests/") || name.contains("fixture") {
            continue;
        }
        let text = fs::read_to_string(path).unwrap();
        let code = text.split("#[cfg(test)]\n").next().unwrap().lines();
        for line in code.filter(|line| !line.trim_start().starts_with("//")) {
            for (way, files) in WAYS_OUT
                .iter()
                .filter(|(way, _)| line.replace("use_stderr", "").replace("WholeFile::create(", "").contains(way))
            {
                assert!(
                    files.contains(&name),
                    "{name} writes by {way}: through text::safe, terminal or files, or named here"
                );
                used.insert((*way, name.to_owned()));
            }
        }
    }
    for (way, files) in WAYS_OUT {
        files
            .iter()
            .for_each(|file| assert!(used.contains(&(way, (*file).to_owned())), "{file} has no {way} any more"));
    }
}

/// Text that does harm where it is shown raw.
struct Hostile(u64);

impl Hostile {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most as u64) as usize
    }

    /// A name of a file or an argument: no zero byte, no slash.
    fn text(&mut self) -> String {
        const PARTS: [&str; 16] = [
            "\u{1b}[2J",
            "\u{1b}]0;x\u{7}",
            "\u{9b}31m",
            "\u{202e}",
            "\u{2066}",
            "\u{2028}",
            "\u{200b}",
            "\u{e0041}",
            "\u{85}",
            "\r",
            "\n=1",
            "=cmd|' C'!A0",
            "@SUM(1)",
            "\u{7f}",
            "ữ",
            "<b>",
        ];
        let start = ["=", "+1-1", "-x", "@a", "\t", "a"][self.below(6)];
        (0..3).fold(start.to_owned(), |text, _| text + PARTS[self.below(PARTS.len())])
    }

    /// The same in a JSON text: escaped, or raw where JSON allows it.
    fn json(&mut self) -> String {
        let text = self.text();
        let escaped = serde_json::to_string(&text).unwrap();
        escaped[1..escaped.len() - 1].to_owned()
    }
}

/// Nothing that steers a terminal, turns the direction of writing or is not there to the eye.
fn assert_safe(text: &[u8], what: &str) {
    let text = std::str::from_utf8(text).unwrap_or_else(|error| panic!("{what}: {error}"));
    let raw = text.chars().find(|c| match c {
        '\n' | '\t' => false,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}' => true,
        c => c.is_control(),
    });
    assert!(raw.is_none(), "{what} shows {raw:?} raw: {}", text.escape_debug());
}

/// No cell that a spreadsheet would take for a formula.
fn assert_no_formula(csv: &[u8], what: &str) {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(csv);
    for record in reader.records().map(Result::unwrap) {
        for cell in &record {
            let starts = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
            assert!(!starts || cell.parse::<f64>().is_ok(), "{what} has the formula {cell:?}");
        }
    }
}

/// Events that are bad in every place, and good ones whose free text is hostile.
fn events(hostile: &mut Hostile) -> Vec<String> {
    let mut lines = Vec::new();
    let good = session("00004", 1, 1, "2020-03-04", 1);
    for place in [
        "\"body\":\"trade_union\"",
        "\"field\":\"environment\"",
        "\"held_on\":\"2020-03-04\"",
        "\"unit\":\"00004\",\"held",
    ] {
        let (name, _) = place.split_once(':').unwrap();
        let rest = if place.ends_with("held") { ",\"held" } else { "" };
        lines.push(good.replace(place, &format!("{name}:\"{}\"{rest}", hostile.json())));
    }
    for name in ["subject", "source", "id", "type", "specversion", "time", "partitionkey", "datacontenttype"] {
        let (before, after) = good.split_once(&format!("\"{name}\":\"")).unwrap();
        let (_, after) = after.split_once('"').unwrap();
        lines.push(format!("{before}\"{name}\":\"{}\"{after}", hostile.json()));
    }
    lines.push(good.replace("\"data\":{", &format!("\"{}\":1,\"data\":{{", hostile.json())));
    lines.push(good.replace(
        "\"participants\":1",
        &format!("\"recommendations\":{{\"{}\":1}},\"{}\":-1", hostile.json(), hostile.json()),
    ));
    lines.push(good.replace("\"participants\":1", &format!("\"topic\":\"{}\"", hostile.json())));
    lines.push(format!("{{\"{}\": {}", hostile.json(), hostile.text().replace('\n', " ")));
    lines.push(hostile.text().replace('\n', " "));
    for (number, index) in ["papi", "sipas"].into_iter().enumerate() {
        lines.push(format!(
            r#"{{"specversion":"1.0","id":"I-{number}","source":"/units/01","type":"vn.giaoban.index.v1","subject":"I-{number}","time":"2021-06-01T08:00:00+07:00","data":{{"unit":"01","year":2020,"index":"{index}","dimension":"{}","score":4{number}}}}}"#,
            hostile.json()
        ));
    }
    let free = format!(r#","summary":"{}","legal_obstacle":"{}""#, hostile.json(), hostile.json());
    lines.push(case("00004", 1, "2020-03-04", &free));
    lines.push(session("00004", 7, 1, "2020-03-04", 1));
    lines
}

/// Runs commands, and holds all that they say to be safe.
struct Watched<'g> {
    giaoban: &'g Giaoban,
    seed: u64,
    ran: BTreeSet<String>,
}

impl Watched<'_> {
    fn run(&mut self, arguments: &[&str]) -> Ended {
        let ended = self.giaoban.run(arguments);
        self.ran.insert(arguments[0].to_owned());
        let what = format!("seed {}: {arguments:?} ({:?})", self.seed, ended.code);
        assert!(ended.code.is_some_and(|code| code != 1 && code != 101), "{what}: {}", ended.err);
        assert_safe(ended.out.as_bytes(), &what);
        assert_safe(ended.err.as_bytes(), &what);
        if arguments.contains(&"csv") && !ended.out.is_empty() {
            assert_no_formula(ended.out.as_bytes(), &what);
        }
        if arguments.contains(&"json") && ended.code == Some(0) {
            serde_json::from_str::<serde_json::Value>(&ended.out).unwrap_or_else(|error| panic!("{what}: {error}"));
        }
        ended
    }
}

fn http(address: &str, request: &str, what: &str) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut said = Vec::new();
    stream.read_to_end(&mut said).unwrap();
    let body = said.windows(4).position(|window| window == b"\r\n\r\n").map_or(0, |at| at + 4);
    assert!(said.starts_with(b"HTTP/1.1 "), "{what}: {}", String::from_utf8_lossy(&said));
    assert_safe(&said[body..], what);
    let head = String::from_utf8_lossy(&said[..body]).into_owned();
    if head.contains("text/html") {
        assert!(!String::from_utf8_lossy(&said[body..]).contains("<b>"), "{what}: {}", String::from_utf8_lossy(&said));
    } else if head.contains("text/csv") {
        assert_no_formula(&said[body..], what);
    }
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn whatever_somebody_sends_no_way_out_shows_it_raw() {
    let commands = Giaoban::new().ok(&["--help"]);
    let commands = commands.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let commands: BTreeSet<&str> = commands
        .lines()
        .filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')))
        .map(|line| line.split(' ').next().unwrap())
        .filter(|command| *command != "help")
        .collect();
    for seed in 1..=2 {
        let ran = one_run(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
        let missing: Vec<_> = commands.iter().filter(|command| !ran.contains(**command)).collect();
        assert!(missing.is_empty(), "commands that nobody ran amid hostile text: {missing:?}");
    }
}

fn one_run(seed: u64) -> BTreeSet<String> {
    let mut hostile = Hostile(seed);
    let giaoban = Giaoban::new().with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0");
    let mut watched = Watched { giaoban: &giaoban, seed, ran: BTreeSet::new() };
    let lines = events(&mut hostile);
    let names = [0; 4].map(|_| hostile.text().replace('\n', "\u{1b}"));
    let ndjson = format!("./{}.ndjson", names[0]);
    giaoban.write(&ndjson, lines.join("\n"));
    watched.run(&["publish", &ndjson]);
    let twice = [session("00004", 8, 1, "2020-03-04", 1), session("00004", 8, 1, "2020-03-04", 2)].join("\n");
    giaoban.write("twice.ndjson", format!("{}\n{twice}", lines.join("\n")));
    watched.run(&["publish", "twice.ndjson", "--lang", "vi", "--receipt", &format!("./{}", names[1])]);
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let columns = [0; 6].map(|_| quoted(&hostile.text()));
    giaoban.write(
        "a.csv",
        format!(
            "type,subject,unit,held_on,body,field,topic,{}\n\
             supervision,{},00004,2020-03-04,trade_union,environment,x,\n\
             {},GS-2,{},{},{},environment,x,\n\
             supervision,GS-3,00004,2020-02-30,trade_union,environment,\"=1+1\",\n",
            columns[0], columns[1], columns[2], columns[3], columns[4], columns[5]
        ),
    );
    watched.run(&["publish", "a.csv"]);
    assert_no_formula(giaoban.read("a.rejected.csv").as_bytes(), "a receipt");
    for name in ["a.rejected.csv", &names[1]] {
        let text = String::from_utf8_lossy(&fs::read(giaoban.dir().join(name)).unwrap()).into_owned();
        let remarks = text.lines().filter(|line| line.starts_with("# "));
        remarks.for_each(|remark| assert_safe(remark.as_bytes(), "a receipt's remark"));
    }
    watched.run(&["publish", &format!("./{}", names[2])]);
    watched.run(&["publish", "a.csv", "--type", &names[2]]);

    // Straight into the log, as a producer that knows no rules.
    let log = EmbeddedLog::open(&giaoban.data()).unwrap();
    let mut producer = log.producer("giaoban.events").unwrap();
    for (tag, line) in (0..).zip(lines.iter().map(|line| line.clone().into_bytes()).chain([b"\xff\x1b[2J".to_vec()])) {
        let mut header = || (hostile.text(), Some(hostile.text().into_bytes()));
        let headers = vec![header(), header(), ("giaoban_dlq_note".to_owned(), Some(b"\x1b[2J".to_vec()))];
        let key = Some(hostile.text().into_bytes());
        producer.send(&Outgoing { key, headers, payload: line, ..Outgoing::default() }, tag).unwrap();
    }
    assert!(producer.flush(Duration::from_secs(5)).iter().all(|delivery| delivery.result.is_ok()));
    drop((producer, log));
    watched.run(&["worker", "--until-caught-up"]);

    for format in ["table", "csv", "json"] {
        watched.run(&["rollup", "--period", "2020-Q1", "--format", format]);
        watched.run(&["overlaps", "--format", format]);
        watched.run(&["verify", "--format", format]);
        watched.run(&["replay", "--format", format]);
        watched.run(&["dlq", "list", "--all", "--format", format]);
        for figure in ["supervision_sessions", "violations_found", "units_reported"] {
            watched.run(&["records", "--period", "2020-Q1", "--unit", "01", "--figure", figure, "--format", format]);
        }
    }
    for name in &names {
        watched.run(&["rollup", "--period", "2020-Q1", "--unit", name]);
        watched.run(&["rollup", "--period", name]);
        watched.run(&["records", "--period", "2020-Q1", "--unit", name, "--figure", "participants"]);
        watched.run(&["correct", name, "--participants", name]);
        watched.run(&["withdraw", name, "--reason", name, "--source", name]);
        watched.run(&[
            "record",
            "supervision",
            "--unit",
            name,
            "--held-on",
            name,
            "--body",
            "other",
            "--field",
            "other",
        ]);
        watched.run(&["dlq", "discard", "--unit", name, "--reason-text", name]);
        watched.run(&["schema", "--type", name]);
        watched.run(&["completion", name]);
        watched.run(&["man", &format!("man1{name}")]);
        watched.run(&["topics", name]);
        watched.run(&["migrate", "log", "--to", name]);
        watched.run(&["migrate", "store", name]);
        watched.run(&["restore", name]);
        watched.run(&["doctor", "--data", name]);
        watched.run(&["top", "--once", "--at", name]);
        watched.run(&["config", "show", "--data", name]);
        watched.run(&["config", "show", "--config", name]);
        watched.run(&["demo", name]);
        watched.run(&[name]);
    }
    for id in ["0:0", "1:0", "2:0", "3:0", "4:0", "5:0", "5:1", "4:2"] {
        watched.run(&["dlq", "show", id]);
    }
    watched.run(&["dlq", "redrive"]);
    watched.run(&["dlq", "discard", "0:0", "--reason-text", &hostile.text()]);
    watched.run(&["dlq", "list", "--all", "--format", "csv"]);
    watched.run(&["dlq", "export", "-"]);
    watched.run(&["dlq", "export", &format!("./{}", names[3])]);
    assert_safe(&fs::read(giaoban.dir().join(&names[3])).unwrap(), "an export");
    watched.run(&["schema"]);
    let toml = giaoban.write("bad.toml", format!("\"{}\" = 1\n", hostile.json()));
    watched.run(&["config", "show", "--config", toml.to_str().unwrap()]);
    let backup = format!("backup{}", names[0]);
    watched.run(&["backup", &backup]);
    watched.run(&["restore", &backup, "--data", &format!("data{}", names[0])]);

    let out = format!("reports{}", names[0]);
    for period in ["2020-Q1", "2020"] {
        watched.run(&["report", "--period", period, "--out", &out]);
    }
    for entry in fs::read_dir(giaoban.dir().join(&out)).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        assert_safe(&bytes, &format!("seed {seed}: {path:?}"));
        if path.extension().unwrap() == "csv" {
            assert_no_formula(&bytes, &format!("{path:?}"));
        }
    }

    watched.run(&["top", "--once"]);
    let serving = Running::of(giaoban.command(&["serve"]));
    for path in ["/", "/records?figure=supervision_sessions", "/metrics", "/readyz"] {
        assert_safe(serving.get(path).1.as_bytes(), path);
    }
    serving.signal("TERM");
    assert_safe(serving.ended().1.as_bytes(), "the log of what serves");
    watched.ran.insert("serve".into());
    let worker = Running::worker(&giaoban);
    let address = worker.address();
    watched.run(&["top", "--once", "--at", address, "--lang", "vi"]);
    for _ in 0..3 {
        let text = percent(&hostile.text());
        for path in [
            "/?period=",
            "/units/",
            "/records?figure=",
            "/records?figure=participants&unit=",
            "/v1/rollup?format=",
            "/v1/rollup?unit=",
            "/",
        ] {
            http(
                address,
                &format!("GET {path}{text} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"),
                &format!("seed {seed}: {path}{text}"),
            );
        }
        let host = hostile.text().replace(['\n', '\r', '\0', '\u{1b}', '\u{7f}'], "");
        http(address, &format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"), "a name");
    }
    for path in [
        "/",
        "/units/00004",
        "/records?figure=supervision_sessions",
        "/records?figure=violations_found",
        "/operations",
        "/v1/rollup",
        "/v1/rollup?format=csv",
        "/metrics",
    ] {
        http(address, &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"), path);
    }
    watched.ran
}
