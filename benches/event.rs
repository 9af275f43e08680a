//! What an event costs: to be made of a message (and of that, reading JSON and the digest), and to be written into the
//! SQLite store, batch by batch as the worker does. Needs no broker: `cargo bench --bench event`.

#[path = "pipeline/events.rs"]
mod events;

use std::hint::black_box;
use std::time::Instant;

use giaoban::domain::{Calendar, Entry, NextOffset, Offset, Partition, Position, Rules, UnitTable};
use giaoban::json::JsonDocument;
use giaoban::store::sqlite::SqliteStore;
use giaoban::store::{Batch, Span, StoreWriter};
use giaoban::wire::digest::digest;
use giaoban::wire::{Admission, Decoder, Message, STRUCTURED};

type Failure = Box<dyn std::error::Error>;

const EVENTS: usize = 20_000;
const ROUNDS: usize = 20;
const BATCH: usize = 75_000;
const BATCHES: usize = 24;

fn main() -> Result<(), Failure> {
    let units = UnitTable::from_csv(
        include_str!("../config/units/hanoi.csv"),
        include_str!("../config/units/hanoi-succession.csv"),
    );
    let rules = Rules::new(units.map_err(|problems| format!("{:?}", problems[0]))?, Calendar::Decree09);
    let communes = events::communes()?;
    let mut events = events::Events::of_communes(&communes);
    let mut texts = Vec::new();
    for _ in 0..EVENTS {
        texts.push(events.next()?.1.to_owned());
    }
    let bytes: usize = texts.iter().map(String::len).sum();
    println!("{EVENTS} events of {} bytes, the fastest of {ROUNDS} rounds", bytes / EVENTS);

    let (mut decoder, sources) = (Decoder::new(), Admission::new());
    let headers = [("content-type", Some(STRUCTURED.as_bytes()))];
    time("an event of a message", &texts, |text| {
        let message = Message { headers: &headers, payload: Some(text.as_bytes()), ..Message::default() };
        black_box(decoder.decode(&message, &rules, &sources)).is_ok()
    })?;
    let mut document = JsonDocument::default();
    time("of that, reading JSON", &texts, |text| black_box(document.read(text)).is_ok())?;
    let mut room = Vec::new();
    time("reading JSON and the digest", &texts, |text| {
        let data = document.read(text).ok().and_then(|event| event.get("data"));
        data.map(|data| black_box(digest("vn.giaoban.supervision.v1", data.json(), &mut room))).is_some()
    })?;
    write(&mut events::Events::of_communes(&communes), &mut decoder, &rules)
}

/// Prints how long it takes to write one.
fn write(events: &mut events::Events<'_>, decoder: &mut Decoder, rules: &Rules) -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    let mut store = SqliteStore::create(&dir.path().join("store-1.db"))?;
    store.adopt(rules, false)?;
    let (mut times, mut from) = (Vec::new(), None);
    for number in 0..BATCHES {
        let first = (number * BATCH) as i64;
        let mut entries = Vec::with_capacity(BATCH);
        for offset in first..first + BATCH as i64 {
            let message = Message::structured(events.next()?.1.as_bytes());
            let event = decoder.decode(&message, rules, &Admission::new());
            let event = event.map_err(|errors| format!("{errors:?}"))?;
            entries.push(Entry {
                key: event.key,
                revision: event.revision,
                digest: event.digest,
                event_id: event.id,
                fact: event.fact,
                position: Position { partition: Partition(0), offset: Offset(offset) },
            });
        }
        let to = NextOffset(first + BATCH as i64);
        let span = Span { partition: Partition(0), from, to, read: BATCH as u64, ..Span::default() };
        from = Some(to);
        let batch = Batch { topic: "events".into(), spans: vec![span], entries, ..Batch::default() };
        let start = Instant::now();
        let counts = store.apply(&batch, rules)?;
        drop(batch);
        times.push(start.elapsed().as_secs_f64() * 1e9 / BATCH as f64);
        if counts[0].applied != BATCH as u64 {
            return Err(format!("of {BATCH} events {} were applied", counts[0].applied).into());
        }
    }
    times.sort_by(f64::total_cmp);
    println!(
        "an event into the store, {BATCHES} batches of {BATCH}: {:.0} ns in the median batch, {:.0} ns in the fastest",
        times[BATCHES / 2],
        times[0]
    );
    Ok(())
}

/// Prints how long one takes. Fails if `act` does not succeed on each.
fn time<T>(what: &str, all: &[T], mut act: impl FnMut(&T) -> bool) -> Result<(), Failure> {
    let mut fastest = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        if !all.iter().all(&mut act) {
            return Err(format!("{what}: failed").into());
        }
        fastest = fastest.min(start.elapsed().as_secs_f64());
    }
    println!("{what}: {:.0} ns", fastest * 1e9 / all.len() as f64);
    Ok(())
}
