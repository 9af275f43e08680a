//! A consumer whose messages come decoded. In a heavy flow threads of its own
//! decode them while the next ones are read; what comes singly is decoded at
//! once, so that it waits for nobody.
//!
//! Messages come in the order in which they were read. What is still on its way
//! of a partition when that is sought or given up does not come any more, as the
//! log's own consumers have it: each message bears the number of the start under
//! which it was read. Knows nothing of the store.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{JoinHandle, available_parallelism};
use std::time::Duration;

use crate::domain::{NextOffset, Partition, Position, Rules};
use crate::log::{Consumer, Incoming, LogError, PartitionRange, Polled};
use crate::wire::{AllowedSources, Decoder, Event, Message, ValidationError};

/// A message's event, or every rule that it breaks.
pub type Decoded = Result<Event, Vec<ValidationError>>;

/// Threads that decode, where there are as many cores: decoding takes less than twice what writing does.
const THREADS: usize = 2;
/// At most this many chunks are being decoded or wait for it.
const ON_THE_WAY: usize = 6;
/// Fewer messages than this are decoded where they are read.
const FEW: usize = 100;
/// As many messages are read at once as make so many bytes, if they are as large as the largest lately.
const CHUNK_BYTES: usize = 512 << 10;

/// Decodes the messages of another consumer.
pub struct DecodingConsumer {
    consumer: Box<dyn Consumer>,
    decoding: Decoding,
    decoder: Decoder,
    /// None until the flow is heavy. They take turns, so the chunks come back in the order in which they went.
    threads: Vec<Thread>,
    /// Chunks sent to the threads.
    sent: usize,
    /// Chunks that came back.
    come_back: usize,
    /// Empty chunks, with their room.
    spare: Vec<Chunk>,
    /// How often each partition was started, sought or given up.
    starts: BTreeMap<Partition, u32>,
    /// How large messages were lately, in bytes, at least 1.
    large: usize,
    /// What the other consumer failed with, until what it read before is handed over.
    failed: Option<LogError>,
    paused: bool,
}

struct Thread {
    chunks: Sender<Chunk>,
    decoded: Receiver<Chunk>,
    handle: JoinHandle<()>,
}

/// What decides whether a message is an event.
#[derive(Clone)]
struct Decoding {
    rules: Arc<Rules>,
    sources: AllowedSources,
}

/// Messages that were read one after the other.
#[derive(Default)]
struct Chunk {
    bytes: Vec<u8>,
    /// Names of headers.
    names: String,
    headers: Vec<(Range<usize>, Option<Range<usize>>)>,
    messages: Vec<Held>,
    decoded: Vec<Decoded>,
    /// Instead of messages: partitions that were read to their ends, each with the number of its start.
    at_end: Vec<(Partition, u32)>,
}

/// A message that lies in its chunk.
struct Held {
    position: Position,
    /// Of [`DecodingConsumer::starts`], when it was read.
    of_start: u32,
    timestamp_ms: Option<i64>,
    key: Option<Range<usize>>,
    payload: Option<Range<usize>>,
    headers: Range<usize>,
}

impl Chunk {
    fn push(&mut self, message: &Incoming<'_>, of_start: u32) {
        let Self { bytes, names, headers, messages, .. } = self;
        let mut hold = |part: &[u8]| {
            let begin = bytes.len();
            bytes.extend_from_slice(part);
            begin..bytes.len()
        };
        let first = headers.len();
        headers.extend(message.headers.iter().map(|(name, value)| {
            let begin = names.len();
            names.push_str(name);
            (begin..names.len(), value.map(&mut hold))
        }));
        messages.push(Held {
            position: message.position,
            of_start,
            timestamp_ms: message.timestamp_ms,
            key: message.key.map(&mut hold),
            payload: message.payload.map(&mut hold),
            headers: first..headers.len(),
        });
    }

    /// Each message, with its place.
    fn for_each(&self, mut act: impl FnMut(&Held, &Incoming<'_>)) {
        let part = |range: &Range<usize>| &self.bytes[range.clone()];
        let mut headers = Vec::new();
        for held in &self.messages {
            let named = self.headers[held.headers.clone()].iter();
            headers.clear();
            headers.extend(named.map(|(name, value)| (&self.names[name.clone()], value.as_ref().map(part))));
            let message = Incoming {
                position: held.position,
                timestamp_ms: held.timestamp_ms,
                key: held.key.as_ref().map(part),
                headers: &headers,
                payload: held.payload.as_ref().map(part),
            };
            act(held, &message);
        }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        if self.bytes.capacity() > 4 * CHUNK_BYTES {
            self.bytes.shrink_to(CHUNK_BYTES);
        }
        self.names.clear();
        self.headers.clear();
        self.messages.clear();
        self.decoded.clear();
        self.at_end.clear();
    }

    fn decode(&mut self, decoder: &mut Decoder, decoding: &Decoding) {
        let mut decoded = std::mem::take(&mut self.decoded);
        decoded.reserve(self.messages.len());
        self.for_each(|_, message| decoded.push(decoding.decode(decoder, message)));
        self.decoded = decoded;
    }
}

impl Decoding {
    fn decode(&self, decoder: &mut Decoder, message: &Incoming<'_>) -> Decoded {
        decoder.decode(&Message { headers: message.headers, payload: message.payload }, &self.rules, &self.sources)
    }
}

impl Thread {
    fn start(decoding: Decoding) -> Result<Self, LogError> {
        let ((chunks, inbox), (outbox, decoded)) = (channel::<Chunk>(), channel());
        let work = move || {
            let mut decoder = Decoder::new();
            while let Ok(mut chunk) = inbox.recv() {
                chunk.decode(&mut decoder, &decoding);
                if outbox.send(chunk).is_err() {
                    break;
                }
            }
        };
        let handle = std::thread::Builder::new().name("decode".into()).spawn(work);
        let handle = handle.map_err(|error| LogError::Transient(format!("cannot start a thread: {error}")))?;
        Ok(Self { chunks, decoded, handle })
    }
}

impl DecodingConsumer {
    /// Decodes what `consumer` reads, by these rules.
    pub fn new(consumer: Box<dyn Consumer>, rules: Arc<Rules>, sources: AllowedSources) -> Self {
        Self {
            consumer,
            decoding: Decoding { rules, sources },
            decoder: Decoder::new(),
            threads: Vec::new(),
            sent: 0,
            come_back: 0,
            spare: Vec::new(),
            starts: BTreeMap::new(),
            large: CHUNK_BYTES / FEW,
            failed: None,
            paused: false,
        }
    }

    /// Waits at most `timeout` for something to happen and hands messages to `sink`, each with its event or what is
    /// wrong with it. At most `max` are read at once, and fewer where they are large.
    pub fn poll(
        &mut self,
        timeout: Duration,
        max: usize,
        sink: &mut dyn FnMut(&Incoming<'_>, Decoded),
    ) -> Result<Polled, LogError> {
        loop {
            let full = self.on_the_way() >= ON_THE_WAY || self.failed.is_some();
            if !self.paused
                && let Some(chunk) = self.next_chunk(if full { timeout } else { Duration::ZERO })?
            {
                return Ok(self.hand_over(chunk, sink));
            }
            if self.on_the_way() == 0
                && let Some(error) = self.failed.take()
            {
                return Err(error);
            }
            if full && !self.paused {
                return Ok(Polled::Messages(0));
            }
            let waits = self.paused || self.on_the_way() == 0;
            let most = (CHUNK_BYTES / self.large).clamp(1, max.max(1));
            let mut chunk = self.spare.pop().unwrap_or_default();
            match self.fill(&mut chunk, if waits { timeout } else { Duration::ZERO }, most)? {
                Polled::Messages(0) => {
                    self.spare.push(chunk);
                    if waits {
                        return Ok(Polled::Messages(0));
                    }
                    let next = self.next_chunk(timeout)?;
                    return Ok(next.map_or(Polled::Messages(0), |chunk| self.hand_over(chunk, sink)));
                }
                Polled::Messages(count) if count < FEW.min(most) && self.on_the_way() == 0 => {
                    chunk.decode(&mut self.decoder, &self.decoding);
                    return Ok(self.hand_over(chunk, sink));
                }
                Polled::Messages(_) => self.send(chunk)?,
                Polled::AtEnd(partitions) => {
                    chunk.at_end.extend(partitions.into_iter().map(|partition| (partition, self.start_of(partition))));
                    if self.on_the_way() == 0 {
                        return Ok(self.hand_over(chunk, sink));
                    }
                    self.send(chunk)?;
                }
                happened => {
                    if happened == Polled::Recreated {
                        self.starts.values_mut().for_each(|start| *start += 1);
                    }
                    chunk.clear();
                    self.spare.push(chunk);
                    return Ok(happened);
                }
            }
        }
    }

    /// Reads into a chunk. An error that comes after messages waits until these are handed over.
    fn fill(&mut self, chunk: &mut Chunk, timeout: Duration, most: usize) -> Result<Polled, LogError> {
        let (starts, mut largest) = (&self.starts, 0);
        let polled = self.consumer.poll(timeout, most, &mut |message| {
            largest = largest.max(message.bytes());
            chunk.push(&message, starts.get(&message.position.partition).copied().unwrap_or_default());
        });
        // What was large lately may come again: that is forgotten by and by.
        self.large = largest.max(self.large - self.large / 8);
        match polled {
            Err(error) if !chunk.messages.is_empty() => {
                self.failed = Some(error);
                Ok(Polled::Messages(chunk.messages.len()))
            }
            polled => polled,
        }
    }

    /// Chunks that are being decoded, or wait for it, or for being fetched.
    fn on_the_way(&self) -> usize {
        self.sent - self.come_back
    }

    /// The next chunk that a thread has decoded, waited for at most that long.
    fn next_chunk(&mut self, timeout: Duration) -> Result<Option<Chunk>, LogError> {
        if self.on_the_way() == 0 {
            return Ok(None);
        }
        match self.threads[self.come_back % self.threads.len()].decoded.recv_timeout(timeout) {
            Ok(chunk) => {
                self.come_back += 1;
                Ok(Some(chunk))
            }
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(ended()),
        }
    }

    fn send(&mut self, chunk: Chunk) -> Result<(), LogError> {
        if self.threads.is_empty() {
            let count = available_parallelism().map_or(1, NonZero::get).min(THREADS);
            self.threads = (0..count).map(|_| Thread::start(self.decoding.clone())).collect::<Result<_, _>>()?;
        }
        self.threads[self.sent % self.threads.len()].chunks.send(chunk).map_err(|_| ended())?;
        self.sent += 1;
        Ok(())
    }

    /// How often the partition was started, sought or given up.
    fn start_of(&self, partition: Partition) -> u32 {
        self.starts.get(&partition).copied().unwrap_or_default()
    }

    /// Hands over what is still wanted of a chunk.
    fn hand_over(&mut self, mut chunk: Chunk, sink: &mut dyn FnMut(&Incoming<'_>, Decoded)) -> Polled {
        let mut decoded = std::mem::take(&mut chunk.decoded);
        let mut each = decoded.drain(..);
        chunk.for_each(|held, message| {
            let start = self.start_of(held.position.partition);
            if let Some(decoded) = each.next().filter(|_| held.of_start == start) {
                sink(message, decoded);
            }
        });
        drop(each);
        let count = chunk.messages.len();
        chunk.at_end.retain(|(partition, start)| *start == self.start_of(*partition));
        let at_end: Vec<Partition> = chunk.at_end.iter().map(|(partition, _)| *partition).collect();
        chunk.decoded = decoded;
        chunk.clear();
        self.spare.push(chunk);
        if at_end.is_empty() { Polled::Messages(count) } else { Polled::AtEnd(at_end) }
    }

    /// What is on its way of these partitions does not come any more.
    fn forget(&mut self, partitions: impl IntoIterator<Item = Partition>) {
        partitions.into_iter().for_each(|partition| *self.starts.entry(partition).or_default() += 1);
    }

    /// [`Consumer::start`]
    pub fn start(&mut self, from: &[(Partition, NextOffset)]) -> Result<(), LogError> {
        self.forget(from.iter().map(|(partition, _)| *partition));
        self.consumer.start(from)
    }

    /// [`Consumer::release`]
    pub fn release(&mut self, partitions: &[Partition]) -> Result<(), LogError> {
        self.forget(partitions.iter().copied());
        self.consumer.release(partitions)
    }

    /// [`Consumer::seek`]
    pub fn seek(&mut self, partition: Partition, to: NextOffset) -> Result<(), LogError> {
        self.forget([partition]);
        self.consumer.seek(partition, to)
    }

    /// [`Consumer::pause`]: what was read before it waits too.
    pub fn pause(&mut self) -> Result<(), LogError> {
        self.paused = true;
        self.consumer.pause()
    }

    /// [`Consumer::resume`]
    pub fn resume(&mut self) -> Result<(), LogError> {
        self.paused = false;
        self.consumer.resume()
    }

    /// [`Consumer::commit_hint`]
    pub fn commit_hint(&mut self, offsets: &[(Partition, NextOffset)]) {
        self.consumer.commit_hint(offsets);
    }

    /// [`Consumer::range`]
    pub fn range(&mut self, partition: Partition) -> Result<PartitionRange, LogError> {
        self.consumer.range(partition)
    }

    /// [`Consumer::ends`]
    pub fn ends(&mut self) -> Vec<(Partition, NextOffset)> {
        self.consumer.ends()
    }

    /// [`Consumer::connected`]
    pub fn connected(&mut self) -> bool {
        self.consumer.connected()
    }

    /// [`Consumer::close`]
    pub fn close(self) {
        for Thread { chunks, decoded, handle } in self.threads {
            drop((chunks, decoded));
            // It ends with the chunk that it has; a panic in it was told as its end.
            let _ = handle.join();
        }
        self.consumer.close();
    }
}

fn ended() -> LogError {
    LogError::Transient("a thread that decodes has ended unexpectedly".into())
}
