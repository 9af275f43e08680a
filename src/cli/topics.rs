//! `giaoban topics create`: the topics are made on purpose, never silently.

use clap::{Args, Subcommand};

use super::Done;
use crate::dead_letters::message::ROOM_BYTES;
use crate::failure::ExitCode;
use crate::log::{Created, TopicSpec};
use crate::program::Context;
use crate::terminal::print;
use crate::text::cli_stores as says;
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
        after_help = "Ví dụ / Example:\n  GIAOBAN__KAFKA__BROKERS=localhost:9092 giaoban topics create --partitions 6 --replication 3"
    )]
    Create {
        /// Số phân vùng · Partitions [kafka.partitions]
        #[arg(long, value_parser = clap::value_parser!(i32).range(1..=10_000))]
        partitions: Option<i32>,
        /// Số bản sao · Copies of each partition [kafka.replication]
        #[arg(long, value_parser = clap::value_parser!(i32).range(1..=99))]
        replication: Option<i32>,
    },
}

/// Runs the command.
pub fn run(context: &Context, args: &TopicsArgs) -> Done {
    let Action::Create { partitions, replication } = args.action;
    let settings = &context.settings.kafka;
    // With these topics, not the usual ones.
    let log = context.log_with(&[])?;
    for (name, max_message_bytes) in sizes(context) {
        let spec = TopicSpec {
            name: name.to_owned(),
            partitions: partitions.unwrap_or(settings.partitions),
            replication: replication.unwrap_or(settings.replication),
            max_message_bytes,
        };
        let created = log.create_topic(&spec)?;
        let topic = log.topic(name)?;
        let (count, copies) = (topic.partitions.len(), topic.replication);
        let text = match created {
            Created::New => says::made_topic(name, count, copies),
            Created::AlreadyThere => says::topic_there(name, count, copies),
        };
        print(text.get(context.lang()))?;
    }
    Ok(ExitCode::Done)
}

/// The topics, and the largest message that each is to take. What is too large for an event is let
/// in and refused with a code, so the topic takes more than an event may have.
pub fn sizes(context: &Context) -> [(&str, usize); 2] {
    let settings = &context.settings.kafka;
    [(&settings.topic, 16 * MAX_MESSAGE_BYTES), (&settings.dead_letter_topic, ROOM_BYTES)]
}
