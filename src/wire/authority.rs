//! Who may speak for whom: each unit for itself and what is under it, other systems for what the operator says.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{Code, ValidationError, code_in_source, is_name};
use crate::domain::{Fact, Rules, SegmentId, UnitCode, UnitTable};

/// So many codes are listed to whoever may not speak for a unit.
const LISTED: usize = 8;

/// What an operator decides about what is taken in: which other systems keep records, each of which units, and whether
/// what is made up is taken. Units speak for themselves without a word of the operator's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    systems: BTreeMap<String, Scope>,
    synthetic: bool,
}

/// Why a text names no other system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoSystem {
    /// It is no source with codes of units after it.
    Entry,
    /// Its source neither has a scheme nor begins with `/`.
    Source,
    /// Its source is that of a unit, which speaks for itself.
    Unit,
    /// Its source is named alone, for all units, and with codes.
    Scopes,
}

/// The units that another system may speak for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Scope {
    Everyone,
    /// For those that units of these codes may speak for.
    Units(Vec<UnitCode>),
}

impl Admission {
    /// Nothing but what units say, and nothing that is made up.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what another system sends, too. It is named as in the configuration: its source, and after it, separated
    /// by spaces, the codes of the units for which it speaks as they would; a source alone speaks for all. Named several
    /// times with codes, it speaks for all of these.
    ///
    /// # Errors
    ///
    /// A text that says no such thing, or the contrary of what was said before, is refused.
    pub fn with_system(mut self, entry: &str) -> Result<Self, NoSystem> {
        let mut words = entry.split(' ').filter(|word| !word.is_empty());
        let source = words.next().filter(|source| is_name(source)).ok_or(NoSystem::Entry)?;
        let codes: Vec<UnitCode> = words.map(UnitCode::new).collect::<Option<_>>().ok_or(NoSystem::Entry)?;
        if !is_rooted(source) {
            return Err(NoSystem::Source);
        }
        if code_in_source(source).is_some() {
            return Err(NoSystem::Unit);
        }
        let is_new = || if codes.is_empty() { Scope::Everyone } else { Scope::Units(Vec::new()) };
        match self.systems.entry(source.to_owned()).or_insert_with(is_new) {
            Scope::Units(known) if !codes.is_empty() => {
                for code in codes {
                    if !known.contains(&code) {
                        known.push(code);
                    }
                }
            }
            Scope::Everyone if codes.is_empty() => {}
            _ => return Err(NoSystem::Scopes),
        }
        Ok(self)
    }

    /// Takes what is made up, or not.
    #[must_use]
    pub fn with_synthetic(mut self, is_taken: bool) -> Self {
        self.synthetic = is_taken;
        self
    }

    /// The first code of a system's units that the table does not have, with that system.
    pub fn unknown_unit(&self, units: &UnitTable) -> Option<(&str, UnitCode)> {
        self.systems.iter().find_map(|(source, scope)| match scope {
            Scope::Everyone => None,
            Scope::Units(codes) => Some((source.as_str(), *codes.iter().find(|code| !units.knows(**code))?)),
        })
    }

    /// Whether what is made up is taken.
    pub(super) fn takes_synthetic(&self) -> bool {
        self.synthetic
    }

    /// The sources besides the units.
    pub(super) fn systems(&self) -> impl Iterator<Item = &String> {
        self.systems.keys()
    }

    /// Whom a source may speak for; `None` of one that is neither a unit of the table nor a system that is named.
    pub(super) fn speaker(&self, source: &str, units: &UnitTable) -> Option<Speaker<'_>> {
        let unit = code_in_source(source).and_then(UnitCode::new).filter(|code| units.knows(*code));
        let system = self.systems.get(source);
        (unit.is_some() || system.is_some()).then_some(Speaker { unit, system })
    }
}

/// Whether a source says by itself where it belongs: it has a scheme, or begins with `/`.
fn is_rooted(source: &str) -> bool {
    let is_scheme = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    let has_scheme = source.split_once(':').is_some_and(|(scheme, rest)| is_scheme(scheme) && !rest.is_empty());
    has_scheme || source.starts_with('/')
}

/// A source, as far as it decides whom it may speak for.
#[derive(Clone, Copy)]
pub(super) struct Speaker<'a> {
    unit: Option<UnitCode>,
    system: Option<&'a Scope>,
}

impl Speaker<'_> {
    /// The unit that it is, if it is one.
    pub(super) fn unit(&self) -> Option<UnitCode> {
        self.unit
    }

    /// That it may not speak for the unit of a fact, if so.
    pub(super) fn objection(&self, fact: &Fact, rules: &Rules) -> Option<ValidationError> {
        // A withdrawal speaks for its own source alone; and nearly every event speaks of the unit that it comes from.
        let code = fact.unit().filter(|code| self.unit != Some(*code))?;
        let (unit, day) = rules.unit_to_speak_for(fact)?;
        if self.may_speak_for(unit, day, &rules.units) {
            return None;
        }
        let (found, allowed) = (format!("{code}, {day}"), self.listed(day, &rules.units));
        Some(ValidationError::new(Code::UnitNotOfSource, "/data/unit", &found, allowed))
    }

    fn may_speak_for(&self, unit: SegmentId, day: Date, units: &UnitTable) -> bool {
        match self.system {
            Some(Scope::Everyone) => true,
            _ => self.codes().any(|code| units.speaks_for(code, unit, day)),
        }
    }

    /// Some of the units that it may speak for on that day, with commas; `…` where there are more.
    fn listed(&self, day: Date, units: &UnitTable) -> String {
        let codes: Vec<UnitCode> =
            self.codes().flat_map(|code| units.spoken_for(code, day, LISTED + 1)).take(LISTED + 1).collect();
        let shown = codes.iter().take(LISTED).map(UnitCode::to_string);
        let more = (codes.len() > LISTED).then(|| "…".to_owned());
        shown.chain(more).collect::<Vec<_>>().join(", ")
    }

    /// The units as which it speaks.
    fn codes(&self) -> impl Iterator<Item = UnitCode> {
        let of_system: &[UnitCode] = match self.system {
            Some(Scope::Units(codes)) => codes,
            _ => &[],
        };
        self.unit.into_iter().chain(of_system.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_named_with_the_units_that_it_speaks_for() {
        let entry = |text: &str| Admission::new().with_system(text);
        assert!(entry("https://dvc.example/mttq").is_ok() && entry("/systems/hr 001").is_ok());
        assert_eq!(entry("urn:x 001  002"), entry(" urn:x 001 002 "));
        assert_ne!(entry("urn:x 001"), entry("urn:x"));
        for wrong in ["", " ", "urn:x Hà", "urn:x\u{200b}", "urn:x 0000000000000001"] {
            assert_eq!(entry(wrong), Err(NoSystem::Entry), "{wrong:?}");
        }
        for wrong in ["00001", "[\"https://x\"]", "\"https://x\"", "dvc.example/mttq", "urn:", "://x", "1a:x"] {
            assert_eq!(entry(wrong), Err(NoSystem::Source), "{wrong:?}");
        }
        for wrong in ["/units/00004", "/units/00004 001", "/units/"] {
            assert_eq!(entry(wrong), Err(NoSystem::Unit), "{wrong:?}");
        }
    }

    #[test]
    fn what_is_said_of_a_system_several_times_adds_up() {
        let entries = |texts: &[&str]| texts.iter().try_fold(Admission::new(), |all, text| all.with_system(text));
        assert_eq!(entries(&["urn:x 001", "urn:y", "urn:x 002 001"]), entries(&["urn:y", "urn:x 001 002"]));
        assert_eq!(entries(&["urn:x", "urn:x"]), entries(&["urn:x"]));
        for contrary in [["urn:x", "urn:x 001"], ["urn:x 001", "urn:x"]] {
            assert_eq!(entries(&contrary), Err(NoSystem::Scopes));
        }
    }
}
