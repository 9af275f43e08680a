//! A disk that is nearly full.

use super::{Watched, of_installation};
use crate::harness::disk::SmallDisk;
use crate::harness::running::Running;
use crate::harness::{Giaoban, wait};
use crate::pages::Page;
use crate::prometheus::Prometheus;

const HERE: &str = "disk";

pub fn is_full(prometheus: &Prometheus) {
    let Some(disk) = SmallDisk::mount(48) else {
        prometheus
            .cannot_see("GiaobanDiskNearlyFull", "this user may mount nothing, not even in a namespace of its own");
        return;
    };
    let giaoban = of_installation(Giaoban::new(), HERE);
    let data = disk.path().join("data");
    let command =
        |arguments: &[&str]| disk.command(&giaoban.command(&[arguments, &["--data", data.to_str().unwrap()]].concat()));
    let worker = Watched::of(prometheus, &giaoban, Running::of(command(&["worker"])));
    disk.fill_up(150_000);
    assert_eq!(prometheus.fires("GiaobanDiskNearlyFull", HERE)["instance"], worker.running().address());
    Page::of("GiaobanDiskNearlyFull").is_looked_at_by(|arguments| {
        let mut command = command(arguments);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        wait(command.spawn().unwrap(), "a look at the disk")
    });
    disk.make_room();
    prometheus.ends("GiaobanDiskNearlyFull", HERE);
    worker.stop();
}
