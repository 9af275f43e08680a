//! Which file a path leads to: a process goes on with the file that it opened, also where another has been put in its
//! place or none is left, and would never notice.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// A file in use, and whether its path still leads to it.
#[derive(Debug)]
pub(crate) struct FileIdentity {
    path: PathBuf,
    /// Device and inode, once it was seen.
    seen: Option<(u64, u64)>,
}

impl FileIdentity {
    /// The file that is there now; one that is not there yet may come.
    pub(crate) fn of(path: PathBuf) -> Self {
        let seen = identity(&path);
        Self { path, seen }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the path leads elsewhere than it did, or nowhere.
    pub(crate) fn is_replaced(&mut self) -> bool {
        let now = identity(&self.path);
        let replaced = self.seen.is_some() && self.seen != now;
        self.seen = self.seen.or(now);
        replaced
    }
}

/// Whether two names are one file or folder: by the same path, by a link of either kind.
pub fn is_same(one: &Path, other: &Path) -> bool {
    identity(one).is_some_and(|one| identity(other) == Some(one))
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_removed_or_replaced_is_told_and_one_that_grows_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let mut later = FileIdentity::of(path.clone());
        assert!(!later.is_replaced(), "it was never there");
        fs::write(&path, "one").unwrap();
        let mut file = FileIdentity::of(path.clone());
        fs::write(&path, "one and more").unwrap();
        assert!(!file.is_replaced() && !later.is_replaced());
        fs::write(dir.path().join("g"), "two").unwrap();
        fs::rename(dir.path().join("g"), &path).unwrap();
        assert!(file.is_replaced() && later.is_replaced());
        fs::remove_file(&path).unwrap();
        assert!(file.is_replaced());
    }
}
