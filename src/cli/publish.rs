//! `giaoban publish`: events from files into the log. Each line is checked, the
//! good ones go, and the bad ones come back in a receipt that can be corrected
//! and sent again as it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::Done;
use crate::failure::{ExitCode, Failure, FailureKind};
use crate::files::is_same;
use crate::intake::input::{EventInput, InputFormat};
use crate::intake::reader::EventReader;
use crate::intake::receipt::{Receipt, Receipted};
use crate::intake::submit::{Notice, Submission, Submitted};
use crate::program::Context;
use crate::terminal::print;
use crate::terminal::progress::Progress;
use crate::text::safe::visible;
use crate::text::{Lang, Text, cli_publish as says, intake};

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
    /// Nơi ghi các dòng bị từ chối, khi chỉ có một tệp; không ghi đè tệp nào · Where refused lines go, for a single file; replaces none
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
}

impl ValueEnum for InputFormat {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Ndjson, Self::Csv]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Ndjson => PossibleValue::new("ndjson").help("One CloudEvent in JSON on each line"),
            Self::Csv => PossibleValue::new("csv").help("A table, one record on each row"),
        })
    }
}

/// So many lines that are refused are shown on the terminal; the receipt has them all. As many that contradict others.
const SHOWN: u64 = 20;

/// Runs the command.
pub fn run(context: &Context, args: &PublishArgs) -> Done {
    if args.receipt.is_some() && args.files.len() > 1 {
        return Err(Failure::new(FailureKind::Request, says::receipt_with_one_file(), says::leave_receipt_out()));
    }
    if let Some(receipt) = args.receipt.as_deref().filter(|receipt| is_no_file(receipt)) {
        return Err(Failure::new(
            FailureKind::Request,
            says::receipt_is_no_file(shown(receipt)),
            says::other_receipt(),
        ));
    }
    if let Some((receipt, input)) = args.receipt.as_deref().zip(args.files.first())
        && is_same(receipt, read_from(input))
    {
        let what = says::receipt_is_input(shown(receipt));
        return Err(Failure::new(FailureKind::Request, what, says::other_receipt()));
    }
    // Opened first, so that a mistyped name or a wrong header stops everything before anything is sent.
    let open = |name: &PathBuf| Opened::of(name, args, context.lang());
    let files = args.files.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    let names: Vec<String> = files.iter().map(|file| shown(&file.name)).collect();
    let producer = context.log()?.producer(&context.settings.kafka.topic)?;
    let mut run = Run { context, submission: Submission::new(producer), names, contradictions: 0, lost: None };
    let (mut taken, mut refused, mut is_unread) = (0, 0, false);
    for (index, file) in files.into_iter().enumerate() {
        let tally = run.file(index, file)?;
        taken += tally.taken;
        refused += tally.refused;
        is_unread |= tally.unread.is_some();
    }
    run.submission.finish()?;
    if let Some(lost) = run.lost {
        return Err(lost);
    }
    Ok(match (taken, refused, is_unread) {
        (_, 0, false) => ExitCode::Done,
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
    reader: EventReader,
    receipt: Receipt,
}

impl Opened {
    fn of(name: &Path, args: &PublishArgs, lang: Lang) -> Result<Self, Failure> {
        let input = EventInput::open(name, args.format)?;
        let receipt = args.receipt.clone().unwrap_or_else(|| Receipt::beside(&input.name, input.format));
        let (name, size, read) = (input.name.clone(), input.size, Arc::clone(&input.read));
        let reader = EventReader::of(input, args.kind.as_deref())?;
        let receipt = Receipt::new(receipt, reader.receipt_form(), lang);
        Ok(Self { name, size, read, reader, receipt })
    }
}

/// One run over all files.
struct Run<'a> {
    context: &'a Context,
    submission: Submission,
    /// Of the files.
    names: Vec<String>,
    /// How many lines contradict one before them.
    contradictions: u64,
    /// The first receipt that cannot be written.
    lost: Option<Failure>,
}

impl Run<'_> {
    /// Submits a file, and prints what became of it.
    fn file(&mut self, index: usize, file: Opened) -> Result<Submitted, Failure> {
        let Self { context, submission, names, contradictions, lost } = self;
        let Opened { name, size, read, reader, mut receipt } = file;
        let name = shown(&name);
        let mut bar = Progress::of_bytes(&name);
        // A column that is not read would be lost without a word.
        for (column, like) in reader.ignored() {
            context.note(&match like {
                Some(like) => says::column_not_read_like(&name, column, like),
                None => says::column_not_read(&name, column),
            });
        }
        let mut told: u64 = 0;
        let lines = context.checker().lines(reader).map_err(|error| Failure::io("thread", &error))?;
        let tally = submission.take(lines, |notice| {
            match notice {
                Notice::Progress => bar.set(read.load(Ordering::Relaxed), size),
                Notice::Contradiction { line, other_input, other_line, source, subject } => {
                    *contradictions += 1;
                    let other = match other_input == index {
                        true => says::line(other_line),
                        false => says::line_of(names.get(other_input).map_or("", String::as_str), other_line),
                    };
                    match *contradictions {
                        ..=SHOWN => {
                            context.note(&says::contradiction(&name, line, other, format!("{source} {subject}")));
                        }
                        count if count == SHOWN + 1 => context.note(&says::more_contradictions()),
                        _ => {}
                    }
                }
                Notice::Refused { line, errors } => {
                    told += 1;
                    match told {
                        ..=SHOWN => errors.iter().for_each(|error| {
                            context.note(&intake::on_line(line.number, error.message(context.lang())));
                        }),
                        count if count == SHOWN + 1 => context.note(&says::more_refused()),
                        _ => {}
                    }
                    receipt.add(line, errors);
                }
                Notice::Empty { error } => {
                    context.note(&Text::same(format!("{name}: {}", error.message(context.lang()))));
                }
            }
            Ok::<(), Failure>(())
        })?;
        drop(bar);
        let mut text = vec![says::tally(&name, tally.taken, tally.refused)];
        text.extend(tally.unread.as_ref().map(|unread| match unread.limit() {
            Some(limit) => says::ended(&name, unread.after_line, limit.text()),
            None => says::unread(&name, unread.after_line, &unread.cause),
        }));
        match receipt.finish() {
            Receipted::Nothing => {}
            Receipted::Kept { path } => text.push(says::receipt(shown(&path))),
            Receipted::Lost { path, cause } => {
                let what = says::receipt_lost(shown(&path), cause, tally.refused);
                lost.get_or_insert(Failure::new(FailureKind::CannotWrite, what, says::send_again_with_receipt()));
            }
        }
        print(&text.iter().map(|text| text.get(context.lang())).collect::<String>())?;
        Ok(tally)
    }
}

/// A file's name on one line.
fn shown(name: &Path) -> String {
    visible(&name.display().to_string()).into_owned()
}

/// Whether a receipt there would not be a file of its own: a device, a pipe, a folder, or where this program writes.
fn is_no_file(path: &Path) -> bool {
    path.as_os_str() == "-"
        || fs::metadata(path).is_ok_and(|there| !there.is_file())
        || ["/dev/fd/1", "/dev/fd/2"].iter().any(|out| is_same(path, Path::new(out)))
}

/// The file that an input is read from.
fn read_from(input: &Path) -> &Path {
    if input.as_os_str() == "-" { Path::new("/dev/stdin") } else { input }
}
