//! `giaoban publish`: events from files into the log. Each line is checked, the
//! good ones go, and the bad ones come back in a receipt that can be corrected
//! and sent again as it is.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use rustc_hash::FxHashMap;

use super::context::{Context, Done, event_message, print};
use super::error::Failure;
use super::input::{Input, Line, Lines, Unreadable};
use super::progress::Progress;
use super::receipt::Receipt;
use crate::domain::UnitCode;
use crate::exit::ExitCode;
use crate::log::{Delivery, LogError, Producer};
use crate::wire::decode::Decoder;
use crate::wire::{AllowedSources, Breach, Message};

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

/// Runs the command.
pub fn run(context: &Context, args: &PublishArgs) -> Done {
    if args.receipt.is_some() && args.files.len() > 1 {
        return Err(Failure::other(
            ExitCode::Usage,
            ("--receipt chỉ dùng với một tệp", "--receipt goes with a single file"),
            ("Bỏ --receipt: mỗi tệp có phiếu trả riêng.", "Leave --receipt out: each file has a receipt of its own."),
        ));
    }
    // Opened first, so that a mistyped name stops everything before anything is sent.
    let inputs = args.files.iter().map(|file| Input::open(file, args.format)).collect::<Result<Vec<_>, _>>()?;
    let mut publisher = Publisher::new(context)?;
    let mut total = Tally::default();
    let mut unread = None;
    for input in inputs {
        let name = input.name.clone();
        let receipt = args.receipt.clone().unwrap_or_else(|| Receipt::beside(&input.name, input.format));
        let tally = publisher.file(input, args.kind.as_deref(), receipt)?;
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
            crate::wire::Lang::Vi => format!("{name}: nhận {}, từ chối {}.\n", self.taken, self.refused),
            crate::wire::Lang::En => format!("{name}: {} taken, {} refused.\n", self.taken, self.refused),
        };
        if let Some(unread) = &self.unread {
            text += &match context.lang() {
                crate::wire::Lang::Vi => format!(
                    "{name}: không đọc được hết sau dòng {}: {}. Gửi lại cả tệp khi đã đủ; những gì đã nhận sẽ được nhận ra là trùng.\n",
                    unread.after_line, unread.cause
                ),
                crate::wire::Lang::En => format!(
                    "{name}: cannot be read beyond line {}: {}. Publish the whole file again once it is complete; what was taken will be known as a duplicate.\n",
                    unread.after_line, unread.cause
                ),
            };
        }
        if let Some(receipt) = &self.receipt {
            let receipt = receipt.display();
            text += &match context.lang() {
                crate::wire::Lang::Vi => format!(
                    "Các dòng bị từ chối, kèm lý do và cách sửa: {receipt}\nSửa rồi gửi lại: giaoban publish {receipt}\n"
                ),
                crate::wire::Lang::En => format!(
                    "The refused lines, with reason and remedy: {receipt}\nCorrect them and send them again: giaoban publish {receipt}\n"
                ),
            };
        }
        text
    }
}

/// A producer with what it takes to check lines.
struct Publisher<'a> {
    context: &'a Context,
    producer: Box<dyn Producer>,
    decoder: Decoder,
    sources: AllowedSources,
    /// Lines that the log has not acknowledged yet.
    pending: FxHashMap<u64, Line>,
    sent: u64,
    /// Why the log takes nothing more.
    broken: Option<LogError>,
}

impl<'a> Publisher<'a> {
    fn new(context: &'a Context) -> Result<Self, Failure> {
        let settings = &context.settings;
        let producer = context.log()?.producer(&settings.kafka.topic)?;
        let sources = context.sources();
        Ok(Self {
            context,
            producer,
            decoder: Decoder::new(),
            sources,
            pending: FxHashMap::default(),
            sent: 0,
            broken: None,
        })
    }

    fn file(&mut self, input: Input, kind: Option<&str>, receipt: PathBuf) -> Result<Tally, Failure> {
        let mut tally = Tally::default();
        let mut bar = Progress::new(&input.name.display().to_string());
        let size = input.size;
        let mut lines = Lines::of(input, kind)?;
        let mut receipt = Receipt::new(receipt, lines.header().map(<[u8]>::to_vec), lines.delimiter());
        loop {
            match lines.next() {
                None => break,
                Some(Err(unreadable)) => {
                    tally.unread = Some(unreadable);
                    break;
                }
                Some(Ok((line, event))) => match event.and_then(|event| self.check(&event).map(|key| (key, event))) {
                    Ok((key, event)) => self.send(line, key, event),
                    Err(breaches) => self.refuse(&mut receipt, &mut tally, &line, &breaches)?,
                },
            }
            if self.sent.is_multiple_of(1024) {
                bar.set(lines.read_bytes(), size);
                let deliveries = self.producer.deliveries();
                self.settle(deliveries, &mut receipt, &mut tally)?;
            }
        }
        let deliveries = self.producer.flush(CONFIRMED_WITHIN);
        self.settle(deliveries, &mut receipt, &mut tally)?;
        // What no answer came for is not taken: the receipt has it, and sending it again is harmless.
        let mut unanswered: Vec<_> = self.pending.drain().collect();
        unanswered.sort_unstable_by_key(|(tag, _)| *tag);
        for (_, line) in unanswered {
            let breach = not_taken("no acknowledgement");
            self.refuse(&mut receipt, &mut tally, &line, &[breach])?;
        }
        if tally.taken + tally.refused == 0 && tally.unread.is_none() {
            let line = Line { number: 1, bytes: Vec::new() };
            self.refuse(&mut receipt, &mut tally, &line, &[Breach::new(crate::wire::Code::FileEmpty, "", "", "")])?;
        }
        tally.receipt = receipt.finish()?;
        Ok(tally)
    }

    /// The event's key, if it keeps every rule.
    fn check(&mut self, event: &[u8]) -> Result<Option<UnitCode>, Vec<Breach>> {
        let message = Message { headers: &[], payload: Some(event) };
        self.decoder.decode(&message, &self.context.rules, &self.sources).map(|event| event.partition_key)
    }

    fn send(&mut self, line: Line, key: Option<UnitCode>, event: Vec<u8>) {
        let tag = self.sent;
        self.sent += 1;
        self.pending.insert(tag, line);
        if self.broken.is_some() {
            return;
        }
        let message = event_message(key.as_ref().map(UnitCode::as_str), event);
        if let Err(error) = self.producer.send(message, tag) {
            self.broken = Some(error);
        }
    }

    fn settle(&mut self, deliveries: Vec<Delivery>, receipt: &mut Receipt, tally: &mut Tally) -> Result<(), Failure> {
        for delivery in deliveries {
            let Some(line) = self.pending.remove(&delivery.tag) else { continue };
            match delivery.result {
                Ok(_) => tally.taken += 1,
                Err(error) => {
                    let breach = not_taken(&error.to_string());
                    self.broken.get_or_insert(error);
                    self.refuse(receipt, tally, &line, &[breach])?;
                }
            }
        }
        Ok(())
    }

    fn refuse(
        &self,
        receipt: &mut Receipt,
        tally: &mut Tally,
        line: &Line,
        breaches: &[Breach],
    ) -> Result<(), Failure> {
        /// On the terminal; the receipt has them all.
        const SHOWN: u64 = 20;
        tally.refused += 1;
        let lang = self.context.lang();
        if tally.refused <= SHOWN {
            for breach in breaches {
                let _ = writeln!(
                    std::io::stderr(),
                    "{} {}: {}",
                    self.context.say("dòng", "line"),
                    line.number,
                    breach.message(lang)
                );
            }
        } else if tally.refused == SHOWN + 1 {
            self.context.note("… các dòng khác: xem phiếu trả", "… more lines: see the receipt");
        }
        receipt.add(line, breaches, lang)
    }
}

fn not_taken(cause: &str) -> Breach {
    Breach::new(crate::wire::Code::DeliveryFailed, "", cause, "")
}
