//! What a restore does to a folder's files: which stores are there, moving them aside, bringing in a file of a copy.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::files::{WholeFile, create_folder};

/// The files of every generation, and the one that says which is in force.
///
/// # Errors
///
/// Where the folder cannot be read.
pub(super) fn all(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut stores = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == "CURRENT" || (name.starts_with("store-") && name.contains(".db")) {
            stores.push(entry.path());
        }
    }
    Ok(stores)
}

/// Moves files of a folder into one within it that bears the time, and returns which. The caller holds the
/// writer's lock.
///
/// # Errors
///
/// Where the folder cannot be written.
pub(super) fn move_aside(folder: &Path, files: &[PathBuf]) -> io::Result<PathBuf> {
    let aside = folder.join(format!("before-restore-{}", jiff::Timestamp::now().as_second()));
    create_folder(&aside)?;
    for file in files {
        fs::rename(file, aside.join(file.file_name().unwrap_or_default()))?;
    }
    Ok(aside)
}

/// Copies a file, so that it is there whole or not at all.
///
/// # Errors
///
/// Where the one cannot be read or the other written.
pub(super) fn copy_whole(from: &Path, to: &Path) -> io::Result<()> {
    let mut file = WholeFile::create(to)?;
    io::copy(&mut fs::File::open(from)?, &mut file)?;
    file.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_are_moved_aside_and_all_else_stays() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["CURRENT", "store-1.db", "store-2.db-wal", "log.db", "verify.json"] {
            fs::write(dir.path().join(name), name).unwrap();
        }
        let stores = all(dir.path()).unwrap();
        assert_eq!(stores.len(), 3);
        let aside = move_aside(dir.path(), &stores).unwrap();
        assert_eq!(all(dir.path()).unwrap(), Vec::<PathBuf>::new());
        assert_eq!(fs::read_dir(&aside).unwrap().count(), 3);
        copy_whole(&aside.join("CURRENT"), &dir.path().join("CURRENT")).unwrap();
        assert_eq!(all(dir.path()).unwrap().len(), 1);
    }
}
