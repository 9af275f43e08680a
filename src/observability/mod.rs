//! What operators watch: metrics, lag and health.
//!
//! `names` describes every metric once, `registry` registers them, `page` is made
//! of them for people. `lag`, `reach`, `surroundings` and `health` are what they are
//! made from, `metrics` is what a process reports and Prometheus reads; `watch` asks
//! the log of itself, and `store` is what is asked of a store now and then;
//! `verification` is what the last recount found. `scrape` reads metrics back,
//! `pipeline` makes one state of those of several processes, `history` keeps its
//! last hours. Knows log, store and dead letters; nothing of the worker that
//! reports, nor of HTTP.

mod health;
mod history;
mod lag;
mod metrics;
pub mod names;
mod page;
pub mod pipeline;
mod reach;
mod registry;
mod scrape;
pub mod store;
mod surroundings;
mod verification;
mod watch;

pub use health::Health;
pub use history::{Course, History};
pub use metrics::{COMMIT, LogTrouble, Metrics, Role};
pub use page::metrics_page;
pub use pipeline::Pipeline;
pub use reach::Reach;
pub use scrape::Scrape;
pub use surroundings::Surroundings;
pub use verification::{Outcome, Verification};
pub use watch::Watch;
