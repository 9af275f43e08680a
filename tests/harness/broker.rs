//! A Kafka broker of a test's own, to be killed and started again.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a broker may take to answer, also on a busy machine.
const UP_WITHIN: Duration = Duration::from_secs(90);

pub struct Broker {
    dir: tempfile::TempDir,
    port: u16,
    process: Option<Child>,
}

impl Broker {
    /// A broker on fresh data that answers.
    pub fn start() -> Self {
        Self::with("")
    }

    /// The same with more properties.
    pub fn with(more: &str) -> Self {
        let (port, controller) = (free_port(), free_port());
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka/server.properties");
        let mut properties = fs::read_to_string(shipped).unwrap();
        properties += &format!(
            "listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
             advertised.listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
             controller.quorum.bootstrap.servers=127.0.0.1:{controller}\n\
             {more}\n"
        );
        Self::of(&properties, port, &["--standalone"])
    }

    /// A broker with these properties, which make it listen on that port, on fresh data that is formatted so.
    pub fn of(properties: &str, port: u16, format: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("server.properties");
        // Of two lines for one property the last one holds.
        fs::write(&file, format!("{properties}\nlog.dirs={}\n", dir.path().join("data").display())).unwrap();
        let mut command = java();
        command.args(["kafka.tools.StorageTool", "format", "--cluster-id", "giaoban-tests-broker-B"]);
        let formatted = command.args(format).arg("--config").arg(&file).output().unwrap();
        assert!(formatted.status.success(), "{}", String::from_utf8_lossy(&formatted.stderr));
        let mut broker = Self { dir, port, process: None };
        broker.start_again();
        broker
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// On the same data; waits until it answers.
    pub fn start_again(&mut self) {
        let log = fs::File::options().create(true).append(true).open(self.dir.path().join("broker.log")).unwrap();
        let mut command = java();
        command.arg("kafka.Kafka").arg(self.dir.path().join("server.properties"));
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        self.process = Some(command.spawn().unwrap());
        let begun = Instant::now();
        while !self.answers() {
            assert!(begun.elapsed() < UP_WITHIN, "the broker does not answer; see {}", self.dir.path().display());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// With SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// How long the log of a topic's partition 0 is, in bytes.
    pub fn log_bytes(&self, topic: &str) -> u64 {
        self.segment(topic).metadata().unwrap().len()
    }

    /// Loses the end of the log of a topic's partition 0, from that byte on, as an unclean election of a leader does: the
    /// topic is the same.
    pub fn loses_from(&mut self, topic: &str, bytes: u64) {
        self.kill();
        let segment = self.segment(topic);
        fs::File::options().write(true).open(&segment).unwrap().set_len(bytes).unwrap();
        for index in ["index", "timeindex"] {
            fs::remove_file(segment.with_extension(index)).unwrap();
        }
        self.start_again();
    }

    fn segment(&self, topic: &str) -> PathBuf {
        self.dir.path().join("data").join(format!("{topic}-0")).join("00000000000000000000.log")
    }

    /// In order, as its administrator would.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            super::signal(&process, "TERM");
            process.wait().unwrap();
        }
    }

    /// Asks for its metadata, and a live broker must be named in the answer.
    fn answers(&self) -> bool {
        let ask = || -> std::io::Result<[u8; 12]> {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
            stream.set_read_timeout(Some(Duration::from_secs(2)))?;
            stream.write_all(b"\0\0\0\x0e\0\x03\0\x01\0\0\0\x01\xff\xff\0\0\0\0")?;
            let mut answer = [0; 12];
            stream.read_exact(&mut answer)?;
            Ok(answer)
        };
        ask().is_ok_and(|answer| answer[4..] == [0, 0, 0, 1, 0, 0, 0, 1])
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Java with Kafka's classes, where test.sh has put them.
fn java() -> Command {
    let lib: PathBuf = match std::env::var_os("KAFKA_LIB") {
        Some(lib) => lib.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("target/kafka/lib"),
    };
    assert!(lib.is_dir(), "{} is not there: run ./test.sh", lib.display());
    let mut command = Command::new("java");
    command.args(["-Xmx384m", "-XX:-UsePerfData", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true", "-cp"]);
    command.arg(lib.join("*"));
    command
}

/// A port of this machine where nobody listens.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
