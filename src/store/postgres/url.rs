//! What the URL of a database says: where it is, how far the server is trusted,
//! and how much of that may be shown.

use std::path::{Path, PathBuf};

use ::postgres::Config;
use ::postgres::config::{Host, SslMode};
use openssl::ssl::{SslConnector, SslFiletype, SslMethod, SslVerifyMode};
use percent_encoding::percent_decode_str;
use postgres_openssl::MakeTlsConnector;

/// How far a server's certificate is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// It is not looked at.
    Any,
    /// An authority that is trusted has signed it.
    Authority,
    /// The same, and it is for the host of the URL.
    Host,
}

/// What a URL says of TLS.
#[derive(Clone, Default)]
pub(super) struct Tls {
    mode: Option<String>,
    root: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

/// Whether a text is meant to be the URL of a database.
pub fn is_url(text: &str) -> bool {
    text.starts_with("postgres://") || text.starts_with("postgresql://")
}

/// What is shown of what may be secret.
const HIDDEN: &str = "••••";

/// The most bytes that a user's name has on any server.
pub(super) const MOST_USER_BYTES: usize = 63;

/// A user as it may be shown: what is too long for a name is a password that stands in its place.
fn shown_user(user: &str) -> &str {
    if user.len() > MOST_USER_BYTES { HIDDEN } else { user }
}

/// A URL as it may be shown: without its password, and without parameters that may be secret.
pub fn masked(url: &str) -> String {
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
        Some((name, _)) => format!("{}:{HIDDEN}@", shown_user(name)),
        None => format!("{}@", shown_user(user)),
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
pub(super) fn split_tls(url: &str) -> Result<(String, Tls), String> {
    // The driver would take what follows the first for the host, and show it.
    if url.split('?').next().is_some_and(|place| place.matches('@').count() > 1) {
        return Err("a URL in whose user name and password @ is written as %40".to_owned());
    }
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
    /// Files of certificates that the URL names, each with the setting.
    pub(super) fn certificates(&self) -> Vec<(String, PathBuf)> {
        let named = [("store.url sslrootcert", &self.root), ("store.url sslcert", &self.certificate)];
        named.into_iter().filter_map(|(key, file)| Some((key.to_owned(), file.clone()?))).collect()
    }

    /// Without a word about it, what goes to another machine is encrypted, to a host that is verified.
    pub(super) fn meaning(&self, config: &Config) -> Result<(SslMode, Trust), String> {
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

    pub(super) fn connector(&self, trust: Trust) -> Result<MakeTlsConnector, String> {
        let wrong = |error: openssl::error::ErrorStack| format!("a URL with usable TLS settings ({error})");
        let mut builder = SslConnector::builder(SslMethod::tls_client()).map_err(wrong)?;
        match &self.root {
            Some(root) => builder.set_ca_file(root).map_err(|error| unusable("sslrootcert", root, &error))?,
            None => {
                // An OpenSSL that was built in does not know where the system keeps its authorities.
                let system = openssl_probe::probe();
                let (file, folder) = (system.cert_file.as_deref(), system.cert_dir.first().map(PathBuf::as_path));
                if file.is_some() || folder.is_some() {
                    builder.load_verify_locations(file, folder).map_err(wrong)?;
                }
            }
        }
        match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => {
                let of = builder.set_certificate_chain_file(certificate);
                of.map_err(|error| unusable("sslcert", certificate, &error))?;
                let of = builder.set_private_key_file(key, SslFiletype::PEM);
                of.map_err(|error| unusable("sslkey", key, &error))?;
            }
            (None, None) => {}
            (Some(_), None) => {
                return Err("a URL with sslkey beside sslcert: a certificate serves with its key".to_owned());
            }
            (None, Some(_)) => {
                return Err("a URL with sslcert beside sslkey: a key serves with its certificate".to_owned());
            }
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

fn unusable(name: &str, path: &Path, error: &openssl::error::ErrorStack) -> String {
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
pub(super) fn shown(config: &Config) -> String {
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
    let user = config.get_user().map(|user| format!("{}@", shown_user(user))).unwrap_or_default();
    let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
    format!("{user}{}/{database}", places.join(","))
}

/// The same for each host by itself.
pub(super) fn each(config: &Config) -> Vec<Config> {
    let (hosts, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
    let one = |index: usize| {
        let mut one = Config::new();
        match hosts.get(index) {
            Some(Host::Tcp(name)) => drop(one.host(name)),
            Some(Host::Unix(path)) => drop(one.host_path(path)),
            None => {}
        }
        if let Some(address) = addresses.get(index) {
            one.hostaddr(*address);
        }
        if let Some(port) = ports.get(index).or(ports.first()) {
            one.port(*port);
        }
        config.get_user().map(|user| one.user(user));
        config.get_password().map(|password| one.password(password));
        config.get_dbname().map(|database| one.dbname(database));
        config.get_options().map(|options| one.options(options));
        config.get_application_name().map(|name| one.application_name(name));
        config.get_connect_timeout().map(|within| one.connect_timeout(*within));
        config.get_tcp_user_timeout().map(|within| one.tcp_user_timeout(*within));
        config.get_keepalives_interval().map(|every| one.keepalives_interval(every));
        config.get_keepalives_retries().map(|times| one.keepalives_retries(times));
        one.keepalives(config.get_keepalives()).keepalives_idle(config.get_keepalives_idle());
        one.ssl_mode(config.get_ssl_mode()).ssl_negotiation(config.get_ssl_negotiation());
        one.channel_binding(config.get_channel_binding());
        one
    };
    (0..hosts.len().max(addresses.len())).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Server;
    use super::*;

    fn meaning(url: &str) -> (SslMode, Trust) {
        let (plain, tls) = split_tls(url).unwrap();
        tls.meaning(&plain.parse().unwrap()).unwrap()
    }

    #[test]
    fn each_host_by_itself_is_asked_as_all_are() {
        let url =
            "postgres://u:p@a:1,b:2/d?channel_binding=require&keepalives_retries=3&target_session_attrs=read-write";
        let mut all: Config = url.parse().unwrap();
        all.ssl_mode(SslMode::Require).ssl_negotiation(::postgres::config::SslNegotiation::Direct);
        all.keepalives_interval(std::time::Duration::from_secs(7));
        for (one, port) in each(&all).iter().zip([1, 2]) {
            assert_eq!((one.get_ports(), one.get_hosts().len()), (&[port][..], 1));
            assert_eq!(one.get_channel_binding(), all.get_channel_binding());
            assert_eq!(
                (one.get_ssl_mode(), one.get_ssl_negotiation()),
                (all.get_ssl_mode(), all.get_ssl_negotiation())
            );
            assert_eq!(one.get_keepalives_interval(), all.get_keepalives_interval());
            assert_eq!((one.get_keepalives(), one.get_keepalives_retries()), (all.get_keepalives(), Some(3)));
        }
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
            (&format!("postgres://{}@h/d", "s3cret".repeat(11)), "postgres://••••@h/d"),
            (&format!("postgres://{}:x@h/d", "s3cret".repeat(11)), "postgres://••••:••••@h/d"),
            ("postgres://u/s3cret@h/d", "postgres://u:••••@h/d"),
            ("host=h password=s3cret", "••••"),
            ("mysql://u:s3cret@h/d", "••••"),
        ] {
            assert_eq!(masked(url), shown);
        }
        let server = Server::parse("postgres://u:s3cret@h:1/d?sslmode=disable", None).unwrap();
        assert_eq!((server.to_string(), format!("{server:?}")), ("u@h:1/d".into(), "u@h:1/d".into()));
        assert!(split_tls("postgres://u:s3@cret@h/d").is_err(), "the rest of a password is no host");
        let overlong = format!("postgres://{}@h/d", "s3cret".repeat(11));
        for wrong in [
            &*overlong,
            "postgres://u:s3cret@h:port/d",
            "postgres://u:s3cret@h/d?nosuch=s3cret",
            "postgres://u:s3cret@h/d?sslmode=s3cret",
            "postgres://u:s3cret@h/d?sslrootcert=/nowhere.pem",
            "postgres://u:s3cret@h/d?sslcert=/nowhere.pem",
            "postgres://u:s3cret@h/d?sslkey=/nowhere.pem",
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
}
