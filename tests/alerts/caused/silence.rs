//! A log that has taken nothing for two weeks, then much at once.

use super::{Watched, of_installation};
use crate::harness::Giaoban;
use crate::pages::Page;
use crate::prometheus::Prometheus;

const HERE: &str = "silence";

pub fn falls_and_ends(prometheus: &Prometheus) {
    let giaoban = of_installation(Giaoban::new(), HERE);
    giaoban.publish_sessions(0..10);
    let log = rusqlite::Connection::open(giaoban.data().join("log.db")).unwrap();
    log.execute_batch("UPDATE message SET timestamp_ms = timestamp_ms - 14 * 86400000").unwrap();
    drop(log);
    let worker = Watched::worker(prometheus, &giaoban);
    prometheus.fires("GiaobanSilence", HERE);
    Page::of("GiaobanSilence").is_looked_at(&giaoban);
    giaoban.publish_sessions(10..15_000);
    prometheus.ends("GiaobanSilence", HERE);
    prometheus.fires("GiaobanStoreGrowingFast", HERE);
    Page::of("GiaobanStoreGrowingFast").is_looked_at(&giaoban);
    prometheus.ends("GiaobanStoreGrowingFast", HERE);
    worker.stop();
}
