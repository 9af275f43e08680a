//! Settings, files and folders that are wrong.

use crate::harness::session;
use crate::story::Story;

pub fn trouble() -> String {
    let mut text = String::new();
    let mut tell = |story: &mut Story| text += &(story.text.clone() + "\n");
    // What does not come from the folder alone stays out: the doctor looks at disk and clock.
    tell(Story::new().run("config show"));
    tell(Story::new().set("GIAOBAN__WORKER__BATCH_RECORDS", "7").run("config show"));
    let mut story = Story::new();
    story
        .write("good.toml", "lang = \"vi\"\n[worker]\nbatch_records = 9\n[kafka.properties]\n\"client.id\" = \"x\"\n[kafka.secret_files]\n\"sasl.password\" = \"good.toml\"\n")
        .run("config show --config good.toml")
        .run("config show --config good.toml --lang vi")
        .run("config show --config absent.toml")
        .write("bad.toml", "[worker]\nbatch_recrods = 9\n")
        .run("config show --config bad.toml")
        .write("broken.toml", "[worker\n")
        .run("config show --config broken.toml")
        .write("type.toml", "[worker]\nbatch_records = \"many\"\n")
        .run("rollup --period 2020-Q1 --config type.toml");
    tell(&mut story);
    for (name, value) in [
        ("GIAOBAN__WORKER__BATCH_RECORDS", "0"),
        ("GIAOBAN__WORKER__BATCH_RECORDS", "many"),
        ("GIAOBAN__WORKER__BATCH_RECRODS", "5"),
        ("GIAOBAN__LANG", "fr"),
        ("GIAOBAN__CALENDAR", "no-such"),
        ("GIAOBAN__UNITS__FILE", "no-such.csv"),
        ("GIAOBAN__HTTP__LISTEN", "nowhere"),
        ("GIAOBAN__LOG__LEVEL", "loud"),
        ("GIAOBAN__REPORT__DATE", "2020-02-30"),
        ("GIAOBAN__STORE__URL", "mysql://x/y"),
        ("GIAOBAN__STORE__SCHEMA", "a b"),
        ("GIAOBAN__KAFKA__TOPIC", "a/b"),
        ("GIAOBAN__SOURCES__ALLOWED", "/systems/hr"),
        ("GIAOBAN__SOURCES__ALLOWED", "/units/00004"),
        ("GIAOBAN__KAFKA__PROPERTIES__GROUP_ID", "x"),
        ("GIAOBAN_CONFIG", "absent.toml"),
    ] {
        tell(Story::new().set(name, value).run("worker --until-caught-up").run("config show"));
    }
    let mut story = Story::new();
    story
        .write("units.csv", "code,name,kind,parent_code,valid_from,valid_to\n01,A,city,,2020-01-01,\n")
        .write("units-bad.csv", "code,name\n01,A\n")
        .write("short.csv", "2020-Q1,2020-01-01,2020-03-04\n")
        .write("a.ndjson", session("00004", 1, 1, "2020-03-04", 3))
        .run("publish a.ndjson")
        .run("worker --until-caught-up");
    story
        .set("GIAOBAN__CALENDAR", "calendar-quarter")
        .run("worker --until-caught-up")
        .run("rollup --period 2020-Q1 --format csv");
    story.run("replay --switch").run("rollup --period 2020-Q1 --format csv");
    story.set("GIAOBAN__UNITS__FILE", "units-bad.csv").run("rollup --period 2020-Q1 --format csv");
    tell(&mut story);
    // Files of another program, or damaged.
    let mut story = Story::new();
    std::fs::create_dir(story.giaoban.data()).unwrap();
    story
        .write("data/store-1.db", "this is no database, and long enough to be told from one that is empty")
        .run("rollup --period 2020-Q1 --format csv");
    story.run("worker --until-caught-up");
    tell(&mut story);
    let mut story = Story::new();
    std::fs::create_dir(story.giaoban.data()).unwrap();
    let other = rusqlite::Connection::open(story.giaoban.data().join("log.db")).unwrap();
    other.execute_batch("CREATE TABLE x (y); PRAGMA application_id = 7").unwrap();
    drop(other);
    story
        .write("a.ndjson", session("00004", 1, 1, "2020-03-04", 3))
        .run("publish a.ndjson")
        .run("worker --until-caught-up");
    tell(&mut story);
    let mut story = Story::new();
    story
        .write("a.ndjson", session("00004", 1, 1, "2020-03-04", 3))
        .run("publish a.ndjson")
        .run("worker --until-caught-up");
    std::fs::remove_file(story.giaoban.data().join("log.db")).unwrap();
    story.note("the log is gone").run("worker --until-caught-up").run("replay");
    tell(&mut story);
    text
}
