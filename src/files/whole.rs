//! Atomic, durable file replacement: whoever finds a file finds all of it, also after a crash.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A file that is being written beside the place where it will be. Dropped before it is finished, it leaves nothing.
#[derive(Debug)]
pub struct WholeFile {
    partial: PathBuf,
    path: PathBuf,
}

impl WholeFile {
    /// A file that will be at `path`. Nothing is there yet, and what is there now stays until [`WholeFile::finish`].
    pub fn at(path: &Path) -> Self {
        let mut partial = path.as_os_str().to_owned();
        partial.push(format!(".{}.partial", std::process::id()));
        Self { partial: partial.into(), path: path.to_owned() }
    }

    /// Writes a file whole.
    ///
    /// # Errors
    /// If it cannot be written; what was at `path` is as it was.
    pub fn write(path: &Path, contents: impl AsRef<[u8]>) -> io::Result<()> {
        let file = Self::at(path);
        fs::write(&file.partial, contents)?;
        file.finish()
    }

    /// Where it is to be written.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// Gives it its name, in one step, once it is on the disk.
    ///
    /// # Errors
    /// If it cannot be made durable or renamed, or was not written.
    pub fn finish(self) -> io::Result<()> {
        File::open(&self.partial)?.sync_all()?;
        fs::rename(&self.partial, &self.path)?;
        match self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        // Not there any more if it has its name; and if it cannot be removed, the first error is the one to report.
        let _ = fs::remove_file(&self.partial);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_file_has_no_name_and_a_whole_one_replaces_another() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        WholeFile::write(&path, "one").unwrap();
        let half = WholeFile::at(&path);
        fs::write(half.partial(), "half").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        drop(half);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
        WholeFile::write(&path, "two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert!(WholeFile::at(&path).finish().is_err(), "nothing was written");
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
    }
}
