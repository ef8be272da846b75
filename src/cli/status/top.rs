//! `recto top`: how a running service is, every second.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr,
};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::{Place, print, status, text};
use crate::process::status::{Report, ask};

/// How often it is asked.
const PAUSE: Duration = Duration::from_secs(1);

/// Watch the running service
///
/// Shows every second what `recto status` shows once, and how much a second is answered and sent. q leaves it. Without a
/// terminal it is `recto status`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    place: Place,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let socket = arguments.place.socket()?;
    let mut last = (ask(&socket)?, Instant::now());
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        print(&last.0, false).context("cannot write")?;
        return Ok(status(&last.0));
    }
    let screen = Screen::open().context("cannot use the terminal")?;
    screen.show(&text::lines(&last.0, None))?;
    while !screen.is_left(last.1 + PAUSE)? {
        match ask(&socket) {
            Ok(report) => last = next(&screen, report, last)?,
            Err(error) => {
                last.1 = Instant::now();
                screen.show(&[format!("{error:#}"), String::new(), "q leaves".to_owned()])?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows a report beside the last one.
fn next(screen: &Screen, report: Report, last: (Report, Instant)) -> anyhow::Result<(Report, Instant)> {
    let now = Instant::now();
    screen.show(&text::lines(&report, Some((&last.0, now - last.1))))?;
    Ok((report, now))
}

/// The terminal, which gets back what was on it when this is dropped, whatever ends the program but SIGKILL.
struct Screen {
    before: Termios,
    /// Whether a signal has come to end it.
    ended: Arc<AtomicBool>,
}

impl Screen {
    fn open() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let ended = Arc::new(AtomicBool::new(false));
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&ended))?;
        }
        let mut keys = before.clone();
        keys.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        // ^Z would leave the terminal as it is here.
        keys.special_codes[SpecialCodeIndex::VSUSP] = 0;
        let screen = Self { before, ended };
        tcsetattr(io::stdin(), OptionalActions::Now, &keys)?;
        // Another screen, no cursor, and lines that end at its edge.
        screen.write("\x1b[?1049h\x1b[?25l\x1b[?7l")?;
        Ok(screen)
    }

    /// Shows as many of the lines as there is room for.
    fn show(&self, lines: &[String]) -> io::Result<()> {
        let rows = tcgetwinsize(io::stdout()).map_or(24, |size| usize::from(size.ws_row).max(2));
        let mut frame = "\x1b[H".to_owned();
        for (at, line) in lines.iter().take(rows).enumerate() {
            frame += if at == 0 { "" } else { "\r\n" };
            frame += line;
            frame += "\x1b[K";
        }
        self.write(&(frame + "\x1b[J"))
    }

    /// Waits until then; whether somebody wants to leave.
    fn is_left(&self, until: Instant) -> io::Result<bool> {
        let stdin = io::stdin();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if self.ended.load(Ordering::Relaxed) {
                return Ok(true);
            }
            let mut polled = [PollFd::new(&stdin, PollFlags::IN)];
            let limit = Timespec::try_from(left).map_err(io::Error::other)?;
            match poll(&mut polled, Some(&limit)) {
                Ok(0) => return Ok(false),
                // After a signal it is looked again.
                Err(rustix::io::Errno::INTR) => {}
                outcome => {
                    outcome?;
                    let mut keys = [0; 16];
                    let length = rustix::io::read(&stdin, &mut keys)?;
                    if length == 0 || keys[..length].iter().any(|key| matches!(key, b'q' | b'Q')) {
                        return Ok(true);
                    }
                }
            }
        }
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // If the terminal is gone, nothing is left to do.
        let _ = self.write("\x1b[?7h\x1b[?25h\x1b[?1049l");
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}
