//! `giaoban record`, `correct`, `withdraw`: one event, or the next revision of a
//! record. The flags are made of the contract's own table of fields.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use serde_json::{Map, Value};
use signal_hook::consts::SIGINT;

use super::Done;
use super::error::Failure;
use crate::domain::{Entry, NextOffset, Offset, Partition, RecordKey, Revision, UnitCode};
use crate::exit::ExitCode;
use crate::log::EventLog;
use crate::program::{Context, event_message};
use crate::store::{StoreError, StoreReader};
use crate::terminal::print;
use crate::text::Lang;
use crate::wire::decode::Decoder;
use crate::wire::encode::Draft;
use crate::wire::flat::csv_data;
use crate::wire::spec::{FieldSpec, Kind, TYPES, TypeSpec};
use crate::wire::{Event, Message, ValidationError};

/// Values of the flags, by column.
type Columns = BTreeMap<String, String>;

/// The options of `giaoban record`.
#[derive(Debug)]
pub struct RecordArgs {
    spec: &'static TypeSpec,
    subject: Option<String>,
    source: Option<String>,
    columns: Columns,
}

fn recordable() -> impl Iterator<Item = &'static TypeSpec> {
    TYPES.iter().filter(|spec| spec.name != "withdrawal")
}

fn flag(column: &str) -> String {
    column.replace('_', "-")
}

/// A flag for each column, closed lists with their values.
fn flags(command: Command, specs: impl Iterator<Item = &'static TypeSpec>) -> Command {
    let mut command = command;
    let mut known = Vec::new();
    for spec in specs {
        for column in crate::wire::flat::columns(spec).iter().map(crate::wire::flat::Column::name) {
            let field = spec.fields.iter().find(|field| column.starts_with(field.name));
            let Some(field) = field.filter(|_| !known.contains(&column)) else { continue };
            let mut arg = Arg::new(column.clone())
                .long(flag(&column))
                .value_name("VALUE")
                .allow_hyphen_values(true)
                .help(format!("{} · {}", field.vi, field.en));
            if let Kind::OneOf(names) = field.kind {
                arg = arg.help(format!("{} · {} [{}]", field.vi, field.en, names.join(", ")));
            }
            command = command.arg(arg);
            known.push(column);
        }
    }
    command
}

fn columns(matches: &ArgMatches) -> Columns {
    let value = |id: &clap::Id| Some((id.to_string(), matches.get_one::<String>(id.as_str())?.clone()));
    let globals = ["subject", "source", "config", "data", "lang", "reason"];
    let ids = matches.ids().filter(|id| !globals.contains(&id.as_str()));
    ids.filter(|id| matches.try_get_one::<String>(id.as_str()).is_ok()).filter_map(value).collect()
}

impl Args for RecordArgs {
    fn augment_args(command: Command) -> Command {
        let command = command.subcommand_required(true).arg_required_else_help(true).after_help(
            "Ví dụ / Example:\n  giaoban record supervision --unit 00004 --held-on 2020-03-04 --body fatherland_front --field budget_finance",
        );
        recordable().fold(command, |command, spec| {
            let sub = Command::new(spec.name)
                .about(format!("{} · {}", spec.vi, spec.en))
                .arg(
                    Arg::new("subject")
                        .long("subject")
                        .value_name("NUMBER")
                        .help("số hiệu hồ sơ; tự đặt nếu không ghi · the record's number; made if not given"),
                )
                .arg(
                    Arg::new("source")
                        .long("source")
                        .value_name("URI")
                        .help("nơi giữ hồ sơ; /units/<mã> nếu không ghi · who keeps the record"),
                );
            command.subcommand(flags(sub, std::iter::once(spec)))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for RecordArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let missing = || clap::Error::new(clap::error::ErrorKind::MissingSubcommand);
        let (name, matches) = matches.subcommand().ok_or_else(missing)?;
        let spec = TypeSpec::named(name).ok_or_else(missing)?;
        Ok(Self {
            spec,
            subject: matches.get_one("subject").cloned(),
            source: matches.get_one("source").cloned(),
            columns: columns(matches),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The options of `giaoban correct`.
#[derive(Debug)]
pub struct CorrectArgs {
    source: Option<String>,
    subject: String,
    columns: Columns,
}

impl Args for CorrectArgs {
    fn augment_args(command: Command) -> Command {
        let command = command
            .arg(Arg::new("subject").long("subject").required(true).value_name("NUMBER").help("số hiệu hồ sơ · the record's number"))
            .arg(Arg::new("source").long("source").value_name("URI").help("nơi giữ hồ sơ; cần khi nhiều nơi có cùng số hiệu · who keeps the record; needed where several have the number"))
            .after_help("Ví dụ / Example:\n  giaoban correct --source /units/00004 --subject GS-2020-000123 --participants 15\nGiá trị rỗng xóa trường / an empty value removes a field:\n  giaoban correct --subject GS-2020-000123 --topic ''");
        flags(command, recordable())
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for CorrectArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let subject = matches.get_one("subject").cloned();
        Ok(Self {
            source: matches.get_one("source").cloned(),
            subject: subject.ok_or_else(|| clap::Error::new(clap::error::ErrorKind::MissingRequiredArgument))?,
            columns: columns(matches),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The options of `giaoban withdraw`.
#[derive(Args, Debug)]
#[command(
    after_help = "Ví dụ / Example:\n  giaoban withdraw --source /units/00004 --subject GS-2020-000123 --reason 'Nhập nhầm'"
)]
pub struct WithdrawArgs {
    /// Số hiệu hồ sơ · The record's number
    #[arg(long, value_name = "NUMBER")]
    subject: String,
    /// Nơi giữ hồ sơ; cần khi nhiều nơi có cùng số hiệu · Who keeps the record; needed where several have the number
    #[arg(long, value_name = "URI")]
    source: Option<String>,
    /// Lý do · Why
    #[arg(long)]
    reason: Option<String>,
}

/// Runs `giaoban record`.
pub fn record(context: &Context, args: &RecordArgs) -> Done {
    let mut columns = args.columns.clone();
    ask_for_missing(context, args.spec, &mut columns)?;
    let data = data_of(args.spec, &columns)?;
    let unit = columns.get("unit").cloned().unwrap_or_default();
    let now = jiff::Timestamp::now();
    // Unique without asking anybody: nanoseconds, and the process in case two share them.
    let made = || format!("{}-{:x}-{:x}", prefix(args.spec.name), now.as_nanosecond(), std::process::id());
    let subject = args.subject.clone().unwrap_or_else(made);
    let source = args.source.clone().unwrap_or_else(|| format!("/units/{unit}"));
    send(context, &Draft::new(args.spec, source, subject, now, data))
}

/// Runs `giaoban correct`.
pub fn correct(context: &Context, args: &CorrectArgs) -> Done {
    if args.columns.is_empty() {
        return Err(Failure::other(
            ExitCode::Usage,
            ("không có gì để đính chính", "there is nothing to correct"),
            (
                "Ghi các trường cần sửa, ví dụ --participants 15.",
                "Give the fields to change, such as --participants 15.",
            ),
        ));
    }
    let latest = Latest::find(context, args.source.as_deref(), &args.subject)?;
    let mut data = latest.data()?;
    let spec = latest.spec().filter(|spec| spec.name != "withdrawal").ok_or_else(|| {
        Failure::other(
            ExitCode::NotFound,
            (format!("hồ sơ {} đã được rút", args.subject), format!("record {} was withdrawn", args.subject)),
            (
                "Để đưa nó trở lại, gửi sự kiện đầy đủ với revision cao hơn: giaoban publish.",
                "To bring it back, send the whole event with a higher revision: giaoban publish.",
            ),
        )
    })?;
    let foreign: Vec<String> = args
        .columns
        .keys()
        .filter(|column| !has_column(spec, column))
        .map(|column| format!("--{}", flag(column)))
        .collect();
    if !foreign.is_empty() {
        let list = foreign.join(", ");
        return Err(Failure::other(
            ExitCode::Usage,
            (format!("{} không có trường {list}", spec.name), format!("a {} has no {list}", spec.name)),
            (
                format!("Xem các trường: giaoban record {} --help.", spec.name),
                format!("See its fields: giaoban record {} --help.", spec.name),
            ),
        ));
    }
    let given: Columns =
        args.columns.iter().filter(|(_, value)| !value.is_empty()).map(|(a, b)| (a.clone(), b.clone())).collect();
    let changed = data_of(spec, &given)?;
    for column in args.columns.iter().filter(|(_, value)| value.is_empty()).map(|(column, _)| column) {
        data.remove(column);
        let counts = data.get_mut("recommendations").and_then(Value::as_object_mut);
        if let (Some(counts), Some(part)) = (counts, column.strip_prefix("recommendations_")) {
            counts.remove(part);
        }
    }
    for (name, value) in changed {
        match (data.get_mut(&name).and_then(Value::as_object_mut), value) {
            (Some(counts), Value::Object(more)) => counts.extend(more),
            (_, value) => {
                data.insert(name, value);
            }
        }
    }
    send(context, &latest.next(spec, data))
}

/// Runs `giaoban withdraw`.
pub fn withdraw(context: &Context, args: &WithdrawArgs) -> Done {
    let reason = match (&args.reason, context.asks()) {
        (Some(reason), _) => reason.clone(),
        (None, true) => ask(context.say("Lý do rút", "Why it is withdrawn"), |_| Ok(()))?,
        (None, false) => return Err(missing_flags(&["reason".to_owned()])),
    };
    let latest = Latest::find(context, args.source.as_deref(), &args.subject)?;
    let spec = super::input::named_type("withdrawal")?;
    let data = [("reason".to_owned(), Value::from(reason))].into_iter().collect();
    send(context, &latest.next(spec, data))
}

fn prefix(name: &str) -> &'static str {
    match name {
        "supervision" => "GS",
        "violation" => "VP",
        "activity" => "HD",
        "petition" => "DT",
        "inspectionplan" => "KH",
        "index" => "CS",
        _ => "BC",
    }
}

fn has_column(spec: &TypeSpec, column: &str) -> bool {
    crate::wire::flat::columns(spec).iter().any(|known| known.name() == column)
}

/// Asks on a terminal for what must be there; elsewhere names it.
fn ask_for_missing(context: &Context, spec: &'static TypeSpec, columns: &mut Columns) -> Result<(), Failure> {
    let missing: Vec<_> =
        spec.fields.iter().filter(|field| field.required && !columns.contains_key(field.name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !context.asks() {
        return Err(missing_flags(&missing.iter().map(|field| field.name.to_owned()).collect::<Vec<_>>()));
    }
    for field in missing {
        let label = context.say(field.vi, field.en);
        let value = match field.kind {
            Kind::OneOf(names) => choose(label, names)?,
            Kind::Flag => choose(label, &["true", "false"])?,
            kind => {
                let fits = |value: &String| wrong_in(context, (spec, field), columns, value).map_or(Ok(()), Err);
                ask(&format!("{label}{}", hint(kind, context.lang())), fits)?
            }
        };
        columns.insert(field.name.to_owned(), value);
    }
    Ok(())
}

/// What may be typed, after the question; nothing where any text may.
fn hint(kind: Kind, lang: Lang) -> String {
    let vi_en = match kind {
        Kind::Unit => ("mã đơn vị, ví dụ 00004", "a unit's code, such as 00004"),
        Kind::Day | Kind::ResolvedOn => ("năm-tháng-ngày, ví dụ 2020-03-04", "year-month-day, such as 2020-03-04"),
        Kind::Count { min: 0 } => ("số nguyên từ 0", "a whole number from 0"),
        Kind::Count { .. } => ("số nguyên từ 1", "a whole number from 1"),
        Kind::Score => ("số từ 0", "a number from 0"),
        Kind::Year => ("năm, ví dụ 2020", "a year, such as 2020"),
        Kind::Period => ("kỳ, ví dụ 2020-Q4", "a period, such as 2020-Q4"),
        Kind::Text => return String::new(),
        // Never asked for: they are not required.
        kind => return format!(" ({})", kind.allowed()),
    };
    format!(" ({})", if lang == Lang::Vi { vi_en.0 } else { vi_en.1 })
}

/// What is wrong with an answer, as far as the answers before it tell.
fn wrong_in(
    context: &Context,
    (spec, field): (&'static TypeSpec, &FieldSpec),
    before: &Columns,
    value: &str,
) -> Option<String> {
    let mut columns = before.clone();
    columns.insert(field.name.to_owned(), value.to_owned());
    let cell = |name: &str| columns.get(name).map(String::as_str).filter(|text| !text.is_empty());
    let errors = match csv_data(spec, &cell, false) {
        Err(errors) => errors,
        Ok(data) => {
            let source = format!("/units/{}", cell("unit").unwrap_or_default());
            let payload = Draft::new(spec, source, String::from("?"), jiff::Timestamp::now(), data).to_json();
            let message = Message { headers: &[], payload: Some(&payload) };
            Decoder::new().decode(&message, &context.rules, &context.sources()).err().unwrap_or_default()
        }
    };
    let of_field = format!("/data/{}", field.name);
    errors.iter().find(|error| error.pointer == of_field).map(|error| error.message(context.lang()))
}

fn missing_flags(names: &[String]) -> Failure {
    let list = names.iter().map(|name| format!("--{}", flag(name))).collect::<Vec<_>>().join(", ");
    Failure::other(
        ExitCode::Usage,
        (format!("thiếu {list}"), format!("{list} missing")),
        ("Thêm các tham số đó, hoặc chạy trên màn hình để được hỏi.", "Add them, or run it on a terminal to be asked."),
    )
}

/// Asks; Ctrl-C ends the program as ever, but not before the cursor that a list hides is shown again.
fn interact<T>(ask: impl FnOnce() -> dialoguer::Result<T>) -> Result<T, Failure> {
    // Taken back, they would leave a signal that does nothing: so they stay, and act but while it asks.
    static ASKING: LazyLock<[Arc<AtomicBool>; 2]> = LazyLock::new(|| {
        let (outside, interrupted) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
        let _ = signal_hook::flag::register_conditional_default(SIGINT, Arc::clone(&outside));
        let _ = signal_hook::flag::register(SIGINT, Arc::clone(&interrupted));
        [outside, interrupted]
    });
    let [outside, interrupted] = &*ASKING;
    interrupted.store(false, Ordering::Relaxed);
    outside.store(false, Ordering::Relaxed);
    let answer = ask();
    outside.store(true, Ordering::Relaxed);
    if answer.is_err() && interrupted.load(Ordering::Relaxed) {
        let _ = dialoguer::console::Term::stderr().show_cursor();
        let _ = signal_hook::low_level::emulate_default_handler(SIGINT);
    }
    answer.map_err(|error| prompt_failed(&error))
}

fn prompt_failed(error: &dialoguer::Error) -> Failure {
    let what = error.to_string();
    Failure::other(ExitCode::Usage, (what.clone(), what), ("Ghi giá trị bằng tham số.", "Give the value as a flag."))
}

fn ask(label: &str, fits: impl Fn(&String) -> Result<(), String>) -> Result<String, Failure> {
    interact(|| dialoguer::Input::<String>::new().with_prompt(label).validate_with(fits).interact_text())
}

fn choose(label: &str, names: &[&str]) -> Result<String, Failure> {
    let index = interact(|| dialoguer::Select::new().with_prompt(label).items(names).default(0).interact())?;
    Ok(names.get(index).copied().unwrap_or_default().to_owned())
}

/// The data of the columns given.
fn data_of(spec: &'static TypeSpec, columns: &Columns) -> Result<Map<String, Value>, Failure> {
    let cell = |name: &str| columns.get(name).map(String::as_str).filter(|text| !text.is_empty());
    csv_data(spec, &cell, false).map_err(|errors| refused(&errors))
}

/// Every error on a line of its own.
fn refused(errors: &[ValidationError]) -> Failure {
    let lines = |lang| errors.iter().map(|error| error.message(lang)).collect::<Vec<_>>().join("\n");
    Failure::other(
        ExitCode::AllRefused,
        (lines(Lang::Vi), lines(Lang::En)),
        ("Sửa các giá trị đã nêu; chưa có gì được gửi.", "Correct the values named; nothing was sent."),
    )
}

fn damaged(subject: &str) -> Failure {
    Failure::other(
        ExitCode::Store,
        (
            format!("không đọc được bản hiện tại của {subject}"),
            format!("the present revision of {subject} cannot be read"),
        ),
        (
            "Gửi sự kiện đầy đủ với revision cao hơn: giaoban publish.",
            "Send the whole event with a higher revision: giaoban publish.",
        ),
    )
}

/// Checks an event, writes it, and says where it lies.
fn send(context: &Context, draft: &Draft) -> Done {
    let payload = draft.to_json();
    let message = Message { headers: &[], payload: Some(&payload) };
    let event =
        Decoder::new().decode(&message, &context.rules, &context.sources()).map_err(|errors| refused(&errors))?;
    let mut producer = context.log()?.producer(&context.settings.kafka.topic)?;
    producer.send(&event_message(event.partition_key.as_ref().map(UnitCode::as_str), payload), 0)?;
    let delivery = producer.flush(std::time::Duration::from_secs(60)).pop();
    let position = delivery.ok_or_else(|| crate::log::LogError::Transient("no acknowledgement".into()))?.result?;
    let (at, offset) = (position.partition, position.offset);
    print(&match context.lang() {
        Lang::Vi => format!(
            "Đã nhận {} (bản {}) tại phân vùng {at}, vị trí {offset}.\n",
            draft.subject,
            draft.revision.number()
        ),
        Lang::En => format!(
            "Took {} (revision {}) at partition {at}, offset {offset}.\n",
            draft.subject,
            draft.revision.number()
        ),
    })?;
    let _ = writeln!(
        std::io::stderr(),
        "{}",
        context.say(
            "Số liệu đổi khi worker xử lý tới đó: giaoban worker --until-caught-up. Sửa: giaoban correct; rút: giaoban withdraw.",
            "Figures change when a worker gets there: giaoban worker --until-caught-up. To correct it: giaoban correct; to take it back: giaoban withdraw."
        )
    );
    Ok(ExitCode::Done)
}

/// The highest revision of a record, wherever it is known.
struct Latest {
    event: Event,
    payload: Vec<u8>,
}

impl Latest {
    /// Looks in the store, and in what of the log the store has not read yet.
    fn find(context: &Context, source: Option<&str>, subject: &str) -> Result<Self, Failure> {
        let log = context.log()?;
        let topic = &context.settings.kafka.topic;
        let mut store = match context.reader() {
            Ok(store) => Some(store),
            Err(Failure::Store(StoreError::Missing { .. })) => None,
            Err(failure) => return Err(failure),
        };
        let mut found: Vec<Self> = Vec::new();
        let mut from: BTreeMap<Partition, NextOffset> = BTreeMap::new();
        if let Some(store) = &mut store {
            from.extend(store.checkpoints(topic)?.iter().map(|checkpoint| (checkpoint.partition, checkpoint.next)));
            for entry in stored(&mut **store, source, subject)? {
                found.extend(Self::read(context, &*log, topic, &entry)?);
            }
        }
        let wanted = |key: &RecordKey| key.subject() == subject && source.is_none_or(|source| key.source() == source);
        for range in log.topic(topic)?.partitions {
            let next = from.get(&range.partition).copied().unwrap_or_default().max(range.low);
            if next < range.high {
                let count = (range.high.0 - next.0).unsigned_abs() as usize;
                log.read(topic, range.partition, Offset(next.0), count, &mut |message| {
                    found.extend(Self::of(context, &message).filter(|latest| wanted(&latest.event.key)));
                })?;
            }
        }
        let mut sources: Vec<String> = found.iter().map(|latest| latest.event.key.source().to_owned()).collect();
        sources.sort_unstable();
        sources.dedup();
        if sources.len() > 1 {
            let list = sources.join(", ");
            return Err(Failure::other(
                ExitCode::Usage,
                (
                    format!("nhiều nơi có hồ sơ {subject}: {list}"),
                    format!("several sources have a record {subject}: {list}"),
                ),
                ("Thêm --source.", "Add --source."),
            ));
        }
        found.into_iter().max_by_key(|latest| (latest.event.revision, latest.event.digest)).ok_or_else(|| {
            Failure::other(
                ExitCode::NotFound,
                (format!("không có hồ sơ {subject}"), format!("there is no record {subject}")),
                ("Kiểm tra số hiệu và --source, --data.", "Check the number, and --source and --data."),
            )
        })
    }

    fn read(context: &Context, log: &dyn EventLog, topic: &str, entry: &Entry) -> Result<Option<Self>, Failure> {
        let mut found = None;
        log.read(topic, entry.position.partition, entry.position.offset, 1, &mut |message| {
            found = Self::of(context, &message);
        })?;
        Ok(found)
    }

    fn of(context: &Context, message: &crate::log::Incoming<'_>) -> Option<Self> {
        let wire = Message { headers: message.headers, payload: message.payload };
        let event = Decoder::new().decode(&wire, &context.rules, &context.sources()).ok()?;
        Some(Self { event, payload: message.payload.unwrap_or_default().to_vec() })
    }

    fn spec(&self) -> Option<&'static TypeSpec> {
        TypeSpec::named(self.event.fact.kind())
    }

    /// What it says, in either content mode.
    fn data(&self) -> Result<Map<String, Value>, Failure> {
        let body: Map<String, Value> =
            serde_json::from_slice(&self.payload).map_err(|_| damaged(self.event.key.subject()))?;
        Ok(match body.get("specversion").and(body.get("data")) {
            Some(Value::Object(data)) => data.clone(),
            _ => body,
        })
    }

    /// The next revision, with that content.
    fn next(&self, spec: &'static TypeSpec, data: Map<String, Value>) -> Draft {
        let next = Revision::new(self.event.revision.number().saturating_add(1));
        let key = &self.event.key;
        Draft {
            revision: next.unwrap_or(self.event.revision),
            partition_key: self.event.partition_key.map(|unit| unit.to_string()),
            synthetic: self.event.synthetic,
            ..Draft::new(spec, key.source(), key.subject(), jiff::Timestamp::now(), data)
        }
    }
}

/// The record of that source, or of any source if none is named.
fn stored(store: &mut dyn StoreReader, source: Option<&str>, subject: &str) -> Result<Vec<Entry>, Failure> {
    if let Some(source) = source {
        return Ok(store.entry(&RecordKey::new(source, subject))?.into_iter().collect());
    }
    let mut found = Vec::new();
    store.entries(&mut |entry| {
        if entry.key.subject() == subject {
            found.push(entry);
        }
        true
    })?;
    Ok(found)
}
