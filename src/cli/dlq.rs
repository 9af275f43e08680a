//! `giaoban dlq`: the dead letters, seen, sent again after a fix, given up or
//! written out to be corrected.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, ToSpan as _};

use super::Done;
use super::letters;
use super::rollup::Format;
use crate::dead_letters::reader::{
    Action, DeadLetterState, DeadLetterTopic, FiledDeadLetter, ListedDeadLetter, TopicMessage, walk,
};
use crate::dead_letters::redrive::{Redrive, note};
use crate::domain::Position;
use crate::failure::{ExitCode, Failure};
use crate::log::EventLog;
use crate::log::embedded::EmbeddedLog;
use crate::program::Context;
use crate::terminal::print;
use crate::text::dead_letters as text;
use crate::wire::decode::{Decoder, structured};
use crate::wire::{Code, HANOI, ValidationError};

/// The options of `giaoban dlq`.
#[derive(Args, Debug)]
pub struct DlqArgs {
    #[command(subcommand)]
    action: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Liệt kê thư chết · List the letters
    #[command(
        after_help = "Ví dụ / Example:\n  giaoban dlq list --reason unit.unknown --since 2020-12-01\n  giaoban dlq list --all --format csv > thu-chet.csv"
    )]
    List {
        #[command(flatten)]
        filter: Filter,
        /// Cả những thư đã gửi lại hoặc đã bỏ · Also what was sent again or given up
        #[arg(long)]
        all: bool,
        /// Dạng kết quả · Form of the result
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Toàn bộ một thư: mọi lỗi, cách sửa, nội dung · Everything of one letter: what is wrong, what to do, its body
    #[command(after_help = "Ví dụ / Example:\n  giaoban dlq show 3:17")]
    Show {
        /// Mã thư, phân vùng:vị trí · The letter, partition:offset
        #[arg(value_name = "ID")]
        id: Position,
    },
    /// Gửi lại những thư nay đã đúng; chạy hai lần không gửi gì hai lần · Send again what today's rules take; twice sends nothing twice
    #[command(
        after_help = "Ví dụ / Example:\n  giaoban dlq redrive --dry-run\n  giaoban dlq redrive --reason unit.unknown   # sau khi sửa bảng đơn vị / once the table of units is right"
    )]
    Redrive {
        #[command(flatten)]
        pick: Pick,
        /// Chỉ xem sẽ gửi gì · Only see what would be sent
        #[arg(long)]
        dry_run: bool,
        /// Gửi cả thư còn sai hoặc đã bỏ · Send also what is still bad, or was given up
        #[arg(long)]
        force: bool,
    },
    /// Bỏ thư, kèm lý do; không xóa gì · Give letters up, with a reason; nothing is deleted
    #[command(after_help = "Ví dụ / Example:\n  giaoban dlq discard 3:17 --reason-text \"đã gửi bản đã sửa\"")]
    Discard {
        #[command(flatten)]
        pick: Pick,
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
        pick: Pick,
    },
}

#[derive(Args, Debug)]
struct Filter {
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
struct Pick {
    /// Mã thư, phân vùng:vị trí · DeadLetterTopic, partition:offset
    #[arg(value_name = "ID", conflicts_with_all = ["reason", "unit", "since", "until"])]
    ids: Vec<Position>,
    #[command(flatten)]
    filter: Filter,
}

impl Filter {
    fn takes(&self, letter: &ListedDeadLetter) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
        is(&self.reason, &letter.reason)
            && is(&self.unit, &letter.unit)
            && self.since.is_none_or(|since| letter.time_ms >= since.as_millisecond())
            && self.until.is_none_or(|until| letter.time_ms < until.as_millisecond())
    }

    fn is_empty(&self) -> bool {
        self.reason.is_none() && self.unit.is_none() && self.since.is_none() && self.until.is_none()
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
    let settings = &context.settings;
    if settings.kafka.brokers.is_empty() && !EmbeddedLog::is_in(&settings.data) {
        let data = settings.data.display();
        return Err(Failure::other(ExitCode::NotFound, text::no_log(data), text::check_data()));
    }
    let desk = Desk::open(context)?;
    match &args.action {
        Command::List { filter, all, format } => desk.list(filter, *all, *format),
        Command::Show { id } => desk.show(*id),
        Command::Redrive { pick, dry_run, force } => desk.redrive(pick, *dry_run, *force),
        Command::Discard { pick, reason_text } => desk.discard(pick, reason_text),
        Command::Export { file, pick } => desk.export(file, pick),
    }
}

/// The dead letters, with what it takes to work on them.
struct Desk<'a> {
    context: &'a Context,
    log: Arc<dyn EventLog>,
    topic: DeadLetterTopic,
}

/// What was picked, by what became of it.
#[derive(Default)]
struct Picked<'l> {
    open: Vec<&'l ListedDeadLetter>,
    redriven: u64,
    discarded: u64,
}

impl<'a> Desk<'a> {
    fn open(context: &'a Context) -> Result<Self, Failure> {
        let log = context.log()?;
        let topic = DeadLetterTopic::read(&*log, &context.settings.kafka.dead_letter_topic)?;
        if topic.others > 0 {
            let others = topic.others;
            let said = text::others(others);
            context.note(&said);
        }
        Ok(Self { context, log, topic })
    }

    fn find(&self, id: Position) -> Result<&ListedDeadLetter, Failure> {
        let found = self.topic.dead_letters.iter().find(|letter| letter.id == id);
        found.ok_or_else(|| Failure::other(ExitCode::NotFound, text::no_such(id), text::list_all()))
    }

    /// `again` takes also what was given up.
    fn pick(&self, pick: &Pick, again: bool) -> Result<Picked<'_>, Failure> {
        let mut chosen: BTreeMap<Position, &ListedDeadLetter> = BTreeMap::new();
        for id in &pick.ids {
            let mut letter = self.find(*id)?;
            if let DeadLetterState::Copy(of) = letter.state {
                letter = self.find(of)?;
            }
            chosen.insert(letter.id, letter);
        }
        if pick.ids.is_empty() {
            let letters = self.topic.dead_letters.iter().filter(|letter| pick.filter.takes(letter));
            chosen.extend(letters.map(|letter| (letter.id, letter)));
        }
        let mut picked = Picked::default();
        for letter in chosen.into_values() {
            match &letter.state {
                DeadLetterState::Open => picked.open.push(letter),
                DeadLetterState::Decided(decision) if decision.action == Action::Redriven => picked.redriven += 1,
                DeadLetterState::Decided(_) if again => picked.open.push(letter),
                DeadLetterState::Decided(_) => picked.discarded += 1,
                // Its like is picked instead.
                DeadLetterState::Copy(_) => {}
            }
        }
        Ok(picked)
    }

    fn list(&self, filter: &Filter, all: bool, format: Format) -> Done {
        let shown = |letter: &&ListedDeadLetter| filter.takes(letter) && (all || letter.is_open());
        let shown: Vec<&ListedDeadLetter> = self.topic.dead_letters.iter().filter(shown).collect();
        print(&letters::list(self.context, &shown, format))?;
        let decided = self.topic.dead_letters.iter().filter(|letter| !letter.is_open() && filter.takes(letter)).count();
        if !all && decided > 0 {
            let said = text::more_decided(decided);
            self.context.note(&said);
        }
        Ok(ExitCode::Done)
    }

    fn show(&self, id: Position) -> Done {
        let letter = self.find(id)?;
        let mut out = String::new();
        self.log.read(&self.context.settings.kafka.dead_letter_topic, id.partition, id.offset, 1, &mut |incoming| {
            if let TopicMessage::DeadLetter(filed) = TopicMessage::of(&incoming) {
                out = letters::show(self.context, letter, &filed);
            }
        })?;
        print(&out)?;
        Ok(ExitCode::Done)
    }

    fn redrive(&self, pick: &Pick, dry_run: bool, force: bool) -> Done {
        if force {
            self.chosen(pick)?;
        }
        let mut picked = self.pick(pick, force)?;
        let kafka = &self.context.settings.kafka;
        let of_topic = |letter: &&ListedDeadLetter| letter.topic == kafka.topic;
        let elsewhere = picked.open.iter().filter(|letter| !of_topic(letter)).count();
        picked.open.retain(of_topic);
        if elsewhere > 0 {
            let said = text::of_another_topic(elsewhere);
            self.context.note(&said);
        }
        let lang = self.context.lang();
        let mut told = 0;
        let mut still_bad = |id: Position, errors: &[ValidationError]| {
            /// On the terminal; `show` tells the rest.
            const SHOWN: u32 = 20;
            told += 1;
            if told <= SHOWN {
                let reasons: Vec<String> = errors.iter().map(|error| error.message(lang)).collect();
                let _ = writeln!(std::io::stderr(), "{id} {}", reasons.join(" | "));
            } else if told == SHOWN + 1 {
                let said = text::more_still_bad();
                self.context.note(&said);
            }
        };
        let mut redrive = Redrive {
            log: &*self.log,
            topic: &kafka.topic,
            dead_letter_topic: &kafka.dead_letter_topic,
            rules: &self.context.rules,
            sources: &self.context.sources(),
            force,
            dry_run,
            still_bad: &mut still_bad,
        };
        let (outcome, result) = redrive.run(&picked.open);
        let why = letters::tally(outcome.still_bad.iter().map(|(code, count)| (*code, *count)));
        let (bad, why) = (outcome.bad(), if why.is_empty() { why } else { format!(" ({why})") });
        let (sent, redriven, discarded) = (outcome.sent, picked.redriven, picked.discarded);
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

    /// Refuses to take everything where that would hardly be meant.
    fn chosen(&self, pick: &Pick) -> Result<(), Failure> {
        if !pick.ids.is_empty() || !pick.filter.is_empty() {
            return Ok(());
        }
        Err(Failure::other(ExitCode::Usage, text::none_chosen(), text::choose()))
    }

    fn discard(&self, pick: &Pick, why: &str) -> Done {
        self.chosen(pick)?;
        let picked = self.pick(pick, false)?;
        let mut producer = self.log.producer(&self.context.settings.kafka.dead_letter_topic)?;
        let noted = note(&mut *producer, Action::Discarded, why, picked.open.iter().map(|letter| letter.id))?;
        let before = picked.redriven + picked.discarded;
        print(text::discarded(noted, before).get(self.context.lang()))?;
        Ok(ExitCode::Done)
    }

    fn export(&self, file: &Path, pick: &Pick) -> Done {
        let picked = self.pick(pick, false)?;
        let failed = |error: std::io::Error| Failure::io(file.display(), &error);
        let mut out: Box<dyn Write> = match file.to_str() {
            Some("-") => Box::new(std::io::stdout().lock()),
            // What somebody has corrected is not overwritten.
            _ => Box::new(OpenOptions::new().write(true).create_new(true).open(file).map_err(failed)?),
        };
        let mut out = BufWriter::new(&mut *out);
        let mut decoder = Decoder::new();
        let mut result = Ok(());
        let chosen: BTreeMap<Position, ()> = picked.open.iter().map(|letter| (letter.id, ())).collect();
        let topic = &self.context.settings.kafka.dead_letter_topic;
        walk(&*self.log, topic, &|_| true, &mut |found| {
            if let TopicMessage::DeadLetter(filed) = found
                && chosen.contains_key(&filed.id)
                && result.is_ok()
            {
                result = out.write_all(self.line(&filed, &mut decoder).as_bytes());
            }
        })?;
        result.and_then(|()| out.flush()).map_err(failed)?;
        let (count, file) = (chosen.len(), file.display());
        let said = text::exported(count, file);
        self.context.note(&said);
        Ok(ExitCode::Done)
    }

    /// What is wrong as remarks, which publishing passes over, and the event on one line.
    fn line(&self, filed: &FiledDeadLetter<'_>, decoder: &mut Decoder) -> String {
        let message = filed.message();
        let mut out = String::new();
        match decoder.decode(&message, &self.context.rules, &self.context.sources()) {
            Ok(_) => out += &format!("# {} {}\n", filed.id, text::now_taken().get(self.context.lang())),
            Err(errors) => {
                for error in errors {
                    out +=
                        &format!("# {} {}\n", filed.id, error.message(self.context.lang()).replace(['\r', '\n'], " "));
                }
            }
        }
        let body = filed.payload.unwrap_or_default();
        match (structured(&message), std::str::from_utf8(body)) {
            (Some(event), _) => out + &event + "\n",
            // White space between JSON's tokens; within them it is what has to be corrected.
            (None, Ok(body)) if !body.trim().is_empty() => out + &body.trim().replace(['\r', '\n'], " ") + "\n",
            _ => out,
        }
    }
}
