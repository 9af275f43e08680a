//! Figures that are wrong, lack something, or may count it twice, on SQLite and the embedded log.

use super::{Watched, of_installation};
use crate::harness::{Giaoban, session};
use crate::pages::Page;
use crate::prometheus::Prometheus;

const HERE: &str = "figures";

/// By hand, as nobody should.
fn change(giaoban: &Giaoban, file: &str, sql: &str) {
    rusqlite::Connection::open(giaoban.data().join(file)).unwrap().execute_batch(sql).unwrap();
}

fn publish(giaoban: &Giaoban, events: impl Iterator<Item = String>) {
    giaoban.write("events.ndjson", events.map(|event| event + "\n").collect::<String>());
    giaoban.ok(&["publish", "events.ndjson"]);
}

fn sessions(unit: &'static str, numbers: std::ops::Range<usize>) -> impl Iterator<Item = String> {
    numbers.map(move |number| session(unit, number, 1, "2020-03-04", 1))
}

/// A form of a board, whose totals may count that board's session.
fn form_and_session() -> [String; 2] {
    let session = session("00004", 5_000, 1, "2020-11-02", 20).replace("trade_union", "community_investment_board");
    let form = r#"{"specversion":"1.0","id":"TH-1.1","source":"/units/00004","type":"vn.giaoban.formtotal.v1","subject":"TH-1","time":"2020-12-20T08:00:00+07:00","partitionkey":"00004","revision":1,"data":{"unit":"00004","period":"2020-Q4","form":"community_investment_board","totals":{"supervision_sessions":6}}}"#;
    [session, form.to_owned()]
}

pub fn are_wrong_or_lack_something(prometheus: &Prometheus) {
    let giaoban = of_installation(Giaoban::new(), HERE);
    publish(&giaoban, sessions("00004", 0..10).chain(sessions("00007", 10..20)).chain(form_and_session()));
    let start = || Watched::worker(prometheus, &giaoban);
    let mut worker = start();
    may_count_twice(prometheus, &giaoban);
    is_recounted(prometheus, &giaoban);

    // Figures that somebody has changed in the database.
    change(&giaoban, "store-1.db", "DELETE FROM cell WHERE unit = '00007'");
    let differ = Page::of("GiaobanFiguresDiffer");
    differ.is_looked_at(&giaoban);
    assert_eq!(prometheus.fires("GiaobanFiguresDiffer", HERE)["instance"], worker.running().address());
    worker.stop();
    differ.is_done(&giaoban, "giaoban replay --switch", &[]);
    worker = start();
    worker.running().until_ready();
    differ.is_done(&giaoban, "giaoban verify", &[]);
    prometheus.ends("GiaobanFiguresDiffer", HERE);

    // Counts that do not add up.
    worker.stop();
    change(&giaoban, "store-2.db", "UPDATE checkpoint SET read = read + 2 WHERE read > 0");
    worker = start();
    assert_eq!(prometheus.fires("GiaobanRecordsUnaccountedFor", HERE)["instance"], worker.running().address());
    let unaccounted = Page::of("GiaobanRecordsUnaccountedFor");
    unaccounted.is_looked_at(&giaoban);
    unaccounted.is_done(&giaoban, "giaoban replay", &[]);
    worker.stop();
    giaoban.ok(&["replay", "--switch"]);
    worker = start();
    prometheus.ends("GiaobanRecordsUnaccountedFor", HERE);

    worker.stop();
}

fn may_count_twice(prometheus: &Prometheus, giaoban: &Giaoban) {
    prometheus.fires("GiaobanOverlaps", HERE);
    Page::of("GiaobanOverlaps").is_looked_at(giaoban);
    giaoban.ok(&["withdraw", "--source", "/units/00004", "--subject", "TH-1", "--reason", "the sessions hold"]);
    prometheus.ends("GiaobanOverlaps", HERE);
}

fn is_recounted(prometheus: &Prometheus, giaoban: &Giaoban) {
    prometheus.fires("GiaobanVerifyOld", HERE);
    // Where two days take two seconds, it is soon old again.
    let recounted = Page::of("GiaobanVerifyOld");
    prometheus.ends_by("GiaobanVerifyOld", HERE, || drop(recounted.is_done(giaoban, "giaoban verify", &[])));

    let ended = giaoban.command(&["verify"]).env("GIAOBAN__KAFKA__TOPIC", "another").output().unwrap();
    assert_eq!(ended.status.code(), Some(11), "{}", String::from_utf8_lossy(&ended.stderr));
    prometheus.fires("GiaobanVerifyFailing", HERE);
    Page::of("GiaobanVerifyFailing").is_looked_at(giaoban);
    prometheus.ends("GiaobanVerifyFailing", HERE);
}
