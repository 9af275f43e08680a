//! Whether pages and metrics can be served where the settings say: the address is free, or it is one of ours that serves there.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream, ToSocketAddrs as _};
use std::path::Path;
use std::time::Duration;

use super::{Examination, Thing, Verdict};
use crate::config::variable_of;
use crate::text::{doctor as says, worker};

/// Who does not answer within this is somebody else.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
/// The state of a socket that listens, as the system writes it.
const LISTENS: &str = "0A";

/// Looks at the address that this setting gives.
pub(super) fn look(examination: &mut Examination, key: &str, listen: &str) {
    if listen == "off" {
        return;
    }
    match TcpListener::bind(listen) {
        Ok(_) => examination.good(Thing::Address, &says::address_free(listen)),
        Err(error) if error.kind() == ErrorKind::AddrInUse => match server_at(listen) {
            Some(ours) if ours.starts_with("giaoban") => {
                examination.good(Thing::Address, &says::address_ours(listen, ours));
            }
            _ => {
                let by = holder(listen).unwrap_or_else(|| "?".to_owned());
                let detail = says::address_taken(listen, by);
                examination.add(Thing::Address, Verdict::Problem, &detail, &worker::other_address(variable_of(key)));
            }
        },
        Err(error) => {
            let detail = worker::cannot_listen(listen, error);
            examination.add(Thing::Address, Verdict::Problem, &detail, &worker::other_address(variable_of(key)));
        }
    }
}

/// What the server there calls itself.
fn server_at(listen: &str) -> Option<String> {
    let address = listen.to_socket_addrs().ok()?.next()?;
    let mut stream = TcpStream::connect_timeout(&address, ANSWERS_WITHIN).ok()?;
    stream.set_read_timeout(Some(ANSWERS_WITHIN)).ok()?;
    write!(stream, "GET /livez HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    // Whatever came before it ended.
    let _ = stream.take(8 << 10).read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let mut heads = answer.lines().take_while(|line| !line.is_empty());
    let server = heads.find(|line| line.to_ascii_lowercase().starts_with("server:"))?;
    Some(server.split_once(':')?.1.trim().to_owned())
}

/// The program that listens there and its number, as far as the system lets this user see that.
fn holder(listen: &str) -> Option<String> {
    let port = format!(":{:04X}", listen.to_socket_addrs().ok()?.next()?.port());
    let sockets: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .flat_map(|table| table.lines().filter_map(|line| socket_of(line, &port)).collect::<Vec<_>>())
        .collect();
    let processes = std::fs::read_dir("/proc").ok()?.filter_map(Result::ok).map(|entry| entry.path());
    processes.filter(|process| has_any(process, &sockets)).find_map(|process| {
        let name = std::fs::read_to_string(process.join("comm")).ok()?;
        Some(format!("{} ({})", name.trim(), process.file_name()?.to_str()?))
    })
}

/// The socket of a line of the system's table, if it listens on that port.
fn socket_of(line: &str, port: &str) -> Option<String> {
    let columns: Vec<&str> = line.split_whitespace().collect();
    let listens = columns.get(1)?.ends_with(port) && *columns.get(3)? == LISTENS;
    listens.then(|| columns.get(9).map(|number| format!("socket:[{number}]")))?
}

fn has_any(process: &Path, sockets: &[String]) -> bool {
    let Ok(files) = std::fs::read_dir(process.join("fd")) else { return false };
    let leads_to = |file: std::fs::DirEntry| std::fs::read_link(file.path()).ok()?.to_str().map(str::to_owned);
    files.filter_map(Result::ok).filter_map(leads_to).any(|to| sockets.contains(&to))
}
