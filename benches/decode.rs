//! What it costs to make an event of a message: all of it, and of that the reading of JSON and the digest. Needs no
//! broker: `cargo bench --bench decode`.

#[path = "pipeline/events.rs"]
mod events;

use std::hint::black_box;
use std::time::Instant;

use giaoban::domain::{Calendar, Rules, UnitTable};
use giaoban::wire::canonical::Canonical;
use giaoban::wire::json::Document;
use giaoban::wire::{AllowedSources, Decoder, Message, STRUCTURED};

type Failure = Box<dyn std::error::Error>;

const EVENTS: usize = 20_000;
const ROUNDS: usize = 20;

fn main() -> Result<(), Failure> {
    let units = UnitTable::from_csv(
        include_str!("../config/units/hanoi.csv"),
        include_str!("../config/units/hanoi-succession.csv"),
    );
    let rules = Rules::new(units.map_err(|problems| problems[0].clone())?, Calendar::Decree09);
    let communes = events::communes()?;
    let mut events = events::Events::of_communes(&communes);
    let mut texts = Vec::new();
    for _ in 0..EVENTS {
        texts.push(events.next()?.1.to_owned());
    }
    let bytes: usize = texts.iter().map(String::len).sum();
    println!("{EVENTS} events of {} bytes, the fastest of {ROUNDS} rounds", bytes / EVENTS);

    let (mut decoder, sources) = (Decoder::new(), AllowedSources::new());
    let headers = [("content-type", Some(STRUCTURED.as_bytes()))];
    time("an event of a message", &texts, |text| {
        let message = Message { headers: &headers, payload: Some(text.as_bytes()) };
        black_box(decoder.decode(&message, &rules, &sources)).is_ok()
    })?;
    let mut document = Document::default();
    time("of that, reading JSON", &texts, |text| black_box(document.read(text)).is_ok())?;
    let mut canonical = Canonical::default();
    time("reading JSON and the digest", &texts, |text| {
        let data = document.read(text).ok().and_then(|event| event.get("data"));
        data.map(|data| black_box(canonical.digest("vn.giaoban.supervision.v1", data.json()))).is_some()
    })
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
