//! Connections: how many at a time, how long each. A probe or a scrape always gets one: where there are too many, the
//! one that has waited longest without asking anything is closed for it.

use std::collections::VecDeque;
use std::future::Future;
use std::io::ErrorKind::{ConnectionAborted, ConnectionReset};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::limits::ANSWERS_WITHIN;

/// The most bytes of a request's line and headers.
const HEADER_BYTES: usize = 32 << 10;
/// Where the system gives no connection, such as for want of descriptors, it is asked again after this long.
const ASKED_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// How many connections there are, and how long one lives.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// So many at a time; each takes a descriptor, and whoever writes the store needs some too.
    pub at_a_time: usize,
    /// A request's headers come within this time of the connection's beginning, or of the answer before.
    pub headers_within: Duration,
    /// After this time a connection ends with the answer that is on its way, however slowly somebody reads it.
    pub lives: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { at_a_time: 128, headers_within: Duration::from_secs(10), lives: Duration::from_secs(120) }
    }
}

/// A connection that was taken.
struct Open {
    task: JoinHandle<()>,
    /// Whether a request has come that is not answered.
    is_asked: Arc<AtomicBool>,
}

/// Serves until `shutdown` ends and what is being answered is answered.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    shutdown: impl Future<Output = ()> + Send,
) {
    let mut shutdown = pin!(shutdown);
    let (closing, closed) = watch::channel(());
    let mut open: VecDeque<Open> = VecDeque::new();
    loop {
        let taken = tokio::select! {
            () = &mut shutdown => break,
            taken = listener.accept() => taken,
        };
        open.retain(|connection| !connection.task.is_finished());
        match taken {
            Ok((stream, _)) => {
                if open.len() >= limits.at_a_time {
                    close_one(&mut open);
                }
                let is_asked = Arc::new(AtomicBool::new(false));
                let connection = connection(stream, router.clone(), Arc::clone(&is_asked), limits, closed.clone());
                open.push_back(Open { task: tokio::spawn(connection), is_asked });
            }
            // Whoever called is gone already.
            Err(error) if matches!(error.kind(), ConnectionAborted | ConnectionReset) => {}
            // No descriptor is free.
            Err(error) => {
                tracing::warn!(event = "no_connection_taken", %error, open = open.len(), "no connection is taken");
                close_one(&mut open);
                sleep(ASKED_AGAIN_AFTER).await;
            }
        }
    }
    drop(listener);
    let _ = closing.send(());
    for connection in open {
        let _ = connection.task.await;
    }
}

/// Closes the oldest that waits for a request, else the oldest.
fn close_one(open: &mut VecDeque<Open>) {
    let waits = open.iter().position(|connection| !connection.is_asked.load(Ordering::Relaxed));
    if let Some(connection) = open.remove(waits.unwrap_or(0)) {
        connection.task.abort();
    }
}

async fn connection(
    stream: TcpStream,
    router: Router,
    is_asked: Arc<AtomicBool>,
    limits: ConnectionLimits,
    mut closed: watch::Receiver<()>,
) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        is_asked.store(true, Ordering::Relaxed);
        let (answer, is_asked) = (router.call(request), Arc::clone(&is_asked));
        async move {
            let answer = answer.await;
            // What is still to be read of it counts as waiting: it may be that nobody reads.
            is_asked.store(false, Ordering::Relaxed);
            answer
        }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.headers_within)
            .max_buf_size(HEADER_BYTES)
            .serve_connection(TokioIo::new(stream), service)
    );
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = closed.changed() => {}
        () = sleep(limits.lives) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(limits.lives.min(ANSWERS_WITHIN), connection).await;
}
