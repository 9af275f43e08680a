//! What may be wrong with an event: stable codes, each with what it means and
//! what to do, in Vietnamese and English. The docs' list of codes is made of this.

/// The language of a text for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// Tiếng Việt.
    Vi,
    /// English.
    #[default]
    En,
}

/// A stable code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// `unit.unknown`
    UnitUnknown,
}

/// One rule that a message breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Which rule.
    pub code: Code,
    /// JSON pointer to the field in the structured form (`/data/held_on`, `/revision`); empty for the whole message.
    pub pointer: String,
    /// What was found, cut to a readable length.
    pub found: String,
    /// What is allowed.
    pub allowed: String,
}
