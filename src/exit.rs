//! How the program ends. The codes are part of the contract with scripts; the
//! page `docs/exit-codes.md` is made of this list.

use std::fmt::Write as _;

use crate::log::LogError;
use crate::store::StoreError;

macro_rules! exit_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $vi:literal, $en:literal;)+) => {
        /// How the program ends.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum ExitCode { $(#[doc = $en] $name = $code),+ }

        impl ExitCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its name, as scripts and logs may give it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }

            /// What it means, in Vietnamese and English.
            pub fn meaning(self) -> (&'static str, &'static str) {
                match self { $(Self::$name => ($vi, $en)),+ }
            }
        }
    };
}

exit_codes! {
    Done = 0, "Xong.", "Done.";
    Internal = 1, "Lỗi bên trong chương trình.", "A defect of the program, or something that it has no code for.";
    Usage = 2, "Dòng lệnh sai.", "The command line is wrong.";
    Configuration = 3, "Cấu hình, bảng đơn vị hoặc lịch sai.", "The configuration, the units or the calendar are wrong.";
    SomeRefused = 4, "Một phần dữ liệu vào bị từ chối.", "Some of the input was refused; the rest was taken.";
    AllRefused = 5, "Toàn bộ dữ liệu vào bị từ chối.", "All of the input was refused.";
    LogUnreachable = 6, "Không kết nối được Kafka.", "The event log does not answer.";
    LogRefuses = 7, "Kafka từ chối: xác thực, quyền, topic, nhóm, kích thước hoặc thông điệp.", "The event log refuses: authentication, permission, topic, group, size or message.";
    Store = 8, "Kho số liệu hỏng, mới hơn chương trình, hoặc chưa có.", "The store or the embedded log is damaged, newer than this program, or not there.";
    InUse = 9, "Một tiến trình khác đang dùng.", "Another process is using it.";
    RulesChanged = 10, "Quy tắc đã đổi: cần giaoban replay.", "The rules have changed: giaoban replay is needed.";
    Gap = 11, "Nhật ký thiếu bản ghi, hoặc là nhật ký khác.", "The log has lost records, or is not the one that the store was made from.";
    Fenced = 12, "Bị một worker khác chặn.", "Turned away: another worker writes the same partitions.";
    CannotWrite = 13, "Đĩa đầy hoặc không ghi được.", "The disk is full, or a place cannot be read or written.";
    PortTaken = 14, "Cổng mạng không dùng được.", "The address to listen on cannot be used.";
    NotFound = 15, "Không có đơn vị, kỳ, bản ghi hoặc tệp đó.", "There is no such unit, period, record or file.";
    DoctorFound = 16, "giaoban doctor phát hiện vấn đề.", "giaoban doctor found a problem.";
    TooManyDeadLetters = 17, "Quá nhiều thư chết: worker dừng thay vì bỏ qua tiếp.", "Too many dead letters: the worker stopped rather than pass over more.";
    StoreUnreachable = 18, "Không kết nối được PostgreSQL.", "PostgreSQL does not answer.";
    StoreRefuses = 19, "PostgreSQL từ chối: mật khẩu, quyền, cơ sở dữ liệu hoặc chứng chỉ.", "PostgreSQL refuses: password, permission, database or certificate.";
    Differs = 20, "Có khác biệt: số liệu với kết quả đếm lại (verify), hoặc nơi chuyển đến với nguồn (migrate).", "Something differs: figures from a recount (verify), or where a migration leads to from its source (migrate).";
}

impl ExitCode {
    /// Of a failure of the store.
    pub fn of_store(error: &StoreError) -> Self {
        match error {
            StoreError::Fenced { .. } | StoreError::Switched { .. } => Self::Fenced,
            StoreError::Locked { .. } => Self::InUse,
            StoreError::OtherRules { .. } | StoreError::Inconsistent(_) => Self::RulesChanged,
            StoreError::Newer { .. }
            | StoreError::Damaged { .. }
            | StoreError::Missing { .. }
            | StoreError::Foreign { .. } => Self::Store,
            StoreError::DiskFull { .. } | StoreError::Unwritable { .. } => Self::CannotWrite,
            StoreError::Unavailable { .. } => Self::InUse,
            StoreError::Unreachable { .. } | StoreError::Crowded { .. } => Self::StoreUnreachable,
            StoreError::Login { .. }
            | StoreError::NoDatabase { .. }
            | StoreError::Untrusted { .. }
            | StoreError::Forbidden { .. } => Self::StoreRefuses,
        }
    }

    /// Of a failure of the log.
    pub fn of_log(error: &LogError) -> Self {
        match error {
            LogError::Unreachable { .. } | LogError::Transient(_) => Self::LogUnreachable,
            LogError::Authentication { .. }
            | LogError::Certificate { .. }
            | LogError::Protocol { .. }
            | LogError::Authorization { .. }
            | LogError::NoSuchTopic(_)
            | LogError::Refused { .. }
            | LogError::TooLarge { .. } => Self::LogRefuses,
            LogError::Locked { .. } => Self::InUse,
            LogError::InstanceTaken { .. } => Self::Fenced,
            LogError::OffsetOutOfRange { .. } => Self::Gap,
            LogError::DiskFull { .. } | LogError::Unwritable { .. } => Self::CannotWrite,
            LogError::Broken { .. } => Self::Store,
            LogError::Setting { .. } => Self::Configuration,
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

/// The text of `docs/exit-codes.md`.
pub fn exit_codes_page() -> String {
    let mut text =
        String::from("# Mã thoát · Exit codes\n\n| code | name | tiếng Việt | English |\n| --- | --- | --- | --- |\n");
    for code in ExitCode::ALL {
        let (vi, en) = code.meaning();
        let _ = writeln!(text, "| {} | {} | {vi} | {en} |", *code as u8, code.name());
    }
    text +=
        "| 130, 143 | | Bị dừng lần thứ hai bằng Ctrl-C, SIGTERM. | Ended at once by a second Ctrl-C or SIGTERM. |\n";
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_exit_codes_is_in_step() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/exit-codes.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, exit_codes_page()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), exit_codes_page(), "run the tests once with UPDATE_DOCS=1");
    }
}
