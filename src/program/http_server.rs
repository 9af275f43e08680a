//! Pages, metrics and health, served beside a worker.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::context::{Context, open_reader};
use crate::domain::HANOI;
use crate::failure::{Failure, FailureKind};
use crate::text::worker as text;
use crate::web::{ConnectionLimits, Figures, KnownHosts, Watched, WebState, serve};

/// How long a server waits for its last answers.
const STOPS_WITHIN: Duration = Duration::from_secs(2);

/// A running server.
pub struct HttpServer {
    /// Where it listens.
    pub address: SocketAddr,
    runtime: tokio::runtime::Runtime,
    stop: oneshot::Sender<()>,
}

impl HttpServer {
    /// Serves on `http.listen`; nothing if that is `off`.
    pub fn start(context: &Context, watched: Arc<dyn Watched>) -> Result<Option<Self>, Failure> {
        let listen = &context.settings.http.listen;
        if listen == "off" {
            return Ok(None);
        }
        let taken = |error: std::io::Error| {
            Failure::new(FailureKind::PortTaken, text::cannot_listen(listen, error), text::other_address())
        };
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().thread_name("http").build();
        let runtime = runtime.map_err(taken)?;
        let listener = runtime.block_on(tokio::net::TcpListener::bind(listen)).map_err(taken)?;
        let address = listener.local_addr().map_err(taken)?;
        let (place, rules) = (context.place()?, Arc::clone(&context.rules));
        let figures = Figures {
            rules: Arc::clone(&rules),
            open: Arc::new(move || open_reader(&place, &rules)),
            today: || HANOI.to_datetime(jiff::Timestamp::now()).date(),
        };
        let (stop, stopped) = oneshot::channel();
        let hosts = KnownHosts::new(listen, context.settings.http.hosts.iter().map(String::as_str));
        let state = WebState { watched, figures: Some(figures), hosts };
        runtime.spawn(async move {
            serve(listener, state, ConnectionLimits::default(), async { drop(stopped.await) }).await;
        });
        tracing::info!(%address, "serving pages, /metrics, /livez, /readyz, /startupz");
        Ok(Some(Self { address, runtime, stop }))
    }

    /// Answers what is asked now, and stops.
    pub fn stop(self) {
        let _ = self.stop.send(());
        self.runtime.shutdown_timeout(STOPS_WITHIN);
    }
}
