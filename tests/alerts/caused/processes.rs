//! Processes that end, are started again and again, or do not answer.

use std::time::Duration;

use super::of_installation;
use crate::harness::broker::free_port;
use crate::harness::running::Running;
use crate::harness::{Giaoban, until};
use crate::pages::Page;
use crate::prometheus::{PAGES, Prometheus, WORKER};

const HERE: &str = "processes";

pub fn come_and_go(prometheus: &Prometheus) {
    let address = format!("127.0.0.1:{}", free_port());
    let giaoban = of_installation(Giaoban::new(), HERE).with("GIAOBAN__HTTP__LISTEN", &address);
    giaoban.publish_sessions(0..10);
    let mut worker = Some(Running::worker(&giaoban));
    prometheus.watch(WORKER, HERE, &address);

    let nobody = format!("127.0.0.1:{}", free_port());
    prometheus.watch(WORKER, HERE, &nobody);
    assert_eq!(prometheus.fires("GiaobanWorkerDown", HERE)["instance"], nobody.as_str());
    Page::of("GiaobanWorkerDown").is_looked_at(&giaoban);
    prometheus.forget(WORKER, HERE, &nobody);
    prometheus.ends("GiaobanWorkerDown", HERE);

    drop(worker.take());
    prometheus.fires("GiaobanNoWorker", HERE);
    Page::of("GiaobanNoWorker").is_looked_at(&giaoban);
    worker = Some(Running::worker(&giaoban));
    prometheus.ends("GiaobanNoWorker", HERE);

    // Killed as by the kernel, and started again by its supervisor.
    until("it was started often enough", Duration::from_secs(60), || {
        drop(worker.take());
        worker = Some(Running::worker(&giaoban));
        std::thread::sleep(Duration::from_millis(1_500));
        prometheus.is_firing("GiaobanRestartingOften", HERE)
    });
    assert_eq!(prometheus.fires("GiaobanRestartingOften", HERE)["instance"], address.as_str());
    Page::of("GiaobanRestartingOften").is_looked_at(&giaoban);
    prometheus.ends("GiaobanRestartingOften", HERE);

    let address = format!("127.0.0.1:{}", free_port());
    let pages = giaoban.with("GIAOBAN__HTTP__LISTEN", &address);
    let serve = || Running::of(pages.command(&["serve"]));
    let served = serve();
    prometheus.watch(PAGES, HERE, &address);
    served.stop();
    assert_eq!(prometheus.fires("GiaobanPagesDown", HERE)["instance"], address.as_str());
    Page::of("GiaobanPagesDown").is_looked_at(&pages);
    let served = serve();
    prometheus.ends("GiaobanPagesDown", HERE);
    served.stop();
    prometheus.forget(PAGES, HERE, &address);
}
