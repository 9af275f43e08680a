//! How the server is reached: what a URL says, TLS, and what the server's
//! refusals mean. May not know what is kept there.

use std::fmt;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::postgres::config::{Host, SslMode};
use ::postgres::error::SqlState;
use ::postgres::{Client, Config};
use openssl::ssl::{ErrorCode, SslConnector, SslFiletype, SslMethod, SslVerifyMode};
use percent_encoding::percent_decode_str;
use postgres_openssl::MakeTlsConnector;

use crate::store::StoreError;

/// A server that does not take a connection within this time is away, and so is one that has not let
/// the user in within twice that.
const CONNECTS_WITHIN: Duration = Duration::from_secs(5);
/// A connection on which nothing is heard for so long is asked whether it lives, that often.
const KEEPALIVE: (Duration, Duration, u32) = (Duration::from_secs(10), Duration::from_secs(5), 3);
/// What was sent and not acknowledged for so long ends the connection.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// A database on a server, and as whom it is spoken to.
#[derive(Clone)]
pub struct Server {
    config: Box<Config>,
    tls: MakeTlsConnector,
    shown: String,
    /// Connections that were given up before the server had said anything. The driver cannot end
    /// them, so the next goes on with one: a silent server costs no more threads than callers.
    given_up: Arc<Mutex<Vec<Connecting>>>,
}

/// A connection that is being made.
type Connecting = Receiver<Result<Client, ::postgres::Error>>;

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// How far a server's certificate is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    /// It is not looked at.
    Any,
    /// An authority that is trusted has signed it.
    Authority,
    /// The same, and it is for the host of the URL.
    Host,
}

/// What a URL says of TLS.
#[derive(Default)]
struct Tls {
    mode: Option<String>,
    root: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl Server {
    /// What a URL names, with a password of its own or that one. An error says what is wrong, and
    /// never quotes the URL.
    pub fn parse(url: &str, password: Option<&str>) -> Result<Self, String> {
        if !is_url(url) {
            return Err("a URL postgres://user@host:port/database".to_owned());
        }
        let (plain, tls) = split_tls(url)?;
        let mut config: Config = plain.parse().map_err(|error: ::postgres::Error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            format!("a URL postgres://user@host:port/database ({cause})")
        })?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err("a URL that names a host: postgres://user@host:port/database".to_owned());
        }
        if let Some(password) = password {
            config.password(password);
        }
        config
            .keepalives_idle(KEEPALIVE.0)
            .keepalives_interval(KEEPALIVE.1)
            .keepalives_retries(KEEPALIVE.2)
            .tcp_user_timeout(UNACKNOWLEDGED);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECTS_WITHIN);
        }
        if config.get_application_name().is_none() {
            config.application_name("giaoban");
        }
        let (mode, trust) = tls.meaning(&config)?;
        config.ssl_mode(mode);
        let tls = tls.connector(trust)?;
        let shown = shown(&config);
        Ok(Self { config: Box::new(config), tls, shown, given_up: Arc::default() })
    }

    /// A new connection. The driver's own limit ends where the server takes it, so there is one for
    /// all that follows until the user is let in.
    pub fn connect(&self) -> Result<Client, StoreError> {
        let before = self.given_up().pop();
        // One that has ended meanwhile says how the server was then.
        let connecting = match before.map(|connecting| (connecting.try_recv(), connecting)) {
            Some((Err(TryRecvError::Empty), connecting)) => connecting,
            _ => self.begin()?,
        };
        let within = self.answers_within();
        match connecting.recv_timeout(within) {
            Ok(connected) => connected.map_err(|error| self.refusal(&error)),
            Err(RecvTimeoutError::Timeout) => {
                self.given_up().push(connecting);
                Err(self.unreachable(format!("the connection is not made within {} s", within.as_secs())))
            }
            Err(RecvTimeoutError::Disconnected) => Err(self.unreachable("the attempt has ended unexpectedly".into())),
        }
    }

    fn begin(&self) -> Result<Connecting, StoreError> {
        let (outcome, connecting) = channel();
        let (config, tls) = (self.config.clone(), self.tls.clone());
        let connect = move || drop(outcome.send(config.connect(tls)));
        let thread = std::thread::Builder::new().name("connecting".into()).spawn(connect);
        thread.map_err(|error| self.unreachable(format!("cannot start a thread: {error}")))?;
        Ok(connecting)
    }

    fn given_up(&self) -> MutexGuard<'_, Vec<Connecting>> {
        self.given_up.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answers_within(&self) -> Duration {
        let hosts = self.config.get_hosts().len().max(self.config.get_hostaddrs().len());
        let one = self.config.get_connect_timeout().copied().unwrap_or(CONNECTS_WITHIN);
        one.saturating_mul(2).saturating_mul(u32::try_from(hosts).unwrap_or(1).max(1))
    }

    fn unreachable(&self, cause: String) -> StoreError {
        StoreError::Unreachable { at: self.shown.clone(), cause }
    }

    /// Why there is no connection.
    fn refusal(&self, error: &::postgres::Error) -> StoreError {
        let (at, cause) = (self.shown.clone(), text(error));
        if error.code().is_some() {
            return self.error(error);
        }
        // The driver does not tell its kinds but by these words.
        match error.to_string().as_str() {
            "error performing TLS handshake" if was_cut(error) => StoreError::Unreachable { at, cause },
            "error performing TLS handshake" => StoreError::Untrusted { at, cause },
            "invalid configuration" | "authentication error" => StoreError::Login { at, cause },
            _ => StoreError::Unreachable { at, cause },
        }
    }

    /// What a failed statement means.
    pub fn error(&self, error: &::postgres::Error) -> StoreError {
        let (at, cause) = (self.shown.clone(), text(error));
        let Some(code) = error.code() else {
            // Without a word of the server: the connection, or a column that is not what it should be.
            return match error.to_string().as_str() {
                text if text.starts_with("error deserializing") => StoreError::Damaged { at, cause },
                _ => StoreError::Unavailable { at, cause },
            };
        };
        match *code {
            SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
                StoreError::Login { at, cause }
            }
            SqlState::INVALID_CATALOG_NAME => StoreError::NoDatabase { at, cause },
            SqlState::INSUFFICIENT_PRIVILEGE | SqlState::READ_ONLY_SQL_TRANSACTION => {
                StoreError::Forbidden { at, cause }
            }
            SqlState::TOO_MANY_CONNECTIONS => StoreError::Crowded { at, cause },
            SqlState::DISK_FULL => StoreError::DiskFull { at },
            // As after a worker stood still within a transaction.
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => StoreError::Unavailable { at, cause },
            SqlState::UNDEFINED_TABLE | SqlState::UNDEFINED_COLUMN | SqlState::DATATYPE_MISMATCH => {
                StoreError::Foreign { at, cause }
            }
            _ => match code.code().get(..2) {
                // Connection, rollback, resources, other states, intervention, system.
                Some("08" | "40" | "53" | "55" | "57" | "58") => StoreError::Unavailable { at, cause },
                _ => StoreError::Damaged { at, cause },
            },
        }
    }
}

/// Whether the connection ended under the handshake, as that of a server does which goes down: that
/// says nothing of trust.
fn was_cut(error: &::postgres::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let tls = cause.downcast_ref::<openssl::ssl::Error>();
        if cause.is::<std::io::Error>() || tls.is_some_and(|error| error.code() == ErrorCode::SYSCALL) {
            return true;
        }
        source = cause.source();
    }
    false
}

/// Whether a text is meant to be the URL of a database.
pub fn is_url(text: &str) -> bool {
    text.starts_with("postgres://") || text.starts_with("postgresql://")
}

/// A URL as it may be shown: without its password, and without parameters that may be secret.
pub fn masked(url: &str) -> String {
    const HIDDEN: &str = "••••";
    const OPEN: [&str; 8] =
        ["sslmode", "sslrootcert", "sslcert", "host", "port", "dbname", "application_name", "connect_timeout"];
    if url.is_empty() {
        return String::new();
    }
    let Some((scheme, rest)) = url.split_once("://").filter(|_| is_url(url)) else { return HIDDEN.to_owned() };
    // By the last @, so that one within a password that was not encoded shows nothing of it.
    let (user, place) = match rest.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, rest),
    };
    let user = user.map_or_else(String::new, |user| match user.split_once([':', '/', '?']) {
        Some((name, _)) => format!("{name}:{HIDDEN}@"),
        None => format!("{user}@"),
    });
    let (place, parameters) = place.split_once('?').unwrap_or((place, ""));
    let shown: Vec<String> = parameters
        .split('&')
        .filter(|parameter| !parameter.is_empty())
        .map(|parameter| match parameter.split_once('=') {
            Some((name, _)) if !OPEN.contains(&name) => format!("{name}={HIDDEN}"),
            _ => parameter.to_owned(),
        })
        .collect();
    let parameters = if shown.is_empty() { String::new() } else { format!("?{}", shown.join("&")) };
    format!("{scheme}://{user}{place}{parameters}")
}

/// The URL without what the driver does not know, and that.
fn split_tls(url: &str) -> Result<(String, Tls), String> {
    let Some((place, parameters)) = url.split_once('?') else { return Ok((url.to_owned(), Tls::default())) };
    let (mut rest, mut tls) = (Vec::new(), Tls::default());
    for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = percent_decode_str(value).decode_utf8().map_err(|_| format!("a URL whose {name} is UTF-8"))?;
        let file = || Some(PathBuf::from(value.as_ref()));
        match name {
            "sslmode" => tls.mode = Some(value.into_owned()),
            "sslrootcert" => tls.root = file().filter(|_| value != "system"),
            "sslcert" => tls.certificate = file(),
            "sslkey" => tls.key = file(),
            _ => rest.push(parameter),
        }
    }
    let rest = if rest.is_empty() { String::new() } else { format!("?{}", rest.join("&")) };
    Ok((format!("{place}{rest}"), tls))
}

impl Tls {
    /// Without a word about it, what goes to another machine is encrypted, to a host that is verified.
    fn meaning(&self, config: &Config) -> Result<(SslMode, Trust), String> {
        Ok(match self.mode.as_deref() {
            None if is_near(config) => (SslMode::Prefer, Trust::Any),
            None | Some("require" | "verify-full") => (SslMode::Require, Trust::Host),
            Some("verify-ca") => (SslMode::Require, Trust::Authority),
            Some("no-verify") => (SslMode::Require, Trust::Any),
            Some("prefer") => (SslMode::Prefer, Trust::Any),
            Some("disable") => (SslMode::Disable, Trust::Any),
            Some(_) => {
                return Err(
                    "a URL whose sslmode is one of disable, prefer, no-verify, require, verify-ca, verify-full"
                        .to_owned(),
                );
            }
        })
    }

    fn connector(&self, trust: Trust) -> Result<MakeTlsConnector, String> {
        let wrong = |error: openssl::error::ErrorStack| format!("a URL with usable TLS settings ({error})");
        let mut builder = SslConnector::builder(SslMethod::tls_client()).map_err(wrong)?;
        match &self.root {
            Some(root) => builder.set_ca_file(root).map_err(|error| unusable("sslrootcert", root, &error))?,
            None => {
                // This OpenSSL is built in, and does not know where the system keeps its authorities.
                let system = openssl_probe::probe();
                let (file, folder) = (system.cert_file.as_deref(), system.cert_dir.first().map(PathBuf::as_path));
                if file.is_some() || folder.is_some() {
                    builder.load_verify_locations(file, folder).map_err(wrong)?;
                }
            }
        }
        if let Some(certificate) = &self.certificate {
            let of = builder.set_certificate_chain_file(certificate);
            of.map_err(|error| unusable("sslcert", certificate, &error))?;
        }
        if let Some(key) = &self.key {
            let of = builder.set_private_key_file(key, SslFiletype::PEM);
            of.map_err(|error| unusable("sslkey", key, &error))?;
        }
        if trust == Trust::Any {
            builder.set_verify(SslVerifyMode::NONE);
        }
        let mut tls = MakeTlsConnector::new(builder.build());
        tls.set_callback(move |connection, _| {
            connection.set_verify_hostname(trust == Trust::Host);
            Ok(())
        });
        Ok(tls)
    }
}

fn unusable(name: &str, path: &std::path::Path, error: &openssl::error::ErrorStack) -> String {
    let cause = error.errors().first().and_then(|error| error.reason()).unwrap_or("not readable");
    format!("a URL whose {name} can be read ({}: {cause})", path.display())
}

/// Whether nothing leaves this machine.
fn is_near(config: &Config) -> bool {
    let addresses = config.get_hostaddrs();
    let near = |host: &Host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        Host::Unix(_) => true,
    };
    if addresses.is_empty() {
        return config.get_hosts().iter().all(near);
    }
    addresses.iter().all(std::net::IpAddr::is_loopback)
}

/// `user@host:port/database`.
fn shown(config: &Config) -> String {
    let ports = config.get_ports();
    let port = |index: usize| ports.get(index).or(ports.first()).copied().unwrap_or(5432);
    let names: Vec<String> = match config.get_hosts() {
        [] => config.get_hostaddrs().iter().map(ToString::to_string).collect(),
        hosts => hosts
            .iter()
            .map(|host| match host {
                Host::Tcp(name) => name.clone(),
                Host::Unix(path) => path.display().to_string(),
            })
            .collect(),
    };
    let places: Vec<String> = names.iter().enumerate().map(|(index, name)| format!("{name}:{}", port(index))).collect();
    let user = config.get_user().map(|user| format!("{user}@")).unwrap_or_default();
    let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
    format!("{user}{}/{database}", places.join(","))
}

/// An error with its causes, in one line; of the server's, what it says and no more: a detail may
/// hold what is kept.
fn text(error: &::postgres::Error) -> String {
    if let Some(error) = error.as_db_error() {
        return error.message().to_owned();
    }
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = cause.source();
    }
    text.replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(url: &str) -> (SslMode, Trust) {
        let (plain, tls) = split_tls(url).unwrap();
        tls.meaning(&plain.parse().unwrap()).unwrap()
    }

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            ("", ""),
            ("postgres://u:s3cret@h:1/d", "postgres://u:••••@h:1/d"),
            ("postgres://u:s3c@ret/s3cret@h/d?sslmode=require", "postgres://u:••••@h/d?sslmode=require"),
            (
                "postgresql://h/d?user=u&password=s3cret&sslmode=require",
                "postgresql://h/d?user=••••&password=••••&sslmode=require",
            ),
            ("postgres://u@h/d", "postgres://u@h/d"),
            ("postgres://u/s3cret@h/d", "postgres://u:••••@h/d"),
            ("host=h password=s3cret", "••••"),
            ("mysql://u:s3cret@h/d", "••••"),
        ] {
            assert_eq!(masked(url), shown);
        }
        let server = Server::parse("postgres://u:s3cret@h:1/d?sslmode=disable", None).unwrap();
        assert_eq!((server.to_string(), format!("{server:?}")), ("u@h:1/d".into(), "u@h:1/d".into()));
        for wrong in [
            "postgres://u:s3cret@h:port/d",
            "postgres://u:s3cret@h/d?nosuch=s3cret",
            "postgres://u:s3cret@h/d?sslmode=s3cret",
            "postgres://u:s3cret@h/d?sslrootcert=/nowhere.pem",
            "postgres://u:s3cret@",
            "postgres:///d?password=s3cret",
            "s3cret",
        ] {
            let told = Server::parse(wrong, None).unwrap_err();
            assert!(told.starts_with("a URL ") && !told.contains("s3cret"), "{wrong}: {told}");
        }
    }

    #[test]
    fn what_leaves_the_machine_is_encrypted_and_verified_unless_told_otherwise() {
        assert_eq!(meaning("postgres://u@db.example/d"), (SslMode::Require, Trust::Host));
        assert_eq!(meaning("postgres://u@db.example/d?sslmode=require"), (SslMode::Require, Trust::Host));
        assert_eq!(meaning("postgres://u@localhost,db.example/d"), (SslMode::Require, Trust::Host));
        assert_eq!(meaning("postgres://u@localhost/d"), (SslMode::Prefer, Trust::Any));
        assert_eq!(meaning("postgres://u@%2Frun%2Fpostgresql/d"), (SslMode::Prefer, Trust::Any));
        assert_eq!(meaning("postgres://u@db.example/d?sslmode=prefer"), (SslMode::Prefer, Trust::Any));
        assert_eq!(meaning("postgres://u@127.0.0.1/d?sslmode=verify-ca"), (SslMode::Require, Trust::Authority));
        assert_eq!(meaning("postgres://u@db.example/d?sslmode=disable"), (SslMode::Disable, Trust::Any));
    }

    #[test]
    fn a_connection_has_twice_the_time_of_each_host() {
        let within = |url: &str| Server::parse(url, None).unwrap().answers_within().as_secs();
        assert_eq!(within("postgres://u@a/d"), 10);
        assert_eq!(within("postgres://u@a,b/d?connect_timeout=3"), 12);
        assert_eq!(within(&format!("postgres://u@a,b,c/d?connect_timeout={}", i64::MAX)), u64::MAX);
    }

    #[test]
    fn a_server_that_is_away_is_told_by_its_place() {
        let server = Server::parse("postgres://u:s3cret@127.0.0.1:1/d", None).unwrap();
        let error = server.connect().err().unwrap();
        assert!(matches!(&error, StoreError::Unreachable { at, .. } if at == "u@127.0.0.1:1/d"), "{error}");
        let server = Server::parse("postgres://u@no-such-host.invalid/d", None).unwrap();
        assert!(matches!(server.connect(), Err(StoreError::Unreachable { .. })));
    }
}
