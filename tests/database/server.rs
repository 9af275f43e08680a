//! A PostgreSQL server of a test's own, to be stopped in every way, to hang, and to be started again.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};

use crate::harness::broker::free_port;

/// How long a server may take to answer, also on a busy machine.
const UP_WITHIN: Duration = Duration::from_secs(90);

pub struct OwnServer {
    dir: tempfile::TempDir,
    port: u16,
    process: Option<Child>,
    /// What its process is given in its environment when it starts.
    pub variables: Vec<(String, String)>,
}

/// How a server is stopped.
#[derive(Clone, Copy, Debug)]
pub enum Down {
    /// Its sessions are ended, its data is written out.
    Fast,
    /// As after a crash: its sessions are cut, nothing is written out.
    Immediate,
    /// The process that watches over the others is killed.
    Killed,
}

impl OwnServer {
    /// A server on fresh data that answers.
    pub fn start() -> Self {
        Self::with(Vec::new())
    }

    /// The same, with these variables in its environment.
    pub fn with(variables: Vec<(String, String)>) -> Self {
        let made_by = "initdb -U postgres --auth=trust -E UTF8 --locale=C.UTF-8 --no-sync";
        Self::on_data_of(&made_by.split(' ').collect::<Vec<_>>(), variables)
    }

    /// A standby of this one that answers, and is given what is committed here as it comes.
    pub fn standby(&self) -> Self {
        let port = self.port.to_string();
        let made_by = ["pg_basebackup", "-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-R", "-c", "fast"];
        Self::on_data_of(&made_by, self.variables.clone())
    }

    /// A server on data that a program of PostgreSQL's makes.
    fn on_data_of(made_by: &[&str], variables: Vec<(String, String)>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let data = dir.path().join("data");
        fs::create_dir(&data).unwrap();
        fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
        if let Some((user, group)) = somebody_else() {
            std::os::unix::fs::chown(&data, Some(user), Some(group)).unwrap();
        }
        let mut maker = program(made_by[0], dir.path());
        let made = maker.args(&made_by[1..]).arg("-D").arg(&data).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = free_port();
        let mut server = Self { dir, port, process: None, variables };
        server.start_again();
        server
    }

    /// Its host and port, as a URL has them.
    pub fn place(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Makes a primary of a standby.
    pub fn promote(&self) {
        assert!(self.ask::<bool>("SELECT pg_promote()"), "{}", self.said());
    }

    /// The one value that a statement gives.
    pub fn ask<T: for<'r> postgres::types::FromSql<'r>>(&self, sql: &str) -> T {
        Client::connect(&self.url(), NoTls).unwrap().query_one(sql, &[]).unwrap().get(0)
    }

    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// On the same data; waits until it answers.
    pub fn start_again(&mut self) {
        let begun = Instant::now();
        while Client::connect(&self.url(), NoTls).is_err() {
            assert!(begun.elapsed() < UP_WITHIN, "PostgreSQL does not answer: {}", self.said());
            // It ends at once while anything of a killed one is left.
            if self.process.as_mut().is_none_or(|process| process.try_wait().unwrap().is_some()) {
                self.process = Some(self.spawn());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn spawn(&self) -> Child {
        let log = fs::File::options().create(true).append(true).open(self.dir.path().join("server.log")).unwrap();
        let mut command = program("postgres", self.dir.path());
        command.arg("-D").arg(self.dir.path().join("data")).args(["-p", &self.port.to_string()]);
        for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"] {
            command.args(["-c", setting]);
        }
        command.envs(self.variables.iter().cloned());
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
    }

    /// A file in the folder of its data, which its process reads as it starts.
    pub fn write(&self, name: &str, content: &str) {
        let file = self.dir.path().join("data").join(name);
        fs::write(&file, content).unwrap();
        if let Some((user, group)) = somebody_else() {
            std::os::unix::fs::chown(&file, Some(user), Some(group)).unwrap();
        }
    }

    pub fn stop(&mut self, how: Down) {
        let Some(mut process) = self.process.take() else { return };
        let signal = match how {
            Down::Fast => "INT",
            Down::Immediate => "QUIT",
            Down::Killed => "KILL",
        };
        send(signal, process.id());
        process.wait().unwrap();
    }

    /// Stops every process of it where it is: whoever speaks to it hears nothing.
    pub fn freeze(&self) {
        // First the one that makes the others.
        send("STOP", self.first());
        self.send_to_sessions("STOP");
    }

    pub fn thaw(&self) {
        self.send_to_sessions("CONT");
        send("CONT", self.first());
    }

    fn first(&self) -> u32 {
        self.process.as_ref().unwrap().id()
    }

    fn send_to_sessions(&self, signal: &str) {
        let first = self.first();
        let children = fs::read_to_string(format!("/proc/{first}/task/{first}/children")).unwrap();
        for process in children.split_whitespace() {
            send(signal, process.parse().unwrap());
        }
    }

    fn said(&self) -> String {
        fs::read_to_string(self.dir.path().join("server.log")).unwrap_or_default()
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        if self.process.is_some() {
            self.thaw();
        }
        self.stop(Down::Immediate);
    }
}

fn send(signal: &str, process: u32) {
    // One that has ended meanwhile needs none.
    let _ = Command::new("kill").args([format!("-{signal}"), process.to_string()]).stderr(Stdio::null()).status();
}

/// Whom a server runs as that refuses to run as root; `None` if this is not root.
pub fn somebody_else() -> Option<(u32, u32)> {
    let id = |arguments: &[&str]| -> Option<u32> {
        let output = Command::new("id").args(arguments).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    if id(&["-u"])? != 0 {
        return None;
    }
    ["postgres", "nobody"].into_iter().find_map(|user| Some((id(&["-u", user])?, id(&["-g", user])?)))
}

/// One of PostgreSQL's programs, as somebody who may run it.
fn program(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(programs().join(name));
    command.current_dir(folder).env("LC_ALL", "C.UTF-8");
    if let Some((user, group)) = somebody_else() {
        command.uid(user).gid(group);
    }
    command
}

/// Where they are: `POSTGRES_BIN`, or where Debian keeps them, or on the path.
pub fn programs() -> PathBuf {
    if let Some(folder) = std::env::var_os("POSTGRES_BIN") {
        return folder.into();
    }
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let debian = versions.filter_map(|entry| Some((version(&entry.path())?, entry.path().join("bin")))).max();
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = debian.map(|(_, folder)| folder).into_iter().chain(std::env::split_paths(&on_path));
    folders.find(|folder| folder.join("initdb").exists()).expect("PostgreSQL's programs are missing: run ./test.sh")
}
