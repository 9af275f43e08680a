//! Asks the processes of a pipeline for what they show: plain HTTP, as whoever
//! watches them has it. Waits for none longer than it may, and takes no more than
//! any of them has to say.

use std::error::Error;
use std::str::FromStr;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::uri::Authority;
use axum::http::{Request, Uri, header};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// So long an answer may take.
const WITHIN: Duration = Duration::from_secs(5);
/// So much of an answer is taken, in bytes: a rollup of every unit by body and field is a tenth of it.
const MOST: usize = 32 << 20;

/// Where a process serves: `http://host:port`, or that without the scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(Authority);

impl FromStr for Address {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let uri: Uri = text.parse().map_err(drop)?;
        let bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        let authority = uri.authority().filter(|_| bare && matches!(uri.scheme_str(), None | Some("http")));
        authority.filter(|named| named.port().is_some()).cloned().map(Self).ok_or(())
    }
}

impl Address {
    /// As it is called.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// Asks several processes at a time.
#[derive(Debug)]
pub struct Client {
    runtime: tokio::runtime::Runtime,
}

impl Client {
    /// A client without connections.
    ///
    /// # Errors
    /// If the system has no room for one.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self { runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()? })
    }

    /// What each of them answers at that path, in their order, or why it does not.
    pub fn get(&self, addresses: &[Address], path: &'static str) -> Vec<Result<String, String>> {
        self.runtime.block_on(async {
            let asked: Vec<_> = addresses.iter().map(|address| tokio::spawn(within(address.clone(), path))).collect();
            let mut answers = Vec::with_capacity(asked.len());
            for asked in asked {
                answers.push(asked.await.unwrap_or_else(|error| Err(error.to_string())));
            }
            answers
        })
    }
}

async fn within(address: Address, path: &str) -> Result<String, String> {
    match timeout(WITHIN, answer(&address, path)).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(elapsed) => Err(elapsed.to_string()),
    }
}

async fn answer(address: &Address, path: &str) -> Result<String, Box<dyn Error + Send + Sync>> {
    let stream = TcpStream::connect(address.as_str()).await?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    // Its end is the answer's, which tells of it.
    tokio::spawn(connection);
    let request = Request::get(path)
        .header(header::HOST, address.as_str())
        .header(header::CONNECTION, "close")
        .body(Body::empty())?;
    let response = sender.send_request(request).await?;
    if !response.status().is_success() {
        return Err(response.status().to_string().into());
    }
    let bytes = to_bytes(Body::new(response.into_body()), MOST).await?;
    Ok(String::from_utf8(bytes.into())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for (text, is) in [
            ("http://127.0.0.1:9464", "127.0.0.1:9464"),
            ("http://worker-1:9464/", "worker-1:9464"),
            ("127.0.0.1:9464", "127.0.0.1:9464"),
            ("http://[::1]:9464", "[::1]:9464"),
        ] {
            assert_eq!(text.parse::<Address>().unwrap().as_str(), is);
        }
        for text in [
            "",
            "worker-1",
            "http://worker-1",
            "https://worker-1:9464",
            "http://worker-1:9464/metrics",
            "ftp://a:1",
            "a:1?b",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
