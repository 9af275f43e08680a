//! The types of event, each as one table of its fields: what decoding checks,
//! what the schemas and the CSV columns are made of.

use std::borrow::Cow;

use crate::domain::{ActivityKind, Area, Body, Field, Form, IndexKind, PetitionKind, Status, Vnd};
use crate::text::{Text, fields};

/// The largest count that one record may carry.
pub const MAX_COUNT: u32 = 1_000_000_000;

/// The years that a plan or an index may speak of.
pub const YEARS: std::ops::RangeInclusive<i16> = 2000..=2100;

/// The longest `id`, `subject` and `source`, in bytes.
pub const MAX_NAME_BYTES: usize = 256;

/// The longest name of a thing, such as a part of an index, in characters.
pub const MAX_NAME_CHARS: usize = 256;

/// What stands in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The code of a unit.
    Unit,
    /// The day that decides unit and period: within the unit's dates and the calendar.
    Day,
    /// The day of resolution, not before the first day.
    ResolvedOn,
    /// A name of a closed list.
    OneOf(&'static [&'static str]),
    /// A whole number from `min` to [`MAX_COUNT`].
    Count {
        /// The least.
        min: u32,
    },
    /// An object of these members.
    Object(&'static [FieldSpec]),
    /// Whole đồng; in a type that has `resolved_on` only with that.
    Money,
    /// Square metres with at most 2 decimals; in a type that has `resolved_on` only with that.
    Land,
    /// A finite number from 0.
    Score,
    /// A year of [`YEARS`].
    Year,
    /// A reporting period.
    Period,
    /// A reporting period that is one quarter.
    Quarter,
    /// `true` or `false`.
    Flag,
    /// What a thing is called: text of at most [`MAX_NAME_CHARS`] characters.
    Name,
    /// Text, as long as its message may be.
    Text,
}

impl Kind {
    /// What may stand there, in no language but JSON's.
    pub fn allowed(self) -> Cow<'static, str> {
        match self {
            Self::Unit | Self::Text => "string".into(),
            Self::Name => format!("string, ≤ {MAX_NAME_CHARS}").into(),
            Self::Day | Self::ResolvedOn => "YYYY-MM-DD".into(),
            Self::OneOf(names) => names.join(", ").into(),
            Self::Count { min } => format!("integer {min} … {MAX_COUNT}").into(),
            Self::Object(members) => {
                let names: Vec<&str> = members.iter().map(|member| member.name).collect();
                format!("object {{{}}}", names.join(", ")).into()
            }
            Self::Money => format!("integer 0 … {}", Vnd::MAX).into(),
            Self::Land => format!("number 0 … {}, 0.01", Area::MAX_M2).into(),
            Self::Score => "number ≥ 0".into(),
            Self::Year => format!("integer {} … {}", YEARS.start(), YEARS.end()).into(),
            Self::Period => "2020-Q4, 2020-H1, 2020-9M, 2020".into(),
            Self::Quarter => "2020-Q4".into(),
            Self::Flag => "true, false".into(),
        }
    }

    /// Whether it says what a resolution brought, and so stands only with `resolved_on` in a type that has one.
    pub fn needs_resolution(self) -> bool {
        matches!(self, Self::Money | Self::Land)
    }
}

/// A field of an event's `data`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldSpec {
    /// Its name.
    pub name: &'static str,
    /// What stands in it.
    pub kind: Kind,
    /// Whether it must be there.
    pub required: bool,
    /// What it means.
    pub meaning: &'static Text,
}

/// The types of event, in the order of [`TYPES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    /// A supervision session.
    Supervision,
    /// A case with signs of violation.
    Violation,
    /// Another activity.
    Activity,
    /// A complaint, denunciation or recommendation.
    Petition,
    /// A plan of inspections for a year.
    InspectionPlan,
    /// A unit's yearly index.
    Index,
    /// A report that nothing occurred.
    NilReturn,
    /// What an official form says of a quarter.
    FormTotal,
    /// Takes a record back.
    Withdrawal,
}

impl EventType {
    /// Its table of fields.
    pub fn spec(self) -> &'static TypeSpec {
        &TYPES[self as usize]
    }
}

// Each type stands at its place: else this does not compile.
const _: () = {
    let mut place = 0;
    while place < TYPES.len() {
        assert!(TYPES[place].kind as usize == place);
        place += 1;
    }
    assert!(EventType::Withdrawal as usize + 1 == TYPES.len());
};

/// A type of event, with its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeSpec {
    /// Which type.
    pub kind: EventType,
    /// The attribute `type`, with its version.
    pub event_type: &'static str,
    /// The short name, as [`crate::domain::Fact::kind`] gives it.
    pub name: &'static str,
    /// The fields of its `data`.
    pub fields: &'static [FieldSpec],
    /// What it means.
    pub meaning: &'static Text,
}

impl TypeSpec {
    /// The type of that `type` attribute.
    pub fn of(event_type: &str) -> Option<&'static Self> {
        TYPES.iter().find(|spec| spec.event_type == event_type)
    }

    /// The short names of all types, with commas.
    pub fn names() -> String {
        TYPES.iter().map(|spec| spec.name).collect::<Vec<_>>().join(", ")
    }

    /// The type of that short name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TYPES.iter().find(|spec| spec.name == name)
    }

    /// Its field of that name.
    pub fn field(&self, name: &str) -> Option<&'static FieldSpec> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The `type` without its version, with the last full stop.
    pub(super) fn stem(&self) -> &'static str {
        self.event_type.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('v')
    }
}

const fn required(name: &'static str, kind: Kind, meaning: &'static Text) -> FieldSpec {
    FieldSpec { name, kind, required: true, meaning }
}

const fn optional(name: &'static str, kind: Kind, meaning: &'static Text) -> FieldSpec {
    FieldSpec { name, kind, required: false, meaning }
}

const UNIT: FieldSpec = required("unit", Kind::Unit, &fields::UNIT);
const BODY: FieldSpec = required("body", Kind::OneOf(Body::NAMES), &fields::BODY);
const FIELD: FieldSpec = required("field", Kind::OneOf(Field::NAMES), &fields::FIELD);
const HELD_ON: FieldSpec = required("held_on", Kind::Day, &fields::HELD_ON);
const YEAR: FieldSpec = required("year", Kind::Year, &fields::YEAR);
const RESOLVED_ON: FieldSpec = optional("resolved_on", Kind::ResolvedOn, &fields::RESOLVED_ON);

const ANY_COUNT: Kind = Kind::Count { min: 0 };

/// To whom recommendations went.
const RECOMMENDATIONS: &[FieldSpec] = &[
    optional("party", ANY_COUNT, &fields::TO_PARTY),
    optional("authority", ANY_COUNT, &fields::TO_AUTHORITY),
    optional("other", ANY_COUNT, &fields::TO_OTHER),
];

/// The figures that a form may have, by their names in a rollup.
const TOTALS: &[FieldSpec] = &[
    optional("supervision_sessions", ANY_COUNT, &fields::TOTAL_SUPERVISION_SESSIONS),
    optional("participants", ANY_COUNT, &fields::TOTAL_PARTICIPANTS),
    optional("violations_found", ANY_COUNT, &fields::TOTAL_VIOLATIONS_FOUND),
    optional("violations_recommended", ANY_COUNT, &fields::TOTAL_VIOLATIONS_RECOMMENDED),
    optional("violations_resolved", ANY_COUNT, &fields::TOTAL_VIOLATIONS_RESOLVED),
    optional("money_recovered_vnd", Kind::Money, &fields::TOTAL_MONEY_RECOVERED_VND),
    optional("money_other_vnd", Kind::Money, &fields::TOTAL_MONEY_OTHER_VND),
    optional("settlement_reduction_vnd", Kind::Money, &fields::TOTAL_SETTLEMENT_REDUCTION_VND),
    optional("land_recovered_m2", Kind::Land, &fields::TOTAL_LAND_RECOVERED_M2),
    optional("land_other_m2", Kind::Land, &fields::TOTAL_LAND_OTHER_M2),
];

/// Every type of event.
pub const TYPES: &[TypeSpec] = &[
    TypeSpec {
        kind: EventType::Supervision,
        event_type: "vn.giaoban.supervision.v1",
        name: "supervision",
        meaning: &fields::SUPERVISION,
        fields: &[
            UNIT,
            HELD_ON,
            BODY,
            FIELD,
            optional("participants", Kind::Count { min: 0 }, &fields::PARTICIPANTS),
            optional("topic", Kind::Text, &fields::TOPIC),
            optional("project", Kind::Name, &fields::PROJECT),
            optional("recommendations", Kind::Object(RECOMMENDATIONS), &fields::RECOMMENDATIONS),
        ],
    },
    TypeSpec {
        kind: EventType::Violation,
        event_type: "vn.giaoban.violation.v1",
        name: "violation",
        meaning: &fields::VIOLATION,
        fields: &[
            UNIT,
            required("detected_on", Kind::Day, &fields::DETECTED_ON),
            BODY,
            FIELD,
            required("status", Kind::OneOf(Status::NAMES), &fields::STATUS),
            required("recommended", Kind::Flag, &fields::RECOMMENDED),
            optional("supervision", Kind::Name, &fields::FOUND_BY),
            RESOLVED_ON,
            optional("money_recovered_vnd", Kind::Money, &fields::MONEY_RECOVERED_VND),
            optional("money_other_vnd", Kind::Money, &fields::MONEY_OTHER_VND),
            optional("settlement_reduction_vnd", Kind::Money, &fields::SETTLEMENT_REDUCTION_VND),
            optional("land_recovered_m2", Kind::Land, &fields::LAND_RECOVERED_M2),
            optional("land_other_m2", Kind::Land, &fields::LAND_OTHER_M2),
            optional("summary", Kind::Text, &fields::SUMMARY),
            optional("legal_obstacle", Kind::Text, &fields::LEGAL_OBSTACLE),
        ],
    },
    TypeSpec {
        kind: EventType::Activity,
        event_type: "vn.giaoban.activity.v1",
        name: "activity",
        meaning: &fields::ACTIVITY,
        fields: &[
            UNIT,
            HELD_ON,
            required("kind", Kind::OneOf(ActivityKind::NAMES), &fields::ACTIVITY_KIND),
            BODY,
            required("count", Kind::Count { min: 1 }, &fields::COUNT),
        ],
    },
    TypeSpec {
        kind: EventType::Petition,
        event_type: "vn.giaoban.petition.v1",
        name: "petition",
        meaning: &fields::PETITION,
        fields: &[
            UNIT,
            required("received_on", Kind::Day, &fields::RECEIVED_ON),
            required("kind", Kind::OneOf(PetitionKind::NAMES), &fields::PETITION_KIND),
            RESOLVED_ON,
        ],
    },
    TypeSpec {
        kind: EventType::InspectionPlan,
        event_type: "vn.giaoban.inspectionplan.v1",
        name: "inspectionplan",
        meaning: &fields::INSPECTIONPLAN,
        fields: &[UNIT, YEAR, required("planned", Kind::Count { min: 0 }, &fields::PLANNED)],
    },
    TypeSpec {
        kind: EventType::Index,
        event_type: "vn.giaoban.index.v1",
        name: "index",
        meaning: &fields::INDEX,
        fields: &[
            UNIT,
            YEAR,
            required("index", Kind::OneOf(IndexKind::NAMES), &fields::WHICH_INDEX),
            optional("dimension", Kind::Name, &fields::DIMENSION),
            required("score", Kind::Score, &fields::SCORE),
            optional("rank", Kind::Count { min: 1 }, &fields::RANK),
            optional("out_of", Kind::Count { min: 1 }, &fields::OUT_OF),
        ],
    },
    TypeSpec {
        kind: EventType::NilReturn,
        event_type: "vn.giaoban.nilreturn.v1",
        name: "nilreturn",
        meaning: &fields::NILRETURN,
        fields: &[UNIT, required("period", Kind::Period, &fields::PERIOD)],
    },
    TypeSpec {
        kind: EventType::FormTotal,
        event_type: "vn.giaoban.formtotal.v1",
        name: "formtotal",
        meaning: &fields::FORMTOTAL,
        fields: &[
            UNIT,
            required("period", Kind::Quarter, &fields::QUARTER),
            required("form", Kind::OneOf(Form::NAMES), &fields::FORM),
            required("totals", Kind::Object(TOTALS), &fields::TOTALS),
        ],
    },
    TypeSpec {
        kind: EventType::Withdrawal,
        event_type: "vn.giaoban.withdrawal.v1",
        name: "withdrawal",
        meaning: &fields::WITHDRAWAL,
        fields: &[required("reason", Kind::Text, &fields::REASON)],
    },
];

/// The most fields that a type has, and the most members that an object in one has.
pub(super) const MAX_FIELDS: usize = 16;

#[cfg(test)]
mod tests {
    use std::mem::discriminant;

    use super::*;
    use crate::domain::{Figure, FormTotals, Measure};

    #[test]
    fn every_type_is_found_by_its_names() {
        for spec in TYPES {
            assert_eq!(TypeSpec::of(spec.event_type), Some(spec));
            assert_eq!(TypeSpec::named(spec.name), Some(spec));
            assert_eq!(spec.stem(), format!("vn.giaoban.{}.", spec.name));
            assert!(spec.fields.len() <= MAX_FIELDS);
            for field in spec.fields {
                if let Kind::Object(members) = field.kind {
                    assert!(members.len() <= MAX_FIELDS);
                }
            }
            // `data::Fields` has one place for each of these.
            let single = |field: &&FieldSpec| {
                use Kind::*;
                matches!(field.kind, Unit | Day | ResolvedOn | Object(_) | Score | Year | Period | Quarter)
            };
            let mut kinds: Vec<_> = spec.fields.iter().filter(single).map(|field| discriminant(&field.kind)).collect();
            while let Some(kind) = kinds.pop() {
                assert!(!kinds.contains(&kind), "{} has two fields of a kind", spec.name);
            }
        }
        assert_eq!(TypeSpec::of("vn.giaoban.supervision.v2"), None);
    }

    #[test]
    fn a_forms_totals_are_called_and_measured_as_the_figures_and_stand_in_their_order() {
        let (one, money, land) = (Some(1), Vnd::new(1), Area::from_centi(1));
        let whole = FormTotals {
            supervision_sessions: one,
            participants: one,
            violations_found: one,
            violations_recommended: one,
            violations_resolved: one,
            money_recovered: money,
            money_other: money,
            settlement_reduction: money,
            land_recovered: land,
            land_other: land,
        };
        let kind = |figure: Figure| match figure.measure() {
            Measure::Count => ANY_COUNT,
            Measure::Vnd => Kind::Money,
            Measure::CentiM2 => Kind::Land,
        };
        let figures: Vec<_> = whole.figures().map(|(figure, _)| (figure.name(), kind(figure))).collect();
        let members: Vec<_> = TOTALS.iter().map(|member| (member.name, member.kind)).collect();
        assert_eq!(members, figures);
    }
}
