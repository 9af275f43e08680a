//! `giaoban publish`: events from files into the log. Each line is checked, the
//! good ones go, and the bad ones come back in a receipt that can be corrected
//! and sent again as it is.

use std::collections::VecDeque;
use std::io::Write as _;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::Done;
use super::checked::{CheckedLines, Good};
use super::error::Failure;
use super::input::{Input, Line, Lines, Unreadable};
use super::receipt::Receipt;
use super::seen::Seen;
use crate::exit::ExitCode;
use crate::log::{Delivery, LogError, Outgoing, Producer};
use crate::program::{Context, event_message};
use crate::terminal::print;
use crate::terminal::progress::Progress;
use crate::wire::decode::Glimpse;
use crate::wire::{Message, ValidationError};

/// The options of `giaoban publish`.
#[derive(Args, Debug)]
#[command(
    after_help = "Ví dụ / Example:\n  giaoban publish thang-3.csv\n  zstdcat *.ndjson.zst | giaoban publish -\n  giaoban publish thang-3.rejected.csv   # sau khi sửa / once corrected"
)]
pub struct PublishArgs {
    /// Tệp NDJSON hoặc CSV, có thể nén .gz .zst; - là đầu vào chuẩn · Files, - for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Dạng tệp; đoán theo tên và nội dung nếu không ghi · Form of the input; guessed if not given
    #[arg(long, value_enum)]
    format: Option<InputFormat>,
    /// Loại sự kiện của CSV không có cột type · Type of events of a CSV without a column `type`
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Nơi ghi các dòng bị từ chối, khi chỉ có một tệp · Where refused lines go, for a single file
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InputFormat {
    /// One CloudEvent in JSON on each line.
    Ndjson,
    /// A table, one record on each row.
    Csv,
}

/// Everything sent is decided within this time, or counts as not taken.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(60);

/// So many lines that are refused are told on the terminal; the receipt has them all. As many that contradict others.
const SHOWN: u64 = 20;

/// Runs the command.
pub fn run(context: &Context, args: &PublishArgs) -> Done {
    if args.receipt.is_some() && args.files.len() > 1 {
        return Err(Failure::other(
            ExitCode::Usage,
            ("--receipt chỉ dùng với một tệp", "--receipt goes with a single file"),
            ("Bỏ --receipt: mỗi tệp có phiếu trả riêng.", "Leave --receipt out: each file has a receipt of its own."),
        ));
    }
    // Opened first, so that a mistyped name or a wrong header stops everything before anything is sent.
    let files = args.files.iter().map(|name| Opened::of(name, args)).collect::<Result<Vec<_>, _>>()?;
    let mut publisher = Publisher::new(context)?;
    let mut total = Tally::default();
    let mut unread = None;
    for file in files {
        let name = file.name.clone();
        publisher.files.push(name.display().to_string());
        let tally = publisher.file(file)?;
        print(&tally.text(context, &name))?;
        total.taken += tally.taken;
        total.refused += tally.refused;
        unread = unread.or(tally.unread);
    }
    if let Some(unreadable) = publisher.broken.take() {
        return Err(unreadable.into());
    }
    Ok(match (total.taken, total.refused, unread) {
        (_, 0, None) => ExitCode::Done,
        (0, _, _) => ExitCode::AllRefused,
        _ => ExitCode::SomeRefused,
    })
}

/// A file that can be read.
struct Opened {
    name: PathBuf,
    size: Option<u64>,
    /// Bytes that have been read, before they were unpacked.
    read: Arc<AtomicU64>,
    lines: Lines,
    receipt: PathBuf,
}

impl Opened {
    fn of(name: &Path, args: &PublishArgs) -> Result<Self, Failure> {
        let input = Input::open(name, args.format)?;
        let receipt = args.receipt.clone().unwrap_or_else(|| Receipt::beside(&input.name, input.format));
        let (name, size, read) = (input.name.clone(), input.size, Arc::clone(&input.read));
        let lines = Lines::of(input, args.kind.as_deref())?;
        Ok(Self { name, size, read, lines, receipt })
    }
}

/// What became of the lines of a file.
#[derive(Debug, Default)]
struct Tally {
    taken: u64,
    refused: u64,
    receipt: Option<PathBuf>,
    /// Why the file could not be read to its end.
    unread: Option<Unreadable>,
}

impl Tally {
    fn text(&self, context: &Context, name: &Path) -> String {
        let name = name.display();
        let mut text = match context.lang() {
            crate::text::Lang::Vi => format!("{name}: nhận {}, từ chối {}.\n", self.taken, self.refused),
            crate::text::Lang::En => format!("{name}: {} taken, {} refused.\n", self.taken, self.refused),
        };
        if let Some(unread) = &self.unread {
            text += &match context.lang() {
                crate::text::Lang::Vi => format!(
                    "{name}: không đọc được hết sau dòng {}: {}. Gửi lại cả tệp khi đã đủ; những gì đã nhận sẽ được nhận ra là trùng.\n",
                    unread.after_line, unread.cause
                ),
                crate::text::Lang::En => format!(
                    "{name}: cannot be read beyond line {}: {}. Publish the whole file again once it is complete; what was taken will be known as a duplicate.\n",
                    unread.after_line, unread.cause
                ),
            };
        }
        if let Some(receipt) = &self.receipt {
            let receipt = receipt.display();
            text += &match context.lang() {
                crate::text::Lang::Vi => format!(
                    "Các dòng bị từ chối, kèm lý do và cách sửa: {receipt}\nSửa rồi gửi lại: giaoban publish {receipt}\n"
                ),
                crate::text::Lang::En => format!(
                    "The refused lines, with reason and remedy: {receipt}\nCorrect them and send them again: giaoban publish {receipt}\n"
                ),
            };
        }
        text
    }
}

/// A line whose turn to be told of has not come: one before it is undecided, or it is itself.
struct Held {
    line: Line,
    fate: Fate,
}

/// What becomes of a line.
enum Fate {
    /// The log has not answered yet.
    Sent,
    Taken,
    Refused(Vec<ValidationError>),
}

/// At most so many lines are held, and so many bytes of them, whatever the log does: more than its own queue takes.
const HELD: (usize, usize) = (200_000, 256 << 20);

/// A producer with the lines that it was given.
struct Publisher<'a> {
    context: &'a Context,
    producer: Box<dyn Producer>,
    /// The event on its way.
    message: Outgoing,
    /// In the order of the file.
    held: VecDeque<Held>,
    held_bytes: usize,
    /// The tag of the next line.
    next: u64,
    /// Why the log takes nothing more.
    broken: Option<LogError>,
    /// The files so far, the last one is being read.
    files: Vec<String>,
    seen: Seen,
    /// How many lines contradict one before them.
    contradictions: u64,
}

impl<'a> Publisher<'a> {
    fn new(context: &'a Context) -> Result<Self, Failure> {
        let producer = context.log()?.producer(&context.settings.kafka.topic)?;
        let message = event_message(None, Vec::new());
        Ok(Self {
            context,
            producer,
            message,
            held: VecDeque::new(),
            held_bytes: 0,
            next: 0,
            broken: None,
            files: Vec::new(),
            seen: Seen::default(),
            contradictions: 0,
        })
    }

    fn file(&mut self, file: Opened) -> Result<Tally, Failure> {
        let Opened { name, size, read, lines, receipt } = file;
        let mut tally = Tally::default();
        let mut bar = Progress::of_bytes(&name.display().to_string());
        let mut receipt = Receipt::new(receipt, lines.header().map(<[u8]>::to_vec), lines.delimiter());
        self.tell_ignored(lines.ignored());
        let mut lines = CheckedLines::of(lines, Arc::clone(&self.context.rules), self.context.sources())
            .map_err(|error| Failure::io("thread", &error))?;
        while let Some((mut line, event)) = lines.next() {
            let fate = match event {
                Ok(good) => {
                    self.compare(&line, &good);
                    self.send(&mut line, good)
                }
                Err(errors) => Fate::Refused(errors),
            };
            self.held_bytes += line.bytes.len();
            self.held.push_back(Held { line, fate });
            self.next += 1;
            if self.next.is_multiple_of(1024) {
                bar.set(read.load(Ordering::Relaxed), size);
                let deliveries = self.producer.deliveries();
                self.settle(deliveries);
                self.tell(&mut receipt, &mut tally)?;
            }
            if self.held.len() >= HELD.0 || self.held_bytes >= HELD.1 {
                self.confirm(&mut receipt, &mut tally)?;
            }
        }
        tally.unread = lines.unread();
        self.confirm(&mut receipt, &mut tally)?;
        if tally.taken + tally.refused == 0 && tally.unread.is_none() {
            let line = Line { number: 1, bytes: Vec::new(), is_cut: false };
            self.refuse(
                &mut receipt,
                &mut tally,
                &line,
                &[ValidationError::new(crate::wire::Code::FileEmpty, "", "", "")],
            )?;
        }
        tally.receipt = receipt.finish()?;
        Ok(tally)
    }

    /// A column that is not read would be lost without a word.
    fn tell_ignored(&self, columns: &[(String, Option<String>)]) {
        let file = self.files.last().map_or("", String::as_str);
        for (column, like) in columns {
            let like = |ask: &str| like.as_ref().map(|name| format!("; {ask} \"{name}\"?")).unwrap_or_default();
            self.context.note(
                &format!("{file}: không đọc cột \"{column}\"{}", like("có phải ý là")),
                &format!("{file}: the column \"{column}\" is not read{}", like("did you mean")),
            );
        }
    }

    /// Tells a line that says something else of the same revision than one before it.
    fn compare(&mut self, line: &Line, good: &Good) {
        let file = self.files.len() - 1;
        let Some((other, number)) = self.seen.add(good.mark, (file, line.number)) else { return };
        self.contradictions += 1;
        if self.contradictions > SHOWN {
            if self.contradictions == SHOWN + 1 {
                self.context.note(
                    "… còn các dòng khác mâu thuẫn như vậy",
                    "… and other lines contradict one before them in the same way",
                );
            }
            return;
        }
        let event = good.event.as_deref().unwrap_or(&line.bytes);
        let Glimpse { source, subject, .. } = Glimpse::of(&Message { headers: &[], payload: Some(event) });
        let record = format!("{} {}", source.unwrap_or_default(), subject.unwrap_or_default());
        let (before, here) = match other == file {
            true => (String::new(), self.files[file].as_str()),
            false => (format!("{} ", self.files[other]), self.files[file].as_str()),
        };
        let line = line.number;
        self.context.note(
            &format!(
                "{here}: dòng {line} nói khác {before}dòng {number} về cùng hồ sơ {record} và cùng số lần sửa; cả hai đều được nhận nhưng chỉ một dòng được tính. Cho dòng sau số lần sửa cao hơn: cột \"revision\", hoặc giaoban correct."
            ),
            &format!(
                "{here}: line {line} contradicts {before}line {number}: the same record {record} and revision, another content; both are taken, only one counts. Give the later one a higher revision: the column \"revision\", or giaoban correct."
            ),
        );
    }

    fn send(&mut self, line: &mut Line, good: Good) -> Fate {
        if self.broken.is_none() {
            self.message.key = good.key.map(|code| code.as_str().as_bytes().to_vec());
            let is_line = good.event.is_none();
            // Lent, not copied: the producer takes its own copy.
            self.message.payload = good.event.unwrap_or_else(|| mem::take(&mut line.bytes));
            self.broken = self.producer.send(&self.message, self.next).err();
            if is_line {
                line.bytes = mem::take(&mut self.message.payload);
            }
        }
        match &self.broken {
            None => Fate::Sent,
            Some(_) => Fate::Refused(vec![not_taken("no acknowledgement")]),
        }
    }

    /// Waits until every line is decided.
    fn confirm(&mut self, receipt: &mut Receipt, tally: &mut Tally) -> Result<(), Failure> {
        let deliveries = self.producer.flush(CONFIRMED_WITHIN);
        self.settle(deliveries);
        // What no answer came for is not taken: the receipt has it, and sending it again is harmless.
        for held in self.held.iter_mut().filter(|held| matches!(held.fate, Fate::Sent)) {
            held.fate = Fate::Refused(vec![not_taken("no acknowledgement")]);
        }
        self.tell(receipt, tally)
    }

    fn settle(&mut self, deliveries: Vec<Delivery>) {
        let first = self.next - self.held.len() as u64;
        for delivery in deliveries {
            let index = delivery.tag.checked_sub(first).map(|index| index as usize);
            let Some(held) = index.and_then(|index| self.held.get_mut(index)) else { continue };
            held.fate = match delivery.result {
                Ok(_) => Fate::Taken,
                Err(error) => {
                    let refusal = not_taken(&error.to_string());
                    self.broken.get_or_insert(error);
                    Fate::Refused(vec![refusal])
                }
            };
        }
    }

    /// Counts the lines that are decided, up to the first that is not, and writes the receipt of those refused.
    fn tell(&mut self, receipt: &mut Receipt, tally: &mut Tally) -> Result<(), Failure> {
        while self.held.front().is_some_and(|first| !matches!(first.fate, Fate::Sent)) {
            let Some(Held { line, fate }) = self.held.pop_front() else { break };
            self.held_bytes -= line.bytes.len();
            match fate {
                Fate::Refused(errors) => self.refuse(receipt, tally, &line, &errors)?,
                _ => tally.taken += 1,
            }
        }
        Ok(())
    }

    fn refuse(
        &self,
        receipt: &mut Receipt,
        tally: &mut Tally,
        line: &Line,
        errors: &[ValidationError],
    ) -> Result<(), Failure> {
        tally.refused += 1;
        let lang = self.context.lang();
        if tally.refused <= SHOWN {
            for error in errors {
                let _ = writeln!(
                    std::io::stderr(),
                    "{} {}: {}",
                    self.context.say("dòng", "line"),
                    line.number,
                    error.message(lang)
                );
            }
        } else if tally.refused == SHOWN + 1 {
            self.context.note("… các dòng khác: xem phiếu trả", "… more lines: see the receipt");
        }
        receipt.add(line, errors, lang)
    }
}

fn not_taken(cause: &str) -> ValidationError {
    ValidationError::new(crate::wire::Code::DeliveryFailed, "", cause, "")
}
