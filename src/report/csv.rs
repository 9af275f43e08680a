//! A rollup for spreadsheets and statistics programs: a row per unit.

use super::numbers;
use crate::domain::Figure;
use crate::rollup::Rollup;

/// A rollup as CSV in UTF-8 with plain numbers; of made-up figures with a last
/// column `synthetic`, so that no row can be parted from the warning.
pub fn rollup_csv(rollup: &Rollup, synthetic: bool) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header = vec!["unit", "valid_from", "name", "kind", "parent"];
    header.extend(Figure::NAMES);
    header.extend(synthetic.then_some("synthetic"));
    // Writing into memory cannot fail, and every row has the header's width.
    let _ = writer.write_record(header);
    for row in &rollup.rows {
        let mut fields = vec![
            row.unit.clone(),
            row.valid_from.map(|day| day.to_string()).unwrap_or_default(),
            row.name.clone(),
            row.kind.to_owned(),
            row.parent.clone().unwrap_or_default(),
        ];
        fields.extend(Figure::ALL.iter().map(|figure| numbers::plain(row.figure(*figure), figure.measure())));
        fields.extend(synthetic.then(|| "true".to_owned()));
        let _ = writer.write_record(fields);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}
