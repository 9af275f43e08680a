//! What it costs to write events into the SQLite store, batch by batch as the worker does. Needs no broker:
//! `cargo bench --bench store`.

#[path = "pipeline/events.rs"]
mod events;

use std::time::Instant;

use giaoban::domain::{Calendar, Entry, NextOffset, Offset, Partition, Position, Rules, UnitTable};
use giaoban::store::sqlite::SqliteStore;
use giaoban::store::{Batch, Span, StoreWriter};
use giaoban::wire::{AllowedSources, Decoder, Message};

type Failure = Box<dyn std::error::Error>;

const BATCH: usize = 75_000;
const BATCHES: usize = 24;

fn main() -> Result<(), Failure> {
    let units = UnitTable::from_csv(
        include_str!("../config/units/hanoi.csv"),
        include_str!("../config/units/hanoi-succession.csv"),
    );
    let rules = Rules::new(units.map_err(|problems| problems[0].clone())?, Calendar::Decree09);
    let communes = events::communes()?;
    let mut events = events::Events::of_communes(&communes);
    let (mut decoder, sources) = (Decoder::new(), AllowedSources::new());
    let dir = tempfile::tempdir()?;
    let mut store = SqliteStore::create(&dir.path().join("store-1.db"))?;
    store.adopt(&rules)?;

    let mut times = Vec::new();
    let mut from = None;
    for number in 0..BATCHES as i64 {
        let next = NextOffset((number + 1) * BATCH as i64);
        let mut entries = Vec::with_capacity(BATCH);
        while entries.len() < BATCH {
            let message = Message { headers: &[], payload: Some(events.next()?.1.as_bytes()) };
            let event = decoder.decode(&message, &rules, &sources).map_err(|breaches| format!("{breaches:?}"))?;
            let offset = Offset(number * BATCH as i64 + entries.len() as i64);
            entries.push(Entry {
                key: event.key,
                revision: event.revision,
                digest: event.digest,
                event_id: event.id,
                fact: event.fact,
                position: Position { partition: Partition(0), offset },
            });
        }
        let span = Span { partition: Partition(0), from, to: next, read: BATCH as u64, ..Span::default() };
        let batch = Batch { topic: "events".into(), spans: vec![span], entries, synthetic: false };
        from = Some(next);
        let start = Instant::now();
        let counts = store.apply(&batch, &rules)?;
        drop(batch);
        times.push(start.elapsed().as_secs_f64() * 1e9 / BATCH as f64);
        if counts[0].applied != BATCH as u64 {
            return Err(format!("of {BATCH} events {} were applied", counts[0].applied).into());
        }
    }
    times.sort_by(f64::total_cmp);
    println!("{BATCHES} batches of {BATCH} events");
    println!("an event: {:.0} ns in the median batch, {:.0} ns in the fastest", times[BATCHES / 2], times[0]);
    Ok(())
}
