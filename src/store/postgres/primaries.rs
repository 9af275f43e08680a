//! Which server of those that descend from one another is written: never one that another has replaced, as far as anybody
//! has told, and none of two on one timeline. May not know what is kept there.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use ::postgres::{Client, GenericClient};

use super::Trouble;
use super::server::Server;
use crate::store::StoreError;
use crate::store::timelines::{Lineage, Timelines};

/// How often all hosts of the URL are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// The last column tells one server from another that has the same timeline.
const ASK: &str = "SELECT s.system_identifier,
    CASE WHEN NOT pg_is_in_recovery()
         THEN ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint END,
    (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint
    FROM pg_catalog.pg_control_system() AS s";

/// A server that takes changes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Primary {
    at: String,
    lineage: Lineage,
    started_us: i64,
}

/// What a server says of itself; `None` if it is a standby.
fn ask(client: &mut impl GenericClient, at: &Server) -> Result<Option<Primary>, ::postgres::Error> {
    let row = client.query_typed_one(ASK, &[])?;
    let (system, timeline, started_us): (i64, Option<i64>, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    Ok(timeline.map(|timeline| Primary { at: at.to_string(), lineage: Lineage { system, timeline }, started_us }))
}

/// What is known of a server from here on, by its own word and that of all hosts of its URL. `None` where it may not be
/// asked, or does not know: then any primary is written.
pub(super) fn follow(client: &mut Client, server: &Server) -> Result<Option<Arc<Timelines>>, StoreError> {
    match ask(client, server) {
        Ok(_) => {}
        Err(error) if error.code().is_some() => {
            let error = server.error(error);
            tracing::warn!(event = "primary_unknown", %error, "the server does not tell its system identifier and timeline: a primary that was replaced cannot be told from the new one");
            return Ok(None);
        }
        Err(error) => return Err(server.error(error)),
    }
    let (timelines, hosts) = (Arc::new(Timelines::default()), server.each());
    if hosts.len() > 1 {
        look(&hosts, &timelines);
        let watched = Arc::downgrade(&timelines);
        let watch = move || {
            loop {
                thread::sleep(LOOK_EVERY);
                match watched.upgrade() {
                    Some(timelines) => look(&hosts, &timelines),
                    None => return,
                }
            }
        };
        if let Err(error) = thread::Builder::new().name("primaries".into()).spawn(watch) {
            tracing::warn!(event = "primaries_unwatched", %error, "cannot start a thread: whether there are two primaries is seen at new connections only");
        }
    }
    Ok(Some(timelines))
}

/// Looks at every host, and keeps what it sees.
fn look(hosts: &[Server], timelines: &Timelines) {
    let primaries: Vec<Primary> = hosts.iter().filter_map(see).collect();
    for primary in &primaries {
        timelines.hear(primary.lineage);
    }
    let pairs = pairs(&primaries);
    let rivals = pairs.iter().find(|(a, b)| a.lineage == b.lineage);
    timelines.saw_rivals(rivals.map(|(a, b)| format!("{}, {}", a.at, b.at)));
    for (old, new) in pairs.iter().filter(|(a, b)| a.lineage != b.lineage) {
        tracing::warn!(
            event = "old_primary_runs",
            old = old.at,
            new = new.at,
            "a primary that was replaced still takes changes: stop it, or make it a standby of the new one"
        );
    }
}

/// That host, if it is a primary that can be asked.
fn see(host: &Server) -> Option<Primary> {
    ask(&mut host.connect().ok()?, host).ok().flatten()
}

/// Every two servers that are primaries of one system, the older first. Several names of one server are one.
fn pairs(primaries: &[Primary]) -> Vec<(&Primary, &Primary)> {
    let mut pairs = Vec::new();
    for (index, a) in primaries.iter().enumerate() {
        for b in &primaries[index + 1..] {
            if a.lineage.system == b.lineage.system && a.started_us != b.started_us {
                pairs.push(if a.lineage.timeline <= b.lineage.timeline { (a, b) } else { (b, a) });
            }
        }
    }
    pairs
}

/// A connection to one that nobody has replaced, if the URL has such a host; else that one, which the driver has found.
pub(super) fn newest(mut client: Client, server: &Server, timelines: &Timelines) -> Client {
    let is_newest = |client: &mut Client, at: &Server| match ask(client, at) {
        Ok(Some(primary)) => timelines.newest(primary.lineage) == primary.lineage,
        _ => false,
    };
    if !is_newest(&mut client, server) {
        for host in server.each() {
            if let Ok(mut other) = host.connect()
                && is_newest(&mut other, &host)
            {
                return other;
            }
        }
    }
    client
}

/// Refuses a server that another has replaced, or that is one of two; within the transaction that writes, since a pooler
/// may lead to another server each time.
pub(super) fn check(
    client: &mut impl GenericClient,
    server: &Server,
    timelines: Option<&Timelines>,
) -> Result<(), Trouble> {
    let Some(timelines) = timelines else { return Ok(()) };
    let Some(primary) = ask(client, server)? else { return Ok(()) };
    let newest = timelines.newest(primary.lineage);
    if newest != primary.lineage {
        return Err(outlived(server, primary.lineage, newest).into());
    }
    if let Some(rivals) = timelines.rivals() {
        return Err(StoreError::TwoPrimaries { at: server.to_string(), both: rivals }.into());
    }
    timelines.write(primary.lineage);
    Ok(())
}

/// Refuses one of two primaries that the URL leads to, whichever it is: for who looks once.
pub(super) fn check_alone(client: &mut Client, server: &Server) -> Result<(), Trouble> {
    let hosts = server.each();
    let Some(primary) = (if hosts.len() > 1 { ask(client, server)? } else { None }) else { return Ok(()) };
    let primaries: Vec<Primary> = hosts.iter().filter_map(see).collect();
    let pairs = pairs(&primaries);
    let Some((old, new)) = pairs.first() else { return Ok(()) };
    if old.lineage != new.lineage && primary.started_us == old.started_us {
        return Err(outlived(server, old.lineage, new.lineage).into());
    }
    let both = format!("{}, {}", old.at, new.at);
    Err(StoreError::TwoPrimaries { at: server.to_string(), both }.into())
}

fn outlived(server: &Server, is: Lineage, newest: Lineage) -> StoreError {
    StoreError::Outlived { at: server.to_string(), timeline: is.timeline, newest: newest.timeline }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_names_of_one_server_are_no_two_primaries() {
        let primary = |at: &str, system, timeline, started_us| Primary {
            at: at.into(),
            lineage: Lineage { system, timeline },
            started_us,
        };
        let (a, alias, other) = (primary("a", 7, 2, 1), primary("a.local", 7, 2, 1), primary("c", 8, 1, 3));
        assert_eq!(pairs(&[a.clone(), alias.clone(), other]), []);
        let (old, rival) = (primary("b", 7, 1, 2), primary("d", 7, 2, 4));
        assert_eq!(pairs(&[a.clone(), old.clone()]), [(&old, &a)]);
        assert_eq!(pairs(&[a.clone(), rival.clone()]), [(&a, &rival)]);
    }
}
