//! A panic, in whatever thread: a defect of the program, which ends it at once with its place in the log. A thread that
//! ended alone would leave the others waiting for it.

use crate::failure::ExitCode;

/// From here on a panic ends the process with the code of a defect.
pub fn end_at_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
        let what = panic.payload_as_str().unwrap_or("a panic without words");
        tracing::error!(event = "panic", %place, %thread, "{what}: this is a bug in the program");
        std::process::exit(i32::from(ExitCode::Internal as u8));
    }));
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_panic_in_any_thread_ends_the_process_with_its_place_in_the_log() {
        const INSIDE: &str = "INSIDE_TEST_OF_PANICS";
        if std::env::var_os(INSIDE).is_some() {
            let _ = crate::program::start_log(&crate::config::Settings::default().log);
            end_at_panics();
            let _ = std::thread::Builder::new().name("store".into()).spawn(|| panic!("made up")).unwrap().join();
            return;
        }
        let test = "program::panics::tests::a_panic_in_any_thread_ends_the_process_with_its_place_in_the_log";
        let mut inside = Command::new(std::env::current_exe().unwrap());
        let ended = inside.args(["--exact", test, "--nocapture"]).env(INSIDE, "1").output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(1), "{said}");
        for part in ["made up", "panics.rs:", "store"] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
}
