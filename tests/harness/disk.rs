//! A small disk of a test's own, to be filled up.

use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A disk of a few megabytes, in memory: a mount that only the processes run in it see, and that goes with them.
pub struct SmallDisk {
    dir: tempfile::TempDir,
    /// The process that the mount belongs to.
    holder: Child,
}

impl SmallDisk {
    /// `None` where this user may mount nothing, which is said; where CI runs, it must be possible.
    pub fn mount(megabytes: u32) -> Option<Self> {
        let disk = Self::mounted(megabytes);
        if disk.is_none() {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no small disk can be mounted here");
            eprintln!("not tested: this user may mount nothing, not even in a namespace of its own");
        }
        disk
    }

    fn mounted(megabytes: u32) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let script =
            format!("mount -t tmpfs -o size={megabytes}m none '{}' && echo mounted && cat", dir.path().display());
        let mut unshare = Command::new("unshare");
        unshare.args(if is_root() { &["-m"][..] } else { &["-r", "-m"] }).args(["sh", "-c", &script]);
        unshare.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut disk = Self { dir, holder: unshare.spawn().ok()? };
        let mut said = [0; 7];
        disk.holder.stdout.as_mut().unwrap().read_exact(&mut said).is_ok().then_some(disk)
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// That command where the disk is seen.
    pub fn command(&self, command: &Command) -> Command {
        let mut enter = Command::new("nsenter");
        enter.args(["-t", &self.holder.id().to_string(), "-m"]);
        if !is_root() {
            enter.args(["-U", "--preserve-credentials"]);
        }
        enter.arg("--").arg(command.get_program()).args(command.get_args());
        enter.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        enter
    }

    /// Runs that where the disk is seen.
    pub fn run(&self, command: &Command) -> std::process::Output {
        self.command(command).output().unwrap()
    }

    fn sh(&self, script: &str) -> String {
        let output = self.run(Command::new("sh").args(["-c", script]));
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Leaves so many bytes free.
    pub fn fill_up(&self, free: u64) {
        let dir = self.path().display();
        let available: u64 = self.sh(&format!("df --output=avail -B1 '{dir}' | tail -1")).trim().parse().unwrap();
        self.sh(&format!("head -c {} /dev/zero > '{dir}/ballast'", available - free));
    }

    pub fn make_room(&self) {
        self.sh(&format!("rm '{}/ballast'", self.path().display()));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}
