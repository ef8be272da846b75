//! Bringing blocks into their file: those that are missing, each once, whoever asks.

use std::ops::Range;
use std::rc::Rc;

use rustix::fs::fstat;

use super::super::counts::Count;
use super::super::failure::Failure;
use super::super::join;
use super::super::once::{Urgency, Waiting};
use super::super::origin::{Arrival, Meter, Origin, Wanted};
use super::super::remote::Condition;
use super::{Block, Engine};
use crate::blocks::{BLOCK, BlockFile, Version};

/// How often it is looked for what is missing. More than once only if somebody else's work was dropped meanwhile.
const ROUNDS: usize = 4;

/// What a flight needs, for as long as it takes.
#[derive(Clone)]
struct Flight {
    engine: Rc<Engine>,
    origin: Rc<Origin>,
    version: Version,
    file: Rc<BlockFile>,
    meter: Rc<Meter>,
}

/// Brings these blocks of a version.
///
/// # Errors
/// Why some are not there.
pub(super) async fn all(
    engine: &Rc<Engine>,
    origin: &Rc<Origin>,
    version: &Version,
    file: &Rc<BlockFile>,
    blocks: &[Range<u32>],
    is_urgent: bool,
    meter: &Rc<Meter>,
) -> Result<(), Failure> {
    let flight = Flight {
        engine: Rc::clone(engine),
        origin: Rc::clone(origin),
        version: version.clone(),
        file: Rc::clone(file),
        meter: Rc::clone(meter),
    };
    let mut misses = 0;
    for _ in 0..ROUNDS {
        let missing = file.missing(blocks).map_err(|_| Failure::NoDisk)?;
        if missing.is_empty() {
            let asked: u64 = blocks.iter().map(|range| range.len() as u64).sum();
            engine.counts.add(origin.source, Count::Misses, misses);
            engine.counts.add(origin.source, Count::Hits, asked.saturating_sub(misses));
            return Ok(());
        }
        let (waits, ours) = flight.start(&missing, is_urgent)?;
        misses += ours;
        for waiting in waits {
            waiting.outcome().await.unwrap_or(Ok(()))?;
        }
    }
    Err(Failure::Slow)
}

/// Blocks on their way, whoever asked for them first.
type Arriving = Waiting<Result<(), Failure>>;

impl Flight {
    /// Begins to bring these blocks, or joins those who do; and how many were begun.
    fn start(&self, missing: &[Range<u32>], is_urgent: bool) -> Result<(Vec<Arriving>, u64), Failure> {
        let flights = &self.engine.flights;
        let (device, inode, _) = block(&self.file, 0)?;
        let mut waits = Vec::new();
        let mut ours = Vec::new();
        for number in missing.iter().cloned().flatten() {
            match flights.join(&(device, inode, number), is_urgent) {
                Some(waiting) => waits.push(waiting),
                None => ours.push(number),
            }
        }
        let all = self.file.layout().blocks();
        let may_be = |number: u32| {
            let is_absent = number < all
                && self.file.missing(&[number..number + 1]).is_ok_and(|absent| !absent.is_empty());
            is_absent && !flights.is_under_way(&(device, inode, number))
        };
        for range in join::requests(&ours, may_be) {
            let keys = range.clone().map(|number| (device, inode, number)).collect();
            let flight = self.clone();
            waits.push(flights.begin(
                keys,
                is_urgent,
                |urgency| async move { flight.fly(range, &urgency).await },
            ));
        }
        Ok((waits, ours.len() as u64))
    }

    /// Brings neighbouring blocks by one request, and by others what that leaves behind.
    async fn fly(&self, blocks: Range<u32>, urgency: &Urgency) -> Result<(), Failure> {
        let wanted = Wanted {
            key: &self.version.key,
            condition: Condition::Still(&self.version),
            urgency,
            meter: &self.meter,
        };
        let outcome = self.origin.patiently(&self.version.key, async || {
            let missing = self.file.missing(std::slice::from_ref(&blocks)).map_err(|_| Failure::NoDisk)?;
            for range in missing {
                let arrival = self.origin.get(&self.file.layout().bytes(&range), wanted).await?;
                arrival.incoming.seen.agrees_with(&self.version)?;
                keep(&self.engine, &self.origin, &self.version, &self.file, range, arrival, &self.meter)
                    .await?;
            }
            Ok(())
        });
        match outcome.await {
            // It was there when it was found.
            Err(Failure::NotFound) => Err(Failure::Changed),
            outcome => outcome,
        }
    }
}

/// Writes the blocks that arrive, each as soon as it is whole.
///
/// # Errors
/// If they end too early, or the disk does not take them.
pub(super) async fn keep(
    engine: &Engine,
    origin: &Origin,
    version: &Version,
    file: &BlockFile,
    blocks: Range<u32>,
    mut arrival: Arrival,
    meter: &Meter,
) -> Result<(), Failure> {
    let layout = file.layout();
    let mut block: Vec<u8> = Vec::new();
    for number in blocks {
        let place = layout.bytes(&(number..number + 1));
        let length = usize::try_from(place.end - place.start).unwrap_or(BLOCK as usize);
        while block.len() < length {
            let Some(bytes) = arrival.incoming.next().await? else {
                return Err(Failure::Down("an answer ended too early".into()));
            };
            origin.came(bytes.len() as u64, meter);
            block.extend_from_slice(&bytes);
        }
        let rest = block.split_off(length);
        write(engine, file, number, &block)?;
        engine.cache.borrow_mut().wrote(&origin.name, version, length as u64);
        block = rest;
    }
    Ok(())
}

/// Writes a block and marks it; once more, if that makes room on the disk.
fn write(engine: &Engine, file: &BlockFile, number: u32, bytes: &[u8]) -> Result<(), Failure> {
    let write = || file.write(number, bytes).and_then(|()| file.mark(&(number..number + 1)));
    let kept = match write() {
        Err(error) if engine.cache.borrow_mut().makes_room(&error) => write(),
        kept => kept,
    };
    kept.map_err(|error| {
        log::debug!("a block cannot be kept: {error}");
        Failure::NoDisk
    })
}

/// What distinguishes a block of a file from all others.
///
/// # Errors
/// If the system does not tell.
pub(super) fn block(file: &BlockFile, number: u32) -> Result<Block, Failure> {
    let stat = fstat(file.file()).map_err(|_| Failure::NoDisk)?;
    Ok((stat.st_dev, stat.st_ino, number))
}
