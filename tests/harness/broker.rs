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
        let mut broker = Self::formatted(properties, port, format);
        broker.start_again();
        broker
    }

    /// The same, not started yet.
    pub fn formatted(properties: &str, port: u16, format: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("server.properties");
        // Of two lines for one property the last one holds.
        fs::write(&file, format!("{properties}\nlog.dirs={}\n", dir.path().join("data").display())).unwrap();
        let mut command = java();
        command.args(["kafka.tools.StorageTool", "format", "--cluster-id", "giaoban-tests-broker-B"]);
        let formatted = command.args(format).arg("--config").arg(&file).output().unwrap();
        assert!(formatted.status.success(), "{}", String::from_utf8_lossy(&formatted.stderr));
        Self { dir, port, process: None }
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// On the same data; waits until it answers.
    pub fn start_again(&mut self) {
        self.spawn();
        self.until_it_answers();
    }

    /// On the same data, without waiting.
    pub fn spawn(&mut self) {
        let log = fs::File::options().create(true).append(true).open(self.dir.path().join("broker.log")).unwrap();
        let mut command = java();
        command.arg("kafka.Kafka").arg(self.dir.path().join("server.properties"));
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        self.process = Some(command.spawn().unwrap());
    }

    pub fn until_it_answers(&self) {
        let begun = Instant::now();
        while !self.answers() {
            assert!(begun.elapsed() < UP_WITHIN, "the broker does not answer; see {}", self.dir.path().display());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Sends it a signal: STOP freezes it, CONT lets it go on.
    pub fn signal(&self, name: &str) {
        super::signal(self.process.as_ref().unwrap(), name);
    }

    /// With SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    pub fn is_running(&self) -> bool {
        self.process.is_some()
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
        self.named() > 0
    }

    /// How many live brokers it names, none if it does not answer.
    pub fn named(&self) -> u8 {
        let ask = || -> std::io::Result<[u8; 12]> {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
            stream.set_read_timeout(Some(Duration::from_secs(2)))?;
            stream.write_all(b"\0\0\0\x0e\0\x03\0\x01\0\0\0\x01\xff\xff\0\0\0\0")?;
            let mut answer = [0; 12];
            stream.read_exact(&mut answer)?;
            Ok(answer)
        };
        ask().ok().filter(|answer| answer[4..11] == [0, 0, 0, 1, 0, 0, 0]).map_or(0, |answer| answer[11])
    }

    /// The answer of one broker to a request of its flexible versions, from behind the head.
    pub fn ask(&self, (api, version): (u8, u8), body: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        // Correlation 1, no client id, no tagged fields.
        let head = [0, api, 0, version, 0, 0, 0, 1, 0xff, 0xff, 0];
        stream.write_all(&(head.len() as i32 + body.len() as i32).to_be_bytes())?;
        stream.write_all(&[&head[..], body].concat())?;
        let mut size = [0; 4];
        stream.read_exact(&mut size)?;
        let mut answer = vec![0; i32::from_be_bytes(size) as usize];
        stream.read_exact(&mut answer)?;
        Ok(answer.split_off(5))
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
    command.args(["-Xmx256m", "-XX:-UsePerfData", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true", "-cp"]);
    command.arg(lib.join("*"));
    command
}

/// A port of this machine where nobody listens.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
