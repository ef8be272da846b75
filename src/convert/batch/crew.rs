//! Many files at a time, each in one of several processes.

use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use super::Options;
use super::entry::Unfit;
use super::job::{Answer, Job, Outcome, Status, Task};
use super::maker::Maker;
use super::plan::Plan;
use super::queue::{Part, Queue};
use super::room::Room;
use super::stop::Stop;
use super::target::Ground;
use crate::convert::Blame;

/// What waits to be taken.
const WAITING: usize = 256;

/// How often `take` is called while nothing happens.
const TICK: Duration = Duration::from_millis(200);

/// Those who convert.
pub(super) struct Crew<'a> {
    pub(super) options: &'a Options,
    pub(super) plan: &'a Plan,
    /// Where results are written; nothing if none are.
    pub(super) ground: Option<&'a Ground>,
    pub(super) queue: &'a Queue,
    pub(super) stop: &'a Stop,
    pub(super) room: Room,
    /// How many there are.
    pub(super) jobs: usize,
}

/// What happens meanwhile.
pub(super) enum Event {
    /// So much more is done.
    More { pixels: u64, bytes: u64 },
    /// There are so many more pages than was known.
    Pages(usize),
    /// A file, or a page of it, is done.
    Ended(Box<Done>),
    /// Nothing.
    Tick,
}

/// A file, or a page of it, that is done.
pub(super) struct Done {
    /// As it is told.
    pub(super) input: String,
    pub(super) page: u32,
    pub(super) output: Option<PathBuf>,
    pub(super) bytes_in: u64,
    pub(super) outcome: Outcome,
}

impl Unfit {
    /// It is done with.
    pub(super) fn done(self) -> Done {
        let outcome = Outcome::failed(Blame::Input, self.why);
        Done { input: self.file, page: 1, output: None, bytes_in: 0, outcome }
    }
}

impl Crew<'_> {
    /// Converts all, and gives to `take` what happens, as it happens.
    ///
    /// # Errors
    /// Those of `take`, which end the work.
    pub(super) fn run(&self, mut take: impl FnMut(Event) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let (events, taken) = sync_channel(WAITING);
        thread::scope(|scope| {
            for _ in 0..self.jobs {
                let events = events.clone();
                scope.spawn(move || self.work(&events));
            }
            drop(events);
            let mut result = Ok(());
            loop {
                let event = match taken.recv_timeout(TICK) {
                    Ok(event) => event,
                    Err(RecvTimeoutError::Timeout) => Event::Tick,
                    Err(RecvTimeoutError::Disconnected) => return result,
                };
                if result.is_ok() {
                    result = take(event);
                    if result.is_err() {
                        self.stop.halt();
                    }
                }
            }
        })
    }

    fn work(&self, events: &SyncSender<Event>) {
        let mut maker = Maker::new(self.stop, self.options.timeout, self.room.most());
        while let Some(part) = self.queue.next(|| self.stop.is_set()) {
            let done = self.convert(&part, &mut maker, events);
            if done.outcome.is_of_all {
                self.stop.halt();
            }
            // They are taken until all have ended.
            let _ = events.send(Event::Ended(Box::new(done)));
            self.queue.done();
        }
    }

    fn convert(&self, part: &Part, maker: &mut Maker, events: &SyncSender<Event>) -> Done {
        let output = self.plan.output(&part.entry, part.page);
        let job = Job {
            input: part.entry.input(),
            page: part.page.or(self.options.page),
            output: output.clone(),
            wish: self.options.wish.clone(),
            existing: self.options.existing,
            hands: (self.room.cores / self.jobs.min(self.queue.left()).max(1)).max(1),
            task: if self.ground.is_some() { Task::Convert } else { Task::Decide },
        };
        let mut share = Share { part, queue: self.queue, events, bytes: part.bytes, told: 0, pixels: 0 };
        let outcome = match self.ready(&output) {
            Ok(()) => maker.make(&job, |answer| share.hear(&answer)),
            Err(outcome) => *outcome,
        };
        if let Some(ground) = self.ground.filter(|_| maker.has_ended()) {
            ground.sweep(&output);
        }
        share.end(&outcome);
        let outcome = self.judged(outcome);
        let (input, page) = (job.input.display().to_string(), job.page.unwrap_or(1));
        // One of no bytes weighs something all the same.
        let bytes_in = if part.entry.bytes == 0 { 0 } else { share.bytes };
        Done { input, page, output: Some(output), bytes_in, outcome }
    }

    /// Sees to it that a result can be written.
    fn ready(&self, output: &std::path::Path) -> Result<(), Box<Outcome>> {
        let Some(ground) = self.ground else { return Ok(()) };
        self.still_there()?;
        ground.prepare(output).map_err(|error| {
            Box::new(Outcome::of_machine(&error, &format!("the directory of {}", output.display())))
        })
    }

    /// A failure for a reason of its own, or because there is no place for results any more.
    fn judged(&self, outcome: Outcome) -> Outcome {
        match (outcome.status, self.still_there()) {
            (Status::Failed, Err(gone)) => *gone,
            _ => outcome,
        }
    }

    fn still_there(&self) -> Result<(), Box<Outcome>> {
        let there = self.ground.map_or(Ok(()), Ground::check);
        there.map_err(|why| Box::new(Outcome { is_of_all: true, ..Outcome::failed(Blame::Machine, why) }))
    }
}

/// What of a part is told to be done.
struct Share<'a> {
    part: &'a Part,
    queue: &'a Queue,
    events: &'a SyncSender<Event>,
    /// Of the file, without its further pages.
    bytes: u64,
    told: u64,
    /// That are not done.
    pixels: u64,
}

impl Share<'_> {
    fn hear(&mut self, answer: &Answer) {
        match *answer {
            Answer::Opened { pages, pixels } => {
                self.pixels = pixels;
                self.add_pages(pages);
            }
            Answer::More(pixels) => {
                let left = self.bytes - self.told;
                let bytes = u128::from(left) * u128::from(pixels) / u128::from(self.pixels.max(1));
                self.pixels = self.pixels.saturating_sub(pixels);
                self.tell(pixels, u64::try_from(bytes).unwrap_or(left).min(left));
            }
            Answer::Ended(_) => {}
        }
    }

    fn add_pages(&mut self, pages: u32) {
        if pages < 2 {
            return;
        }
        let bytes = self.part.bytes / u64::from(pages);
        self.bytes = self.part.bytes - bytes * u64::from(pages - 1);
        let _ = self.events.send(Event::Pages(pages as usize - 1));
        let entry = &self.part.entry;
        self.queue.add((2..=pages).map(|page| Part { entry: entry.clone(), page: Some(page), bytes }));
    }

    /// The rest of it: of pixels only if they were converted.
    fn end(&mut self, outcome: &Outcome) {
        let pixels = if outcome.status == Status::Made { self.pixels } else { 0 };
        self.tell(pixels, self.bytes - self.told);
    }

    fn tell(&mut self, pixels: u64, bytes: u64) {
        self.told += bytes;
        let _ = self.events.send(Event::More { pixels, bytes });
    }
}
