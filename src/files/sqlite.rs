//! What the store and the embedded log have in common as SQLite files: whose a
//! file is, what an error means for it, and a copy of one moment, made while
//! others write. Knows nothing of what is in them.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, Error, ErrorCode, OpenFlags};

use super::{FileIdentity, Inspected, Inspection, WholeFile, create_file};

/// Pages that are copied between two reports of progress.
const STEP: i32 = 4_096;
/// How often it is looked whether the time for a look at all pages is over.
const TICK: Duration = Duration::from_millis(100);

/// Opens a file. One that is made is nobody else's to read, and so are those that SQLite keeps beside it.
pub(crate) fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    if flags.contains(OpenFlags::SQLITE_OPEN_CREATE) {
        // Where it cannot be made, SQLite says why.
        let _ = create_file(path);
    }
    Connection::open_with_flags(path, flags)
}

/// The schema version of a file of that application, 0 for an empty one; `None` if it is another program's.
pub(crate) fn version(connection: &Connection, application_id: i64) -> rusqlite::Result<Option<i64>> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (version, application) = (pragma("user_version")?, pragma("application_id")?);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let ours = application == application_id || (version, application, tables) == (0, 0, 0);
    Ok(ours.then_some(version))
}

/// Where the write-ahead log of a file is.
pub(crate) fn wal_of(file: &Path) -> PathBuf {
    let mut wal = file.as_os_str().to_owned();
    wal.push("-wal");
    wal.into()
}

/// The files of a database that is open for writing, and whether they still are the ones that were opened.
#[derive(Debug)]
pub(crate) struct OpenFiles {
    file: FileIdentity,
    wal: FileIdentity,
}

impl OpenFiles {
    /// Those of that database.
    pub(crate) fn of(file: &Path) -> Self {
        Self { file: FileIdentity::of(file.to_owned()), wal: FileIdentity::of(wal_of(file)) }
    }

    /// Which of them was removed or replaced, if any was: also the one into which a backup was copied, which is no
    /// longer one that is kept with a write-ahead log.
    pub(crate) fn replaced(&mut self) -> Option<&Path> {
        if self.file.is_replaced() || !is_kept_with_wal(self.file.path()) {
            return Some(self.file.path());
        }
        self.wal.is_replaced().then(|| self.wal.path())
    }
}

/// What its header says; true of one that cannot be read, which says nothing.
fn is_kept_with_wal(file: &Path) -> bool {
    let mut versions = [0; 2];
    let read = File::open(file).and_then(|file| file.read_exact_at(&mut versions, 18));
    read.is_err() || versions == [2, 2]
}

/// Whether there is no space left.
pub(crate) fn is_full(error: &Error) -> bool {
    // The file of shared memory does not grow on a full disk, and SQLite does not call that full.
    is_of_file(error, |error| matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded))
        || error.sqlite_error_code() == Some(ErrorCode::DiskFull)
        || error.sqlite_error().is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE)
}

/// Whether the place cannot be read or written. An input/output error counts
/// too: it does not pass by trying again, and a caller that did would hang.
pub(crate) fn is_unwritable(error: &Error) -> bool {
    use ErrorCode::{CannotOpen, PermissionDenied, ReadOnly, SystemIoFailure};
    is_of_file(error, |_| true)
        || matches!(error.sqlite_error_code(), Some(ReadOnly | CannotOpen | PermissionDenied | SystemIoFailure))
}

/// Whether it is the system's word about a file that is copied, and that one.
fn is_of_file(error: &Error, which: impl Fn(&std::io::Error) -> bool) -> bool {
    matches!(error, Error::ToSqlConversionFailure(inner) if inner.downcast_ref().is_some_and(which))
}

/// Copies what the connection sees to a new file. Told how many pages are done, of how many.
pub(crate) fn copy(from: &Connection, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> rusqlite::Result<()> {
    // A reader's transaction keeps the moment, or each commit of a writer would make the copy begin anew.
    let held = from.is_autocommit();
    if held {
        from.execute_batch("BEGIN")?;
    }
    from.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    let of_io = |error: std::io::Error| Error::ToSqlConversionFailure(error.into());
    let copied = WholeFile::create(to).map_err(of_io).and_then(|file| {
        copy_pages(from, file.partial(), progress)?;
        file.finish().map_err(of_io)
    });
    if held {
        from.execute_batch("COMMIT")?;
    }
    copied
}

/// Reads every page.
///
/// # Errors
/// If one is damaged, with which.
pub(crate) fn check(connection: &Connection) -> rusqlite::Result<()> {
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found == "ok" {
        return Ok(());
    }
    Err(Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT), Some(found)))
}

/// The same within that time.
///
/// # Errors
/// If one is damaged, with which.
pub(crate) fn inspect(connection: &Connection, inspection: &Inspection<'_>) -> rusqlite::Result<Inspected> {
    let (handle, begun) = (connection.get_interrupt_handle(), Instant::now());
    let (done, is_done) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let left = || inspection.within.saturating_sub(begun.elapsed());
            while is_done.recv_timeout(left().clamp(TICK / 100, TICK)) == Err(RecvTimeoutError::Timeout) {
                (inspection.tick)(begun.elapsed());
                if left().is_zero() {
                    handle.interrupt();
                }
            }
        });
        let checked = check(connection);
        drop(done);
        match checked {
            Ok(()) => Ok(Inspected::Whole),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
                Ok(Inspected::Unfinished)
            }
            Err(error) => Err(error),
        }
    })
}

fn copy_pages(from: &Connection, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> rusqlite::Result<()> {
    let mut copy = Connection::open(to)?;
    {
        let backup = Backup::new(from, &mut copy)?;
        loop {
            let step = backup.step(STEP)?;
            let pages = backup.progress();
            let (all, left) = (pages.pagecount.unsigned_abs(), pages.remaining.unsigned_abs());
            progress(u64::from(all - left), u64::from(all));
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                _ => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
    // One file, not three.
    copy.pragma_update(None, "journal_mode", "delete")?;
    check(&copy)?;
    copy.close().map_err(|(_, error)| error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_read_within_a_time_and_a_damaged_one_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        let writer = Connection::open(&path).unwrap();
        writer.execute_batch("CREATE TABLE t (x TEXT)").unwrap();
        writer
            .execute_batch("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000) INSERT INTO t SELECT hex(i) || 'some text that fills pages' FROM n")
            .unwrap();
        let look = |within| inspect(&Connection::open(&path).unwrap(), &Inspection { within, tick: &|_| {} });
        assert_eq!(look(Duration::from_secs(60)).unwrap(), Inspected::Whole);
        assert_eq!(look(Duration::ZERO).unwrap_or(Inspected::Whole), Inspected::Unfinished);
        drop(writer);
        let file = File::options().write(true).open(&path).unwrap();
        file.write_all_at(&[0xAB; 4096], 4096 * 40).unwrap();
        assert_eq!(look(Duration::from_secs(60)).unwrap_err().sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt));
    }

    #[test]
    fn a_copy_is_of_one_moment_and_a_writer_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let writer = Connection::open(dir.path().join("a.db")).unwrap();
        writer.pragma_update(None, "journal_mode", "wal").unwrap();
        writer.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(40000000)), ('last')").unwrap();
        let reader = Connection::open(dir.path().join("a.db")).unwrap();
        let to = dir.path().join("b.db");
        let mut steps = 0;
        copy(&reader, &to, &mut |done, of| {
            assert!(done <= of && !to.exists(), "no half copy has the name");
            writer.execute_batch("INSERT INTO t VALUES ('later')").unwrap();
            steps += 1;
        })
        .unwrap();
        assert!(steps > 1);
        let copied = Connection::open(&to).unwrap();
        let rows: i64 = copied.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 2);
    }
}
