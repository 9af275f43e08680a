//! What operators watch: metrics, lag and health of a worker.
//!
//! `names` describes every metric once, `lag`, `reach` and `health` are what they
//! are made from, `metrics` is what the worker reports and Prometheus reads;
//! `verification` is what the last recount found. Knows the store's checkpoints
//! and counts; nothing of the worker that reports them, nor of HTTP.

mod health;
mod lag;
mod metrics;
pub mod names;
mod reach;
mod verification;

pub use health::Health;
pub use metrics::Metrics;
pub use reach::Reach;
pub use verification::Verification;
