//! A file that has its name only when it is whole and durable: whoever finds it
//! finds all of it, also after a crash. Knows nothing of what is in it.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Has the file written under another name beside it, and gives it its own in one step.
pub(crate) fn make(path: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    make_with(path, |error| error, write)
}

/// The same, written by what fails in its own way.
pub(crate) fn make_with<E>(
    path: &Path,
    of_io: fn(io::Error) -> E,
    write: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = Path::new(&partial);
    match fs::remove_file(partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(of_io(error)),
        _ => {}
    }
    write(partial)?;
    name(partial, path).map_err(of_io)
}

fn name(partial: &Path, path: &Path) -> io::Result<()> {
    File::open(partial)?.sync_all()?;
    fs::rename(partial, path)?;
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_file_has_no_name_and_a_whole_one_replaces_another() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        make(&path, |partial| fs::write(partial, "one")).unwrap();
        let failed = make(&path, |partial| {
            fs::write(partial, "half")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        make(&path, |partial| fs::write(partial, "two")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
