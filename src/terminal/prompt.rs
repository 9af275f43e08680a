//! Questions to whoever sits at a terminal.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use signal_hook::consts::SIGINT;

use crate::failure::{Failure, FailureKind};
use crate::text::{Text, terminal};

/// Asks for a text, which may be left empty where it is `optional`; `fits` says what is wrong with an answer, which is
/// then asked for again.
///
/// # Errors
///
/// Where the terminal is gone.
pub fn ask(label: &str, optional: bool, fits: impl Fn(&str) -> Option<String>) -> Result<String, Failure> {
    let fits = |answer: &String| fits(answer).map_or(Ok(()), Err);
    interact(|| {
        let input = dialoguer::Input::<String>::new().with_prompt(label);
        input.allow_empty(optional).validate_with(fits).interact_text()
    })
}

/// Lets one of these names be chosen.
///
/// # Errors
///
/// Where the terminal is gone.
pub fn choose(label: &str, names: &[&str]) -> Result<String, Failure> {
    let index = interact(|| dialoguer::Select::new().with_prompt(label).items(names).default(0).interact())?;
    Ok(names.get(index).copied().unwrap_or_default().to_owned())
}

/// Asks; Ctrl-C ends the program as ever, but not before the cursor that a list hides is shown again.
fn interact<T>(ask: impl FnOnce() -> dialoguer::Result<T>) -> Result<T, Failure> {
    // Taken back, they would leave a signal that does nothing: so they stay, and act but while it asks.
    static ASKING: LazyLock<[Arc<AtomicBool>; 2]> = LazyLock::new(|| {
        let (outside, interrupted) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
        let _ = signal_hook::flag::register_conditional_default(SIGINT, Arc::clone(&outside));
        let _ = signal_hook::flag::register(SIGINT, Arc::clone(&interrupted));
        [outside, interrupted]
    });
    let [outside, interrupted] = &*ASKING;
    interrupted.store(false, Ordering::Relaxed);
    outside.store(false, Ordering::Relaxed);
    let answer = ask();
    outside.store(true, Ordering::Relaxed);
    if answer.is_err() && interrupted.load(Ordering::Relaxed) {
        let _ = dialoguer::console::Term::stderr().show_cursor();
        let _ = signal_hook::low_level::emulate_default_handler(SIGINT);
    }
    answer.map_err(|error| Failure::new(FailureKind::Request, Text::same(error.to_string()), terminal::give_as_flag()))
}
