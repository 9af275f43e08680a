//! Progress of long work: a bar on a terminal, nothing in a pipe.

use std::fmt::Write;

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::text::safe::visible;

/// A bar, or nothing.
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar for that work, counted, on standard error if it is a terminal.
    pub fn new(what: &str) -> Self {
        Self::styled(what, "{msg} {wide_bar} {human_pos}/{human_len} {rate}")
    }

    /// The same for work that is measured in bytes.
    pub fn of_bytes(what: &str) -> Self {
        Self::styled(what, "{msg} {wide_bar} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec}")
    }

    fn styled(what: &str, template: &str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(template) {
            let rate = |state: &ProgressState, out: &mut dyn Write| {
                let _ = write!(out, "{}/s", HumanCount(state.per_sec() as u64));
            };
            bar.set_style(style.with_key("rate", rate));
        }
        bar.set_message(visible(what).into_owned());
        Self(bar)
    }

    /// So much is done, of so much if that is known.
    pub fn set(&mut self, done: u64, of: Option<u64>) {
        if let Some(of) = of {
            self.0.set_length(of.max(done));
        }
        self.0.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
