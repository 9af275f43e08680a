//! What tables ask of a rollup's rows: a figure as a typed value, its part by
//! body or field, the rows under another.

use super::datum::Datum;
use crate::domain::{Body, FieldPart, Figure};
use crate::rollup::table::DISSOLVED;
use crate::rollup::{Rollup, RollupRow};
use crate::text::{Text, names};

/// Whether nothing has come from the unit nor from any under it.
pub fn silent(row: &RollupRow) -> bool {
    row.figure(Figure::UnitsExpected) > 0 && row.figure(Figure::UnitsReported) == 0
}

/// A figure's value, a zero also where the unit has not reported.
pub fn amount(row: &RollupRow, figure: Figure) -> Datum {
    Datum::of(figure, row.figure(figure))
}

/// A figure's value, unless the unit has not reported. How many units reported is known all the same.
pub fn value(row: &RollupRow, figure: Figure) -> Datum {
    if silent(row) && !figure.counts_units() { Datum::NotReported } else { amount(row, figure) }
}

/// A figure's part by a body.
pub fn of_body(row: &RollupRow, figure: Figure, body: Body) -> i128 {
    row.by_body(figure).find(|(other, _)| *other == body).map_or(0, |(_, amount)| amount)
}

/// A figure's part in a field.
pub fn in_field(row: &RollupRow, figure: Figure, field: FieldPart) -> i128 {
    row.by_field(figure).find(|(other, _)| *other == field).map_or(0, |(_, amount)| amount)
}

/// What is in a column: a figure, or the sum of several of one measure.
pub type FigureSum = &'static [Figure];

/// Each body with its part of each column.
pub fn by_body<const N: usize>(row: &RollupRow, columns: [FigureSum; N]) -> Vec<(Text, [Datum; N])> {
    let part = |body: &Body| (names::body(*body), sums(columns, |figure| of_body(row, figure, *body)));
    Body::ALL.iter().map(part).collect()
}

/// Each field with its part of each column; last what no record says the field of, if there is any.
pub fn by_field<const N: usize>(row: &RollupRow, columns: [FigureSum; N]) -> Vec<(Text, [Datum; N])> {
    let of_forms = columns.iter().copied().flatten();
    let unspecified = of_forms.map(|figure| in_field(row, *figure, FieldPart::Unspecified)).any(|amount| amount != 0);
    let is_shown = |field: &FieldPart| *field != FieldPart::Unspecified || unspecified;
    let part = |field: FieldPart| (names::field_part(field), sums(columns, |figure| in_field(row, figure, field)));
    FieldPart::all().filter(is_shown).map(part).collect()
}

/// What each column sums up to.
pub fn sums<const N: usize>(columns: [FigureSum; N], of: impl Fn(Figure) -> i128) -> [Datum; N] {
    columns.map(|figures| Datum::of(figures[0], figures.iter().map(|figure| of(*figure)).sum()))
}

/// How many of the units that are to report have.
pub fn reported(row: &RollupRow) -> Datum {
    Datum::Share(row.figure(Figure::UnitsReported), row.figure(Figure::UnitsExpected))
}

/// The rows of the units right under a unit.
pub fn children<'a>(rollup: &'a Rollup, code: &'a str) -> impl Iterator<Item = &'a RollupRow> {
    under(rollup, code).filter(|row| row.kind != DISSOLVED)
}

/// The same, with what counts in no unit any more.
pub fn under<'a>(rollup: &'a Rollup, code: &'a str) -> impl Iterator<Item = &'a RollupRow> {
    rollup.rows.iter().filter(move |row| row.parent.as_deref() == Some(code))
}
