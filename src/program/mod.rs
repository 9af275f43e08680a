//! The program round its commands: what each of them starts from, the pages and
//! metrics that are served beside a worker, and what is said of a command line
//! that is wrong.

mod context;
mod http_server;
mod panics;
mod patience;
mod usage;
mod watching;

pub use context::{Context, LogFormat, open_reader, start_log};
pub use http_server::HttpServer;
pub use panics::end_at_panics;
pub use patience::Patience;
pub use usage::misread;
pub use watching::{alive, bare_metrics, metrics, watch};
