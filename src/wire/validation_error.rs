//! What is wrong with an event, where, and what to do about it.

use std::borrow::Cow;

use super::MAX_MESSAGE_BYTES;
use crate::text::codes::Code;
use crate::text::nearest::nearest;
use crate::text::safe::{excerpt, told_apart};
use crate::text::{Lang, wire as text};

/// The most characters that [`ValidationError::found`] shows.
const MAX_FOUND: usize = 80;

/// One rule that a message breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidationError {
    /// Which rule.
    pub code: Code,
    /// JSON pointer to the field in the structured form (`/data/held_on`, `/revision`); empty for the whole message.
    pub pointer: String,
    /// What was found, cut to a readable length.
    pub found: String,
    /// What is allowed.
    pub allowed: String,
}

impl ValidationError {
    /// That error; what was found is cut to 80 characters, and what is not seen is written as escapes, in the pointer too.
    pub fn new(code: Code, pointer: impl Into<String>, found: &str, allowed: impl Into<String>) -> Self {
        let shown = |text: String| match told_apart(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(shown) => shown,
        };
        let (pointer, allowed) = (shown(pointer.into()), shown(allowed.into()));
        Self { code, pointer, found: excerpt(found, MAX_FOUND), allowed }
    }

    /// Its size in memory, in bytes: of itself and of its texts.
    pub fn weight(&self) -> usize {
        size_of::<Self>() + self.pointer.capacity() + self.found.capacity() + self.allowed.capacity()
    }

    /// That of a message of so many bytes.
    pub fn too_large(bytes: u64) -> Self {
        Self::new(Code::MessageTooLarge, "", &format!("{bytes} B"), format!("≤ {MAX_MESSAGE_BYTES} B"))
    }

    /// What to do.
    pub fn remedy(&self, lang: Lang) -> String {
        let remedy = self.code.remedy(lang);
        match self.nearest() {
            None => remedy.to_owned(),
            Some(name) => text::did_you_mean(remedy, name).get(lang).to_owned(),
        }
    }

    /// One line: code, place, what was found, what is allowed, what to do.
    pub fn message(&self, lang: Lang) -> String {
        let (found, allowed) = (text::FOUND.get(lang), text::ALLOWED.get(lang));
        let mut line = self.code.as_str().to_owned();
        if !self.pointer.is_empty() {
            line += &format!(" {}", self.pointer);
        }
        line += &format!(": {}", self.code.meaning(lang));
        if !self.found.is_empty() {
            line += &format!("; {found}: {}", self.found);
        }
        if !self.allowed.is_empty() {
            line += &format!("; {allowed}: {}", self.allowed);
        }
        line + ". " + &self.remedy(lang)
    }

    /// The allowed name that is most like the one that was found.
    fn nearest(&self) -> Option<&str> {
        use Code::{TypeUnknown, TypeVersionUnknown, UnitNotOfSource, UnitUnknown, ValueUnknown};
        if !matches!(self.code, ValueUnknown | TypeUnknown | TypeVersionUnknown | UnitUnknown | UnitNotOfSource) {
            return None;
        }
        // After a unit stands the day on which the source may not speak for it.
        let found = match self.code {
            UnitNotOfSource => self.found.split(',').next().unwrap_or_default(),
            _ => self.found.as_str(),
        };
        nearest(self.allowed.split(", ").filter(|name| *name != "…"), found, |name| *name, 0.7)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_cut_and_shown_without_control_characters() {
        let found = |text: &str| ValidationError::new(Code::ValueUnknown, "/data/body", text, "").found;
        assert_eq!(found("a\nb\u{202e}"), "a\\u{a}b\\u{202e}");
        let error = ValidationError::new(Code::ValueUnknown, "/data/\u{1b}[2J\u{9b}", "", "\u{200b}");
        assert_eq!((&*error.pointer, &*error.allowed), ("/data/\\u{1b}[2J\\u{9b}", "\\u{200b}"));
        assert_eq!(found(&"ưỡ".repeat(40)), "ưỡ".repeat(40));
        assert_eq!(found(&"ưỡ".repeat(41)), "ưỡ".repeat(39) + "ư…");
    }

    #[test]
    fn a_message_says_what_where_and_what_to_do() {
        let error =
            ValidationError::new(Code::ValueUnknown, "/data/body", "fatherland_frnt", "fatherland_front, trade_union");
        assert_eq!(
            error.message(Lang::En),
            "value.unknown /data/body: the value is not in the closed list; found: fatherland_frnt; \
             allowed: fatherland_front, trade_union. Use one of the allowed values exactly as written; \
             did you mean \"fatherland_front\"?"
        );
        assert!(error.message(Lang::Vi).contains("có phải ý là \"fatherland_front\"?"));
        let error = ValidationError::new(Code::ValueUnknown, "/data/body", "xyz", "fatherland_front, trade_union");
        assert!(!error.message(Lang::En).contains("did you mean"));
    }
}
