//! Why a command failed: one line that says what and where, one that says what
//! to do, and the exit code.

use crate::advice;
use crate::config::ConfigError;
use crate::exit::ExitCode;
use crate::ingest::machine::Stopped;
use crate::ingest::worker::{DeadLetterRefused, Silent, WorkerError};
use crate::log::LogError;
use crate::report::ReportError;
use crate::report::records::ListingError;
use crate::rollup::table::RollupError;
use crate::said;
use crate::store::StoreError;
use crate::text::Lang;

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// The configuration, the units or the calendar.
    Config(ConfigError),
    /// The store.
    Store(StoreError),
    /// The event log.
    Log(LogError),
    /// The worker, for a reason of its own.
    Stopped(Stopped),
    /// The dead-letter topic takes no letters.
    DeadLetters(DeadLetterRefused),
    /// A period or a unit that there is not.
    Rollup(RollupError),
    /// Anything that one command alone meets with.
    Other(Box<Plain>),
}

/// A failure in both languages.
#[derive(Debug)]
pub struct Plain {
    /// How the program ends.
    pub code: ExitCode,
    /// What happened, where.
    pub vi: String,
    /// What happened, where.
    pub en: String,
    /// What to do.
    pub remedy_vi: String,
    /// What to do.
    pub remedy_en: String,
}

impl Failure {
    /// A failure of one command alone: (vi, en) what happened, (vi, en) what to do.
    pub fn other(
        code: ExitCode,
        what: (impl Into<String>, impl Into<String>),
        remedy: (impl Into<String>, impl Into<String>),
    ) -> Self {
        Self::Other(Box::new(Plain {
            code,
            vi: what.0.into(),
            en: what.1.into(),
            remedy_vi: remedy.0.into(),
            remedy_en: remedy.1.into(),
        }))
    }

    /// A failure of one command alone: what happened, and what to do.
    pub fn texts(code: ExitCode, what: crate::text::Text, remedy: crate::text::Text) -> Self {
        Self::other(code, (what.vi, what.en), (remedy.vi, remedy.en))
    }

    /// A file or folder that cannot be read or written.
    pub fn io(path: impl std::fmt::Display, error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let what = (format!("{path}: {error}"), format!("{path}: {error}"));
        match error.kind() {
            ErrorKind::NotFound => {
                Self::other(ExitCode::NotFound, what, ("Kiểm tra lại đường dẫn.", "Check the path."))
            }
            ErrorKind::IsADirectory => Self::other(
                ExitCode::CannotWrite,
                what,
                (
                    "Đây là một thư mục: hãy ghi tên tệp, ví dụ thư mục/*.csv.",
                    "This is a folder: name files, for instance folder/*.csv.",
                ),
            ),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::other(
                ExitCode::CannotWrite,
                what,
                ("Giải phóng dung lượng đĩa rồi chạy lại.", "Free some disk space and run it again."),
            ),
            _ => Self::other(
                ExitCode::CannotWrite,
                what,
                ("Kiểm tra quyền truy cập, hoặc chọn nơi khác.", "Check the permissions, or choose another place."),
            ),
        }
    }

    /// How the program ends.
    pub fn code(&self) -> ExitCode {
        match self {
            Self::Config(_) => ExitCode::Configuration,
            Self::Store(error) => ExitCode::of_store(error),
            Self::Log(error) | Self::DeadLetters(DeadLetterRefused { cause: error, .. }) => ExitCode::of_log(error),
            Self::Stopped(Stopped::Fenced(_)) => ExitCode::Fenced,
            Self::Stopped(Stopped::TooManyDeadLetters { .. }) => ExitCode::TooManyDeadLetters,
            Self::Stopped(Stopped::Gap { .. } | Stopped::OtherLog { .. } | Stopped::Recreated { .. }) => ExitCode::Gap,
            Self::Rollup(RollupError::WhichUnit { .. }) => ExitCode::Usage,
            Self::Rollup(_) => ExitCode::NotFound,
            Self::Other(plain) => plain.code,
        }
    }

    /// What happened, and what to do.
    pub fn text(&self, lang: Lang) -> (String, String) {
        match self {
            Self::Config(error) => (said::config(error, lang), advice::config(error, lang)),
            Self::Store(error) => (said::store(error, lang), advice::store(error, lang)),
            Self::Log(error) => (said::log(error, lang), advice::log(error, lang)),
            Self::DeadLetters(refused) => {
                (refused_text(refused, lang), advice::letter(&refused.topic, &refused.cause, lang))
            }
            Self::Stopped(stopped) => (said::stopped(stopped, lang), stopped_remedy(stopped, lang).to_owned()),
            Self::Rollup(error) => (rollup_text(error, lang), rollup_remedy(error, lang)),
            Self::Other(plain) => match lang {
                Lang::Vi => (plain.vi.clone(), plain.remedy_vi.clone()),
                Lang::En => (plain.en.clone(), plain.remedy_en.clone()),
            },
        }
    }
}

fn refused_text(refused: &DeadLetterRefused, lang: Lang) -> String {
    let DeadLetterRefused { topic, position, cause } = refused;
    let cause = said::log(cause, lang);
    match lang {
        Lang::Vi => format!(
            "bản ghi {} của phân vùng {} không phải là sự kiện, mà topic thư chết {topic} không nhận nó: {cause}",
            position.offset, position.partition
        ),
        Lang::En => refused.to_string(),
    }
}

fn stopped_remedy(stopped: &Stopped, lang: Lang) -> &'static str {
    match (stopped, lang) {
        (Stopped::Gap { .. }, Lang::Vi) => {
            "Khôi phục phần nhật ký đã mất, hoặc chấp nhận mất: giaoban worker --accept-gap. Đặt retention.ms=-1 cho topic để không lặp lại."
        }
        (Stopped::Gap { .. }, Lang::En) => {
            "Restore what the log has lost, or accept the loss: giaoban worker --accept-gap. Set retention.ms=-1 on the topic so that it does not happen again."
        }
        (Stopped::OtherLog { .. } | Stopped::Recreated { .. }, Lang::Vi) => {
            "Kiểm tra kafka.brokers và kafka.topic; nếu topic đã được tạo lại, dựng lại kho từ đầu bằng một --data mới."
        }
        (Stopped::OtherLog { .. } | Stopped::Recreated { .. }, Lang::En) => {
            "Check kafka.brokers and kafka.topic; if the topic was made anew, build a new store with another --data."
        }
        (Stopped::Fenced(_), Lang::Vi) => "Chỉ để một worker ghi mỗi kho dữ liệu; dừng worker kia rồi chạy lại.",
        (Stopped::Fenced(_), Lang::En) => "Let one worker write each store; stop the other and start this one again.",
        (Stopped::TooManyDeadLetters { .. }, Lang::Vi) => {
            "Sửa bên gửi (ý nghĩa của mã: docs/codes.md) hoặc bảng đơn vị. Rồi cho các bản ghi này vào thư chết: chạy một lần giaoban worker --accept-dead-letters; hoặc tăng worker.dead_letter_share, worker.dead_letter_run. Khi đã sửa, gửi lại chúng: giaoban dlq redrive."
        }
        (Stopped::TooManyDeadLetters { .. }, Lang::En) => {
            "Fix the producer (docs/codes.md has the code) or the table of units. Then let these records become dead letters: run giaoban worker --accept-dead-letters once; or raise worker.dead_letter_share, worker.dead_letter_run. What a fix has made good is sent again by giaoban dlq redrive."
        }
    }
}

fn rollup_text(error: &RollupError, lang: Lang) -> String {
    match (error, lang) {
        (RollupError::PeriodOutsideCalendar { period, calendar }, Lang::Vi) => {
            format!("lịch {calendar} không có đủ các quý của {period}")
        }
        (RollupError::NoSuchUnit { unit, period }, Lang::Vi) => {
            format!("không có đơn vị nào mang mã {unit} trong {period}")
        }
        (RollupError::WhichUnit { unit, period, units }, Lang::Vi) => {
            let units = units.iter().map(|(name, since)| format!("{name} từ {since}")).collect::<Vec<_>>().join(", ");
            format!("trong {period} mã {unit} là {units}")
        }
        (_, Lang::En) => error.to_string(),
    }
}

fn rollup_remedy(error: &RollupError, lang: Lang) -> String {
    if let RollupError::WhichUnit { units, .. } = error {
        let flags = units.iter().map(|(_, since)| format!("--since {since}")).collect::<Vec<_>>();
        return match lang {
            Lang::Vi => format!("Chọn một đơn vị: {}.", flags.join(" hoặc ")),
            Lang::En => format!("Name one of them: {}.", flags.join(" or ")),
        };
    }
    let text = match (error, lang) {
        (RollupError::WhichUnit { .. }, _) => "",
        (RollupError::PeriodOutsideCalendar { .. }, Lang::Vi) => {
            "Chọn kỳ khác, hoặc bổ sung quý còn thiếu vào tệp lịch."
        }
        (RollupError::PeriodOutsideCalendar { .. }, Lang::En) => {
            "Choose another period, or add the missing quarter to the calendar's file."
        }
        (RollupError::NoSuchUnit { .. }, Lang::Vi) => {
            "Xem mã đơn vị có hiệu lực trong kỳ: giaoban rollup --period … --format csv."
        }
        (RollupError::NoSuchUnit { .. }, Lang::En) => {
            "See the codes in force in the period: giaoban rollup --period … --format csv."
        }
    };
    text.to_owned()
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        Self::Log(error)
    }
}

impl From<RollupError> for Failure {
    fn from(error: RollupError) -> Self {
        Self::Rollup(error)
    }
}

impl From<crate::intake::InputError> for Failure {
    fn from(error: crate::intake::InputError) -> Self {
        use crate::intake::InputError;
        let code = match &error {
            InputError::Io { at, cause } => return Self::io(at, cause),
            InputError::NoSuchType { .. } => ExitCode::Usage,
            _ => ExitCode::AllRefused,
        };
        Self::texts(code, error.what(), error.remedy())
    }
}

impl From<crate::intake::RecordError> for Failure {
    fn from(error: crate::intake::RecordError) -> Self {
        use crate::intake::RecordError;
        let code = match error {
            RecordError::Log(error) => return error.into(),
            RecordError::Store(error) => return error.into(),
            RecordError::Refused(_) => ExitCode::AllRefused,
            RecordError::NotFound { .. } | RecordError::Withdrawn { .. } => ExitCode::NotFound,
            RecordError::SeveralSources { .. } | RecordError::NoSuchFields { .. } => ExitCode::Usage,
            RecordError::Damaged { .. } => ExitCode::Store,
        };
        Self::texts(code, error.what(), error.remedy())
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Store(error) => Self::Store(error),
            ReportError::Rollup(error) => Self::Rollup(error),
            ReportError::Write { path, error } => Self::io(path.display(), &error),
        }
    }
}

impl From<ListingError> for Failure {
    fn from(error: ListingError) -> Self {
        match error {
            ListingError::Store(error) => Self::Store(error),
            ListingError::Rollup(error) => Self::Rollup(error),
        }
    }
}

impl From<WorkerError> for Failure {
    fn from(error: WorkerError) -> Self {
        match error {
            WorkerError::Log(error) => Self::Log(error),
            WorkerError::Store(error) => Self::Store(error),
            WorkerError::Stopped(stopped) => Self::Stopped(stopped),
            WorkerError::DeadLetters(refused) => Self::DeadLetters(refused),
            WorkerError::Slow { silent, at, seconds } => Self::other(
                match silent {
                    Silent::File => ExitCode::InUse,
                    Silent::Server => ExitCode::StoreUnreachable,
                    Silent::Log => ExitCode::LogUnreachable,
                },
                [Lang::Vi, Lang::En].map(|lang| said::slow(silent, &at, seconds, lang)).into(),
                [Lang::Vi, Lang::En].map(|lang| advice::slow(silent, lang)).into(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_kept_a_worker_from_stopping_decides_the_code() {
        for (silent, code) in [
            (Silent::File, ExitCode::InUse),
            (Silent::Server, ExitCode::StoreUnreachable),
            (Silent::Log, ExitCode::LogUnreachable),
        ] {
            let failure =
                Failure::from(WorkerError::Slow { silent, at: "the embedded log d/log.db".into(), seconds: 8 });
            assert_eq!(failure.code(), code);
            let (vi, en) = (failure.text(Lang::Vi), failure.text(Lang::En));
            assert!(en.0.starts_with("the embedded log d/log.db did not answer within 8 s"), "{}", en.0);
            assert!(vi.0.starts_with("nhật ký nhúng d/log.db không trả lời trong 8 giây"), "{}", vi.0);
            assert!(vi.1 != en.1 && !vi.1.is_ascii());
        }
    }

    #[test]
    fn the_units_of_a_code_are_named_in_both_languages() {
        let units = vec![
            ("Phường Trúc Bạch".to_owned(), jiff::civil::date(2020, 1, 1)),
            ("Phường Ba Đình".to_owned(), jiff::civil::date(2025, 7, 1)),
        ];
        let period = "2025-Q3".parse().unwrap();
        let failure = Failure::Rollup(RollupError::WhichUnit { unit: "00004".into(), period, units });
        assert_eq!(failure.code(), ExitCode::Usage);
        let (what, remedy) = failure.text(Lang::Vi);
        assert_eq!(what, "trong 2025-Q3 mã 00004 là Phường Trúc Bạch từ 2020-01-01, Phường Ba Đình từ 2025-07-01");
        assert_eq!(remedy, "Chọn một đơn vị: --since 2020-01-01 hoặc --since 2025-07-01.");
        assert!(failure.text(Lang::En).1.starts_with("Name one of them: --since 2020-01-01 or"));
    }
}
