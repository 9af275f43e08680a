//! What is wrong with a command line, in Vietnamese: the counterpart of what the
//! parser says in English.

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// One line; the parser's own words follow it.
pub fn text(error: &Error) -> String {
    let argument = named(error, ContextKind::InvalidArg);
    let value = named(error, ContextKind::InvalidValue);
    let what = match error.kind() {
        ErrorKind::InvalidValue if value.is_empty() => format!("thiếu giá trị của {argument}"),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => format!("{argument} không nhận giá trị “{value}”"),
        ErrorKind::UnknownArgument => format!("không có tham số {argument}"),
        ErrorKind::InvalidSubcommand => format!("không có lệnh “{}”", named(error, ContextKind::InvalidSubcommand)),
        ErrorKind::MissingRequiredArgument => format!("thiếu tham số bắt buộc: {argument}"),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            "thiếu lệnh hoặc tham số".to_owned()
        }
        ErrorKind::ArgumentConflict => {
            format!("{argument} không đi cùng {}", named(error, ContextKind::PriorArg))
        }
        ErrorKind::NoEquals => format!("{argument} cần dấu = trước giá trị"),
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("số giá trị của {argument} không đúng")
        }
        ErrorKind::InvalidUtf8 => "dòng lệnh có chữ không phải UTF-8".to_owned(),
        _ => "dòng lệnh sai".to_owned(),
    };
    let likely = [ContextKind::SuggestedValue, ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand];
    match likely.into_iter().map(|kind| named(error, kind)).find(|name| !name.is_empty()) {
        Some(nearest) => format!("{what}; gần nhất là {nearest}"),
        None => what,
    }
}

/// What the parser names of that kind; empty if nothing.
fn named(error: &Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    }
}
