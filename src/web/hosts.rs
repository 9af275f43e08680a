//! Which names this server answers to. A page of somebody else's may have its own name lead here (DNS rebinding), and
//! would then read every figure with the reader's browser; it cannot give its requests another name than its own.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Query, Request, State};
use axum::http::uri::Authority;
use axum::http::{Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::absent::Absent;
use super::params::Params;

/// The names that are known.
#[derive(Clone, Debug, Default)]
pub struct KnownHosts(Arc<[String]>);

impl KnownHosts {
    /// Those of `http.hosts`, the one that is listened on, and `localhost`; an address is no name, and always known.
    pub fn new<'h>(listen: &'h str, hosts: impl IntoIterator<Item = &'h str>) -> Self {
        Self(["localhost", listen].into_iter().chain(hosts).filter_map(name_of).collect())
    }

    /// Whether an authority, such as `giaoban.example:9464`, is known.
    fn know(&self, authority: &str) -> bool {
        let Some(name) = name_of(authority) else { return false };
        let is_address = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        is_address || self.0.contains(&name)
    }
}

/// The host of an authority, as it is compared.
fn name_of(authority: &str) -> Option<String> {
    let authority: Authority = authority.parse().ok()?;
    Some(authority.host().trim_end_matches('.').to_ascii_lowercase()).filter(|name| !name.is_empty())
}

/// Answers only where the server is called by a name that it knows.
pub async fn known(
    State(hosts): State<KnownHosts>,
    Query(params): Query<Params>,
    request: Request,
    next: Next,
) -> Response {
    let mut named = request.headers().get_all(header::HOST).iter();
    let named = match (request.uri().authority(), named.next(), named.next()) {
        (Some(authority), _, _) => Some(authority.as_str()),
        (None, Some(host), None) => host.to_str().ok(),
        // Before HTTP 1.1 there was no such header, and no browser leaves it out.
        (None, None, None) if request.version() < Version::HTTP_11 => Some("localhost"),
        _ => None,
    };
    match named {
        Some(name) if hosts.know(name) => next.run(request).await,
        name => Absent::Host(name.unwrap_or_default().to_owned()).page(params.lang()).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_that_was_set_and_an_address_always() {
        let hosts = KnownHosts::new("0.0.0.0:9464", ["worker", "Giaoban.Hanoi.example:443"]);
        for known in [
            "localhost:9464",
            "LOCALHOST.",
            "127.0.0.1:9464",
            "[::1]:9464",
            "10.0.0.7",
            "worker:9464",
            "giaoban.hanoi.example",
        ] {
            assert!(hosts.know(known), "{known}");
        }
        let strange = [
            "evil.example",
            "evil.example:9464",
            "localhost.evil.example",
            "worker.evil",
            "127.0.0.1.evil.example",
            "",
            ":",
        ];
        for strange in strange {
            assert!(!hosts.know(strange), "{strange}");
        }
        assert!(KnownHosts::new("figures.example:80", []).know("figures.example"));
    }
}
