//! `giaoban topics create`: the topics are made on purpose, never silently.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::Done;
use super::rollup::TextOrJson;
use crate::dead_letters::message::ROOM_BYTES;
use crate::failure::{ExitCode, Failure};
use crate::log::{Clock, Created, Difference, EventLog, TopicSpec};
use crate::program::Context;
use crate::terminal::print;
use crate::text::safe::list_json;
use crate::text::{Lang, cli_stores as says};
use crate::wire::MAX_MESSAGE_BYTES;

/// The options of `giaoban topics`.
#[derive(Args, Debug)]
pub struct TopicsArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Tạo topic sự kiện và topic thư chết, giữ mãi mãi · Make the topics of events and dead letters, kept for ever
    #[command(
        after_help = "Ví dụ / Example:\n  GIAOBAN__KAFKA__BROKERS=localhost:9092 giaoban topics create --partitions 6"
    )]
    Create {
        /// Số phân vùng · Partitions [kafka.partitions]
        #[arg(long, value_parser = clap::value_parser!(i32).range(1..=10_000))]
        partitions: Option<i32>,
        /// Số bản sao; không ghi là ba, hoặc bằng số broker nếu ít hơn · Copies of each partition; three if none, or as many as there are brokers [kafka.replication]
        #[arg(long, value_parser = clap::value_parser!(i32).range(1..=99))]
        replication: Option<i32>,
        /// Dạng kết quả · Form of the result
        #[arg(long, value_enum, default_value = "text")]
        format: TextOrJson,
    },
}

/// A topic as it is now.
#[derive(Serialize)]
struct Shown {
    name: String,
    made: bool,
    partitions: usize,
    copies: i32,
    settings: BTreeMap<&'static str, String>,
    differences: Vec<Difference>,
}

/// Runs the command.
pub fn run(context: &Context, args: &TopicsArgs) -> Done {
    let Action::Create { partitions, replication, format } = args.action;
    let settings = &context.settings.kafka;
    // With these topics, not the usual ones.
    let log = context.log_with(&[])?;
    let mut topics = Vec::new();
    for (index, (name, max_message_bytes)) in sizes(context).into_iter().enumerate() {
        let spec = TopicSpec {
            name: name.to_owned(),
            partitions: partitions.unwrap_or(settings.partitions),
            replication: replication.or(settings.copies()),
            max_message_bytes,
            // A dead letter says itself when it was taken.
            clock: if index == 0 { Clock::Log } else { Clock::Sender },
        };
        let made = log.create_topic(&spec)? == Created::New;
        let shown = shown(&*log, &spec, made)?;
        if format == TextOrJson::Text {
            print(&text(&shown, context.lang()))?;
        }
        topics.push(shown);
    }
    if format == TextOrJson::Json {
        print(&list_json("topics", &topics))?;
    }
    Ok(ExitCode::Done)
}

fn shown(log: &dyn EventLog, spec: &TopicSpec, made: bool) -> Result<Shown, Failure> {
    let (topic, keepers) = (log.topic(&spec.name)?, log.keepers(&spec.name)?);
    let settings = log.settings(&spec.name)?;
    let differences = match made {
        true => Vec::new(),
        false => spec.differences(&topic, (&settings, &keepers.copies), keepers.brokers.len()),
    };
    let settings =
        spec.settings(topic.replication).into_iter().filter_map(|(name, _)| Some((name, settings.get(name)?.clone())));
    let (partitions, copies) = (topic.partitions.len(), topic.replication);
    Ok(Shown { name: spec.name.clone(), made, partitions, copies, settings: settings.collect(), differences })
}

fn text(shown: &Shown, lang: Lang) -> String {
    let Shown { name, made, partitions, copies, settings, differences } = shown;
    let joined = |settings: Vec<String>| settings.join(",");
    let mut lines = vec![match made {
        true => says::made_topic(name, partitions, copies),
        false => says::topic_there(name, partitions, copies),
    }];
    if *made && !settings.is_empty() {
        lines.push(says::topic_settings(joined(
            settings.iter().map(|(name, value)| format!("{name}={value}")).collect(),
        )));
    }
    lines.extend(differences.iter().map(|of| says::topic_otherwise(of.what, &of.found, &of.wanted)));
    let to_set = differences.iter().filter(|of| of.what.contains('.')).map(|of| format!("{}={}", of.what, of.wanted));
    let to_set: Vec<String> = to_set.collect();
    if !to_set.is_empty() {
        lines.push(says::set_topic(name, joined(to_set)));
    }
    lines.iter().map(|line| line.get(lang)).collect()
}

/// The topics, and the largest message that each is to take. What is too large for an event is let
/// in and refused with a code, so the topic takes more than an event may have.
pub fn sizes(context: &Context) -> [(&str, usize); 2] {
    let settings = &context.settings.kafka;
    [(&settings.topic, 16 * MAX_MESSAGE_BYTES), (&settings.dead_letter_topic, ROOM_BYTES)]
}
