//! `giaoban migrate`: from one machine to many. The source is only read; where it
//! leads to, everything is compared before it is said to be done.

use clap::{Args, Subcommand};

use super::Done;
use super::changes::{Cells, cells, changes};
use super::topics;
use crate::domain::Figure;
use crate::failure::{ExitCode, Explained as _, Failure};
use crate::log::copy::{Copied, CopyError, Stage, copy, largest};
use crate::log::embedded::EmbeddedLog;
use crate::log::kafka::KafkaLog;
use crate::log::{EventLog as _, LogError, TopicSpec};
use crate::program::{Context, open_reader};
use crate::store::holding::Holding;
use crate::store::postgres::Takeover;
use crate::store::{DataDir, StoreError, StorePlace, StoreReader};
use crate::terminal::print;
use crate::terminal::progress::Progress;
use crate::text::Lang;

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
    Failure::other(
        ExitCode::Configuration,
        (
            format!("{key} chưa được đặt: không biết chuyển đi đâu"),
            format!("{key} is not set: there is nowhere to move to"),
        ),
        (format!("Đặt {key}, hoặc {variable}."), format!("Set {key}, or {variable}.")),
    )
}

fn store(context: &Context) -> Done {
    let StorePlace::Schema(schema) = context.place()? else {
        return Err(not_configured("store.url", "GIAOBAN__STORE__URL"));
    };
    let source = StorePlace::Folder(DataDir::at(&context.settings.data));
    // Told before anything is made.
    drop(source.read()?);
    let _lock = source.lock_writer()?;
    // Brings it to the newest version.
    drop(source.create()?);
    let mut from = open_reader(&source, &context.rules)?;
    let held = held(context.say("đọc", "reading"), &mut *from)?;
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
        return Err(Failure::other(
            ExitCode::Differs,
            (
                format!("{there} đã có số liệu khác với {}: {}", from.describe(), difference.0),
                format!("{there} holds other figures than {}: {}", from.describe(), difference.1),
            ),
            (
                "Không thay đổi gì. Chọn store.schema khác; hoặc, nếu worker đã chạy trên PostgreSQL, tiếp tục dùng nó.",
                "Nothing was changed. Choose another store.schema; or, if workers have gone on in PostgreSQL, stay with it.",
            ),
        ));
    }
    let mut bar = Progress::new(context.say("chuyển", "moving"));
    takeover.take(&mut *from, &context.rules, &mut |done| bar.set(done, Some(all)))?;
    drop(bar);
    if let Some(difference) = difference(context, (&held, &figures), takeover.store())? {
        return Err(Failure::other(
            ExitCode::Differs,
            (
                format!("bản chuyển sang {there} khác với {}: {}", from.describe(), difference.0),
                format!("what was moved to {there} differs from {}: {}", from.describe(), difference.1),
            ),
            (
                "Chưa đưa gì vào sử dụng. Dựng lại kho SQLite từ nhật ký (giaoban replay --switch, không có store.url) rồi chạy lại.",
                "Nothing was put in force. Rebuild the SQLite store from the log (giaoban replay --switch, without store.url), then run it again.",
            ),
        ));
    }
    takeover.commit()?;
    print(&stored(context, &held, figures.len(), (&from.describe(), &there), false))?;
    Ok(ExitCode::Done)
}

fn held(what: &str, store: &mut dyn StoreReader) -> Result<Holding, StoreError> {
    let (mut bar, records) = (Progress::new(what), store.record_count()?);
    Holding::of(store, &mut |done| bar.set(done, Some(records)))
}

/// What differs first, in both languages.
fn difference(
    context: &Context,
    (held, figures): (&Holding, &Cells),
    to: &mut dyn StoreReader,
) -> Result<Option<(String, String)>, StoreError> {
    let other = self::held(context.say("so sánh", "comparing"), to)?;
    let parts = [
        (held.fingerprint == other.fingerprint, "quy tắc", "the rules"),
        (held.checkpoints == other.checkpoints, "vị trí đã đọc trong nhật ký", "how far the log was read"),
        (held.records == other.records, "các hồ sơ", "the records"),
        (held.earlier == other.earlier, "các bản trước của hồ sơ", "earlier revisions of records"),
        (held.synthetic == other.synthetic, "dấu dữ liệu mẫu", "the mark of sample data"),
    ];
    if let Some((_, vi, en)) = parts.iter().find(|(same, ..)| !same) {
        return Ok(Some(((*vi).to_owned(), (*en).to_owned())));
    }
    let changes = changes(figures, &cells(to)?);
    Ok(changes.first().map(|first| {
        let figure = format!("{} {} {} {} → {}", first.quarter, first.unit, first.figure, first.now, first.then);
        let count = changes.len();
        (format!("{count} con số, trước hết {figure}"), format!("{count} figures, first {figure}"))
    }))
}

fn stored(context: &Context, held: &Holding, cells: usize, (file, there): (&str, &str), before: bool) -> String {
    let (records, earlier, partitions) = (held.records.count, held.earlier.count, held.partitions());
    let figures = cells * Figure::ALL.len();
    match (context.lang(), before) {
        (Lang::Vi, before) => format!(
            "{} {records} hồ sơ, {earlier} bản trước, vị trí của {partitions} phân vùng.\n\
             Đã so sánh từng con số: {figures} số liệu trong {cells} ô (đơn vị, quý), tất cả bằng nhau.\n\
             {there} {}.\n\
             Tiếp theo: giữ store.url trong cấu hình của mọi worker và người đọc, rồi chạy worker: nó tiếp tục từ vị trí đang đứng.\n\
             {file} vẫn ở nguyên chỗ cũ.\n",
            if before { "Đã chuyển từ trước:" } else { "Đã chuyển" },
            if before { "đang được dùng" } else { "được dùng từ bây giờ" },
        ),
        (Lang::En, before) => format!(
            "{} {records} records, {earlier} earlier revisions, the offsets of {partitions} partitions.\n\
             Every figure was compared: {figures} in {cells} cells (unit, quarter), all equal.\n\
             {there} is in force{}.\n\
             Next: keep store.url in the configuration of every worker and reader, and start the workers: they go on from these offsets.\n\
             {file} stays where it is.\n",
            if before { "Moved before:" } else { "Moved" },
            if before { "" } else { " from now on" },
        ),
    }
}

fn log(context: &Context, replication: Option<i32>) -> Done {
    let (settings, data) = (&context.settings.kafka, &context.settings.data);
    let Some(client) = settings.client()? else {
        return Err(not_configured("kafka.brokers", "GIAOBAN__KAFKA__BROKERS"));
    };
    if !EmbeddedLog::is_in(data) {
        return Err(Failure::other(
            ExitCode::Store,
            (
                format!("không có nhật ký nhúng trong {}", data.display()),
                format!("there is no embedded log in {}", data.display()),
            ),
            ("Kiểm tra --data.", "Check --data."),
        ));
    }
    // A worker would write dead letters meanwhile.
    let _lock = DataDir::at(data).lock_writer()?;
    let (from, to) = (EmbeddedLog::open(data)?, KafkaLog::new(client)?);
    let topics = topics::sizes(context);
    for (name, usual) in topics {
        let spec = TopicSpec {
            name: name.to_owned(),
            partitions: from.topic(name)?.partitions.len() as i32,
            replication: replication.unwrap_or(settings.replication),
            max_message_bytes: usual.max(largest(&from, name)?),
        };
        to.create_topic(&spec)?;
    }
    for (name, _) in topics {
        let mut bar: Option<(Stage, Progress)> = None;
        let copied = copy(&from, &to, name, &mut |stage, done, of| {
            if bar.as_ref().is_none_or(|(known, _)| *known != stage) {
                // The one before goes first.
                drop(bar.take());
                bar = Some((stage, Progress::new(&format!("{} {name}", stage_name(context, stage)))));
            }
            if let Some((_, bar)) = &mut bar {
                bar.set(done, Some(of));
            }
        });
        drop(bar);
        let copied = copied.map_err(|error| refused(error, &to.describe()))?;
        print(&logged(context, name, &copied))?;
    }
    let next = match context.lang() {
        Lang::Vi => format!(
            "Tiếp theo: giữ kafka.brokers trong cấu hình của mọi worker và bên gửi, rồi chạy worker: nó tiếp tục từ vị trí trong kho, không tính gì hai lần.\n\
             Nhật ký nhúng vẫn ở nguyên trong {}; không ai gửi vào đó nữa.\n",
            data.display()
        ),
        Lang::En => format!(
            "Next: keep kafka.brokers in the configuration of every worker and publisher, and start the workers: they go on from the store's offsets and count nothing twice.\n\
             The embedded log stays in {}; nobody is to publish to it any more.\n",
            data.display()
        ),
    };
    print(&next)?;
    Ok(ExitCode::Done)
}

fn stage_name(context: &Context, stage: Stage) -> &str {
    match stage {
        Stage::Checking => context.say("kiểm tra", "checking"),
        Stage::Copying => context.say("chuyển", "moving"),
        Stage::Comparing => context.say("so sánh", "comparing"),
    }
}

fn logged(context: &Context, topic: &str, copied: &Copied) -> String {
    let Copied { partitions, messages, copied, late, ahead, digest } = copied;
    let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let (mut vi, mut en) = (
        format!(
            "{topic}: {messages} bản ghi trong {partitions} phân vùng, chuyển lần này {copied}; đã so sánh tất cả, cùng vị trí và nội dung (SHA-256 {digest}…).\n"
        ),
        format!(
            "{topic}: {messages} messages in {partitions} partitions, {copied} moved now; all compared, the same offsets and contents (SHA-256 {digest}…).\n"
        ),
    );
    if *late > 0 {
        vi += &format!(
            "  {late} bản ghi đến trong lúc chuyển và đã được chuyển theo: bên gửi nào đó vẫn gửi vào nhật ký nhúng.\n"
        );
        en += &format!(
            "  {late} of them came meanwhile and were moved too: somebody still publishes to the embedded log.\n"
        );
    }
    if *ahead > 0 {
        vi += &format!("  Kafka đã có thêm {ahead} bản ghi sau đó.\n");
        en += &format!("  Kafka has gone on by {ahead} messages since.\n");
    }
    context.say(&vi, &en).to_owned()
}

fn refused(error: CopyError, there: &str) -> Failure {
    let what = |vi: String| (format!("{there}: {vi}"), format!("{there}: {error}"));
    let anew = |topic: &str| {
        (
            format!(
                "Topic phải còn trống: không ai gửi vào Kafka cho đến khi chuyển xong. Xóa topic {topic} (kafka-topics.sh --delete --topic {topic}) rồi chạy lại: lệnh này tự tạo nó."
            ),
            format!(
                "The topic has to be empty: nobody publishes to Kafka until all is moved. Delete {topic} (kafka-topics.sh --delete --topic {topic}) and run it again: it makes the topic itself."
            ),
        )
    };
    match &error {
        CopyError::Partitions { topic, here, there } => Failure::other(
            ExitCode::Differs,
            what(format!("topic {topic} có {there} phân vùng, không phải {here}")),
            anew(topic),
        ),
        CopyError::Differs { topic, partition, from, to } => Failure::other(
            ExitCode::Differs,
            what(format!(
                "phân vùng {partition} của topic {topic} khác với nhật ký nhúng, trong khoảng vị trí {from} đến {to}"
            )),
            anew(topic),
        ),
        CopyError::Shifted { topic, wanted, found } => Failure::other(
            ExitCode::Differs,
            what(format!("bản ghi {wanted} của topic {topic} lại nằm ở {found}")),
            anew(topic),
        ),
        CopyError::Log(log @ LogError::Transient(_)) => Failure::other(
            log.kind().policy().exit,
            what(log.to_string()),
            (
                "Kiểm tra Kafka rồi chạy lại: nó tiếp tục từ chỗ đang dở.",
                "Check Kafka and run it again: it goes on from where it was.",
            ),
        ),
        CopyError::Log(log) => log.clone().into(),
    }
}
