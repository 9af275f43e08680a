//! Who reads a topic as a group: its members as brokers tell them, and what each worker says of itself where it commits.
//! Of a group of the newer protocol (KIP-848) no call of librdkafka that is safe here tells the members.

use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::LazyLock;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _};

use super::client::{ANSWER_WITHIN, KafkaSettings, config, list, make};
use super::describe::describe;
use super::errors::{Watch, of_error};
use crate::domain::Partition;
use crate::log::{GroupState, LogError, Member, Notes};

/// What a worker's note begins with.
const OURS: &str = "giaoban ";
/// What stands between who has noted something and what that is.
const AFTER: &str = "; ";
/// An address that takes no connection within this is silent.
const CONNECTS_WITHIN: Duration = Duration::from_secs(2);
/// That Kafka's clients use where none is named.
const USUAL_PORT: u16 = 9092;

/// Which worker this is, and where it runs.
static WHO: LazyLock<String> = LazyLock::new(|| {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{} {} process {}", env!("CARGO_PKG_VERSION"), host.trim(), std::process::id())
});

/// What is written beside an offset: which worker has committed it, and when, before what it has to note.
pub(super) fn signed(note: &str) -> String {
    let now = jiff::Timestamp::now().round(jiff::Unit::Second).unwrap_or_default();
    format!("{OURS}{} {now}{AFTER}{note}", *WHO)
}

/// What was noted, without who has.
pub(super) fn note_of(written: &str) -> &str {
    parts(written).map_or(written, |(_, note)| note)
}

/// Who has committed, and what was noted besides.
fn parts(written: &str) -> Option<(&str, &str)> {
    written.strip_prefix(OURS)?.split_once(AFTER)
}

/// A client that may ask for what a group has committed, and joins nothing.
pub(super) fn asks_of(settings: &KafkaSettings, group: &str) -> Result<BaseConsumer<Watch>, LogError> {
    let config = config(settings, &[("group.id", group), ("enable.auto.commit", "false")]);
    make(&config, Watch::quiet(&settings.brokers))
}

/// What stands beside the offsets that the group has committed.
fn written(
    client: &BaseConsumer<Watch>,
    group: &str,
    (topic, partitions): (&str, &[Partition]),
) -> Result<Vec<String>, LogError> {
    let committed = client.committed_offsets(list(topic, partitions.iter().copied()), ANSWER_WITHIN);
    let committed = committed.map_err(|error| of_error(&error, "join", group, client.context()))?;
    Ok(committed.elements().iter().map(|element| element.metadata().to_owned()).collect())
}

/// Reads what the group's members have noted beside what they have committed, by a client that joins nothing and is kept.
/// (Brokers keep a note as text, so that it is one whoever has written it.)
pub(super) fn notes(settings: &KafkaSettings, topic: &str, group: &str) -> Result<Notes, LogError> {
    let client = asks_of(settings, group)?;
    let (topic, group) = (topic.to_owned(), group.to_owned());
    Ok(Box::new(move || {
        // What it is told besides is the joined client's to hear as well.
        while client.poll(Duration::ZERO).is_some() {}
        let partitions = describe(&client, client.context(), &topic)?.partitions();
        let written = written(&client, &group, (&topic, &partitions))?;
        Ok(written.iter().map(|written| note_of(written).to_owned()).collect())
    }))
}

/// The group as it is now.
pub(super) fn state(
    settings: &KafkaSettings,
    probe: &BaseConsumer<Watch>,
    group: &str,
    (topic, partitions): (&str, &[Partition]),
) -> Result<GroupState, LogError> {
    let groups = probe.fetch_group_list(Some(group), ANSWER_WITHIN);
    let groups = groups.map_err(|error| of_error(&error, "join", group, probe.context()))?;
    let members = groups.groups().iter().flat_map(|group| group.members());
    let members = members.map(|member| Member {
        client: member.client_id().to_owned(),
        host: member.client_host().trim_start_matches('/').to_owned(),
        partitions: member.assignment().map_or_else(Vec::new, |bytes| assigned(bytes, topic).unwrap_or_default()),
    });
    let members = members.collect();
    let written = written(&asks_of(settings, group)?, group, (topic, partitions))?;
    let noted = written.iter().filter_map(|written| parts(written).map(|(who, _)| who.to_owned()));
    // It ends with the time.
    let last = noted.max_by_key(|note| note.rsplit(' ').next().map(str::to_owned));
    Ok(GroupState { members, last })
}

/// Which partitions of a topic a member of the classic protocol was given, from its assignment as consumers write it:
/// a version, then topics, each with partitions.
fn assigned(bytes: &[u8], topic: &str) -> Option<Vec<Partition>> {
    let mut rest = bytes.get(2..)?;
    let mut take = |count: usize| {
        let (taken, left) = rest.split_at_checked(count)?;
        rest = left;
        Some(taken)
    };
    let mut number =
        |width: usize| Some(take(width)?.iter().fold(0_usize, |number, byte| number << 8 | usize::from(*byte)));
    let mut all = Vec::new();
    for _ in 0..number(4)? {
        let length = number(2)?;
        let mut name = Vec::with_capacity(length);
        for _ in 0..length {
            name.push(number(1)? as u8);
        }
        for _ in 0..number(4)? {
            let partition = number(4)? as i32;
            if name == topic.as_bytes() {
                all.push(Partition(partition));
            }
        }
    }
    Some(all)
}

/// Which of the settings' addresses take no connection, each with why not.
pub(super) fn silent_addresses(brokers: &str) -> Vec<(String, String)> {
    let silent = |address: &str| {
        let named = if address.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
            address.to_owned()
        } else {
            format!("{address}:{USUAL_PORT}")
        };
        let addresses = match named.to_socket_addrs() {
            Ok(addresses) => addresses,
            Err(error) => return Some(error.to_string()),
        };
        let mut why = None;
        for address in addresses {
            match TcpStream::connect_timeout(&address, CONNECTS_WITHIN) {
                Ok(_) => return None,
                Err(error) => why = Some(error.to_string()),
            }
        }
        why
    };
    let all = brokers.split(',').map(str::trim).filter(|address| !address.is_empty());
    all.filter_map(|address| Some((address.to_owned(), silent(address)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_is_read_and_one_that_is_cut_is_none() {
        let bytes = b"\0\x01\0\0\0\x02\0\x01a\0\0\0\x01\0\0\0\x07\0\x02ev\0\0\0\x02\0\0\0\0\0\0\0\x03\xff\xff\xff\xff";
        assert_eq!(assigned(bytes, "ev"), Some(vec![Partition(0), Partition(3)]));
        assert_eq!(assigned(bytes, "a"), Some(vec![Partition(7)]));
        assert_eq!(assigned(bytes, "b"), Some(Vec::new()));
        for end in 0..bytes.len() - 4 {
            assert_eq!(assigned(&bytes[..end], "ev"), None, "{end}");
        }
        assert_eq!(assigned(b"\0\x01\xff\xff\xff\xff", "ev"), None);
    }

    #[test]
    fn a_note_is_read_as_it_was_whoever_has_signed_it() {
        for note in ["", "timeline 7/2", "a; b"] {
            assert_eq!(note_of(&signed(note)), note);
            assert_eq!(note_of(note), note, "of a worker that signed nothing");
        }
        let (who, _) = signed("x")
            .strip_prefix(OURS)
            .unwrap()
            .split_once(AFTER)
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        assert!(who.contains(&format!("process {}", std::process::id())), "{who}");
    }

    #[test]
    fn an_address_that_takes_no_connection_is_named() {
        let listening = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let live = listening.local_addr().unwrap();
        let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let silent = silent_addresses(&format!("{live}, {dead},no-such-host.invalid"));
        let named: Vec<&str> = silent.iter().map(|(address, _)| address.as_str()).collect();
        assert_eq!(named, [dead.to_string().as_str(), "no-such-host.invalid"]);
        assert!(silent.iter().all(|(_, why)| !why.is_empty()));
    }
}
