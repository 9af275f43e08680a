//! A small city and a few records, for the tests of reports and pages.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::*;
use crate::store::sqlite::SqliteStore;
use crate::store::{Batch, ReadLedger as _, Span, StoreWriter as _};

const UNITS: &str = "\
code,name,kind,parent_code,valid_from,valid_to
01,Thành phố Hà Nội,city,,2020-01-01,
001,Quận Ba Đình,urban_district,01,2020-01-01,
269,Thị xã Sơn Tây,town,01,2020-01-01,
277,Huyện Chương Mỹ,rural_district,01,2020-01-01,
00004,Phường Trúc Bạch,ward,001,2020-01-01,
00010,Phường Nguyễn Trung Trực,ward,001,2020-01-01,2020-10-31
00013,Phường Quán Thánh,ward,001,2020-01-01,
09574,Phường Lê Lợi,ward,269,2020-01-01,
10015,Thị trấn Chúc Sơn,township,277,2020-01-01,
10018,Xã Tiên Phương,commune,277,2020-01-01,
";

/// The city's rules under the decree's calendar.
pub fn rules() -> Arc<Rules> {
    let units = UnitTable::from_csv(UNITS, "from_code,to_code,effective_on,extent,basis\n").unwrap();
    Arc::new(Rules::new(units, Calendar::Decree09))
}

fn unit(code: &str) -> UnitCode {
    UnitCode::new(code).unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn recorded(on: &str) -> Timestamp {
    HANOI.to_timestamp(day(on).at(9, 0, 0, 0)).unwrap()
}

fn supervision(code: &str, held_on: &str, body: Body, field: Field, participants: u32) -> Fact {
    Fact::Supervision { unit: unit(code), held_on: day(held_on), body, field, participants, recommendations: [1, 2, 0] }
}

fn violation(code: &str, detected_on: &str, status: Status, resolution: Option<Resolution>) -> Fact {
    Fact::Violation {
        unit: unit(code),
        detected_on: day(detected_on),
        body: Body::PeoplesInspectionBoard,
        field: Field::LandConstructionPlanning,
        status,
        recommended: true,
        resolution,
    }
}

fn resolved(on: &str, dong: u64) -> Option<Resolution> {
    Some(Resolution {
        on: day(on),
        money_recovered: Vnd::new(dong).unwrap(),
        money_other: Vnd::new(0).unwrap(),
        settlement_reduction: Vnd::new(500_000).unwrap(),
        land_recovered: Area::from_centi(1_250).unwrap(),
        land_other: Area::from_centi(0).unwrap(),
    })
}

fn facts() -> Vec<Fact> {
    use Body::*;
    vec![
        supervision("00004", "2020-09-20", FatherlandFront, Field::BudgetFinance, 12),
        supervision("00004", "2020-10-20", TradeUnion, Field::Environment, 30),
        supervision("00004", "2020-08-20", TradeUnion, Field::Environment, 8),
        supervision("00013", "2020-11-02", CommunityInvestmentBoard, Field::InvestmentProjects, 1_200),
        supervision("001", "2020-12-01", PeoplesCouncil, Field::OfficialConduct, 9),
        supervision("10018", "2020-12-14", PeoplesInspectionBoard, Field::LandConstructionPlanning, 15),
        supervision("10018", "2020-12-15", PeoplesInspectionBoard, Field::LandConstructionPlanning, 99),
        supervision("01", "2020-11-20", FatherlandFront, Field::SocialPolicy, 40),
        violation("10018", "2020-10-05", Status::Confirmed, resolved("2020-11-30", 1_234_567_000)),
        violation("10018", "2020-07-01", Status::Suspected, None),
        violation("00010", "2020-09-30", Status::Dismissed, resolved("2020-11-20", 2_000_000)),
        Fact::Activity {
            unit: unit("001"),
            held_on: day("2020-10-01"),
            kind: ActivityKind::OpinionContribution,
            body: FatherlandFront,
            count: 250,
        },
        Fact::Petition {
            unit: unit("00004"),
            received_on: day("2020-10-01"),
            kind: PetitionKind::Complaint,
            resolved_on: Some(day("2020-12-10")),
        },
        Fact::NilReturn { unit: unit("10015"), period: "2020-Q4".parse().unwrap(), recorded: recorded("2020-12-14") },
        Fact::InspectionPlan { unit: unit("01"), year: 2020, planned: 20, recorded: recorded("2020-01-10") },
        Fact::InspectionPlan { unit: unit("01"), year: 2020, planned: 24, recorded: recorded("2020-02-10") },
        Fact::InspectionPlan { unit: unit("01"), year: 2021, planned: 30, recorded: recorded("2020-12-10") },
        Fact::Index {
            unit: unit("01"),
            year: 2020,
            index: IndexKind::Papi,
            dimension: None,
            score: "41.629".into(),
            rank: Some(48),
            out_of: Some(63),
            recorded: recorded("2020-12-10"),
        },
        // One form beside a session of the same board, one by itself.
        Fact::FormTotal {
            unit: unit("00013"),
            quarter: "2020-Q4".parse().unwrap(),
            form: Form::CommunityInvestmentBoard,
            totals: Box::new(FormTotals {
                supervision_sessions: Some(4),
                participants: Some(0),
                violations_found: Some(1),
                settlement_reduction: Vnd::new(5_000_000),
                land_other: Area::from_centi(50),
                ..FormTotals::default()
            }),
            recorded: recorded("2020-12-12"),
        },
        Fact::FormTotal {
            unit: unit("00004"),
            quarter: "2020-Q4".parse().unwrap(),
            form: Form::PeoplesInspectionBoard,
            totals: Box::new(FormTotals { supervision_sessions: Some(2), ..FormTotals::default() }),
            recorded: recorded("2020-12-13"),
        },
    ]
}

/// Records of a code that went from one ward to another on 1 July 2025, within a quarter.
pub fn two_wards_of_one_code() -> Vec<Fact> {
    [("2025-06-20", 10), ("2025-06-30", 20), ("2025-07-01", 40)]
        .map(|(held_on, participants)| {
            supervision("00004", held_on, Body::TradeUnion, Field::Environment, participants)
        })
        .into()
}

/// Makes a store of the small city's records at `path`.
pub fn store(path: &Path, synthetic: bool) -> SqliteStore {
    store_of(path, &rules(), facts(), synthetic)
}

/// Makes a store of these records at `path`.
pub fn store_of(path: &Path, rules: &Rules, facts: Vec<Fact>, synthetic: bool) -> SqliteStore {
    let mut store = SqliteStore::create(path).unwrap();
    store.adopt(rules, synthetic).unwrap();
    let entries: Vec<Entry> = facts
        .into_iter()
        .enumerate()
        .map(|(index, fact)| Entry {
            key: RecordKey::new("/units/01", &format!("GB-{index:03}")),
            revision: Revision::FIRST,
            digest: Digest([index as u8; 32]),
            event_id: None,
            fact,
            position: Position { partition: Partition(0), offset: Offset(index as i64) },
        })
        .collect();
    let count = entries.len() as u64;
    let span =
        Span { partition: Partition(0), from: None, to: NextOffset(count as i64), read: count, ..Span::default() };
    let batch = Batch { topic: "giaoban.events".into(), spans: vec![span], entries, ..Batch::default() };
    store.apply(&batch, rules).unwrap();
    assert_eq!(store.record_count().unwrap(), count);
    store
}
