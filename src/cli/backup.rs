//! `giaoban backup` and `giaoban restore`: a copy of the data folder made while
//! it is in use, and a data folder made of such a copy. A restored store is an
//! earlier moment; a worker brings it from there to exact figures by the log.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::Done;
use crate::failure::{ExitCode, Failure};
use crate::files::WholeFile;
use crate::log::embedded::EmbeddedLog;
use crate::program::Context;
use crate::store::sqlite::SqliteStore;
use crate::store::{DataDir, ReadLedger as _, StorePlace};
use crate::terminal::print;
use crate::terminal::progress::Progress;

/// The options of `giaoban backup`.
#[derive(Args, Debug)]
#[command(
    after_help = "Ví dụ / Example:\n  giaoban backup sao-luu/2020-12-15 --data giaoban-data   # worker vẫn chạy / the worker goes on"
)]
pub struct BackupArgs {
    /// Thư mục mới cho bản sao · A new folder for the copy
    #[arg(value_name = "DIR")]
    to: PathBuf,
}

/// The options of `giaoban restore`.
#[derive(Args, Debug)]
#[command(
    after_help = "Ví dụ / Example:\n  giaoban restore sao-luu/2020-12-15 --data giaoban-data\n  giaoban worker --until-caught-up --data giaoban-data    # bắt kịp nhật ký / catches up with the log"
)]
pub struct RestoreArgs {
    /// Thư mục của bản sao · The folder of the copy
    #[arg(value_name = "DIR")]
    from: PathBuf,
    /// Dời kho đang có sang một bên thay vì từ chối · Move the store that is there aside instead of refusing
    #[arg(long)]
    replace: bool,
}

/// Runs `giaoban backup`.
pub fn backup(context: &Context, args: &BackupArgs) -> Done {
    let StorePlace::Folder(data) = context.place()? else { return Err(on_postgres()) };
    let generation = data.current()?;
    let mut store = SqliteStore::read(&data.store_file(generation))?;
    let to = &args.to;
    let io = |error: std::io::Error| Failure::io(to.display(), &error);
    if to.exists() && fs::read_dir(to).map_err(io)?.next().is_some() {
        return Err(Failure::other(
            ExitCode::Usage,
            (format!("{} đã có tệp bên trong", to.display()), format!("{} is there and not empty", to.display())),
            ("Chọn một thư mục mới.", "Choose a new folder."),
        ));
    }
    fs::create_dir_all(to).map_err(io)?;
    let mut bar = Progress::new(context.say("sao lưu", "backing up"));
    let copy = DataDir::at(to);
    // The store first: whatever the log has more, it catches up with.
    store.back_up(&copy.store_file(generation), &mut |done, of| bar.set(done, Some(of)))?;
    let embedded = context.settings.kafka.brokers.is_empty() && EmbeddedLog::is_in(data.path());
    if embedded {
        let log = EmbeddedLog::open(data.path())?;
        log.back_up(&EmbeddedLog::file_in(to), &mut |done, of| bar.set(done, Some(of)))?;
    }
    // Last: a copy that has this file is whole.
    copy.name(generation)?;
    drop(bar);
    let (records, to) = (store.record_count()?, to.display());
    let what_vi = if embedded { "kho và nhật ký" } else { "kho (nhật ký nằm ở Kafka)" };
    let what_en = if embedded { "store and log" } else { "store (the log is Kafka's)" };
    print(&match context.lang() {
        crate::text::Lang::Vi => {
            format!("Đã sao lưu {what_vi} vào {to}: {records} hồ sơ.\nKhôi phục: giaoban restore {to} --data THƯ-MỤC\n")
        }
        crate::text::Lang::En => {
            format!("Backed up {what_en} to {to}: {records} records.\nTo restore: giaoban restore {to} --data DIR\n")
        }
    })?;
    Ok(ExitCode::Done)
}

/// Runs `giaoban restore`.
pub fn restore(context: &Context, args: &RestoreArgs) -> Done {
    let StorePlace::Folder(data) = context.place()? else { return Err(on_postgres()) };
    let copy = DataDir::at(&args.from);
    let generation = copy.named()?.ok_or_else(|| not_whole(&args.from))?;
    // Read before anything is touched: a folder that is no copy is refused.
    let records = SqliteStore::read(&copy.store_file(generation))?.record_count()?;
    let data = DataDir::create(data.path())?;
    let _lock = data.lock_writer()?;
    let stores = stores_in(data.path())?;
    let aside = match (stores.is_empty(), args.replace) {
        (true, _) => None,
        (false, true) => Some(move_aside(data.path(), &stores)?),
        (false, false) => {
            let at = data.path().display();
            return Err(Failure::other(
                ExitCode::Usage,
                (format!("{at} đã có kho số liệu"), format!("{at} has a store already")),
                (
                    "Chọn --data khác, hoặc dời kho đang có sang một bên: --replace.",
                    "Choose another --data, or move the one that is there aside: --replace.",
                ),
            ));
        }
    };
    place(&copy.store_file(generation), &data.store_file(generation))?;
    let (log, its_log) = (EmbeddedLog::file_in(data.path()), EmbeddedLog::file_in(&args.from));
    let kept = log.exists();
    if !kept && its_log.exists() {
        place(&its_log, &log)?;
    }
    data.name(generation)?;
    if let Some(aside) = aside {
        let aside = aside.display();
        context.note(
            &format!("Kho trước đó đã được dời sang {aside}; xóa khi không cần nữa."),
            &format!("The store that was there is in {aside}; remove it when it is not needed."),
        );
    }
    if kept && its_log.exists() {
        context.note(
            "Nhật ký đang có được giữ nguyên: nó mới hơn bản sao.",
            "The log that was there stays: it has what came after the copy.",
        );
    }
    let at = data.path().display();
    print(&match context.lang() {
        crate::text::Lang::Vi => {
            format!(
                "Đã khôi phục {records} hồ sơ vào {at}.\nBắt kịp nhật ký: giaoban worker --until-caught-up --data {at}\n"
            )
        }
        crate::text::Lang::En => {
            format!(
                "Restored {records} records to {at}.\nTo catch up with the log: giaoban worker --until-caught-up --data {at}\n"
            )
        }
    })?;
    Ok(ExitCode::Done)
}

fn on_postgres() -> Failure {
    Failure::other(
        ExitCode::Usage,
        ("kho nằm trên PostgreSQL, không phải trong thư mục", "the store is on PostgreSQL, not in the folder"),
        (
            "Sao lưu bằng công cụ của PostgreSQL: pg_dump --schema=giaoban; xem docs/operators.md.",
            "Back it up with PostgreSQL's own tools: pg_dump --schema=giaoban; see docs/operators.md.",
        ),
    )
}

/// A folder without the file that a backup writes last.
fn not_whole(dir: &Path) -> Failure {
    let dir = dir.display();
    Failure::other(
        ExitCode::Store,
        (
            format!("{dir} không phải là bản sao đầy đủ: không có tệp CURRENT, tệp mà giaoban backup ghi sau cùng"),
            format!("{dir} is no whole copy: it lacks the file CURRENT, which giaoban backup writes last"),
        ),
        (
            "Kiểm tra lại đường dẫn; nếu lần sao lưu đó đã bị ngắt giữa chừng, hãy dùng một bản sao khác. Bản sao đầy đủ của phiên bản trước: ghi store-1.db vào tệp CURRENT trong đó.",
            "Check the path; if that backup was interrupted, use another copy. Of a whole copy by an earlier version: write store-1.db into a file CURRENT there.",
        ),
    )
}

/// The files of every generation, and which is in force.
fn stores_in(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let io = |error: std::io::Error| Failure::io(dir.display(), &error);
    let mut stores = Vec::new();
    for entry in fs::read_dir(dir).map_err(io)? {
        let entry = entry.map_err(io)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == "CURRENT" || (name.starts_with("store-") && name.contains(".db")) {
            stores.push(entry.path());
        }
    }
    Ok(stores)
}

fn move_aside(dir: &Path, stores: &[PathBuf]) -> Result<PathBuf, Failure> {
    let aside = dir.join(format!("before-restore-{}", jiff::Timestamp::now().as_second()));
    let io = |error: std::io::Error| Failure::io(aside.display(), &error);
    fs::create_dir(&aside).map_err(io)?;
    for store in stores {
        let name = store.file_name().unwrap_or_default();
        fs::rename(store, aside.join(name)).map_err(io)?;
    }
    Ok(aside)
}

fn place(from: &Path, to: &Path) -> Result<(), Failure> {
    let file = WholeFile::at(to);
    fs::copy(from, file.partial()).and_then(|_| file.finish()).map_err(|error| Failure::io(to.display(), &error))
}
