//! An event's `data` from flat cells: what spreadsheets hold, and a command line.
//!
//! Only reads what a cell says (numbers with their separators, yes and no); the
//! rules are checked where the event is decoded.

use serde_json::{Map, Number, Value};

use super::spec::{FieldSpec, Kind, TypeSpec};
use super::validation_error::ValidationError;
use super::value::refusal;
use crate::text::Text;
use crate::text::codes::Code;
use crate::text::wire::{NO, YES};

/// A column: the field it fills and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlatColumn {
    /// The field of `data`.
    pub field: &'static str,
    /// Within that field, the member.
    pub member: Option<&'static str>,
    /// What it means.
    pub meaning: &'static Text,
    /// What stands in the cell.
    pub kind: Kind,
    /// Whether it must be filled.
    pub required: bool,
}

impl FlatColumn {
    /// Its name: the field's, with the member's after an underscore.
    pub fn name(&self) -> String {
        match self.member {
            Some(member) => format!("{}_{member}", self.field),
            None => self.field.to_owned(),
        }
    }

    /// Where what it fills stands in an event.
    pub fn pointer(&self) -> String {
        match self.member {
            Some(member) => format!("/data/{}/{member}", self.field),
            None => format!("/data/{}", self.field),
        }
    }
}

/// The columns of a type, in the order of the contract; of an object, one for each of its members.
pub fn columns(spec: &TypeSpec) -> Vec<FlatColumn> {
    let column = |object: Option<&FieldSpec>, field: &FieldSpec| FlatColumn {
        field: object.map_or(field.name, |object| object.name),
        member: object.map(|_| field.name),
        meaning: field.meaning,
        kind: field.kind,
        required: field.required,
    };
    let mut columns = Vec::new();
    for field in spec.fields {
        match field.kind {
            Kind::Object(members) => columns.extend(members.iter().map(|member| column(Some(field), member))),
            _ => columns.push(column(None, field)),
        }
    }
    columns
}

/// The column that an error at that pointer lies in: `/data/recommendations/party`
/// is `recommendations_party`; `None` for what is not in `data`.
pub fn column_at(pointer: &str) -> Option<String> {
    pointer.strip_prefix("/data/").map(|path| path.replace('/', "_"))
}

/// The `data` of a row: `cell` gives the text in the column of that name.
/// Empty cells are absent fields. With `decimal_comma`, `12,50` is 12.5 and
/// `1.234.567` is 1234567; without, `12.50` and `1,234,567` are.
///
/// # Errors
///
/// Every cell that cannot be read, each where it would stand in the event.
pub fn csv_data<'r>(
    spec: &TypeSpec,
    cell: &dyn Fn(&str) -> Option<&'r str>,
    decimal_comma: bool,
) -> Result<Map<String, Value>, Vec<ValidationError>> {
    let mut data = Map::new();
    let mut errors = Vec::new();
    for column in columns(spec) {
        let name = column.name();
        let Some(text) = cell(&name).map(str::trim).filter(|text| !text.is_empty()) else { continue };
        let value = match read(column.kind, text, decimal_comma) {
            Ok(value) => value,
            Err(code) => {
                errors.push(ValidationError::new(code, column.pointer(), text, column.kind.allowed()));
                continue;
            }
        };
        match column.member {
            None => {
                data.insert(name, value);
            }
            Some(member) => {
                let whole = data.entry(column.field).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(members) = whole {
                    members.insert(member.to_owned(), value);
                }
            }
        }
    }
    if errors.is_empty() { Ok(data) } else { Err(errors) }
}

fn read(kind: Kind, text: &str, decimal_comma: bool) -> Result<Value, Code> {
    let value = match kind {
        Kind::Count { .. } | Kind::Money | Kind::Land | Kind::Score | Kind::Year => {
            let written = number(text, decimal_comma).ok_or(Code::CellUnreadable)?;
            let number = nearest(&written).ok_or(Code::CellUnreadable)?;
            // A double does not hold all that may be written; what is too fine is told here, or never.
            match refusal(kind, &written) {
                Some(code) if refusal(kind, &number.to_string()) != Some(code) => return Err(code),
                _ => Some(Value::Number(number)),
            }
        }
        Kind::Flag => match text.to_lowercase().as_str() {
            yes if YES.contains(&yes) => Some(true.into()),
            no if NO.contains(&no) => Some(false.into()),
            _ => None,
        },
        Kind::Unit
        | Kind::Day
        | Kind::ResolvedOn
        | Kind::OneOf(_)
        | Kind::Period
        | Kind::Quarter
        | Kind::Name
        | Kind::Text => Some(text.into()),
        Kind::Object(_) => None,
    };
    value.ok_or(Code::CellUnreadable)
}

/// A number with or without separators of thousands (which may be spaces, too), as JSON writes it.
fn number(text: &str, decimal_comma: bool) -> Option<String> {
    let (point, thousands) = if decimal_comma { (',', '.') } else { ('.', ',') };
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let (whole, fraction) = digits.split_once(point).unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_separator = |c: char| c == thousands || matches!(c, ' ' | '\u{a0}' | '\u{202f}');
    let separator = whole.chars().find(|c| is_separator(*c)).unwrap_or(thousands);
    let mut groups = whole.split(separator);
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let grouped = rest.is_empty() || (first.len() <= 3 && rest.iter().all(|group| group.len() == 3));
    if !grouped || !all_digits(first) || !rest.iter().all(|group| all_digits(group)) || !all_digits(fraction) {
        return None;
    }
    Some(format!("{sign}{first}{}.{fraction}", rest.concat()))
}

/// The number of JSON that is nearest to what is written.
fn nearest(written: &str) -> Option<Number> {
    let (whole, fraction) = written.split_once('.')?;
    if fraction.bytes().all(|byte| byte == b'0')
        && let Ok(whole) = whole.parse::<i64>()
    {
        return Some(whole.into());
    }
    Number::from_f64(written.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::TYPES;
    use serde_json::json;

    #[test]
    fn numbers_are_read_as_spreadsheets_write_them() {
        let comma = |text| number(text, true).and_then(|written| nearest(&written)).map(Value::Number);
        assert_eq!(comma("12,50"), Some(json!(12.5)));
        assert_eq!(comma("1.234.567"), Some(json!(1_234_567)));
        assert_eq!(comma("1.234.567,89"), Some(json!(1_234_567.89)));
        assert_eq!(comma("1 200 000"), Some(json!(1_200_000)));
        assert_eq!(comma("1\u{a0}200,00"), Some(json!(1200)));
        assert_eq!(comma("-3"), Some(json!(-3)));
        assert_eq!(comma("99999999999999999999"), Some(json!(1e20)));
        for text in ["12.50", "1.23.456", "1,2,3", "", "-", ",5", "5,", "1.2E+06", "12a", "1 2", "1234.567"] {
            assert_eq!(comma(text), None, "{text}");
        }
        let point = |text| number(text, false).and_then(|written| nearest(&written)).map(Value::Number);
        assert_eq!(point("12.50"), Some(json!(12.5)));
        assert_eq!(point("1,234,567"), Some(json!(1_234_567)));
        assert_eq!(point("12,50"), None);
        assert_eq!(point("1.234.567"), None);
    }

    fn row<'r>(cells: &'r [(&'r str, &'r str)]) -> impl Fn(&str) -> Option<&'r str> {
        |name| cells.iter().find(|(column, _)| *column == name).map(|(_, cell)| *cell)
    }

    #[test]
    fn a_row_becomes_data_with_its_types() {
        let spec = TypeSpec::named("supervision").unwrap();
        let cells = [
            ("unit", "00004"),
            ("held_on", " 2020-03-04 "),
            ("body", "other"),
            ("participants", "1.200"),
            ("topic", ""),
            ("recommendations_party", "2"),
            ("recommendations_other", "0"),
            ("unheard_of", "x"),
        ];
        assert_eq!(
            Value::Object(csv_data(spec, &row(&cells), true).unwrap()),
            json!({"unit": "00004", "held_on": "2020-03-04", "body": "other", "participants": 1200,
                "recommendations": {"party": 2, "other": 0}})
        );
        let spec = TypeSpec::named("violation").unwrap();
        for (text, flag) in
            [("có", true), ("Không", false), ("TRUE", true), ("false", false), ("1", true), ("0", false)]
        {
            let data = csv_data(spec, &row(&[("recommended", text), ("land_other_m2", "0,5")]), true).unwrap();
            assert_eq!(Value::Object(data), json!({"recommended": flag, "land_other_m2": 0.5}));
        }
    }

    #[test]
    fn a_cell_that_cannot_be_read_is_named() {
        let spec = TypeSpec::named("violation").unwrap();
        let cells = [("recommended", "maybe"), ("money_other_vnd", "1.2 tỷ")];
        let errors = csv_data(spec, &row(&cells), true).unwrap_err();
        let list: Vec<String> = errors.iter().map(|b| format!("{} {} {}", b.code, b.pointer, b.found)).collect();
        assert_eq!(list, ["cell.unreadable /data/recommended maybe", "cell.unreadable /data/money_other_vnd 1.2 tỷ"]);
    }

    #[test]
    fn what_a_double_does_not_hold_is_told() {
        let spec = TypeSpec::named("violation").unwrap();
        let code = |column: &str, text: &str| {
            let read = csv_data(spec, &row(&[(column, text)]), true);
            read.err().map(|errors| (errors[0].code, errors[0].found.clone()))
        };
        let money = |text: &str| code("money_other_vnd", text).map(|(code, _)| code);
        assert_eq!(
            code("money_other_vnd", "0,99999999999999999999"),
            Some((Code::MoneyFractional, "0,99999999999999999999".to_owned()))
        );
        assert_eq!(money("999.999.999.999.999,99999999"), Some(Code::MoneyFractional));
        assert_eq!(money("1.000.000,00"), None);
        let land = |text: &str| code("land_other_m2", text).map(|(code, _)| code);
        assert_eq!(land("12,3400000000000000001"), Some(Code::LandTooFine));
        assert_eq!(land("1000000000,0000000000001"), Some(Code::LandTooLarge));
        assert_eq!(land("0,10"), None);
    }

    #[test]
    fn an_error_is_led_back_to_its_column() {
        for spec in TYPES {
            for column in columns(spec) {
                assert_eq!(column_at(&column.pointer()), Some(column.name()));
            }
        }
        assert_eq!(column_at("/time"), None);
    }

    #[test]
    fn the_columns_are_the_fields_with_recommendations_apart() {
        let names: Vec<String> =
            columns(TypeSpec::named("supervision").unwrap()).iter().map(FlatColumn::name).collect();
        assert_eq!(
            names.join(","),
            "unit,held_on,body,field,participants,topic,project,recommendations_party,recommendations_authority,recommendations_other"
        );
    }
}
