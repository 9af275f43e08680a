//! A body in memory, and rows that stand in no file, go the same way as files.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use csv::ByteRecord;

use super::check::Checker;
use super::input::EventInput;
use super::latest::Archive;
use super::reader::EventReader;
use super::receipt::ReceiptForm;
use super::record::{Columns, error_in, first_revision, missing};
use super::rows::{Row, Rows};
use super::submit::{Notice, Submission, Submitted, checked_message, submit_one};
use super::{InputError, RecordError};
use crate::domain::{Calendar, Offset, Partition, Position, Rules, UnitTable};
use crate::log::embedded::EmbeddedLog;
use crate::log::{Delivery, EventLog as _, LogError, Outgoing, Producer};
use crate::text::Lang;
use crate::wire::Admission;
use crate::wire::flat::{self, FlatColumn};
use crate::wire::spec::{EventType, TypeSpec};

/// Takes the first `room` messages.
#[derive(Clone, Default)]
struct Memory {
    room: usize,
    taken: Arc<Mutex<Vec<Outgoing>>>,
    undecided: Vec<u64>,
}

impl Producer for Memory {
    fn send(&mut self, message: &Outgoing, tag: u64) -> Result<(), LogError> {
        self.taken.lock().unwrap().push(message.clone());
        self.undecided.push(tag);
        Ok(())
    }

    fn deliveries(&mut self) -> Vec<Delivery> {
        let room = self.room as u64;
        let result = |tag| match tag < room {
            true => Ok(Position { partition: Partition(0), offset: Offset(tag as i64) }),
            false => Err(LogError::NoSuchTopic("events".into())),
        };
        // As a log may answer: in no order.
        self.undecided.drain(..).rev().map(|tag| Delivery { tag, result: result(tag) }).collect()
    }

    fn flush(&mut self, _: Duration) -> Vec<Delivery> {
        self.deliveries()
    }
}

fn checker() -> Checker {
    let units = "code,name,kind,parent_code,valid_from,valid_to\n01,Hà Nội,city,,2020-01-01,\n001,Ba Đình,urban_district,01,2020-01-01,\n00004,Trúc Bạch,ward,001,2020-01-01,\n";
    let units = UnitTable::from_csv(units, "from_code,to_code,effective_on,extent,basis\n").unwrap();
    Checker::new(Arc::new(Rules::new(units, Calendar::Decree09)), Admission::new())
}

fn event(number: u32, revision: u32, day: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"{number}.{revision}","source":"/units/00004","type":"vn.giaoban.supervision.v1","subject":"GS-{number}","time":"2020-03-05T09:00:00+07:00","datacontenttype":"application/json","partitionkey":"00004","revision":{revision},"data":{{"unit":"00004","held_on":"{day}","body":"trade_union","field":"environment"}}}}"#
    )
}

fn submit(submission: &mut Submission, reader: EventReader) -> (Submitted, Vec<String>) {
    let mut notices = Vec::new();
    let lines = checker().lines(reader).unwrap();
    let tally = submission.take(lines, |notice| {
        notices.push(match notice {
            Notice::Progress => "progress".to_owned(),
            Notice::Contradiction { line, other_input, other_line, subject, .. } => {
                format!("{line} contradicts {other_input}:{other_line} {subject}")
            }
            Notice::Refused { line, errors } => format!("{} {}", line.number, errors[0].code),
            Notice::Empty { error } => error.code.to_string(),
        });
        Ok::<(), ()>(())
    });
    (tally.unwrap(), notices)
}

fn body(text: &str) -> EventReader {
    EventReader::of(EventInput::body(text.into(), Path::new("body"), None).unwrap(), None).unwrap()
}

#[test]
fn a_body_in_memory_is_checked_and_submitted_as_a_file_is() {
    let memory = Memory { room: 10, ..Memory::default() };
    let mut submission = Submission::new(Box::new(memory.clone()));
    let list =
        format!("[{},\n{},\n{}]", event(1, 1, "2020-03-04"), event(2, 1, "2020-02-30"), event(1, 1, "2020-03-03"));
    let (tally, notices) = submit(&mut submission, body(&list));
    assert_eq!((tally.taken, tally.refused, tally.unread.is_none()), (2, 1, true));
    assert_eq!(notices, ["3 contradicts 0:1 GS-1", "2 date.invalid"]);
    assert_eq!(memory.taken.lock().unwrap()[0].key.as_deref(), Some(&b"00004"[..]));
    let (tally, notices) = submit(&mut submission, body(""));
    assert_eq!((tally.taken, tally.refused), (0, 1));
    assert_eq!(notices, ["file.empty"]);
    submission.finish().unwrap();
}

#[test]
fn what_the_log_does_not_acknowledge_is_refused_in_order() {
    let mut submission = Submission::new(Box::new(Memory { room: 1, ..Memory::default() }));
    let lines: Vec<String> = (1..=3).map(|number| event(number, 1, "2020-03-04")).collect();
    let (tally, notices) = submit(&mut submission, body(&lines.join("\n")));
    assert_eq!((tally.taken, tally.refused), (1, 2));
    assert_eq!(notices, ["2 delivery.failed", "3 delivery.failed"]);
    assert_eq!(submission.finish(), Err(LogError::NoSuchTopic("events".into())));
}

/// Rows that were in a sheet.
struct Sheet(u64, Vec<Vec<&'static str>>);

impl Rows for Sheet {
    fn read(&mut self, cells: &mut ByteRecord) -> io::Result<Option<Row>> {
        let Some(row) = self.1.get(self.0 as usize) else { return Ok(None) };
        self.0 += 1;
        cells.clear();
        cells.extend(row);
        Ok(Some(Row { number: self.0, error: None, is_cut: false }))
    }

    fn number(&self) -> u64 {
        self.0
    }
}

#[test]
fn rows_of_a_sheet_come_in_where_those_of_a_csv_do() {
    let sheet = Sheet(
        0,
        vec![
            vec!["subject", "Mã đơn vị", "held_on", "body", "field", "_remark"],
            vec!["GS-1", "00004", "2020-03-04", "trade_union", "environment", "x"],
            vec!["", "", "", "", "", ""],
            vec!["GS-2", "00004", "2020-03-40", "trade_union", "environment", ""],
        ],
    );
    let reader = EventReader::of_rows("sheet", Box::new(sheet), b';', Some("supervision")).unwrap();
    let form = reader.receipt_form();
    let mut submission = Submission::new(Box::new(Memory { room: 10, ..Memory::default() }));
    let mut receipt = form.head();
    let tally = submission.take(checker().lines(reader).unwrap(), |notice| {
        if let Notice::Refused { line, errors } = notice {
            receipt.extend(form.refused(line, errors, Lang::En));
        }
        Ok::<(), ()>(())
    });
    assert_eq!(tally.unwrap().taken, 1);
    let receipt = String::from_utf8(receipt).unwrap();
    let (head, rest) = receipt.split_once('\n').unwrap();
    assert_eq!(head, "type;subject;Mã đơn vị;held_on;body;field;_line;_code;_reason");
    assert!(rest.starts_with("supervision;GS-2;00004;2020-03-40;trade_union;environment;4;date.invalid;"), "{rest}");
    assert_eq!(body("").receipt_form(), ReceiptForm::Remarks);
    let mistaken = Sheet(0, vec![vec!["type", "subjct"]]);
    let error = EventReader::of_rows("sheet", Box::new(mistaken), b',', None).err();
    assert!(matches!(error, Some(InputError::ColumnMistaken { nearest, .. }) if nearest == "subject"));
}

fn columns(given: &[(&str, &str)]) -> Columns {
    given.iter().map(|(column, value)| ((*column).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_record_is_made_corrected_and_withdrawn() {
    let dir = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::create(dir.path(), &["events"]).unwrap();
    let (checker, spec, now) = (checker(), TypeSpec::named("supervision").unwrap(), jiff::Timestamp::now());
    let mut given = columns(&[("unit", "00004"), ("held_on", "2020-03-04"), ("body", "other")]);
    let names = missing(spec, &given).iter().map(FlatColumn::name).collect::<Vec<_>>();
    assert_eq!(names, ["field"]);
    let column = flat::columns(spec).into_iter().find(|column| column.field == "held_on").unwrap();
    let wrong = |value| error_in(&checker, (spec, &column), &given, value).map(|error| error.code.as_str());
    assert_eq!((wrong("2020-02-30"), wrong("2020-02-29")), (Some("date.invalid"), None));
    given.insert("field".to_owned(), "other".to_owned());
    let draft = first_revision(spec, Some("GS-1"), None, &given, now).unwrap();
    let mut producer = log.producer("events").unwrap();
    submit_one(&mut *producer, &checked_message(&checker, &draft).unwrap()).unwrap();
    let mut archive = Archive { log: &log, topic: "events", store: None, checker: &checker };
    let latest = archive.find(None, "GS-1").unwrap();
    let foreign = latest.corrected(&columns(&[("land_other_m2", "1")]), now);
    assert!(matches!(foreign, Err(RecordError::NoSuchFields { kind: "supervision", .. })));
    let next = latest.corrected(&columns(&[("participants", "15")]), now).unwrap();
    assert_eq!((next.revision.number(), &next.data["participants"]), (2, &15.into()));
    let next = latest.withdrawn("twice".to_owned(), now).unwrap();
    assert_eq!(next.spec.name, "withdrawal");
    submit_one(&mut *producer, &checked_message(&checker, &next).unwrap()).unwrap();
    let withdrawn = archive.find(Some("/units/00004"), "GS-1").unwrap().corrected(&given, now);
    assert!(matches!(withdrawn, Err(RecordError::Withdrawn { .. })));
    assert!(matches!(archive.find(None, "GS-2"), Err(RecordError::NotFound { .. })));
    assert_eq!(EventType::Withdrawal.spec().name, "withdrawal");
}
