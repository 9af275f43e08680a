//! Runs the binary as somebody does who sits at a terminal: by `script`, which makes one.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use super::until;

/// No answer of these tests takes longer, also on a busy machine.
const ANSWER: Duration = Duration::from_secs(60);

pub struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: Arc<Mutex<Vec<u8>>>,
    /// What reads what is shown, to its end.
    reader: Option<JoinHandle<()>>,
}

impl Terminal {
    /// Runs that command on a terminal of its own.
    pub fn run(command: &Command) -> Self {
        let quoted = |text: &std::ffi::OsStr| format!("'{}'", text.to_str().unwrap().replace('\'', r"'\''"));
        let words: Vec<String> = std::iter::once(command.get_program()).chain(command.get_args()).map(quoted).collect();
        let mut script = Command::new("script");
        script.args(["-qec", &words.join(" "), "/dev/null"]).current_dir(command.get_current_dir().unwrap());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => script.env(name, value),
                None => script.env_remove(name),
            };
        }
        script.env("TERM", "xterm").env("SHELL", "/bin/sh");
        let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script is not there");
        let (keys, mut shown) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let screen = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&screen);
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = shown.read(&mut bytes) {
                written.lock().unwrap().extend(&bytes[..count]);
            }
        });
        Self { child, keys, screen, reader: Some(reader) }
    }

    /// All that was shown, with what steers a terminal.
    pub fn screen(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().unwrap()).into_owned()
    }

    /// Waits for a text.
    pub fn sees(&self, text: &str) {
        until(&format!("{text:?}"), ANSWER, || self.screen().contains(text));
    }

    pub fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Its end: the exit code, and all that was shown.
    pub fn ends(mut self) -> (Option<i32>, String) {
        let mut ended = None;
        until("the end", ANSWER, || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        });
        // What was written last is still on its way to here.
        self.reader.take().unwrap().join().unwrap();
        (ended.unwrap().code(), self.screen())
    }
}
