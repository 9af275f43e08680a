//! The server: how it is reached, and what its refusals mean. May not know what
//! is kept there.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::postgres::error::SqlState;
use ::postgres::{Client, Config};
use openssl::ssl::ErrorCode;
use postgres_openssl::MakeTlsConnector;

use super::url::{self, MOST_USER_BYTES, Tls, Trust, is_url, shown, split_tls};
use crate::failure::Cause;
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
    /// Read anew for each connection, as are the files that the URL names: they are rotated.
    password_file: Option<PathBuf>,
    tls: Tls,
    trust: Trust,
    shown: String,
    /// Connections that were given up before the server had said anything. The driver cannot end
    /// them, so the next continues one: a silent server costs no more threads than callers.
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

impl Server {
    /// Files of certificates that the URL names, each with the setting.
    pub fn certificates(&self) -> Vec<(String, PathBuf)> {
        self.tls.certificates()
    }

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
        if config.get_user().is_some_and(|user| user.len() > MOST_USER_BYTES) {
            return Err(format!(
                "a URL whose user has at most {MOST_USER_BYTES} bytes: postgres://user@host:port/database"
            ));
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
        let (mode, trust) = tls.meaning(&config)?;
        config.ssl_mode(mode);
        tls.connector(trust)?;
        let shown = shown(&config);
        Ok(Self { config: Box::new(config), password_file: None, tls, trust, shown, given_up: Arc::default() })
    }

    /// The same under that name among the server's sessions, if the URL gives none.
    pub(super) fn called(mut self, name: &str) -> Self {
        if self.config.get_application_name().is_none() {
            self.config.application_name(name);
        }
        self
    }

    /// The same with the password that a file has whenever a connection is made.
    pub fn with_password_of(mut self, file: &Path) -> Self {
        self.password_file = Some(file.to_owned());
        self
    }

    /// Each host of the URL by itself, whatever state it is in.
    pub(super) fn each(&self) -> Vec<Self> {
        url::each(&self.config)
            .into_iter()
            .map(|config| {
                let (shown, config) = (shown(&config), Box::new(config));
                Self { config, shown, given_up: Arc::default(), ..self.clone() }
            })
            .collect()
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
            Ok(connected) => connected.map_err(|error| self.refusal(error)),
            Err(RecvTimeoutError::Timeout) => {
                self.given_up().push(connecting);
                Err(self.unreachable(format!("the connection is not made within {} s", within.as_secs())))
            }
            Err(RecvTimeoutError::Disconnected) => Err(self.unreachable("the attempt has ended unexpectedly")),
        }
    }

    fn begin(&self) -> Result<Connecting, StoreError> {
        let (outcome, connecting) = channel();
        let (config, tls) = self.with_files().map_err(|cause| self.unreachable(cause))?;
        let connect = move || drop(outcome.send(config.connect(tls)));
        let thread = std::thread::Builder::new().name("connecting".into()).spawn(connect);
        thread.map_err(|error| self.unreachable(Cause::worded(format!("cannot start a thread: {error}"), error)))?;
        Ok(connecting)
    }

    /// What is to be connected to, with what its files hold now. One that cannot be read may be about to be replaced.
    fn with_files(&self) -> Result<(Box<Config>, MakeTlsConnector), Cause> {
        let mut config = self.config.clone();
        if let Some(file) = &self.password_file {
            let password = std::fs::read_to_string(file)
                .map_err(|error| Cause::worded(format!("{}: {error}", file.display()), error))?;
            config.password(password.trim_end_matches(['\r', '\n']));
        }
        Ok((config, self.tls.connector(self.trust)?))
    }

    fn given_up(&self) -> MutexGuard<'_, Vec<Connecting>> {
        self.given_up.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answers_within(&self) -> Duration {
        let hosts = self.config.get_hosts().len().max(self.config.get_hostaddrs().len());
        let one = self.config.get_connect_timeout().copied().unwrap_or(CONNECTS_WITHIN);
        one.saturating_mul(2).saturating_mul(u32::try_from(hosts).unwrap_or(1).max(1))
    }

    fn unreachable(&self, cause: impl Into<Cause>) -> StoreError {
        StoreError::Unreachable { at: self.shown.clone(), cause: cause.into() }
    }

    /// Why there is no connection.
    fn refusal(&self, error: ::postgres::Error) -> StoreError {
        if error.code().is_some() {
            return self.error(error);
        }
        let (at, words) = (self.shown.clone(), error.to_string());
        let (was_cut, refuses_certificate) = (was_cut(&error), refuses_certificate(&error));
        let cause = Cause::worded(text(&error), error);
        // The driver does not tell its kinds but by these words.
        match words.as_str() {
            _ if refuses_certificate => StoreError::Login { at, cause },
            "error performing TLS handshake" if was_cut => StoreError::Unreachable { at, cause },
            "error performing TLS handshake" => StoreError::Untrusted { at, cause },
            "invalid configuration" | "authentication error" => StoreError::Login { at, cause },
            _ => StoreError::Unreachable { at, cause },
        }
    }

    /// What a failed statement means.
    pub fn error(&self, error: ::postgres::Error) -> StoreError {
        let (at, code, words) = (self.shown.clone(), error.code().cloned(), error.to_string());
        let cause = Cause::worded(text(&error), error);
        let Some(code) = code else {
            // Without a word of the server: the connection, or a column that is not what it should be.
            return match words.starts_with("error deserializing") {
                true => StoreError::Damaged { at, cause },
                false => StoreError::BrokenOff { at, cause },
            };
        };
        match code {
            SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
                StoreError::Login { at, cause }
            }
            SqlState::INVALID_CATALOG_NAME => StoreError::NoDatabase { at, cause },
            SqlState::INSUFFICIENT_PRIVILEGE => StoreError::Forbidden { at, cause },
            SqlState::READ_ONLY_SQL_TRANSACTION => StoreError::ReadOnly { at, cause },
            SqlState::TOO_MANY_CONNECTIONS => StoreError::Crowded { at, cause },
            SqlState::DISK_FULL => StoreError::DiskFull { at },
            // As after a worker stood still within a transaction.
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => StoreError::BrokenOff { at, cause },
            SqlState::UNDEFINED_TABLE | SqlState::UNDEFINED_COLUMN | SqlState::DATATYPE_MISMATCH => {
                StoreError::Foreign { at, cause }
            }
            _ => match code.code().get(..2) {
                // Rollback, other states: somebody else is at it.
                Some("40" | "55") => StoreError::Unavailable { at, cause },
                // Connection, resources, intervention, system.
                Some("08" | "53" | "57" | "58") => StoreError::BrokenOff { at, cause },
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

/// Whether the server says that it does not take the client's certificate. By the newer protocol it does so only after
/// the handshake, in answer to whatever is asked first.
fn refuses_certificate(error: &::postgres::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let io = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let tls = cause.downcast_ref().or_else(|| io.and_then(|inner| inner.downcast_ref::<openssl::ssl::Error>()));
        let stack = tls.and_then(openssl::ssl::Error::ssl_error);
        let reasons = stack.into_iter().flat_map(|stack| stack.errors()).filter_map(|error| error.reason());
        if reasons.into_iter().any(|reason| {
            reason.contains("alert") && (reason.contains("certificate") || reason.ends_with("unknown ca"))
        }) {
            return true;
        }
        source = cause.source();
    }
    false
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
        assert!(crate::failure::tests::leads_to::<std::io::Error>(&error));
        let server = Server::parse("postgres://u@no-such-host.invalid/d", None).unwrap();
        assert!(matches!(server.connect(), Err(StoreError::Unreachable { .. })));
    }
}
