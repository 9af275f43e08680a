//! Prometheus' programs, as processes of a test's own.

use std::ffi::OsString;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::broker::free_port;

/// One of them, which ends with this.
pub struct Monitor {
    pub process: Child,
    pub address: String,
}

impl Monitor {
    /// Starts it in that folder, which gets its log.
    pub fn start<S: AsRef<std::ffi::OsStr>>(program: &str, dir: &Path, arguments: impl IntoIterator<Item = S>) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let process = Command::new(program)
            .env("PATH", tools_path())
            .args(arguments)
            .arg(format!("--web.listen-address={address}"))
            .current_dir(dir)
            .stdout(Stdio::null())
            .stderr(File::create(dir.join("log")).unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}: ./test.sh gets it on Debian and Ubuntu"));
        Self { process, address }
    }

    /// What it answers, also if it is a refusal; `None` while nobody answers, or only that it is not ready.
    pub fn get(&self, path: &str, query: &[(&str, &str)]) -> Option<Value> {
        let request = ureq::get(format!("http://{}/api/v1/{path}", self.address)).query_pairs(query.iter().copied());
        let mut answer = request.config().http_status_as_error(false).build().call().ok()?;
        let text = answer.body_mut().read_to_string().unwrap();
        let said = serde_json::from_str(&text);
        assert!(said.is_ok() || answer.status() == 503, "{path}: {text}");
        said.ok()
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where programs are found, those that `./test.sh` installs too.
pub fn tools_path() -> OsString {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/usr/bin");
    let path = std::env::var_os("PATH").unwrap();
    std::env::join_paths(std::iter::once(tools).chain(std::env::split_paths(&path))).unwrap()
}
