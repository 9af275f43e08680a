//! A copy of a SQLite file at one moment, made while others write it: what the
//! store and the embedded log are backed up with. Knows nothing of what is in it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

/// Pages that are copied between two reports of progress.
const STEP: i32 = 4_096;

/// Copies what the connection sees to a new file, which has its name only when it
/// is whole and durable. Told how many pages are done, of how many.
pub(crate) fn copy(from: &Connection, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> rusqlite::Result<()> {
    let partial = partial(to);
    let _ = fs::remove_file(&partial);
    // A reader's transaction keeps the moment, or each commit of a writer would make the copy begin anew.
    let held = from.is_autocommit();
    if held {
        from.execute_batch("BEGIN")?;
    }
    from.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    let copied = copy_pages(from, &partial, progress);
    if held {
        from.execute_batch("COMMIT")?;
    }
    copied?;
    let named = File::open(&partial).and_then(|file| file.sync_all()).and_then(|()| fs::rename(&partial, to));
    named.map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn partial(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(".partial");
    name.into()
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
    let whole: String = copy.query_row("PRAGMA quick_check", [], |row| row.get(0))?;
    if whole != "ok" {
        let damaged = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        return Err(rusqlite::Error::SqliteFailure(damaged, Some(whole)));
    }
    copy.close().map_err(|(_, error)| error)
}

#[cfg(test)]
mod tests {
    use super::*;

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
