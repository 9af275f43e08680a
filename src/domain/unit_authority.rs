//! For which units a unit may speak: itself, those below it, and those that it took over later.

use jiff::civil::Date;

use super::unit::UnitCode;
use super::unit_segment::{Lookup, RowId, SegmentId};
use super::unit_table::UnitTable;

impl UnitTable {
    /// Whether a unit of that code may speak for this one on that day, on which it is in force: for what has the code
    /// itself, for what lies below it then, and for what a unit of the code took over later, whole or in part, at once
    /// or by way of others.
    pub fn speaks_for(&self, speaker: UnitCode, unit: SegmentId, day: Date) -> bool {
        let code = |segment| self.row(self.row_of(segment)).code;
        self.lineage(unit).any(|above| code(above) == speaker) || self.took_over(speaker, unit, day)
    }

    fn took_over(&self, speaker: UnitCode, unit: SegmentId, day: Date) -> bool {
        // Each unit that has something of it, and since when.
        let mut holders = vec![(self.row_of(unit), day)];
        let mut next = 0;
        while let Some((holder, since)) = holders.get(next).copied() {
            next += 1;
            let end = self.last_day_of_unit(holder);
            for (on, taker) in self.successions.takers(self.row(holder).code).iter().copied() {
                let is_of_this_unit = on > since && end.is_none_or(|end| end.tomorrow().is_ok_and(|gone| on <= gone));
                if !is_of_this_unit {
                    continue;
                }
                if taker == speaker {
                    return true;
                }
                if let Lookup::InForce(segment) = self.at(taker, on) {
                    let row = self.row_of(segment);
                    if !holders.iter().any(|(known, _)| *known == row) {
                        holders.push((row, on));
                    }
                }
            }
        }
        false
    }

    /// The last day of the unit that this row is a stretch of; `None` while it is in force.
    fn last_day_of_unit(&self, id: RowId) -> Option<Date> {
        let row = self.row(id);
        let later = self.rows[id.0 as usize..].iter();
        later.take_while(|later| later.code == row.code && later.name == row.name).last()?.valid_to
    }

    /// A segment's unit on its last day, or on that one if it goes on, with the day.
    pub fn on_its_last_day(&self, segment: SegmentId, or: Date) -> Option<(SegmentId, Date)> {
        let row = self.row_of(segment);
        let last = self.last_day_of_unit(row).map_or(or, |end| end.min(or));
        match self.at(self.row(row).code, last) {
            Lookup::InForce(segment) => Some((segment, last)),
            _ => None,
        }
    }

    /// Codes of units that a unit of that code may speak for on that day, at most so many: its own first.
    pub fn spoken_for(&self, speaker: UnitCode, day: Date, most: usize) -> Vec<UnitCode> {
        let others = self.rows.iter().filter(|row| row.in_force_on(day) && row.code != speaker).filter(
            |row| matches!(self.at(row.code, day), Lookup::InForce(unit) if self.speaks_for(speaker, unit, day)),
        );
        let own = matches!(self.at(speaker, day), Lookup::InForce(_)).then_some(speaker);
        own.into_iter().chain(others.map(|row| row.code)).take(most).collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn hanoi() -> UnitTable {
        let units = include_str!("../../config/units/hanoi.csv");
        UnitTable::from_csv(units, include_str!("../../config/units/hanoi-succession.csv")).unwrap()
    }

    fn code(text: &str) -> UnitCode {
        UnitCode::new(text).unwrap()
    }

    #[test]
    fn a_unit_speaks_for_itself_those_below_it_and_those_that_it_took_over_later() {
        let table = hanoi();
        let speaks = |speaker: &str, unit: &str, day: Date| {
            let Lookup::InForce(segment) = table.at(code(unit), day) else { panic!("{unit} on {day}") };
            table.speaks_for(code(speaker), segment, day)
        };
        let (before, after) = (date(2020, 3, 4), date(2025, 8, 1));
        for (speaker, unit, day, may) in [
            ("00004", "00004", before, true),
            ("00004", "00004", after, true),
            ("00004", "00006", before, false),
            ("00004", "001", before, false),
            ("00004", "01", before, false),
            ("001", "00004", before, true),
            ("002", "00004", before, false),
            ("01", "00004", before, true),
            ("01", "001", before, true),
            ("01", "00004", after, true),
            // Districts are no more: nobody is below them.
            ("001", "00004", after, false),
            // Whole, on 2025-01-01.
            ("00004", "00010", before, true),
            ("00010", "00004", before, false),
            // In part.
            ("00151", "00142", before, true),
            ("00136", "00142", before, true),
        ] {
            assert_eq!(speaks(speaker, unit, day), may, "{speaker} for {unit} on {day}");
        }
    }

    #[test]
    fn what_was_taken_over_by_way_of_others_is_spoken_for_too() {
        let units = "code,name,kind,parent_code,valid_from,valid_to\n01,A,city,,2020-01-01,\n\
            a,A,ward,01,2020-01-01,2020-06-30\nb,B,ward,01,2020-01-01,2020-12-31\nc,C,ward,01,2020-01-01,\n\
            a,A new,ward,01,2021-01-01,\n";
        let succession = "from_code,to_code,effective_on,extent,basis\na,b,2020-07-01,whole,x\nb,c,2021-01-01,part,x\n\
            b,a,2021-01-01,part,x\n";
        let table = UnitTable::from_csv(units, succession);
        // A code may come back for another unit only where the table has no gap.
        assert!(table.is_err());
        let table = UnitTable::from_csv(&units.replace("a,A new", "d,D"), &succession.replace("b,a", "b,d")).unwrap();
        let speaks = |speaker: &str, unit: &str, day: Date| {
            let Lookup::InForce(segment) = table.at(code(unit), day) else { panic!("{unit} on {day}") };
            table.speaks_for(code(speaker), segment, day)
        };
        let day = date(2020, 3, 4);
        assert!(speaks("b", "a", day) && speaks("c", "a", day) && speaks("d", "a", day) && speaks("d", "b", day));
        assert!(!speaks("a", "b", day) && !speaks("c", "d", date(2021, 3, 4)));
    }

    #[test]
    fn a_unit_ends_with_its_last_day_or_goes_on() {
        let table = hanoi();
        let last = |day: Date, or: Date| {
            let Lookup::InForce(segment) = table.at(code("00004"), day) else { panic!("{day}") };
            let (segment, last) = table.on_its_last_day(segment, or).unwrap();
            (table.row(table.row_of(segment)).name.clone(), last)
        };
        let end = date(2025, 12, 31);
        assert_eq!(last(date(2025, 1, 1), end), ("Phường Trúc Bạch".to_owned(), date(2025, 6, 30)));
        assert_eq!(last(date(2025, 1, 1), date(2025, 3, 14)), ("Phường Trúc Bạch".to_owned(), date(2025, 3, 14)));
        assert_eq!(last(date(2025, 7, 1), end), ("Phường Ba Đình".to_owned(), end));
    }

    #[test]
    fn the_units_that_may_be_spoken_for_are_listed_the_own_first() {
        let table = hanoi();
        let list = |speaker: &str, day: Date, most: usize| {
            let codes = table.spoken_for(code(speaker), day, most);
            codes.iter().map(UnitCode::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(list("00004", date(2020, 3, 4), 9), "00004 00010 00013 00016 00019 00022 00028 00040 00055");
        assert_eq!(list("001", date(2020, 3, 4), 3), "001 00001 00004");
        assert_eq!(list("00010", date(2025, 8, 1), 3), "");
    }
}
