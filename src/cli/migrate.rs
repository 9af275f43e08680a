//! `giaoban migrate`: from one machine to many. The source is only read; where it
//! leads to, everything is compared before it is said to be done.

use clap::{Args, Subcommand};

use super::Done;
use super::topics;
use crate::domain::{Figure, LogKind};
use crate::failure::{ExitCode, Explained as _, Failure, FailureKind};
use crate::log::copy::{Copied, CopyError, Stage, copy, largest};
use crate::log::embedded::EmbeddedLog;
use crate::log::kafka::KafkaLog;
use crate::log::{Clock, Created, EventLog, LogError, TopicSpec, identity_of};
use crate::program::{Context, open_reader};
use crate::store::compare::{RawCells, cells, changes};
use crate::store::data_dir::WriterLock;
use crate::store::holding::Holding;
use crate::store::postgres::Takeover;
use crate::store::{DataDir, StoreError, StorePlace, StoreReader, StoreWriter};
use crate::terminal::print;
use crate::terminal::progress::Progress;
use crate::text::{Text, cli_stores as says};

/// The options of `giaoban migrate`.
#[derive(Args, Debug)]
pub struct MigrateArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Kho số liệu SQLite sang PostgreSQL của store.url · The SQLite store to the PostgreSQL of store.url
    #[command(
        after_help = "Dừng worker trước; bị ngắt giữa chừng thì chạy lại. / Stop the worker first; interrupted, run it again.\n\nVí dụ / Example:\n  GIAOBAN__STORE__URL=postgres://giaoban_writer@db.example/giaoban giaoban migrate store --data giaoban-data"
    )]
    Store,
    /// Nhật ký nhúng sang Kafka của kafka.brokers · The embedded log to the Kafka of kafka.brokers
    #[command(
        after_help = "Dừng worker và bên gửi trước; bị ngắt giữa chừng thì chạy lại. / Stop worker and publishers first; interrupted, run it again.\n\nVí dụ / Example:\n  GIAOBAN__KAFKA__BROKERS=kafka-1:9092,kafka-2:9092 giaoban migrate log --replication 3 --data giaoban-data"
    )]
    Log {
        /// Số bản sao của topic được tạo · Copies of each partition of the topics that are made [kafka.replication]
        #[arg(long, value_parser = clap::value_parser!(i32).range(1..=99))]
        replication: Option<i32>,
    },
}

/// Runs the command.
pub fn run(context: &Context, args: &MigrateArgs) -> Done {
    match args.what {
        What::Store => store(context),
        What::Log { replication } => log(context, replication),
    }
}

fn not_configured(key: &str, variable: &str) -> Failure {
    Failure::new(FailureKind::Configuration, says::nowhere_to_move(key), says::set_key(key, variable))
}

fn store(context: &Context) -> Done {
    let StorePlace::Schema(schema) = context.place()? else {
        return Err(not_configured("store.url", "GIAOBAN__STORE__URL"));
    };
    let source = StorePlace::Folder(DataDir::at(&context.settings.general.data));
    // Told before anything is made.
    drop(source.read()?);
    let lock = source.lock_writer()?;
    // Brings it to the newest version.
    drop(source.create(&context.rules, lock.as_ref())?);
    let mut from = open_reader(&source, &context.rules)?;
    let held = held(says::reading().get(context.lang()), &mut *from)?;
    let figures = cells(&mut *from)?;
    let all = held.records.count + held.earlier.count;
    let mut takeover = Takeover::begin(&schema)?;
    let to = takeover.store();
    let there = to.describe();
    if !(to.topics()?.is_empty() && to.record_count()? == 0) {
        let Some(difference) = difference(context, (&held, &figures), to)? else {
            print(&stored(context, &held, figures.len(), (&from.describe(), &there), true))?;
            return Ok(ExitCode::Done);
        };
        let what = says::other_figures_there(there, from.describe(), difference);
        return Err(Failure::new(FailureKind::Differs, what, says::choose_schema()));
    }
    let mut bar = Progress::new(says::moving().get(context.lang()));
    takeover.take(&mut *from, &context.rules, &mut |done| bar.set(done, Some(all)))?;
    drop(bar);
    if let Some(difference) = difference(context, (&held, &figures), takeover.store())? {
        let what = says::moved_differs(there, from.describe(), difference);
        return Err(Failure::new(FailureKind::Differs, what, says::rebuild_source()));
    }
    takeover.commit()?;
    print(&stored(context, &held, figures.len(), (&from.describe(), &there), false))?;
    Ok(ExitCode::Done)
}

fn held(what: &str, store: &mut dyn StoreReader) -> Result<Holding, StoreError> {
    let (mut bar, records) = (Progress::new(what), store.record_count()?);
    Holding::of(store, &mut |done| bar.set(done, Some(records)))
}

/// What differs first.
fn difference(
    context: &Context,
    (held, figures): (&Holding, &RawCells),
    to: &mut dyn StoreReader,
) -> Result<Option<Text>, StoreError> {
    let other = self::held(says::comparing().get(context.lang()), to)?;
    let parts = [
        (held.fingerprint == other.fingerprint, says::the_rules()),
        (held.checkpoints == other.checkpoints, says::the_offsets()),
        (held.records == other.records, says::the_records()),
        (held.earlier == other.earlier, says::the_earlier()),
        (held.synthetic == other.synthetic, says::the_mark()),
        (held.log == other.log, says::the_log()),
        (held.gaps == other.gaps, says::the_gaps()),
    ];
    if let Some((_, what)) = parts.into_iter().find(|(same, _)| !same) {
        return Ok(Some(what));
    }
    let changes = changes(figures, &cells(to)?);
    Ok(changes.first().map(|first| {
        let figure = format!("{} {} {} {} → {}", first.quarter, first.unit, first.figure.name(), first.now, first.then);
        says::the_figures(changes.len(), figure)
    }))
}

fn stored(context: &Context, held: &Holding, cells: usize, (file, there): (&str, &str), before: bool) -> String {
    let (records, earlier, partitions) = (held.records.count, held.earlier.count, held.partitions());
    let figures = cells * Figure::ALL.len();
    let text = [
        match before {
            true => says::moved_store_before(records, earlier, partitions),
            false => says::moved_store(records, earlier, partitions),
        },
        says::compared(figures, cells),
        if before { says::in_force_before(there) } else { says::in_force_now(there) },
        says::keep_store_url(file),
    ];
    Text::join(&text, &Text::same("")).get(context.lang()).to_owned()
}

fn log(context: &Context, replication: Option<i32>) -> Done {
    let (settings, data) = (&context.settings.kafka, &context.settings.general.data);
    let Some(client) = settings.client()? else {
        return Err(not_configured("kafka.brokers", "GIAOBAN__KAFKA__BROKERS"));
    };
    if !EmbeddedLog::is_in(data) {
        return Err(Failure::new(FailureKind::StoreDamaged, says::no_embedded_log(data.display()), says::check_data()));
    }
    // A worker would write dead letters meanwhile.
    let lock = DataDir::at(data).lock_writer()?;
    let (from, to) = (EmbeddedLog::open(data)?, KafkaLog::new(client)?);
    let topics = topics::sizes(context);
    if let Some(left) = from.filled_topics()?.iter().find(|topic| topics.iter().all(|(name, _)| name != topic)) {
        let what = says::topic_left_behind(data.display(), left, &settings.topic, &settings.dead_letter_topic);
        return Err(Failure::new(FailureKind::Gap, what, says::name_topics()));
    }
    let mut store = store_of(context, &from, &to, &lock)?;
    for (name, usual) in topics {
        let spec = TopicSpec {
            name: name.to_owned(),
            partitions: from.topic(name)?.partitions.len() as i32,
            replication: replication.or(settings.copies()),
            max_message_bytes: usual.max(largest(&from, name)?),
            // By its time a store knows the last record that it has read.
            clock: Clock::Sender,
        };
        if to.create_topic(&spec)? == Created::AlreadyThere && has_times_of_its_own(&to, name) {
            return Err(Failure::new(FailureKind::Differs, says::times_of_the_log(name), says::keep_times(name)));
        }
    }
    let mut moved = 0;
    for (name, _) in topics {
        moved += move_topic(context, (&from, &to), name)?;
    }
    // From now on nobody publishes here; what came before that and after the last look is moved too.
    from.seal(&to.describe())?;
    if messages(&from, topics)? != moved {
        for (name, _) in topics {
            move_topic(context, (&from, &to), name)?;
        }
    }
    if let Some(store) = &mut store {
        store.rebind(&to.identity(&settings.topic)?)?;
    }
    print(says::keep_brokers(data.display()).get(context.lang()))?;
    Ok(ExitCode::Done)
}

/// Whether a topic gives messages the time when it takes them. Who may not see its settings is not told.
fn has_times_of_its_own(log: &KafkaLog, topic: &str) -> bool {
    log.settings(topic).is_ok_and(|settings| Clock::of(&settings) == Some(Clock::Log))
}

/// The store that goes with the log, for writing: it is to be read on from where the log is moved to.
fn store_of(
    context: &Context,
    from: &EmbeddedLog,
    to: &KafkaLog,
    lock: &WriterLock,
) -> Result<Option<Box<dyn StoreWriter>>, Failure> {
    let (place, topic) = (context.place()?, &context.settings.kafka.topic);
    let mut store = match place.read() {
        Ok(store) => store,
        Err(StoreError::Missing { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // Moved before, and interrupted after that or run once more.
    let is_moved = store.bound_log()?.is_some_and(|bound| bound.kind == LogKind::Kafka);
    let log: &dyn EventLog = if is_moved { to } else { from };
    store.check_log(log.kind(), topic, identity_of(log, topic)?.as_ref())?;
    Ok(Some(place.create(&context.rules, Some(lock))?))
}

fn messages(log: &EmbeddedLog, topics: [(&str, usize); 2]) -> Result<u64, Failure> {
    let mut messages = 0;
    for (name, _) in topics {
        messages += log.topic(name)?.partitions.iter().map(|range| range.high.0.unsigned_abs()).sum::<u64>();
    }
    Ok(messages)
}

/// Moves a topic, under a bar, and says what was moved; returns how many messages it has.
fn move_topic(context: &Context, (from, to): (&EmbeddedLog, &KafkaLog), name: &str) -> Result<u64, Failure> {
    let mut bar: Option<(Stage, Progress)> = None;
    let copied = copy(from, to, name, &mut |stage, done, of| {
        if bar.as_ref().is_none_or(|(known, _)| *known != stage) {
            // The one before goes first.
            drop(bar.take());
            bar = Some((stage, Progress::new(&format!("{} {name}", stage_name(stage).get(context.lang())))));
        }
        if let Some((_, bar)) = &mut bar {
            bar.set(done, Some(of));
        }
    });
    drop(bar);
    let copied = copied.map_err(|error| refused(error, &to.describe()))?;
    print(&logged(context, name, &copied))?;
    Ok(copied.messages)
}

fn stage_name(stage: Stage) -> Text {
    match stage {
        Stage::Checking => says::checking(),
        Stage::Copying => says::moving(),
        Stage::Comparing => says::comparing(),
    }
}

fn logged(context: &Context, topic: &str, copied: &Copied) -> String {
    let Copied { partitions, messages, copied, late, ahead, digest } = copied;
    let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let mut text = vec![says::moved_topic(topic, messages, partitions, copied, digest)];
    if *late > 0 {
        text.push(says::came_meanwhile(late));
    }
    if *ahead > 0 {
        text.push(says::kafka_ahead(ahead));
    }
    Text::join(&text, &Text::same("")).get(context.lang()).to_owned()
}

fn refused(error: CopyError, at: &str) -> Failure {
    let differs = |what: Text, topic: &str| {
        Failure::new(FailureKind::Differs, says::at_place(at, what), says::empty_topic(topic))
    };
    match &error {
        CopyError::Partitions { topic, here, there } => differs(says::other_partitions(topic, there, here), topic),
        CopyError::Differs { topic, partition, from, to } => {
            differs(says::topic_differs(partition, topic, from, to), topic)
        }
        CopyError::Shifted { topic, wanted, found } => differs(says::shifted(wanted, topic, found), topic),
        CopyError::Log(log @ LogError::Transient(_)) => {
            Failure::new(log.kind(), says::at_place(at, log.what()), says::check_kafka())
        }
        CopyError::Log(log) => log.clone().into(),
    }
}
