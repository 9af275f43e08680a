//! Pages, metrics and health, served beside a worker or a store.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::context::{Context, open_reader};
use crate::config::variable_of;
use crate::domain::HANOI;
use crate::failure::{Failure, FailureKind};
use crate::text::worker as text;
use crate::web::{ConnectionLimits, Figures, KnownHosts, Watched, WebState, serve};

/// How long a server waits for its last answers.
const STOPS_WITHIN: Duration = Duration::from_secs(2);

/// A running server.
pub struct HttpServer {
    /// Where it serves pages; `None` where it serves none.
    pub address: Option<SocketAddr>,
    runtime: Runtime,
    stops: Vec<oneshot::Sender<()>>,
}

impl HttpServer {
    /// Serves pages and health on `http.listen`, and metrics too unless they have `http.metrics_listen` for themselves, with
    /// health once more; nothing where an address is `off`, and `None` where both are.
    ///
    /// # Errors
    ///
    /// Where an address cannot be had, or that of the store is wrong.
    pub fn start(context: &Context, watched: Arc<dyn Watched>) -> Result<Option<Self>, Failure> {
        let http = &context.settings.http;
        if http.listen == "off" && http.metrics_listen == "off" {
            return Ok(None);
        }
        let (place, rules) = (context.place()?, Arc::clone(&context.rules));
        let figures = Figures {
            rules: Arc::clone(&rules),
            open: Arc::new(move || open_reader(&place, &rules)),
            today: || HANOI.to_datetime(jiff::Timestamp::now()).date(),
        };
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().thread_name("http").build();
        let runtime = runtime.map_err(|error| Failure::io("thread", &error))?;
        let mut server = Self { address: None, runtime, stops: Vec::new() };
        let alone = http.metrics_listen != "off";
        if http.listen != "off" {
            let state = WebState {
                watched: Arc::clone(&watched),
                metrics: !alone,
                figures: Some(figures),
                hosts: server.hosts(context, &http.listen),
            };
            let address = server.listen("http.listen", &http.listen, state)?;
            server.address = Some(address);
            tracing::info!(event = "serving_pages", %address, metrics = !alone, "serving pages, /livez, /readyz, /startupz");
        }
        if alone {
            let hosts = server.hosts(context, &http.metrics_listen);
            let state = WebState { watched, metrics: true, figures: None, hosts };
            let metrics_address = server.listen("http.metrics_listen", &http.metrics_listen, state)?;
            tracing::info!(event = "serving_metrics", %metrics_address, "serving /metrics, /livez, /readyz, /startupz");
        }
        Ok(Some(server))
    }

    fn hosts(&self, context: &Context, listen: &str) -> KnownHosts {
        KnownHosts::new(listen, context.settings.http.hosts.iter().map(String::as_str))
    }

    fn listen(&mut self, key: &str, listen: &str, state: WebState) -> Result<SocketAddr, Failure> {
        let taken = |error: std::io::Error| {
            Failure::new(
                FailureKind::PortTaken,
                text::cannot_listen(listen, error),
                text::other_address(variable_of(key)),
            )
        };
        let listener = self.runtime.block_on(TcpListener::bind(listen)).map_err(taken)?;
        let address = listener.local_addr().map_err(taken)?;
        let (stop, stopped) = oneshot::channel();
        self.stops.push(stop);
        self.runtime.spawn(async move {
            serve(listener, state, ConnectionLimits::default(), async { drop(stopped.await) }).await;
        });
        Ok(address)
    }

    /// Answers what is asked now, and stops.
    pub fn stop(self) {
        for stop in self.stops {
            // One that has ended listens no more.
            let _ = stop.send(());
        }
        self.runtime.shutdown_timeout(STOPS_WITHIN);
    }
}
