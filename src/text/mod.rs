//! The text catalogue: every sentence that a person reads, in Vietnamese and
//! English side by side, and the one way to make untrusted text safe to show.
//!
//! The other rooms hand over codes and typed arguments; `texts!` makes a
//! function of each text, so the compiler checks that it exists in both languages
//! and has its arguments. Only the legal prose of reports stands elsewhere, in
//! the report's templates. Knows the domain's words and nothing else.

use std::borrow::Cow;
use std::fmt;

pub mod cli_demo;
pub mod cli_publish;
pub mod cli_record;
pub mod cli_stores;
pub mod codes;
pub mod codes_page;
pub mod config;
pub mod dead_letters;
pub mod doctor;
pub mod failure;
pub mod fields;
pub mod ingest;
pub mod intake;
pub mod log;
pub mod names;
pub mod nearest;
pub mod operations;
pub mod report;
pub mod rollup;
pub mod rules;
pub mod safe;
pub mod sample;
pub mod settings;
pub mod store;
pub mod terminal;
pub mod usage;
pub mod web;
pub mod wire;
pub mod worker;

/// The language of a text for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// Tiếng Việt.
    Vi,
    /// English.
    #[default]
    En,
}

/// One text in both languages. Shown by itself, as logs and errors do, it is the English one; shown by `{:#}`, as an
/// argument of another Vietnamese text, the Vietnamese one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Tiếng Việt.
    pub vi: Cow<'static, str>,
    /// English.
    pub en: Cow<'static, str>,
}

impl Text {
    /// A text that has no arguments.
    pub const fn new(vi: &'static str, en: &'static str) -> Self {
        Self { vi: Cow::Borrowed(vi), en: Cow::Borrowed(en) }
    }

    /// A text that is the same in both languages, such as the words of another program.
    pub fn same(text: impl Into<Cow<'static, str>>) -> Self {
        let en = text.into();
        Self { vi: en.clone(), en }
    }

    /// What is written in each language by the same hand.
    pub fn in_both(write: impl Fn(Lang) -> String) -> Self {
        Self { vi: write(Lang::Vi).into(), en: write(Lang::En).into() }
    }

    /// Several texts as one, with another between each two.
    pub fn join(texts: &[Self], between: &Self) -> Self {
        let all = |lang| texts.iter().map(|text| text.get(lang)).collect::<Vec<_>>().join(between.get(lang)).into();
        Self { vi: all(Lang::Vi), en: all(Lang::En) }
    }

    /// The text in that language.
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::Vi => &self.vi,
            Lang::En => &self.en,
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if f.alternate() { &self.vi } else { &self.en })
    }
}

/// A number with its English noun, in the singular for 1. Vietnamese nouns have one form.
fn counted(count: impl fmt::Display, one: &str, many: &str) -> String {
    let count = count.to_string();
    let noun = if count == "1" { one } else { many };
    format!("{count} {noun}")
}

/// Defines texts. `store_missing(at) { "chưa có kho ở {at}", "there is no store at {at}" }` becomes a function
/// `store_missing(at: impl Display) -> Text`; format specifiers and `{at:?}`-like forms are those of `format!`. An
/// argument that is a text itself stands as `{cause:#}` in the Vietnamese, as `{cause}` in the English.
macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident ( $($argument:ident),* $(,)? ) { $vi:literal, $en:literal $(,)? })+) => { $(
        #[doc = $en]
        $(#[$doc])*
        #[allow(rustdoc::bare_urls)]
        pub fn $name($($argument: impl std::fmt::Display),*) -> $crate::text::Text {
            $crate::text::Text { vi: format!($vi).into(), en: format!($en).into() }
        }
    )+ };
}
pub(crate) use texts;
