//! The types of event, each as one table of its fields: what decoding checks,
//! what the schemas and the CSV columns are made of.

use std::borrow::Cow;

use crate::domain::{ActivityKind, Area, Body, Field, IndexKind, PetitionKind, Status, Vnd};

/// The largest count that one record may carry.
pub const MAX_COUNT: u32 = 1_000_000_000;

/// The years that a plan or an index may speak of.
pub const YEARS: std::ops::RangeInclusive<i16> = 2000..=2100;

/// The longest `id` and `subject`, in bytes.
pub const MAX_NAME_BYTES: usize = 256;

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
    /// An object of counts, each optional, of these names.
    Counts([&'static str; 3]),
    /// Whole đồng; only with a resolution.
    Money,
    /// Square metres with at most 2 decimals; only with a resolution.
    Land,
    /// A finite number from 0.
    Score,
    /// A year of [`YEARS`].
    Year,
    /// A reporting period.
    Period,
    /// `true` or `false`.
    Flag,
    /// Text.
    Text,
}

impl Kind {
    /// What may stand there, in no language but JSON's.
    pub fn allowed(self) -> Cow<'static, str> {
        match self {
            Self::Unit | Self::Text => "string".into(),
            Self::Day | Self::ResolvedOn => "YYYY-MM-DD".into(),
            Self::OneOf(names) => names.join(", ").into(),
            Self::Count { min } => format!("integer {min} … {MAX_COUNT}").into(),
            Self::Counts(names) => format!("object {{{}}}", names.join(", ")).into(),
            Self::Money => format!("integer 0 … {}", Vnd::MAX).into(),
            Self::Land => format!("number 0 … {}, 0.01", Area::MAX_M2).into(),
            Self::Score => "number ≥ 0".into(),
            Self::Year => format!("integer {} … {}", YEARS.start(), YEARS.end()).into(),
            Self::Period => "2020-Q4, 2020-H1, 2020-9M, 2020".into(),
            Self::Flag => "true, false".into(),
        }
    }

    /// Whether it says what a resolution brought, and so stands only with `resolved_on`.
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
    /// What it means, in Vietnamese.
    pub vi: &'static str,
    /// What it means, in English.
    pub en: &'static str,
}

/// A type of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeSpec {
    /// The attribute `type`, with its version.
    pub event_type: &'static str,
    /// The short name, as [`crate::domain::Fact::kind`] gives it.
    pub name: &'static str,
    /// The fields of its `data`.
    pub fields: &'static [FieldSpec],
    /// What it means, in Vietnamese.
    pub vi: &'static str,
    /// What it means, in English.
    pub en: &'static str,
}

impl TypeSpec {
    /// The type of that `type` attribute.
    pub fn of(event_type: &str) -> Option<&'static Self> {
        TYPES.iter().find(|spec| spec.event_type == event_type)
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

const fn required(name: &'static str, kind: Kind, vi: &'static str, en: &'static str) -> FieldSpec {
    FieldSpec { name, kind, required: true, vi, en }
}

const fn optional(name: &'static str, kind: Kind, vi: &'static str, en: &'static str) -> FieldSpec {
    FieldSpec { name, kind, required: false, vi, en }
}

const UNIT: FieldSpec = required("unit", Kind::Unit, "mã đơn vị", "code of the unit");
const BODY: FieldSpec = required("body", Kind::OneOf(Body::NAMES), "chủ thể giám sát", "body that supervises");
const FIELD: FieldSpec = required("field", Kind::OneOf(Field::NAMES), "lĩnh vực", "field that is supervised");
const HELD_ON: FieldSpec = required("held_on", Kind::Day, "ngày tổ chức", "day it was held");
const YEAR: FieldSpec = required("year", Kind::Year, "năm", "year");
const RESOLVED_ON: FieldSpec =
    optional("resolved_on", Kind::ResolvedOn, "ngày xử lý, giải quyết xong", "day it was resolved");

/// Every type of event.
pub const TYPES: &[TypeSpec] = &[
    TypeSpec {
        event_type: "vn.giaoban.supervision.v1",
        name: "supervision",
        vi: "Một cuộc giám sát",
        en: "A supervision session",
        fields: &[
            UNIT,
            HELD_ON,
            BODY,
            FIELD,
            optional("participants", Kind::Count { min: 0 }, "số lượt người tham gia", "how many took part"),
            optional("topic", Kind::Text, "nội dung giám sát", "what was supervised"),
            optional("project", Kind::Text, "dự án, công trình", "project (community investment board)"),
            optional(
                "recommendations",
                Kind::Counts(["party", "authority", "other"]),
                "số kiến nghị với cấp ủy, chính quyền, nơi khác",
                "recommendations to the Party committee, the authority and others",
            ),
        ],
    },
    TypeSpec {
        event_type: "vn.giaoban.violation.v1",
        name: "violation",
        vi: "Một vụ có dấu hiệu vi phạm",
        en: "A case with signs of violation",
        fields: &[
            UNIT,
            required("detected_on", Kind::Day, "ngày phát hiện", "day it was found"),
            BODY,
            FIELD,
            required("status", Kind::OneOf(Status::NAMES), "tình trạng hiện nay", "what it is held to be now"),
            required("recommended", Kind::Flag, "đã kiến nghị xử lý", "whether handling was recommended"),
            optional(
                "supervision",
                Kind::Text,
                "số hiệu cuộc giám sát đã phát hiện",
                "subject of the session that found it",
            ),
            RESOLVED_ON,
            optional("money_recovered_vnd", Kind::Money, "thu hồi tiền (đồng)", "money recovered (VND)"),
            optional("money_other_vnd", Kind::Money, "xử lý khác về tiền (đồng)", "other money handling (VND)"),
            optional(
                "settlement_reduction_vnd",
                Kind::Money,
                "giảm trừ quyết toán (đồng)",
                "settlement reduction (VND)",
            ),
            optional("land_recovered_m2", Kind::Land, "thu hồi đất (m²)", "land recovered (m²)"),
            optional("land_other_m2", Kind::Land, "xử lý khác về đất (m²)", "other land handling (m²)"),
            optional("summary", Kind::Text, "tóm tắt", "summary"),
            optional("legal_obstacle", Kind::Text, "vướng mắc pháp lý", "legal obstacle"),
        ],
    },
    TypeSpec {
        event_type: "vn.giaoban.activity.v1",
        name: "activity",
        vi: "Một hoạt động khác",
        en: "Another activity",
        fields: &[
            UNIT,
            HELD_ON,
            required("kind", Kind::OneOf(ActivityKind::NAMES), "loại hoạt động", "kind of activity"),
            BODY,
            required("count", Kind::Count { min: 1 }, "số lượt", "how many (opinions contributed; else mostly 1)"),
        ],
    },
    TypeSpec {
        event_type: "vn.giaoban.petition.v1",
        name: "petition",
        vi: "Một đơn thư",
        en: "A petition",
        fields: &[
            UNIT,
            required("received_on", Kind::Day, "ngày tiếp nhận", "day it came"),
            required("kind", Kind::OneOf(PetitionKind::NAMES), "loại đơn", "kind of petition"),
            RESOLVED_ON,
        ],
    },
    TypeSpec {
        event_type: "vn.giaoban.inspectionplan.v1",
        name: "inspectionplan",
        vi: "Kế hoạch kiểm tra của một năm",
        en: "The inspections planned for a year",
        fields: &[
            UNIT,
            YEAR,
            required("planned", Kind::Count { min: 0 }, "số cuộc kiểm tra theo kế hoạch", "inspections planned"),
        ],
    },
    TypeSpec {
        event_type: "vn.giaoban.index.v1",
        name: "index",
        vi: "Một chỉ số hằng năm",
        en: "A yearly index",
        fields: &[
            UNIT,
            YEAR,
            required("index", Kind::OneOf(IndexKind::NAMES), "chỉ số", "which index"),
            optional("dimension", Kind::Text, "nội dung thành phần", "a part of the index"),
            required("score", Kind::Score, "điểm", "score"),
            optional("rank", Kind::Count { min: 1 }, "xếp hạng", "rank"),
            optional("out_of", Kind::Count { min: 1 }, "trong tổng số", "out of how many"),
        ],
    },
    TypeSpec {
        event_type: "vn.giaoban.nilreturn.v1",
        name: "nilreturn",
        vi: "Báo cáo \"không\"",
        en: "Nothing to report for a period",
        fields: &[UNIT, required("period", Kind::Period, "kỳ báo cáo", "reporting period")],
    },
    TypeSpec {
        event_type: "vn.giaoban.withdrawal.v1",
        name: "withdrawal",
        vi: "Rút hồ sơ: hồ sơ không còn được tính",
        en: "The record no longer counts",
        fields: &[required("reason", Kind::Text, "lý do", "why")],
    },
];

/// The most fields that a type has.
pub(super) const MAX_FIELDS: usize = 16;

#[cfg(test)]
mod tests {
    use std::mem::discriminant;

    use super::*;

    #[test]
    fn every_type_is_found_by_its_names() {
        for spec in TYPES {
            assert_eq!(TypeSpec::of(spec.event_type), Some(spec));
            assert_eq!(TypeSpec::named(spec.name), Some(spec));
            assert_eq!(spec.stem(), format!("vn.giaoban.{}.", spec.name));
            assert!(spec.fields.len() <= MAX_FIELDS);
            // `data::Fields` has one place for each of these.
            let single = |field: &&FieldSpec| {
                use Kind::*;
                matches!(field.kind, Unit | Day | ResolvedOn | Counts(_) | Score | Year | Period)
            };
            let mut kinds: Vec<_> = spec.fields.iter().filter(single).map(|field| discriminant(&field.kind)).collect();
            while let Some(kind) = kinds.pop() {
                assert!(!kinds.contains(&kind), "{} has two fields of a kind", spec.name);
            }
        }
        assert_eq!(TypeSpec::of("vn.giaoban.supervision.v2"), None);
    }
}
