//! The fetcher's door to workers: takes asks at the counter, and answers each when it can, or not at all if nobody waits for
//! the answer any more.

use std::cell::Cell;
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::os::unix::net;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context;
use signal_hook::consts::SIGTERM;
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::sync::Notify;
use tokio::task::{spawn_local, yield_now};
use tokio::time::{interval, timeout};

use super::engine::Engine;
use crate::blocks::{Ask, Asker, Exit};

/// Most asks in hand. Others wait at the counter, which is full at some time, and workers are told so at once.
const MOST: usize = 2048;

/// Most of them that nobody waits for. What is beyond is not done: it would have been for nobody.
const MOST_AHEAD: usize = 256;

/// Asks that are taken before others are served.
const AT_ONCE: usize = 64;

/// How often it is shown how the cache is.
const SHOWN: Duration = Duration::from_millis(500);

/// How long asks in hand may take when the process is to end.
const LAST: Duration = Duration::from_secs(2);

/// Asks that are not answered yet.
#[derive(Default)]
struct InHand {
    count: Cell<usize>,
    ahead: Cell<usize>,
    falls: Notify,
}

/// One of them.
struct Held {
    all: Rc<InHand>,
    is_ahead: bool,
}

/// What becomes readable when the process is to end: SIGTERM.
///
/// # Errors
/// If the system has no descriptors for it.
pub(super) fn end() -> io::Result<net::UnixStream> {
    let (here, there) = net::UnixStream::pair()?;
    signal_hook::low_level::pipe::register(SIGTERM, there)?;
    Ok(here)
}

/// The same socket, to wait for. Of whatever type it is: nothing is read here.
fn watched(socket: impl AsFd) -> io::Result<UnixStream> {
    let socket = net::UnixStream::from(socket.as_fd().try_clone_to_owned()?);
    socket.set_nonblocking(true)?;
    UnixStream::from_std(socket)
}

/// Answers until the process is to end.
///
/// # Errors
/// If the counter cannot be watched.
pub(super) async fn serve(engine: Rc<Engine>, exit: Exit, end: net::UnixStream) -> anyhow::Result<()> {
    let counter = watched(&exit).context("cannot wait at the counter")?;
    let end = watched(end).context("cannot wait for signals")?;
    let in_hand = Rc::new(InHand::default());
    let mut shown = interval(SHOWN);
    loop {
        tokio::select! {
            _ = end.readable() => break,
            _ = shown.tick() => engine.publish(),
            () = in_hand.falls_below(MOST), if in_hand.count.get() >= MOST => {}
            ready = counter.readable(), if in_hand.count.get() < MOST => {
                ready.context("the counter is gone")?;
                // That there is nothing now is what is to be noted.
                let _ = counter.try_io(Interest::READABLE, || take(&engine, &exit, &in_hand));
            }
        }
        yield_now().await;
    }
    if timeout(LAST, in_hand.falls_below(1)).await.is_err() {
        log::warn!("the process that fetches ends with {} asks in hand", in_hand.count.get());
    }
    engine.publish();
    Ok(())
}

/// Takes some of what is at the counter.
///
/// # Errors
/// [`ErrorKind::WouldBlock`] if there is no more.
fn take(engine: &Rc<Engine>, exit: &Exit, in_hand: &Rc<InHand>) -> io::Result<()> {
    for _ in 0..AT_ONCE {
        match exit.take() {
            Ok(Some((ask, asker))) => {
                let is_ahead = matches!(ask, Ask::Fetch { ahead: true, .. });
                if is_ahead && in_hand.ahead.get() >= MOST_AHEAD {
                    continue;
                }
                let held = Held::new(in_hand, is_ahead);
                let engine = Rc::clone(engine);
                spawn_local(async move {
                    answer(&engine, ask, asker, is_ahead).await;
                    drop(held);
                });
            }
            Ok(None) => return Err(ErrorKind::WouldBlock.into()),
            // It is gone now.
            Err(error) if error.kind() == ErrorKind::InvalidData => log::warn!("at the counter: {error}"),
            Err(error) => {
                log::error!("cannot take what is at the counter: {error}");
                return Err(ErrorKind::WouldBlock.into());
            }
        }
    }
    Ok(())
}

async fn answer(engine: &Rc<Engine>, ask: Ask, asker: Asker, is_ahead: bool) {
    let leaves = match watched(&asker) {
        Ok(leaves) => leaves,
        // Whoever asked hears that there will be no answer.
        Err(error) => return log::error!("cannot wait for a worker: {error}"),
    };
    let (reply, file) = tokio::select! {
        biased;
        reply = engine.reply(ask) => reply,
        _ = leaves.readable(), if !is_ahead => return,
    };
    if let Err(error) = asker.reply(&reply, file.as_deref()) {
        log::debug!("a worker has left before its answer: {error}");
    }
}

impl InHand {
    async fn falls_below(&self, count: usize) {
        while self.count.get() >= count {
            self.falls.notified().await;
        }
    }
}

impl Held {
    fn new(all: &Rc<InHand>, is_ahead: bool) -> Self {
        all.count.set(all.count.get() + 1);
        all.ahead.set(all.ahead.get() + usize::from(is_ahead));
        Self { all: Rc::clone(all), is_ahead }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.count.set(self.all.count.get() - 1);
        self.all.ahead.set(self.all.ahead.get() - usize::from(self.is_ahead));
        self.all.falls.notify_one();
    }
}
