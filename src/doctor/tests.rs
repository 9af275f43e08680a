use std::cell::Cell;

use super::finding::Examination;
use super::fixture::{FakeLog, FakeStore};
use super::machine::folder;
use super::*;
use crate::config::{Overrides, load};
use crate::domain::{Calendar, Digest, NextOffset, Offset, Partition, UnitTable};
use crate::failure::Cause;
use crate::files::Inspected;
use crate::log::{Access, LogError};
use crate::store::{Accepted, Counts, Held, MissingRights};
use crate::text::Lang;

mod moving;

fn checkpoint(partition: i32, next: i64, read: u64, applied: u64) -> Checkpoint {
    let counts = Counts { read, applied, ..Counts::default() };
    Checkpoint { partition: Partition(partition), next: NextOffset(next), counts, last_timestamp_ms: None }
}

fn now() -> Timestamp {
    "2026-01-05T02:00:00Z".parse().unwrap()
}

struct Case {
    log: FakeLog,
    checkpoints: Result<Vec<Checkpoint>, StoreError>,
    /// The store as it is looked at again, once after the other; the last stays.
    later: Vec<Vec<Checkpoint>>,
    pages: Option<Result<Inspected, StoreError>>,
    rights: MissingRights,
    held: Vec<Held>,
    accepted: Vec<Accepted>,
    now: Timestamp,
    data: Option<std::path::PathBuf>,
    lang: &'static str,
    brokers: &'static str,
    calendar: Calendar,
}

impl Case {
    /// Two partitions of 7 and 5 messages, all in the store.
    fn healthy() -> Self {
        let taken_ms = now().as_millisecond() - 60_000;
        Self {
            log: FakeLog { ranges: vec![(0, 7), (0, 5)], taken_ms, ..FakeLog::default() },
            checkpoints: Ok(vec![checkpoint(0, 7, 7, 7), checkpoint(1, 5, 5, 5)]),
            later: Vec::new(),
            pages: None,
            rights: MissingRights::None,
            held: Vec::new(),
            accepted: Vec::new(),
            now: now(),
            data: None,
            lang: "en",
            brokers: "",
            calendar: Calendar::Decree09,
        }
    }

    fn examine(&self) -> Vec<Finding> {
        self.examine_as(&Met::Open(&self.log))
    }

    fn examine_as(&self, log: &Met<'_>) -> Vec<Finding> {
        let dir = tempfile::tempdir().unwrap();
        let data = self.data.clone().unwrap_or_else(|| dir.path().to_owned());
        let overrides = Overrides { data: Some(data), lang: Some(self.lang.into()), ..Overrides::default() };
        let environment = [("KAFKA__BROKERS", self.brokers), ("HTTP__LISTEN", "off")]
            .map(|(name, value)| (format!("GIAOBAN__{name}"), value.to_owned()));
        let settings = load(&overrides, &environment).unwrap().settings;
        let units = include_str!("../../config/units/hanoi.csv");
        let succession = include_str!("../../config/units/hanoi-succession.csv");
        let rules = Rules::new(UnitTable::from_csv(units, succession).unwrap(), self.calendar.clone());
        let opened = Cell::new(0);
        let open = || {
            let index: usize = opened.replace(opened.get() + 1);
            let checkpoints = match index.min(self.later.len()) {
                0 => self.checkpoints.clone()?,
                index => self.later[index - 1].clone(),
            };
            let (held, accepted) = (self.held.clone(), self.accepted.clone());
            let (pages, rights) = (self.pages.clone(), self.rights.clone());
            Ok(Box::new(FakeStore { checkpoints, held, accepted, pages, rights }) as Box<dyn StoreReader>)
        };
        let inspection = Inspection { within: Duration::from_secs(7), tick: &|_| {} };
        let findings =
            examine((&settings, &rules, self.now), log, &open, &Manner { inspection, pause: Duration::ZERO });
        assert!(findings.iter().all(|finding| !finding.remedy.contains("giaoban doctor")), "{findings:#?}");
        findings
    }
}

/// What is not well, as `what: detail → remedy`.
fn not_well(findings: &[Finding]) -> Vec<String> {
    let bad = findings.iter().filter(|finding| finding.verdict != Verdict::Good);
    bad.map(|finding| format!("{}: {} → {}", finding.thing.title().en, finding.detail, finding.remedy)).collect()
}

/// The one thing that is not well.
fn only(findings: &[Finding]) -> (Verdict, String) {
    let texts = not_well(findings);
    assert_eq!(texts.len(), 1, "{texts:#?}");
    let verdict = findings.iter().find(|finding| finding.verdict != Verdict::Good).unwrap().verdict;
    (verdict, texts[0].clone())
}

#[test]
fn all_is_well_in_both_languages() {
    let english = Case::healthy().examine();
    assert_eq!(not_well(&english), Vec::<String>::new());
    let text = english.iter().map(|finding| finding.detail.as_str()).collect::<Vec<_>>().join("\n");
    assert!(
        text.contains("on 2026-01-05: 1 city, 51 ward, 75 commune; calendar decree-09-2019, quarter 2026-Q1"),
        "{text}"
    );
    assert!(text.contains("giaoban.events.dlq: 2 partitions, 3 copies, 12 messages"), "{text}");
    assert!(text.contains("enough for publish and worker"), "{text}");
    let vietnamese = Case { lang: "vi", ..Case::healthy() }.examine();
    assert_eq!(vietnamese.len(), english.len());
    for (vi, en) in vietnamese.iter().zip(&english) {
        assert_eq!((vi.thing, vi.verdict), (en.thing, en.verdict));
    }
}

#[test]
fn what_is_wrong_is_told_in_both_languages() {
    let (at, cause) = (|| "data/store-1.db".to_owned(), || Cause::new("cause"));
    let stores = [
        StoreError::Locked { at: at(), by: "7".into() },
        StoreError::OtherRules { at: at(), stored: Digest([1; 32]), now: Digest([2; 32]) },
        StoreError::Newer { at: at(), found: 9, known: 2 },
        StoreError::Damaged { at: at(), cause: cause() },
        StoreError::Missing { at: at() },
        StoreError::Unreachable { at: at(), cause: cause() },
    ];
    let mut cases: Vec<Case> =
        stores.into_iter().map(|error| Case { checkpoints: Err(error), ..Case::healthy() }).collect();
    let logs = [
        LogError::Unreachable { at: "kafka:9092".into(), cause: cause() },
        LogError::NoSuchTopic("giaoban.events".into()),
        LogError::Locked { at: "data/log.db".into(), cause: cause() },
        LogError::Unwritable { at: "data".into(), cause: cause() },
    ];
    for error in logs {
        let log = FakeLog { events: Some(error), ..Case::healthy().log };
        cases.push(Case { log, ..Case::healthy() });
    }
    cases.push(Case { checkpoints: Ok(vec![checkpoint(0, 4, 4, 3), checkpoint(1, 9, 9, 9)]), ..Case::healthy() });
    for mut case in cases {
        let english = case.examine();
        case.lang = "vi";
        let vietnamese = case.examine();
        assert_eq!(vietnamese.len(), english.len());
        assert!(!not_well(&english).is_empty());
        for (vi, en) in vietnamese.iter().zip(&english) {
            // A folder's name and the clock are the same in both.
            let same = vi.detail.is_ascii() && vi.thing == Thing::Clock;
            assert!(same || (!vi.detail.is_ascii() && en.detail != vi.detail), "{vi:?}");
            assert!(vi.verdict == Verdict::Good || !vi.remedy.is_ascii(), "{vi:?}");
        }
    }
}

#[test]
fn counts_are_of_the_units_of_that_day() {
    let case = Case { now: "2025-06-30T10:00:00Z".parse().unwrap(), ..Case::healthy() };
    let findings = case.examine();
    assert!(findings[0].detail.contains("12 urban district, 17 rural district, 1 town"), "{:?}", findings[0]);
    // 18:00 in London is the next day in Hanoi.
    let case = Case { now: "2025-06-30T18:00:00Z".parse().unwrap(), ..Case::healthy() };
    assert!(case.examine()[0].detail.contains("on 2025-07-01: 1 city, 51 ward"));
}

#[test]
fn a_day_that_no_quarter_has_is_told() {
    let calendar = Calendar::from_csv("school", "2020-Q1,2020-01-05,2020-04-04\n").unwrap();
    let (verdict, text) = only(&Case { calendar, ..Case::healthy() }.examine());
    assert_eq!(verdict, Verdict::Warning);
    assert!(text.contains("2026-01-05 is in no quarter"), "{text}");
}

#[test]
fn a_broker_that_is_away_is_told_once_and_the_store_is_seen_all_the_same() {
    let mut case = Case { brokers: "kafka:9092", ..Case::healthy() };
    case.log.events = Some(LogError::Unreachable { at: "kafka:9092".into(), cause: "refused".into() });
    case.checkpoints = Ok(vec![checkpoint(0, 7, 7, 6)]);
    let texts = not_well(&case.examine());
    assert_eq!(texts.len(), 2, "{texts:#?}");
    assert!(texts[0].starts_with("event log: no answer from kafka:9092") && texts[0].contains("kafka.brokers"));
    assert!(texts[1].starts_with("reconciliation: partition 0"), "{texts:#?}");
    assert_eq!(case.log.asked.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[test]
fn partitions_without_a_leader_are_named_and_the_log_answers_all_the_same() {
    let mut case = Case::healthy();
    let topic = "giaoban.events".to_owned();
    case.log.events = Some(LogError::Leaderless { topic, partitions: vec![Partition(1), Partition(3)] });
    let findings = case.examine();
    assert!(findings.iter().any(|finding| finding.thing == Thing::Log && finding.verdict == Verdict::Good));
    let (verdict, text) = only(&findings);
    assert_eq!(verdict, Verdict::Problem);
    assert!(text.starts_with("topic: topic giaoban.events, partition 1, 3: no leader"), "{text}");
    assert!(text.contains("--unavailable-partitions --topic giaoban.events"), "{text}");
}

#[test]
fn a_wrong_password_is_a_problem_of_the_log() {
    let mut case = Case::healthy();
    case.log.events = Some(LogError::Authentication { at: "kafka:9092".into(), cause: "SASL".into() });
    let (verdict, text) = only(&case.examine());
    assert_eq!(verdict, Verdict::Problem);
    assert!(text.starts_with("event log: ") && text.contains("sasl.password"), "{text}");
}

#[test]
fn a_missing_topic_names_the_command_that_makes_it() {
    let mut case = Case::healthy();
    case.log.dead_letters = Some(LogError::NoSuchTopic("giaoban.events.dlq".into()));
    let (verdict, text) = only(&case.examine());
    assert_eq!(verdict, Verdict::Problem);
    assert!(text.contains("giaoban.events.dlq") && text.contains("giaoban topics create"), "{text}");
}

const WRITE: Access<'static> = Access::Write("giaoban.events");
const READ: Access<'static> = Access::Read("giaoban.events");
const JOIN: Access<'static> = Access::Join { group: "giaoban", topic: "giaoban.events" };
const WRITE_LETTERS: Access<'static> = Access::Write("giaoban.events.dlq");

fn with_denied(denied: &[Access<'static>]) -> Vec<Finding> {
    let mut case = Case::healthy();
    case.log.denied = denied.to_vec();
    if denied.contains(&WRITE_LETTERS) {
        let resource = "topic giaoban.events.dlq".to_owned();
        case.log.dead_letters = Some(LogError::Authorization { operation: "describe".into(), resource });
    }
    case.examine()
}

#[test]
fn who_has_the_permissions_of_one_role_lacks_nothing() {
    for (denied, text) in [
        (&[WRITE][..], "enough for worker, not for publish (not allowed to write topic giaoban.events)"),
        (
            &[READ, JOIN, WRITE_LETTERS],
            "enough for publish, not for worker (not allowed to read topic giaoban.events; ",
        ),
    ] {
        let findings = with_denied(denied);
        assert_eq!(not_well(&findings), Vec::<String>::new());
        let told = findings.iter().find(|finding| finding.thing == Thing::Permissions).unwrap();
        assert!(told.detail.starts_with(text), "{told:?}");
    }
}

#[test]
fn a_missing_permission_is_named_with_its_rule() {
    for (denied, text, rule) in [
        (&[WRITE, READ][..], "not allowed to read topic giaoban.events", "--operation Read --topic giaoban.events;"),
        (&[WRITE, JOIN], "not allowed to join group giaoban", "--operation Read --group giaoban;"),
        (&[WRITE, WRITE_LETTERS], "not allowed to write topic giaoban.events.dlq", "Write --topic giaoban.events.dlq;"),
        (&[JOIN], "not allowed to join group giaoban", "config/kafka/acls.sh"),
        (&[WRITE, READ, JOIN, WRITE_LETTERS], "not allowed to write topic giaoban.events →", "Write --topic"),
    ] {
        let (verdict, told) = only(&with_denied(denied));
        assert_eq!(verdict, Verdict::Problem);
        assert!(told.starts_with(&format!("permissions: {text}")) && told.contains(rule), "{told}");
    }
}

#[test]
fn a_clock_behind_the_newest_message_is_a_problem() {
    let mut case = Case::healthy();
    case.log.taken_ms = now().as_millisecond() + 240_000;
    assert_eq!(not_well(&case.examine()), Vec::<String>::new(), "two machines may differ by minutes");
    case.log.taken_ms = now().as_millisecond() + 86_400_000;
    let (verdict, text) = only(&case.examine());
    assert_eq!(verdict, Verdict::Problem);
    assert!(text.starts_with("clock: 2026-01-05") && text.contains("2026-01-06"), "{text}");
}

#[test]
fn defects_of_two_partitions_do_not_cancel_out() {
    let case = Case { checkpoints: Ok(vec![checkpoint(0, 7, 7, 6), checkpoint(1, 5, 5, 6)]), ..Case::healthy() };
    let texts = not_well(&case.examine());
    assert_eq!(texts.len(), 2, "{texts:#?}");
    assert!(texts.iter().all(|text| text.starts_with("reconciliation") && text.contains("giaoban replay")));
}

#[test]
fn a_held_partition_is_a_problem_until_somebody_has_decided() {
    let held = Held {
        partition: Partition(1),
        at: Offset(5),
        first: Offset(3),
        bad: 2,
        of: 3,
        reason: "json.syntax".into(),
        since_ms: now().as_millisecond(),
    };
    let accepted = |to| Accepted { partition: Partition(1), to: NextOffset(to), at_ms: 0, why: "x".into() };
    let mut case = Case { held: vec![held], ..Case::healthy() };
    for decisions in [vec![], vec![accepted(5)]] {
        case.accepted = decisions;
        let (verdict, text) = only(&case.examine());
        assert_eq!(verdict, Verdict::Problem);
        for part in ["partition 1 is held at record 5 since 2026-01-05", "json.syntax", "dlq accept --partition 1"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    case.accepted = vec![accepted(6)];
    assert_eq!(only(&case.examine()).0, Verdict::Warning);
}

#[test]
fn what_the_store_lacks_is_a_warning_and_what_the_log_lacks_a_problem() {
    let case = Case { checkpoints: Ok(vec![checkpoint(0, 4, 4, 4)]), ..Case::healthy() };
    let (verdict, text) = only(&case.examine());
    assert_eq!(verdict, Verdict::Warning);
    assert!(text.contains("8 records are not in the store yet") && text.contains("giaoban worker"), "{text}");
    let mut case = Case::healthy();
    case.log.ranges = vec![(0, 7), (6, 9)];
    let (verdict, text) = only(&case.examine());
    assert_eq!(verdict, Verdict::Problem);
    assert!(text.contains("partition 1: the store is at 5, the log has 6 to 9"), "{text}");
}

#[test]
fn a_log_that_is_gone_under_a_store_is_a_problem_and_a_new_folder_is_none() {
    let case = Case::healthy();
    let texts = not_well(&case.examine_as(&Met::NotYet));
    assert!(texts.iter().any(|text| text.contains("partition 0: the store is at 7, the log has 0 to 0")), "{texts:#?}");
    let missing = StoreError::Missing { at: "store-1.db".into() };
    let findings = Case { checkpoints: Err(missing), ..Case::healthy() }.examine_as(&Met::NotYet);
    assert!(findings.iter().all(|finding| finding.verdict != Verdict::Problem), "{findings:#?}");
}

#[test]
fn a_store_of_other_rules_names_the_replay() {
    let other = StoreError::OtherRules { at: "s".into(), stored: Digest([1; 32]), now: Digest([2; 32]) };
    let (verdict, text) = only(&Case { checkpoints: Err(other), ..Case::healthy() }.examine());
    assert_eq!(verdict, Verdict::Problem);
    assert!(text.contains("giaoban replay"), "{text}");
}

#[test]
fn a_topic_that_does_not_keep_its_messages_is_a_warning_with_the_command() {
    let mut case = Case::healthy();
    case.log.settings.insert("retention.ms".into(), "604800000".into());
    let (verdict, text) = only(&case.examine());
    assert_eq!(verdict, Verdict::Warning);
    assert!(text.starts_with("topic: giaoban.events does not keep") && text.contains("(retention.ms=604800000)"));
    assert!(text.contains("--entity-name giaoban.events --add-config retention.ms=-1"), "{text}");
}

#[test]
fn a_clock_that_stands_years_back_is_a_problem() {
    let case = Case { now: "2024-12-31T10:00:00Z".parse().unwrap(), ..Case::healthy() };
    let texts = not_well(&case.examine());
    assert!(texts.iter().any(|text| text.starts_with("clock: 2024-12-31") && text.contains("NTP")), "{texts:#?}");
    let case = Case { now: "2025-01-01T10:00:00Z".parse().unwrap(), ..Case::healthy() };
    assert!(!not_well(&case.examine()).iter().any(|text| text.contains("the time of events")));
}

#[test]
fn little_free_disk_is_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    let looked = |free: std::io::Result<u64>| {
        let mut examination = Examination::new(Lang::En);
        let free = Cell::new(Some(free));
        folder(&mut examination, dir.path(), |_| free.take().unwrap());
        examination.findings
    };
    assert_eq!(not_well(&looked(Ok(1 << 30))), Vec::<String>::new());
    let (verdict, text) = only(&looked(Ok((1 << 30) - 1)));
    assert_eq!(verdict, Verdict::Warning);
    assert!(text.contains("1023 MB free") && text.contains("Free some disk space"), "{text}");
    for full in [0, 1 << 20] {
        let (verdict, text) = only(&looked(Ok(full)));
        assert_eq!(verdict, Verdict::Problem);
        assert!(text.contains("the disk is full"), "{text}");
    }
    let (verdict, text) = only(&looked(Err(std::io::Error::other("gone"))));
    assert_eq!(verdict, Verdict::NotLookedAt);
    assert!(text.contains("gone") && text.contains("Check the disk"), "{text}");
}

#[test]
fn a_folder_is_looked_at_and_left_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("new/data");
    let findings = Case { data: Some(data.clone()), ..Case::healthy() }.examine();
    assert_eq!(not_well(&findings), Vec::<String>::new());
    assert!(findings[1].detail.contains("created when needed"), "{:?}", findings[1]);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    // A file stands where the folder should be.
    std::fs::write(dir.path().join("new"), "").unwrap();
    let (verdict, text) = only(&Case { data: Some(data), ..Case::healthy() }.examine());
    assert_eq!(verdict, Verdict::Problem);
    assert!(text.contains("--data"), "{text}");
}

#[test]
fn a_page_that_is_damaged_is_a_problem_and_one_that_was_not_read_is_said_to_be_none() {
    let mut case =
        Case { pages: Some(Err(StoreError::Damaged { at: "s".into(), cause: "page 7".into() })), ..Case::healthy() };
    let (verdict, text) = only(&case.examine());
    assert_eq!(verdict, Verdict::Problem);
    assert!(text.starts_with("store: ") && text.contains("page 7"), "{text}");
    case = Case { pages: Some(Ok(Inspected::Unfinished)), ..Case::healthy() };
    let (verdict, text) = only(&case.examine());
    assert!(verdict == Verdict::NotLookedAt && verdict.is_bad());
    assert!(text.contains("within 7 s") && text.contains("--within 600"), "{text}");
    case = Case { pages: Some(Ok(Inspected::Whole)), ..Case::healthy() };
    case.log.pages = Some(Err(LogError::Broken { at: "log.db".into(), cause: "page 9".into() }));
    let (verdict, text) = only(&case.examine());
    assert_eq!(verdict, Verdict::Problem);
    assert!(text.starts_with("event log: log.db: page 9"), "{text}");
}

#[test]
fn a_store_that_this_user_may_not_write_is_told() {
    for (rights, verdict, told) in [
        (MissingRights::OnlyReads, Verdict::Warning, "may only read"),
        (MissingRights::Tables(vec!["ledger_1".into()]), Verdict::Problem, "may not write ledger_1"),
    ] {
        let (found, text) = only(&Case { rights, ..Case::healthy() }.examine());
        assert_eq!(found, verdict);
        assert!(text.contains(told) && text.contains("roles.sql"), "{text}");
    }
}
