//! Who reports: units with their dates, and who took over from whom.
//!
//! A code is no identity: every commune code of 2025 was another unit's before.
//! A unit is (code, date). The table is data of the operator's; nothing in code
//! knows a province.

use rustc_hash::FxHashMap;
use std::fmt::{self, Write as _};
use std::hash::{Hash, Hasher};

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::catalogue::closed_list;

/// The code of a unit: 1 to 15 ASCII letters and digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnitCode([u8; 16]);

impl Hash for UnitCode {
    /// In one piece: it is looked up several times for each event.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(u128::from_ne_bytes(self.0));
    }
}

impl UnitCode {
    /// The code, or `None` if the text cannot be one.
    pub fn new(text: &str) -> Option<Self> {
        let fits = (1..16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
        // As one number: bytes that are written singly and then read as a whole stall the processor.
        fits.then(|| Self(text.bytes().rev().fold(0, |code, byte| code << 8 | u128::from(byte)).to_le_bytes()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        let end = 16 - u128::from_le_bytes(self.0).leading_zeros() as usize / 8;
        std::str::from_utf8(&self.0[..end]).unwrap_or_default()
    }
}

impl fmt::Display for UnitCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for UnitCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for UnitCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for UnitCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::new(&text).ok_or_else(|| serde::de::Error::custom(format!("\"{text}\" cannot be a unit's code")))
    }
}

closed_list! {
    /// What a unit is.
    UnitKind {
        City = "city";
        Province = "province";
        UrbanDistrict = "urban_district";
        RuralDistrict = "rural_district";
        Town = "town";
        ProvincialCity = "provincial_city";
        Ward = "ward";
        Commune = "commune";
        Township = "township";
        SpecialZone = "special_zone";
    }
}

impl UnitKind {
    /// 0 for the root's kinds, 1 for districts, 2 for communes.
    pub fn level(self) -> u8 {
        match self {
            Self::City | Self::Province => 0,
            Self::UrbanDistrict | Self::RuralDistrict | Self::Town | Self::ProvincialCity => 1,
            Self::Ward | Self::Commune | Self::Township | Self::SpecialZone => 2,
        }
    }
}

/// A row of the table: a unit as it was from one day to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitRow {
    /// Its code.
    pub code: UnitCode,
    /// Its name with its kind, as it is written.
    pub name: String,
    /// What it is.
    pub kind: UnitKind,
    /// The code of the unit it reports to; `None` at the root.
    pub parent: Option<UnitCode>,
    /// Its first day.
    pub valid_from: Date,
    /// Its last day; `None` while it is in force.
    pub valid_to: Option<Date>,
    /// The line of the file, for messages.
    line: usize,
}

impl UnitRow {
    /// Whether it was in force on that day.
    pub fn in_force_on(&self, day: Date) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|to| day <= to)
    }

    /// Whether it was in force on some day from `from` to `to`, both inclusive.
    pub fn in_force_within(&self, from: Date, to: Date) -> bool {
        self.valid_from <= to && self.valid_to.is_none_or(|end| from <= end)
    }
}

/// A row's place in [`UnitTable::rows`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId(u32);

/// A stretch of a row during which its ancestors are the same rows: figures
/// are kept by segment, so that each day counts under the ancestors of that day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentId(u32);

#[derive(Clone, Debug)]
struct Segment {
    row: RowId,
    from: Date,
    /// The row's last day.
    row_to: Option<Date>,
    parent: Option<SegmentId>,
}

/// What a (code, date) is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// In force that day.
    InForce(SegmentId),
    /// The code is known, but not on that day.
    OutsideDates,
    /// No unit ever had the code.
    Unknown,
}

/// Every unit, dated, with its successions.
#[derive(Clone, Debug)]
pub struct UnitTable {
    rows: Vec<UnitRow>,
    segments: Vec<Segment>,
    /// Segments of a code, by date.
    by_code: FxHashMap<UnitCode, Vec<SegmentId>>,
    /// (code that ended, first day without it) → who took it over whole.
    taken_over_whole: FxHashMap<(UnitCode, Date), UnitCode>,
    /// For the fingerprint.
    succession_rows: Vec<String>,
}

/// What is wrong with a table of units, each with its line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file} line {line}: {problem}")]
pub struct UnitTableError {
    /// `units` or `succession`.
    pub file: &'static str,
    /// 1-based line of that file.
    pub line: usize,
    /// What is wrong and what to do.
    pub problem: String,
}

impl UnitTable {
    /// Reads the table and its successions from CSV and checks them whole:
    /// overlaps, gaps, orphans, cycles. Returns every problem found.
    ///
    /// Columns: `code,name,kind,parent_code,valid_from,valid_to` and
    /// `from_code,to_code,effective_on,extent,basis`; other columns are ignored.
    pub fn from_csv(units: &str, succession: &str) -> Result<Self, Vec<UnitTableError>> {
        let mut problems = Vec::new();
        let rows = read_rows(units, &mut problems);
        if rows.is_empty() && problems.is_empty() {
            problems.push(units_problem(
                1,
                "the table has no units: add rows code,name,kind,parent_code,valid_from,valid_to".into(),
            ));
        }
        check_dates(&rows, &mut problems);
        check_parents(&rows, &mut problems);
        if !problems.is_empty() {
            problems.sort_by_key(|problem| problem.line);
            return Err(problems);
        }
        let mut table = Self {
            segments: Vec::new(),
            by_code: FxHashMap::default(),
            taken_over_whole: FxHashMap::default(),
            succession_rows: Vec::new(),
            rows,
        };
        table.cut_segments();
        table.read_succession(succession, &mut problems);
        if problems.is_empty() { Ok(table) } else { Err(problems) }
    }

    /// Every row, parents before children, then by code, then by date.
    pub fn rows(&self) -> &[UnitRow] {
        &self.rows
    }

    /// Each row with its id.
    pub fn row_ids(&self) -> impl Iterator<Item = (RowId, &UnitRow)> {
        self.rows.iter().enumerate().map(|(index, row)| (RowId(index as u32), row))
    }

    /// A row.
    pub fn row(&self, id: RowId) -> &UnitRow {
        &self.rows[id.0 as usize]
    }

    /// The unit over all others, as it is last known.
    pub fn root(&self) -> &UnitRow {
        // Its level is the lowest, so its rows come first.
        let rows = self.rows.iter().take_while(|row| row.parent.is_none());
        rows.last().unwrap_or(&self.rows[0])
    }

    /// The row of a segment.
    pub fn row_of(&self, segment: SegmentId) -> RowId {
        self.segments[segment.0 as usize].row
    }

    /// What names a segment for ever: its unit's code and its first day.
    pub fn segment_key(&self, segment: SegmentId) -> (UnitCode, Date) {
        let segment = &self.segments[segment.0 as usize];
        (self.row(segment.row).code, segment.from)
    }

    /// The segment of that key.
    pub fn segment(&self, code: UnitCode, from: Date) -> Option<SegmentId> {
        let segments = self.by_code.get(&code)?;
        segments.iter().copied().find(|id| self.segments[id.0 as usize].from == from)
    }

    /// The segment its figures also count in, one level up.
    pub fn parent(&self, segment: SegmentId) -> Option<SegmentId> {
        self.segments[segment.0 as usize].parent
    }

    /// The segment and its ancestors, upwards.
    pub fn lineage(&self, segment: SegmentId) -> impl Iterator<Item = SegmentId> + '_ {
        std::iter::successors(Some(segment), |id| self.parent(*id))
    }

    /// Which unit the code meant on that day.
    pub fn at(&self, code: UnitCode, day: Date) -> Lookup {
        let Some(segments) = self.by_code.get(&code) else { return Lookup::Unknown };
        for id in segments.iter().rev() {
            let segment = &self.segments[id.0 as usize];
            if segment.from <= day {
                let in_force = segment.row_to.is_none_or(|to| day <= to);
                return if in_force { Lookup::InForce(*id) } else { Lookup::OutsideDates };
            }
        }
        Lookup::OutsideDates
    }

    /// Whether any unit ever had the code.
    pub fn knows(&self, code: UnitCode) -> bool {
        self.by_code.contains_key(&code)
    }

    /// The code's rows, by date.
    pub fn rows_of(&self, code: UnitCode) -> Vec<&UnitRow> {
        self.rows.iter().filter(|row| row.code == code).collect()
    }

    /// The unit of `code` as it was last in force from `from` to `to`.
    pub fn last_within(&self, code: UnitCode, from: Date, to: Date) -> Option<SegmentId> {
        let segments = self.by_code.get(&code)?;
        segments.iter().rev().copied().find(|id| {
            let segment = &self.segments[id.0 as usize];
            segment.from <= to && self.row(segment.row).in_force_within(from, to)
        })
    }

    /// Where what happens on `day` to a case of `code` found on `found` counts:
    /// in the unit itself while it lasts (a code and name that went on unchanged
    /// are the same unit), else in the unit that took it over whole, step by
    /// step; `None` if on some step none did.
    pub fn heir(&self, code: UnitCode, found: Date, day: Date) -> Option<SegmentId> {
        let Lookup::InForce(mut current) = self.at(code, found) else { return None };
        loop {
            let row = self.row(self.row_of(current));
            if row.in_force_on(day) {
                return match self.at(row.code, day) {
                    Lookup::InForce(segment) => Some(segment),
                    _ => None,
                };
            }
            let next_day = row.valid_to?.tomorrow().ok()?;
            let same = match self.at(row.code, next_day) {
                Lookup::InForce(next) if self.row(self.row_of(next)).name == row.name => Some(next),
                _ => None,
            };
            current = match same {
                Some(next) => next,
                None => {
                    let heir = self.taken_over_whole.get(&(row.code, next_day))?;
                    match self.at(*heir, next_day) {
                        Lookup::InForce(next) => next,
                        _ => return None,
                    }
                }
            };
        }
    }

    /// The first row of the unit that this row is a stretch of: a unit whose
    /// code and name went on unchanged is the same unit.
    pub fn unit_of(&self, id: RowId) -> RowId {
        let row = self.row(id);
        let mut first = id;
        for index in (0..id.0).rev() {
            let earlier = &self.rows[index as usize];
            if earlier.code != row.code || earlier.name != row.name {
                break;
            }
            first = RowId(index);
        }
        first
    }

    /// Every segment that has a day from `from` to `to`, both inclusive.
    pub fn segments_within(&self, from: Date, to: Date) -> impl Iterator<Item = SegmentId> + '_ {
        self.segments.iter().enumerate().filter_map(move |(index, segment)| {
            let cut = self.segments.get(index + 1).filter(|next| next.row == segment.row).map(|next| next.from);
            let begun = segment.from <= to && cut.is_none_or(|cut| cut > from);
            (begun && self.row(segment.row).in_force_within(from, to)).then_some(SegmentId(index as u32))
        })
    }

    /// The nearest known code to a mistyped one, for a remedy.
    pub fn nearest_code(&self, text: &str) -> Option<UnitCode> {
        let distance = |code: &UnitCode| strsim::damerau_levenshtein(code.as_str(), text);
        self.by_code.keys().copied().min_by_key(|code| (distance(code), *code)).filter(|code| distance(code) <= 2)
    }

    /// All that decides figures, as text for the rules' fingerprint.
    pub(super) fn describe(&self, out: &mut String) {
        for row in &self.rows {
            let parent = row.parent.as_ref().map_or("", UnitCode::as_str);
            let to = row.valid_to.map(|day| day.to_string()).unwrap_or_default();
            let _ =
                writeln!(out, "unit {},{},{},{parent},{},{to}", row.code, row.name, row.kind.name(), row.valid_from);
        }
        for row in &self.succession_rows {
            let _ = writeln!(out, "succession {row}");
        }
    }

    /// Cuts each row where the row above it is cut, from the root down.
    fn cut_segments(&mut self) {
        self.rows.sort_by_key(|row| (row.kind.level(), row.code, row.valid_from));
        let mut by_code: FxHashMap<UnitCode, Vec<SegmentId>> = FxHashMap::default();
        // Levels are parents before children, so a parent's segments exist by then.
        for (index, row) in self.rows.iter().enumerate() {
            let mut cuts = vec![(row.valid_from, None)];
            if let Some(parent) = row.parent {
                cuts.clear();
                for id in by_code.get(&parent).into_iter().flatten() {
                    let above = &self.segments[id.0 as usize];
                    let above_row = &self.rows[above.row.0 as usize];
                    let end =
                        self.segments.get(id.0 as usize + 1).filter(|next| next.row == above.row).map(|next| next.from);
                    let starts_in_time = row.valid_to.is_none_or(|to| above.from <= to);
                    let ends_in_time = end
                        .map_or(above_row.valid_to.is_none_or(|to| to >= row.valid_from), |end| end > row.valid_from);
                    if starts_in_time && ends_in_time {
                        cuts.push((above.from.max(row.valid_from), Some(*id)));
                    }
                }
            }
            for (from, parent) in cuts {
                let id = SegmentId(self.segments.len() as u32);
                self.segments.push(Segment { row: RowId(index as u32), from, row_to: row.valid_to, parent });
                by_code.entry(row.code).or_default().push(id);
            }
        }
        self.by_code = by_code;
    }

    fn read_succession(&mut self, text: &str, problems: &mut Vec<UnitTableError>) {
        let problem = |line, problem| UnitTableError { file: "succession", line, problem };
        let mut reader =
            csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(strip_bom(text).as_bytes());
        for row in reader.deserialize::<SuccessionRow>() {
            let row = match row {
                Ok(row) => row,
                Err(error) => {
                    let line = error.position().map_or(0, |position| position.line() as usize);
                    problems
                        .push(problem(line, format!("{error}; a row is from_code,to_code,effective_on,extent,basis")));
                    continue;
                }
            };
            let line = self.succession_rows.len() + 2;
            self.succession_rows.push(format!("{},{},{},{}", row.from_code, row.to_code, row.effective_on, row.extent));
            let last_day = row.effective_on.yesterday().unwrap_or(row.effective_on);
            if self.at(row.from_code, last_day) == Lookup::Unknown {
                problems.push(problem(
                    line,
                    format!("no unit has the code {}: correct it or add the unit to the table", row.from_code),
                ));
            } else if !matches!(self.at(row.to_code, row.effective_on), Lookup::InForce(_)) {
                problems.push(problem(
                    line,
                    format!("{} is not in force on {}: correct the code or the date", row.to_code, row.effective_on),
                ));
            } else if row.extent == "whole" {
                let former = self.taken_over_whole.insert((row.from_code, row.effective_on), row.to_code);
                if let Some(former) = former.filter(|former| *former != row.to_code) {
                    problems.push(problem(
                        line,
                        format!(
                            "{} goes over whole to both {former} and {}: make both rows \"part\"",
                            row.from_code, row.to_code
                        ),
                    ));
                }
            } else if row.extent != "part" {
                problems.push(problem(line, format!("extent \"{}\" is neither \"whole\" nor \"part\"", row.extent)));
            }
        }
    }
}

#[derive(Deserialize)]
struct SuccessionRow {
    from_code: UnitCode,
    to_code: UnitCode,
    effective_on: Date,
    extent: String,
}

#[derive(Deserialize)]
struct CsvRow {
    code: String,
    name: String,
    kind: String,
    parent_code: String,
    valid_from: String,
    valid_to: String,
}

fn strip_bom(text: &str) -> &str {
    text.trim_start_matches('\u{feff}')
}

fn units_problem(line: usize, problem: String) -> UnitTableError {
    UnitTableError { file: "units", line, problem }
}

fn read_rows(text: &str, problems: &mut Vec<UnitTableError>) -> Vec<UnitRow> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(strip_bom(text).as_bytes());
    let headers = match reader.headers() {
        Ok(headers) => headers.clone(),
        Err(error) => {
            problems.push(units_problem(1, format!("{error}: save the file as UTF-8 CSV")));
            return Vec::new();
        }
    };
    let mut rows = Vec::new();
    for record in reader.records() {
        let parsed = record
            .map_err(|error| (error.position().map_or(0, |p| p.line() as usize), error.to_string()))
            .and_then(|record| {
                let line = record.position().map_or(0, |p| p.line() as usize);
                let row: CsvRow = record.deserialize(Some(&headers)).map_err(|error| (line, error.to_string()))?;
                parse_row(row, line).map_err(|problem| (line, problem))
            });
        match parsed {
            Ok(row) => rows.push(row),
            Err((line, problem)) => problems.push(units_problem(line, problem)),
        }
    }
    rows
}

fn parse_row(row: CsvRow, line: usize) -> Result<UnitRow, String> {
    let code = |text: &str| {
        UnitCode::new(text).ok_or_else(|| format!("\"{text}\" cannot be a code: use 1 to 15 letters and digits"))
    };
    let day = |text: &str| text.parse::<Date>().map_err(|_| format!("\"{text}\" is no date: write 2020-01-31"));
    if row.name.is_empty() {
        return Err("the name is missing".into());
    }
    let kind = UnitKind::parse(&row.kind)
        .ok_or_else(|| format!("kind \"{}\" is unknown: use one of {}", row.kind, UnitKind::NAMES.join(", ")))?;
    let valid_from = day(&row.valid_from)?;
    let valid_to = if row.valid_to.is_empty() { None } else { Some(day(&row.valid_to)?) };
    if valid_to.is_some_and(|to| to < valid_from) {
        return Err(format!("valid_to {} lies before valid_from {valid_from}", row.valid_to));
    }
    let parent = if row.parent_code.is_empty() { None } else { Some(code(&row.parent_code)?) };
    Ok(UnitRow { code: code(&row.code)?, name: row.name, kind, parent, valid_from, valid_to, line })
}

fn by_code(rows: &[UnitRow]) -> FxHashMap<UnitCode, Vec<&UnitRow>> {
    let mut map: FxHashMap<UnitCode, Vec<&UnitRow>> = FxHashMap::default();
    for row in rows {
        map.entry(row.code).or_default().push(row);
    }
    for rows in map.values_mut() {
        rows.sort_by_key(|row| row.valid_from);
    }
    map
}

/// A code is one unit on any day, without a break.
fn check_dates(rows: &[UnitRow], problems: &mut Vec<UnitTableError>) {
    for rows in by_code(rows).values() {
        for pair in rows.windows(2) {
            let (before, after) = (pair[0], pair[1]);
            let follows = before.valid_to.and_then(|to| to.tomorrow().ok());
            match follows {
                Some(next) if next == after.valid_from => {}
                Some(next) if next < after.valid_from => problems.push(units_problem(
                    after.line,
                    format!(
                        "gap: {} is missing from {next} to the day before {} (see line {}): close it",
                        after.code, after.valid_from, before.line
                    ),
                )),
                _ => problems.push(units_problem(
                    after.line,
                    format!(
                        "overlap: {} from {} is still in force on line {}: end that row the day before",
                        after.code, after.valid_from, before.line
                    ),
                )),
            }
        }
    }
}

/// Every unit has its parent in force on each of its days, one level or more up, and there is one root.
fn check_parents(rows: &[UnitRow], problems: &mut Vec<UnitTableError>) {
    let units = by_code(rows);
    let mut root: Option<&UnitRow> = None;
    for row in rows {
        let Some(parent) = row.parent else {
            match root {
                Some(first) if first.code != row.code => problems.push(units_problem(
                    row.line,
                    format!(
                        "orphan: {} has no parent, and {} on line {} is the root already: give it a parent_code",
                        row.code, first.code, first.line
                    ),
                )),
                _ => root = Some(row),
            }
            continue;
        };
        if in_cycle(row, &units) {
            problems.push(units_problem(
                row.line,
                format!("cycle: {} lies under itself by way of {parent}: correct parent_code", row.code),
            ));
            continue;
        }
        let above = units.get(&parent).map(Vec::as_slice).unwrap_or_default();
        if above.is_empty() {
            problems.push(units_problem(
                row.line,
                format!("orphan: the parent {parent} of {} is not in the table", row.code),
            ));
            continue;
        }
        if let Some(higher) = above.iter().find(|unit| unit.kind.level() >= row.kind.level()) {
            problems.push(units_problem(
                row.line,
                format!(
                    "orphan: {} ({}) cannot lie under {parent} ({}): a parent is of a higher level",
                    row.code,
                    row.kind.name(),
                    higher.kind.name()
                ),
            ));
            continue;
        }
        let covered = above.first().is_some_and(|first| first.valid_from <= row.valid_from)
            && above.last().is_some_and(|last| match (last.valid_to, row.valid_to) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(above_to), Some(to)) => to <= above_to,
            });
        if !covered {
            problems.push(units_problem(
                row.line,
                format!("orphan: the parent {parent} of {} is not in force on all of its days: cut the row or correct the dates", row.code),
            ));
        }
    }
    if root.is_none() && !rows.is_empty() {
        problems.push(units_problem(rows[0].line, "no root: exactly one unit must have an empty parent_code".into()));
    }
}

fn in_cycle(row: &UnitRow, units: &FxHashMap<UnitCode, Vec<&UnitRow>>) -> bool {
    let mut stack: Vec<UnitCode> = row.parent.into_iter().collect();
    let mut seen = Vec::new();
    while let Some(code) = stack.pop() {
        if code == row.code {
            return true;
        }
        if !seen.contains(&code) {
            seen.push(code);
            stack.extend(units.get(&code).into_iter().flatten().filter_map(|unit| unit.parent));
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    const HANOI: &str = include_str!("../../config/units/hanoi.csv");
    const SUCCESSION: &str = include_str!("../../config/units/hanoi-succession.csv");
    const HEAD: &str = "code,name,kind,parent_code,valid_from,valid_to\n";

    fn hanoi() -> UnitTable {
        UnitTable::from_csv(HANOI, SUCCESSION).unwrap()
    }

    fn code(text: &str) -> UnitCode {
        UnitCode::new(text).unwrap()
    }

    fn problems(rows: &str) -> Vec<(usize, String)> {
        let error =
            UnitTable::from_csv(&format!("{HEAD}{rows}"), "from_code,to_code,effective_on,extent,basis\n").unwrap_err();
        error.into_iter().map(|problem| (problem.line, problem.problem.split(':').next().unwrap().to_owned())).collect()
    }

    #[test]
    fn hanoi_has_the_units_that_were_in_force() {
        let table = hanoi();
        let count = |day: Date, level: u8| {
            table.rows().iter().filter(|row| row.in_force_on(day) && row.kind.level() == level).count()
        };
        assert_eq!((count(date(2020, 3, 1), 1), count(date(2020, 3, 1), 2)), (30, 579));
        assert_eq!((count(date(2025, 3, 1), 1), count(date(2025, 3, 1), 2)), (30, 526));
        assert_eq!((count(date(2025, 7, 1), 1), count(date(2025, 7, 1), 2)), (0, 126));
    }

    #[test]
    fn a_code_means_the_unit_of_that_date() {
        let table = hanoi();
        let name = |day| match table.at(code("00004"), day) {
            Lookup::InForce(segment) => table.row(table.row_of(segment)).name.clone(),
            other => format!("{other:?}"),
        };
        assert_eq!(name(date(2025, 6, 30)), "Phường Trúc Bạch");
        assert_eq!(name(date(2025, 7, 1)), "Phường Ba Đình");
        assert_eq!(name(date(2019, 12, 31)), "OutsideDates");
        assert_eq!(table.at(code("99999"), date(2020, 1, 1)), Lookup::Unknown);
    }

    #[test]
    fn a_dissolved_unit_passes_its_cases_on_only_if_it_went_over_whole() {
        let table = hanoi();
        let heir = |text: &str, found: Date, day: Date| {
            table.heir(code(text), found, day).map(|segment| table.segment_key(segment).0.to_string())
        };
        let (before, after) = (date(2024, 5, 1), date(2025, 8, 1));
        assert_eq!(heir("00010", before, date(2025, 3, 1)).as_deref(), Some("00004"));
        assert_eq!(heir("00010", before, after).as_deref(), Some("00004"), "by way of Trúc Bạch to Ba Đình");
        assert_eq!(heir("00016", before, after), None, "split");
        assert_eq!(heir("00091", before, after).as_deref(), Some("00091"), "code and name went on");
        assert_eq!(heir("001", before, after), None, "districts have no successor");
        assert_eq!(heir("01", before, after).as_deref(), Some("01"));
    }

    #[test]
    fn a_broken_table_names_each_line() {
        assert_eq!(problems("01,A,city,,2020-01-01,\n01,A,city,,2021-01-01,\n"), [(3, "overlap".into())]);
        assert_eq!(problems("01,A,city,,2020-01-01,2020-12-31\n01,A,city,,2021-01-02,\n"), [(3, "gap".into())]);
        assert_eq!(problems("01,A,city,,2020-01-01,\n1,B,town,7,2020-01-01,\n"), [(3, "orphan".into())]);
        assert_eq!(problems("01,A,city,,2020-01-01,2020-12-31\n1,B,town,01,2020-01-01,\n"), [(3, "orphan".into())]);
        assert_eq!(
            problems("01,A,city,,2020-01-01,\n1,B,town,2,2020-01-01,\n2,C,town,1,2020-01-01,\n"),
            [(3, "cycle".into()), (4, "cycle".into())]
        );
        assert_eq!(problems("01,A,city,,2020-02-30,\n")[0].0, 2);
        assert_eq!(problems("")[0].0, 1);
    }

    #[test]
    fn a_row_is_cut_where_its_parent_changes() {
        let rows = "01,A,city,,2020-01-01,\n1,B,town,01,2020-01-01,2020-06-30\n1,B new,town,01,2020-07-01,\n00001,C,ward,1,2020-01-01,\n";
        let table =
            UnitTable::from_csv(&format!("{HEAD}{rows}"), "from_code,to_code,effective_on,extent,basis\n").unwrap();
        let parent = |day| match table.at(code("00001"), day) {
            Lookup::InForce(segment) => table.row(table.row_of(table.parent(segment).unwrap())).name.clone(),
            other => format!("{other:?}"),
        };
        assert_eq!((parent(date(2020, 6, 30)).as_str(), parent(date(2020, 7, 1)).as_str()), ("B", "B new"));
    }
}
