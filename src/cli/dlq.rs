//! `giaoban dlq`: the dead letters, seen, sent again after a fix, given up or
//! written out to be corrected.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, ToSpan as _};

use super::Done;
use super::rollup::Format;
use crate::dead_letters::export::{Export, ExportError};
use crate::dead_letters::listing;
use crate::dead_letters::reader::{Action, DeadLetterTopic, ListedDeadLetter, TopicMessage};
use crate::dead_letters::redrive::{Redrive, note};
use crate::dead_letters::selection::{Filter, Selection};
use crate::dead_letters::whole::whole;
use crate::domain::{HANOI, NextOffset, Offset, Partition, Position};
use crate::failure::{ExitCode, Failure, FailureKind};
use crate::files::WholeFile;
use crate::log::EventLog;
use crate::program::Context;
use crate::store::Accepted;
use crate::terminal::{self, print};
use crate::text::dead_letters as text;
use crate::wire::{Code, ValidationError};

/// The options of `giaoban dlq`.
#[derive(Args, Debug)]
pub struct DlqArgs {
    #[command(subcommand)]
    action: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Liệt kê thư chết · List the dead letters
    #[command(
        after_help = "Ví dụ / Example:\n  giaoban dlq list --reason unit.unknown --since 2020-12-01\n  giaoban dlq list --all --format csv > thu-chet.csv"
    )]
    List {
        #[command(flatten)]
        filter: FilterArgs,
        /// Cả những thư đã gửi lại hoặc đã bỏ · Also what was sent again or given up
        #[arg(long)]
        all: bool,
        /// Dạng kết quả · Form of the result
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Toàn bộ một thư: mọi lỗi, cách sửa, nội dung · Everything of one dead letter: what is wrong, what to do, its body
    #[command(after_help = "Ví dụ / Example:\n  giaoban dlq show 3:17")]
    Show {
        /// Mã thư, phân vùng:vị trí · The dead letter, partition:offset
        #[arg(value_name = "ID")]
        id: Position,
    },
    /// Gửi lại những thư nay đã đúng; chạy hai lần không gửi gì hai lần · Send again what today's rules take; twice sends nothing twice
    #[command(
        after_help = "Ví dụ / Example:\n  giaoban dlq redrive --dry-run\n  giaoban dlq redrive --reason unit.unknown   # sau khi sửa bảng đơn vị / once the table of units is right"
    )]
    Redrive {
        #[command(flatten)]
        selection: SelectionArgs,
        /// Chỉ xem sẽ gửi gì · Only see what would be sent
        #[arg(long)]
        dry_run: bool,
        /// Gửi cả thư còn sai hoặc đã bỏ · Send also what is still bad, or was given up
        #[arg(long)]
        force: bool,
    },
    /// Bỏ thư, kèm lý do; không xóa gì · Give dead letters up, with a reason; nothing is deleted
    #[command(after_help = "Ví dụ / Example:\n  giaoban dlq discard 3:17 --reason-text \"đã gửi bản đã sửa\"")]
    Discard {
        #[command(flatten)]
        selection: SelectionArgs,
        /// Vì sao, bằng lời · Why, in words
        #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
        reason_text: String,
    },
    /// Cho phân vùng bị dừng vì quá nhiều thư chết đi tiếp, đến một vị trí · Let a partition that is held for too many dead letters go on, up to an offset
    #[command(
        after_help = "Ví dụ / Example:\n  giaoban dlq accept --partition 0 --through end --reason-text \"bên gửi đã sửa\""
    )]
    Accept {
        /// Phân vùng, như giaoban doctor nêu · The partition, as giaoban doctor names it
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i32).range(0..))]
        partition: i32,
        /// Bản ghi cuối cùng được chấp nhận; end là bản ghi cuối hiện có · The last record that is accepted; end for the last there is now
        #[arg(long, value_name = "OFFSET", value_parser = through)]
        through: Through,
        /// Vì sao, bằng lời · Why, in words
        #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
        reason_text: String,
    },
    /// Ghi nội dung ra tệp NDJSON để sửa rồi giaoban publish · Write the bodies to an NDJSON file, to be corrected and published
    #[command(
        after_help = "Ví dụ / Example:\n  giaoban dlq export sua.ndjson --unit 00004\n  giaoban publish sua.ndjson          # sau khi sửa / once corrected\n  giaoban dlq discard --unit 00004 --reason-text \"đã gửi bản đã sửa\""
    )]
    Export {
        /// Tệp mới; - là đầu ra chuẩn · A new file, - for standard output
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        selection: SelectionArgs,
    },
}

#[derive(Args, Debug)]
struct FilterArgs {
    /// Theo mã lý do, ví dụ unit.unknown · By the code of the reason
    #[arg(long, value_name = "CODE", hide_possible_values = true, value_parser = PossibleValuesParser::new(Code::ALL.iter().map(|code| code.as_str())))]
    reason: Option<String>,
    /// Theo đơn vị · By unit
    #[arg(long, value_name = "CODE")]
    unit: Option<String>,
    /// Từ lúc: 2020-12-01, 2020-12-01T08:00, giờ Hà Nội, hoặc có múi giờ · From that time, Hanoi's unless it has an offset
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Timestamp>,
    /// Đến lúc đó; ngày thì tính cả ngày · Up to that time; a day counts whole
    #[arg(long, value_name = "TIME", value_parser = until)]
    until: Option<Timestamp>,
}

#[derive(Args, Debug)]
struct SelectionArgs {
    /// Mã thư, phân vùng:vị trí · The dead letter, partition:offset
    #[arg(value_name = "ID", conflicts_with_all = ["reason", "unit", "since", "until"])]
    ids: Vec<Position>,
    #[command(flatten)]
    filter: FilterArgs,
}

impl FilterArgs {
    fn get(&self) -> Filter {
        Filter { reason: self.reason.clone(), unit: self.unit.clone(), since: self.since, until: self.until }
    }
}

impl SelectionArgs {
    fn get(&self) -> Selection {
        Selection { ids: self.ids.clone(), filter: self.filter.get() }
    }
}

/// How far dead letters are accepted.
#[derive(Clone, Copy, Debug)]
enum Through {
    /// All that the partition has now.
    End,
    /// Up to this record and with it.
    Offset(i64),
}

fn through(text: &str) -> Result<Through, String> {
    match (text, text.parse()) {
        ("end", _) => Ok(Through::End),
        (_, Ok(offset @ 0..)) => Ok(Through::Offset(offset)),
        _ => Err("an offset, or end".to_owned()),
    }
}

fn since(text: &str) -> Result<Timestamp, String> {
    moment(text).map(|(from, _)| from)
}

fn until(text: &str) -> Result<Timestamp, String> {
    moment(text).map(|(_, to)| to)
}

/// A day from its beginning to its end; a time from itself to itself.
fn moment(text: &str) -> Result<(Timestamp, Timestamp), String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok((time, time));
    }
    let at = |time: DateTime| HANOI.to_timestamp(time).map_err(|error| error.to_string());
    // A day is a time as well, at midnight: so it is asked first, by its length.
    if let (10, Ok(day)) = (text.len(), text.parse::<Date>()) {
        let next = day.checked_add(1.day()).map_err(|error| error.to_string())?;
        return Ok((at(day.into())?, at(next.into())?));
    }
    let time = text.parse::<DateTime>().map_err(|_| "2020-12-01, 2020-12-01T08:00, 2020-12-01T08:00:00+07:00")?;
    at(time).map(|time| (time, time))
}

/// Runs the command.
pub fn run(context: &Context, args: &DlqArgs) -> Done {
    if !context.has_log() {
        return Err(context.no_log());
    }
    let desk = || Desk::open(context);
    match &args.action {
        Command::Accept { partition, through, reason_text } => {
            accept(context, Partition(*partition), *through, reason_text)
        }
        Command::List { filter, all, format } => desk()?.list(&filter.get(), *all, *format),
        Command::Show { id } => desk()?.show(*id),
        Command::Redrive { selection, dry_run, force } => desk()?.redrive(&selection.get(), *dry_run, *force),
        Command::Discard { selection, reason_text } => desk()?.discard(&selection.get(), reason_text),
        Command::Export { file, selection } => desk()?.export(file, &selection.get()),
    }
}

/// Notes in the store, beside its worker, how far the records of a partition may become dead letters.
fn accept(context: &Context, partition: Partition, through: Through, why: &str) -> Done {
    let topic = &context.settings.kafka.topic;
    let mut reader = context.reader()?;
    let log = context.log_beside(&mut *reader)?;
    let found = log.topic(topic)?.partitions.into_iter().find(|range| range.partition == partition);
    let high = found.map_or(NextOffset(0), |range| range.high);
    let to = match through {
        Through::End => high,
        Through::Offset(offset) => Offset(offset).next(),
    };
    if to > high || high.0 == 0 {
        return Err(Failure::new(FailureKind::NotFound, text::not_so_far(partition, high), text::see_doctor()));
    }
    let stored = reader.checkpoints(topic)?.into_iter().find(|stored| stored.partition == partition);
    let from = stored.map_or(NextOffset(0), |stored| stored.next);
    if to <= from {
        print(text::passed_already(partition, from).get(context.lang()))?;
        return Ok(ExitCode::Done);
    }
    let at_ms = Timestamp::now().as_millisecond();
    let accepted = Accepted { partition, to, at_ms, why: why.to_owned() };
    context.place()?.create(&context.rules, None)?.accept(topic, &accepted)?;
    print(text::accepted(partition, from, Offset(to.0 - 1)).get(context.lang()))?;
    Ok(ExitCode::Done)
}

/// The dead letters, with what it takes to work on them.
struct Desk<'a> {
    context: &'a Context,
    log: Arc<dyn EventLog>,
    topic: DeadLetterTopic,
}

impl<'a> Desk<'a> {
    fn open(context: &'a Context) -> Result<Self, Failure> {
        let log = context.log()?;
        let topic = DeadLetterTopic::read(&*log, &context.settings.kafka.dead_letter_topic)?;
        if topic.others > 0 {
            let others = topic.others;
            context.note(&text::others(others));
        }
        Ok(Self { context, log, topic })
    }

    fn list(&self, filter: &Filter, all: bool, format: Format) -> Done {
        let shown = |dead_letter: &&ListedDeadLetter| filter.takes(dead_letter) && (all || dead_letter.is_open());
        let shown: Vec<&ListedDeadLetter> = self.topic.dead_letters.iter().filter(shown).collect();
        print(&match format {
            Format::Json => listing::json(&shown),
            Format::Csv => listing::csv(&shown),
            Format::Table => listing::table(&shown, self.context.lang()),
        })?;
        let decided = self
            .topic
            .dead_letters
            .iter()
            .filter(|dead_letter| !dead_letter.is_open() && filter.takes(dead_letter))
            .count();
        if !all && decided > 0 {
            self.context.note(&text::more_decided(decided));
        }
        Ok(ExitCode::Done)
    }

    fn show(&self, id: Position) -> Done {
        let dead_letter = self.topic.find(id)?;
        let (context, mut out) = (self.context, String::new());
        self.log.read(&context.settings.kafka.dead_letter_topic, id.partition, id.offset, 1, &mut |incoming| {
            if let TopicMessage::DeadLetter(filed) = TopicMessage::of(&incoming) {
                out = whole(dead_letter, &filed, (&context.rules, &context.admission()), context.lang());
            }
        })?;
        print(&out)?;
        Ok(ExitCode::Done)
    }

    fn redrive(&self, selection: &Selection, dry_run: bool, force: bool) -> Done {
        if force {
            chosen(selection)?;
        }
        let mut selected = self.topic.select(selection, force)?;
        let kafka = &self.context.settings.kafka;
        let of_topic = |dead_letter: &&ListedDeadLetter| dead_letter.topic == kafka.topic;
        let elsewhere = selected.open.iter().filter(|dead_letter| !of_topic(dead_letter)).count();
        selected.open.retain(of_topic);
        if elsewhere > 0 {
            self.context.note(&text::of_another_topic(elsewhere));
        }
        let lang = self.context.lang();
        let mut told = 0;
        let mut still_bad = |id: Position, errors: &[ValidationError]| {
            /// On the terminal; `show` tells the rest.
            const SHOWN: u32 = 20;
            told += 1;
            if told <= SHOWN {
                let reasons: Vec<String> = errors.iter().map(|error| error.message(lang)).collect();
                terminal::note(&format!("{id} {}", reasons.join(" | ")));
            } else if told == SHOWN + 1 {
                self.context.note(&text::more_still_bad());
            }
        };
        let mut redrive = Redrive {
            log: &*self.log,
            topic: &kafka.topic,
            dead_letter_topic: &kafka.dead_letter_topic,
            rules: &self.context.rules,
            admission: &self.context.admission(),
            force,
            dry_run,
            still_bad: &mut still_bad,
        };
        let (outcome, result) = redrive.run(&selected.open);
        let why = listing::tally(outcome.still_bad.iter().map(|(code, count)| (*code, *count)));
        let (bad, why) = (outcome.bad(), if why.is_empty() { why } else { format!(" ({why})") });
        let (sent, redriven, discarded) = (outcome.sent, selected.redriven, selected.discarded);
        let said = match dry_run {
            true => text::would_be_sent(sent, bad, why, redriven, discarded),
            false => text::sent(sent, bad, why, redriven, discarded),
        };
        print(said.get(lang))?;
        result?;
        Ok(match (sent, bad) {
            (_, 0) => ExitCode::Done,
            (0, _) => ExitCode::AllRefused,
            _ => ExitCode::SomeRefused,
        })
    }

    fn discard(&self, selection: &Selection, why: &str) -> Done {
        chosen(selection)?;
        let selected = self.topic.select(selection, false)?;
        let mut producer = self.log.producer(&self.context.settings.kafka.dead_letter_topic)?;
        let noted =
            note(&mut *producer, Action::Discarded, why, selected.open.iter().map(|dead_letter| dead_letter.id))?;
        let before = selected.redriven + selected.discarded;
        print(text::discarded(noted, before).get(self.context.lang()))?;
        Ok(ExitCode::Done)
    }

    fn export(&self, file: &Path, selection: &Selection) -> Done {
        let selected = self.topic.select(selection, false)?;
        let failed = |error: std::io::Error| Failure::io(file.display(), &error);
        let export = Export {
            log: &*self.log,
            dead_letter_topic: &self.context.settings.kafka.dead_letter_topic,
            rules: &self.context.rules,
            admission: &self.context.admission(),
            lang: self.context.lang(),
        };
        let run = |out: &mut dyn Write| {
            export.run(&selected.open, &mut BufWriter::new(out)).map_err(|error| match error {
                ExportError::Log(error) => error.into(),
                ExportError::Write(error) => failed(error),
            })
        };
        if file.as_os_str() == "-" {
            run(&mut terminal::results())?;
        } else {
            // What somebody has corrected is not overwritten: said before the work, and held after it.
            if file.symlink_metadata().is_ok() {
                return Err(failed(std::io::ErrorKind::AlreadyExists.into()));
            }
            let mut out = WholeFile::create(file).map_err(failed)?;
            run(&mut out)?;
            out.finish_new(file).map_err(failed)?;
        }
        self.context.note(&text::exported(selected.open.len(), file.display()));
        Ok(ExitCode::Done)
    }
}

/// Refuses to take everything where that would hardly be meant.
fn chosen(selection: &Selection) -> Result<(), Failure> {
    if selection.is_everything() {
        return Err(Failure::new(FailureKind::Request, text::none_chosen(), text::choose()));
    }
    Ok(())
}
