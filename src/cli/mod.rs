//! The command line: parses, calls, and says how it ended. Results go to
//! standard output, everything else to standard error.

mod backup;
mod completion;
mod config;
mod correct;
mod demo;
mod dlq;
mod doctor;
mod man;
mod migrate;
mod overlaps;
mod publish;
mod record;
mod records;
mod replay;
mod report;
mod restore;
mod rollup;
mod schema;
mod serve;
mod top;
mod topics;
mod verify;
mod withdraw;
mod worker;

use std::path::PathBuf;

use clap::{Args, CommandFactory as _, Parser, Subcommand};

use crate::config::{Loaded, Origin, Overrides, Settings, environment, language, load};
use crate::failure::{ExitCode, Failure};
use crate::observability::COMMIT;
use crate::program::{Context, LogFormat, end_at_panics, misread, start_log};
use crate::terminal::note;
use crate::text::Lang;

/// What a command returns when nothing failed.
type Done = Result<ExitCode, Failure>;

/// Số liệu giám sát và vi phạm: từ sự kiện tới báo cáo quý · Supervision and violation events in, exact quarterly rollups out
#[derive(Parser, Debug)]
#[command(name = "giaoban", version, long_version = long_version(), max_term_width = 110, propagate_version = true)]
#[command(
    after_help = "Bắt đầu / To begin:\n  giaoban demo\n\nVí dụ / Example:\n  giaoban publish thang-3.csv --data giaoban-data\n  giaoban worker --until-caught-up --data giaoban-data\n  giaoban rollup --period 2020-Q1 --data giaoban-data\n\nMã thoát / Exit codes: docs/exit-codes.md"
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args, Debug)]
struct Global {
    /// Tệp cấu hình TOML · Configuration file [GIAOBAN_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Thư mục nhật ký nhúng và kho số liệu · Folder of the embedded log and the store [giaoban-data]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Ngôn ngữ · Language
    #[arg(long, global = true, value_parser = ["vi", "en"])]
    lang: Option<String>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Chạy thử toàn bộ với dữ liệu mẫu năm 2020 · The whole pipeline on a sample year 2020
    Demo(demo::DemoArgs),
    /// Gửi sự kiện từ tệp NDJSON, CSV · Publish events from NDJSON or CSV files
    Publish(publish::PublishArgs),
    /// Ghi một sự kiện · Record one event
    Record(record::RecordArgs),
    /// Đính chính một hồ sơ: bản tiếp theo · Correct a record: its next revision
    Correct(correct::CorrectArgs),
    /// Rút một hồ sơ: không còn được tính · Withdraw a record: it no longer counts
    Withdraw(withdraw::WithdrawArgs),
    /// Đưa sự kiện từ nhật ký vào kho số liệu · Take events from the log into the store
    Worker(worker::WorkerArgs),
    /// Trang số liệu, tình trạng và số liệu giám sát của một kho · Pages, health and metrics of a store, beside its workers
    Serve(serve::ServeArgs),
    /// Số liệu của một kỳ · The figures of a period
    Rollup(rollup::RollupArgs),
    /// Các hồ sơ đứng sau một con số · The records behind a figure
    Records(records::RecordsArgs),
    /// Số tổng hợp của biểu mẫu trùng với hồ sơ riêng lẻ · Form totals beside single records
    Overlaps(overlaps::OverlapsArgs),
    /// Báo cáo của một kỳ: HTML, CSV, JSON · The report of a period
    Report(report::ReportArgs),
    /// Dựng lại số liệu từ nhật ký và so sánh · Rebuild the figures from the log and compare
    Replay(replay::ReplayArgs),
    /// Chuyển sang PostgreSQL, sang Kafka · Move to PostgreSQL, to Kafka
    Migrate(migrate::MigrateArgs),
    /// Thư chết: xem, gửi lại, bỏ · Dead letters: look at them, send them again, give them up
    Dlq(dlq::DlqArgs),
    /// Đếm lại từ nhật ký và đối chiếu · Recount from the log and compare, beside the workers
    Verify(verify::VerifyArgs),
    /// Sao lưu thư mục dữ liệu đang dùng · Copy the data folder while it is in use
    Backup(backup::BackupArgs),
    /// Khôi phục từ bản sao lưu · Make a data folder of a copy
    Restore(restore::RestoreArgs),
    /// Topic của Kafka · Topics of Kafka
    Topics(topics::TopicsArgs),
    /// Lược đồ JSON và AsyncAPI của các sự kiện · JSON Schemas and AsyncAPI of the events
    Schema(schema::SchemaArgs),
    /// Tình trạng hệ thống trên màn hình · The state of the pipeline, at a terminal
    Top(top::TopArgs),
    /// Cấu hình đang có hiệu lực · The configuration in force
    Config(config::ConfigArgs),
    /// Kiểm tra cấu hình, Kafka, kho, đĩa, đồng hồ, đơn vị · Check configuration, broker, store, disk, clock, units
    Doctor(doctor::DoctorArgs),
    /// Tự điền lệnh trong bash, zsh, fish · Completion for bash, zsh, fish
    Completion(completion::CompletionArgs),
    /// Trang hướng dẫn man · Manual pages
    Man(man::ManArgs),
}

/// The version, and of which stores.
fn long_version() -> String {
    format!("{}\nStores: {}", env!("CARGO_PKG_VERSION"), crate::store::versions())
}

/// Runs the program on the process's arguments and environment.
pub fn run() -> ExitCode {
    let (environment, readable) = environment(std::env::vars_os());
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misread(&error, &environment),
    };
    let overrides = Overrides { config: cli.global.config, data: cli.global.data, lang: cli.global.lang };
    let loaded = match readable.and_then(|()| load(&overrides, &environment)) {
        Ok(loaded) => loaded,
        Err(error) => return fail(&Failure::from(error), language(&overrides, &environment)),
    };
    let (lang, goes_on) = (loaded.settings.lang, cli.command.goes_on());
    let format = start_log(&loaded.settings.log);
    end_at_panics();
    if goes_on {
        tell_start(&loaded);
    }
    let failed = |failure: Failure| match format {
        LogFormat::Json if goes_on => end(&failure, lang),
        _ => fail(&failure, lang),
    };
    dispatch(cli.command, loaded, overrides.data.is_some()).unwrap_or_else(failed)
}

impl Command {
    /// Whether it goes on until it is stopped: a program that others watch by its log.
    fn goes_on(&self) -> bool {
        matches!(self, Self::Worker(_) | Self::Serve(_))
    }
}

/// The first line of the log of a program that goes on: what it is, and what it was told.
fn tell_start(loaded: &Loaded) {
    let Settings { general, kafka, store, .. } = &loaded.settings;
    let changed = loaded.shown.iter().filter(|(_, _, origin)| *origin != Origin::Default);
    let changed: Vec<String> = changed.map(|(key, value, _)| format!("{key}={value}")).collect();
    tracing::info!(
        event = "started",
        version = env!("CARGO_PKG_VERSION"),
        commit = COMMIT,
        store = if store.is_shared() { "postgresql" } else { "sqlite" },
        log = ?kafka.log_kind(),
        group = kafka.group,
        data = %general.data.display(),
        settings = changed.join(", "),
        "begun"
    );
}

/// The last line of the log of a program that others watch by it: why it ends, and what to do.
fn end(failure: &Failure, lang: Lang) -> ExitCode {
    let (error, remedy, code) = (failure.what().get(lang), failure.remedy().get(lang), failure.code());
    tracing::error!(event = "failed", error, remedy, code = code as u8, "ended by a failure");
    code
}

fn dispatch(command: Command, mut loaded: Loaded, data_named: bool) -> Done {
    // These work also where the rules do not load.
    let context = |loaded: Loaded| Context::new(loaded.settings);
    match command {
        Command::Config(args) => config::run(&loaded, &args),
        Command::Schema(args) => schema::run(&args),
        Command::Completion(args) => completion::run(Cli::command(), &args),
        Command::Man(args) => man::run(Cli::command(), &args),
        Command::Doctor(args) => doctor::run(loaded.settings, &args),
        Command::Demo(args) => {
            args.adjust(&mut loaded.settings, data_named);
            demo::run(&context(loaded)?, &args)
        }
        Command::Publish(args) => publish::run(&context(loaded)?, &args),
        Command::Record(args) => record::run(&context(loaded)?, &args),
        Command::Correct(args) => correct::run(&context(loaded)?, &args),
        Command::Withdraw(args) => withdraw::run(&context(loaded)?, &args),
        Command::Worker(args) => worker::run(&context(loaded)?, &args),
        Command::Serve(args) => serve::run(context(loaded)?, &args),
        Command::Rollup(args) => rollup::run(&context(loaded)?, &args),
        Command::Records(args) => records::run(&context(loaded)?, &args),
        Command::Overlaps(args) => overlaps::run(&context(loaded)?, &args),
        Command::Report(args) => report::run(&context(loaded)?, &args),
        Command::Replay(args) => replay::run(&context(loaded)?, &args),
        Command::Migrate(args) => migrate::run(&context(loaded)?, &args),
        Command::Dlq(args) => dlq::run(&context(loaded)?, &args),
        Command::Verify(args) => verify::run(&context(loaded)?, &args),
        Command::Backup(args) => backup::run(&context(loaded)?, &args),
        Command::Restore(args) => restore::run(&context(loaded)?, &args),
        Command::Top(args) => top::run(&context(loaded)?, &args),
        Command::Topics(args) => topics::run(&context(loaded)?, &args),
    }
}

fn fail(failure: &Failure, lang: Lang) -> ExitCode {
    let text = crate::text::failure::error_and_remedy(failure.what(), failure.remedy());
    note(text.get(lang));
    failure.code()
}
