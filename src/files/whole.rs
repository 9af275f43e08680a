//! Atomic, durable writing of files: whoever finds a file finds all of it, also after a crash.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::private::create_file;

/// A file that is being written beside the place where it will be. Dropped before it is finished, it leaves nothing;
/// where the process is killed, what was written stays under a name that ends in `.partial`.
#[derive(Debug)]
pub struct WholeFile {
    file: File,
    partial: PathBuf,
    path: PathBuf,
}

impl WholeFile {
    /// A file that will be at `path`. What is there now stays until [`WholeFile::finish`].
    ///
    /// # Errors
    /// If it cannot be written beside it.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut partial = path.as_os_str().to_owned();
        partial.push(format!(".{}.partial", std::process::id()));
        // Of a process that was killed and had the same number; or a link, which is not followed.
        let _ = fs::remove_file(&partial);
        Ok(Self { file: create_file(Path::new(&partial))?, partial: partial.into(), path: path.to_owned() })
    }

    /// Writes a file whole, in the place of what is there.
    ///
    /// # Errors
    /// If it cannot be written; what was at `path` is as it was.
    pub fn write(path: &Path, contents: impl AsRef<[u8]>) -> io::Result<()> {
        let mut file = Self::create(path)?;
        file.write_all(contents.as_ref())?;
        file.finish()
    }

    /// Where it is to be written.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// Gives it its name, in one step, once it is on the disk. What has the name is replaced; a link is, not what it
    /// leads to.
    ///
    /// # Errors
    /// If it cannot be made durable or renamed.
    pub fn finish(self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.partial, &self.path)?;
        sync_folder_of(&self.path)
    }

    /// Gives it that name, in one step, once it is on the disk; nothing that is there is replaced.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] if anything has the name, and another may be tried; else if it cannot be named.
    pub fn finish_new(&self, path: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        match fs::hard_link(&self.partial, path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                // A disk without hard links, such as a memory stick's: the name is taken first.
                drop(create_file(path)?);
                fs::rename(&self.partial, path)?;
            }
            linked => linked?,
        }
        sync_folder_of(path)
    }
}

impl Write for WholeFile {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.file.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        // Not there any more if it has its name; and if it cannot be removed, the first error is the one to report.
        let _ = fs::remove_file(&self.partial);
    }
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn half_a_file_has_no_name_and_a_whole_one_replaces_another() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        WholeFile::write(&path, "one").unwrap();
        let mut half = WholeFile::create(&path).unwrap();
        half.write_all(b"half").unwrap();
        assert_eq!(fs::read_to_string(half.partial()).unwrap(), "half", "there, should the process be killed");
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        drop(half);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
        WholeFile::write(&path, "two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_new_name_replaces_nothing_and_no_link_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("victim"), "whole").unwrap();
        for (name, to) in [("link", "victim"), ("dangling", "nowhere")] {
            symlink(at(to), at(name)).unwrap();
        }
        // Where it would be written while it is not whole, too.
        symlink(at("victim"), at(&format!("f.{}.partial", std::process::id()))).unwrap();
        let mut file = WholeFile::create(&at("f")).unwrap();
        file.write_all(b"new").unwrap();
        for taken in ["victim", "link", "dangling"] {
            assert_eq!(file.finish_new(&at(taken)).unwrap_err().kind(), ErrorKind::AlreadyExists, "{taken}");
        }
        file.finish_new(&at("f")).unwrap();
        drop(file);
        assert_eq!(fs::read_to_string(at("f")).unwrap(), "new");
        // A file that is replaced is, at the link's own place.
        WholeFile::write(&at("link"), "new").unwrap();
        assert_eq!(fs::read_to_string(at("victim")).unwrap(), "whole");
        assert!(!at("nowhere").exists() && fs::read_dir(dir.path()).unwrap().count() == 4);
    }
}
