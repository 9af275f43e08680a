//! A file or folder that cannot be read or written.

use std::fmt;
use std::io;

use super::{Explained, FailureKind};
use crate::text::safe::visible;
use crate::text::{Text, failure};

/// A file or folder that cannot be read or written.
pub struct FileError<'a> {
    /// Which.
    pub path: &'a dyn fmt::Display,
    /// Why not.
    pub error: &'a io::Error,
}

impl Explained for FileError<'_> {
    fn kind(&self) -> FailureKind {
        match self.error.kind() {
            io::ErrorKind::NotFound => FailureKind::NotFound,
            _ => FailureKind::CannotWrite,
        }
    }

    fn what(&self) -> Text {
        Text::same(format!("{}: {}", visible(&self.path.to_string()), self.error))
    }

    fn remedy(&self) -> Text {
        match self.error.kind() {
            io::ErrorKind::NotFound => failure::check_path(),
            io::ErrorKind::IsADirectory => failure::name_files(),
            io::ErrorKind::AlreadyExists => failure::name_new_file(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => failure::free_disk(),
            _ => failure::check_permissions(),
        }
    }
}
