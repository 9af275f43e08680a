//! Files and folders that nobody but who runs the program may read, whatever the umask: people's names are in them.
//! What is made anew is made at no place where anything is, not even a link.

use std::fs::{DirBuilder, File, OpenOptions, symlink_metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Makes a folder, with those above it, where it is missing.
///
/// # Errors
///
/// Where it cannot be made.
pub fn create_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// A new file, for reading and writing.
///
/// # Errors
///
/// Where it cannot be made, or anything is there.
pub fn create_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
}

/// The file that is there, for reading and writing, or a new one.
///
/// # Errors
///
/// Where it cannot be opened or made, or a link is there.
pub fn open_file(path: &Path) -> io::Result<File> {
    match create_file(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    if symlink_metadata(path)?.is_symlink() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it is a link"));
    }
    OpenOptions::new().read(true).write(true).open(path)
}
