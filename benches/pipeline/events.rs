//! The events that the benchmark sends: the same on every machine and in every run.

use std::fmt::{self, Write as _};

use jiff::ToSpan;
use jiff::civil::{Date, date};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::Failure;

const UNITS: &str = include_str!("../../config/units/hanoi.csv");
const BODIES: [&str; 7] = [
    "fatherland_front",
    "peoples_inspection_board",
    "community_investment_board",
    "trade_union",
    "sociopolitical_organisation",
    "peoples_council",
    "other",
];
const FIELDS: [&str; 9] = [
    "budget_finance",
    "land_construction_planning",
    "investment_projects",
    "peoples_contributions",
    "social_policy",
    "administrative_procedures",
    "official_conduct",
    "environment",
    "other",
];

/// Codes of the communes that were in force all through 2020.
pub fn communes() -> Result<Vec<String>, Failure> {
    let mut codes = vec![];
    for row in csv::Reader::from_reader(UNITS.as_bytes()).deserialize() {
        let (code, _, kind, _, valid_from, valid_to): (String, String, String, String, Date, Option<Date>) = row?;
        let in_force = valid_from <= date(2020, 1, 1) && valid_to.is_none_or(|day| day >= date(2020, 12, 31));
        if in_force && matches!(kind.as_str(), "commune" | "township" | "ward") {
            codes.push(code);
        }
    }
    if codes.len() != 579 {
        return Err(format!("Hanoi had 579 communes in 2020, the table has {}", codes.len()).into());
    }
    Ok(codes)
}

/// The same events on every machine and in every run: six of seven a supervision session, one a violation.
pub struct Events<'a> {
    communes: &'a [String],
    days: Vec<String>,
    random: ChaCha8Rng,
    value: String,
    number: u64,
}

impl<'a> Events<'a> {
    pub fn of_communes(communes: &'a [String]) -> Self {
        let days = (0..349).map(|day| (date(2020, 1, 1) + day.days()).to_string()).collect();
        Events { communes, days, random: ChaCha8Rng::seed_from_u64(2020), value: String::with_capacity(512), number: 0 }
    }

    /// Key and value of the next event. Units take turns, and each numbers its records from 1.
    pub fn next(&mut self) -> Result<(&str, &str), fmt::Error> {
        let number = self.number;
        self.number += 1;
        let turn = number as usize % self.communes.len();
        let record = number / self.communes.len() as u64 + 1;
        let unit = &self.communes[turn];
        let mut below = |bound: usize| (self.random.next_u64() % bound as u64) as usize;
        let day = &self.days[below(self.days.len())];
        let body = BODIES[below(BODIES.len())];
        let field = FIELDS[below(FIELDS.len())];
        let (minute, second, amount) = (below(60), below(60), below(1000));
        let violation = number % 7 == 6;
        let (kind, prefix) = if violation { ("violation", "VP") } else { ("supervision", "GS") };
        self.value.clear();
        write!(
            self.value,
            r#"{{"specversion":"1.0","id":"{prefix}-2020-{record:06}.1","source":"/units/{unit}","type":"vn.giaoban.{kind}.v1","subject":"{prefix}-2020-{record:06}","time":"{day}T09:{minute:02}:{second:02}+07:00","datacontenttype":"application/json","partitionkey":"{unit}","revision":1,"data":{{"unit":"{unit}","#
        )?;
        if violation {
            write!(
                self.value,
                r#""detected_on":"{day}","body":"{body}","field":"{field}","status":"confirmed","recommended":true,"resolved_on":"{day}","money_recovered_vnd":{}}}}}"#,
                amount * 1000
            )?;
        } else {
            write!(
                self.value,
                r#""held_on":"{day}","body":"{body}","field":"{field}","participants":{},"topic":"Giám sát thu, chi các khoản đóng góp"}}}}"#,
                amount % 40 + 1
            )?;
        }
        Ok((unit, &self.value))
    }
}
