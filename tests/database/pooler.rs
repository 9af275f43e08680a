//! PgBouncer in front of a database, in transaction mode: no session is anybody's for longer than a transaction.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use postgres::{Client, Config, NoTls};

use super::server::somebody_else;
use crate::harness::broker::free_port;

/// How long it may take to answer, also on a busy machine.
const UP_WITHIN: Duration = Duration::from_secs(60);
/// Fewer than those who come, so that they take turns.
const SESSIONS: usize = 2;

pub struct Pooler {
    dir: tempfile::TempDir,
    port: u16,
    process: Child,
}

impl Pooler {
    /// One that lets everybody in, as the user of that URL.
    pub fn before(url: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let port = free_port();
        let server: Config = url.parse().unwrap();
        let [::postgres::config::Host::Tcp(host)] = server.get_hosts() else { panic!("a URL with one host") };
        let text = |secret: Option<&[u8]>| String::from_utf8(secret.unwrap_or_default().to_vec()).unwrap();
        let mut settings = format!(
            "[databases]\npooled = host={host} port={} dbname={} user={} password={}\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
             pool_mode = transaction\ndefault_pool_size = {SESSIONS}\n",
            server.get_ports().first().copied().unwrap_or(5432),
            server.get_dbname().unwrap(),
            server.get_user().unwrap(),
            text(server.get_password()),
        );
        if somebody_else().is_some() {
            // It runs as root no more than PostgreSQL does.
            settings += "user = nobody\n";
        }
        fs::write(dir.path().join("pgbouncer.ini"), settings).unwrap();
        let process = Self::spawn(&dir);
        let mut pooler = Self { dir, port, process };
        pooler.answers();
        pooler
    }

    /// A database behind it.
    pub fn url(&self) -> String {
        format!("postgres://anybody@127.0.0.1:{}/pooled", self.port)
    }

    /// Killed, with every session, and started again.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.process = Self::spawn(&self.dir);
        self.answers();
    }

    fn spawn(dir: &tempfile::TempDir) -> Child {
        let log = fs::File::options().create(true).append(true).open(dir.path().join("log")).unwrap();
        let mut command = Command::new("pgbouncer");
        command.arg(dir.path().join("pgbouncer.ini")).stdin(Stdio::null());
        let started = command.stdout(log.try_clone().unwrap()).stderr(log).spawn();
        started.expect("pgbouncer is missing: run ./test.sh")
    }

    fn answers(&mut self) {
        let begun = Instant::now();
        while Client::connect(&self.url(), NoTls).and_then(|mut client| client.batch_execute("SELECT 1")).is_err() {
            let said = || fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
            assert!(self.process.try_wait().unwrap().is_none(), "PgBouncer ends: {}", said());
            assert!(begun.elapsed() < UP_WITHIN, "PgBouncer does not answer: {}", said());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
