//! Other programs, run for what they print: within a time, and no more than so many bytes of it.

use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What a program said.
#[derive(Debug)]
pub(super) struct Said {
    /// How it ended.
    pub(super) end: End,
    /// What it wrote to its standard output.
    pub(super) out: String,
    /// What it wrote to its standard error.
    pub(super) error: String,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With status 0.
    Well,
    /// With another status, or by a signal.
    Badly,
    /// It did not end in time.
    Late,
}

/// Runs a program without input. One that is late is killed; one that cannot be killed, because a file system does not
/// answer, is left behind.
///
/// # Errors
/// If it cannot be run.
pub(super) fn run(command: &mut Command, limit: Duration) -> io::Result<Said> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let (out, error) = (read(child.stdout.take()), read(child.stderr.take()));
    let end = wait(&mut child, Instant::now() + limit);
    if end == End::Late {
        // An error means that it has just ended.
        let _ = child.kill();
        wait(&mut child, Instant::now() + PATIENCE);
    }
    Ok(Said { end, out: text(&out), error: text(&error) })
}

/// A program of this system by its name: along PATH, and where those are that only root has in it.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let others = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/nginx/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(others).map(|place| place.join(name)).find(|path| path.is_file())
}

fn wait(child: &mut Child, limit: Instant) -> End {
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return End::Well,
            Ok(Some(_)) | Err(_) => return End::Badly,
            Ok(None) if Instant::now() >= limit => return End::Late,
            Ok(None) => thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// What came through a pipe so far.
type Heard = (Arc<Mutex<Vec<u8>>>, Receiver<()>);

/// Reads all of a pipe, on a thread of its own: a program that cannot write goes on no further.
fn read(pipe: Option<impl Read + Send + 'static>) -> Heard {
    let (heard, (sender, receiver)) = (Arc::new(Mutex::new(Vec::new())), channel());
    let bytes = Arc::clone(&heard);
    thread::spawn(move || {
        let (Some(mut pipe), mut buffer) = (pipe, vec![0; 65_536]) else { return };
        while let Ok(length @ 1..) = pipe.read(&mut buffer) {
            let mut bytes = bytes.lock().unwrap_or_else(PoisonError::into_inner);
            // What is too much is thrown away.
            let room = LONGEST.saturating_sub(bytes.len());
            bytes.extend_from_slice(&buffer[..length.min(room)]);
        }
        // Nobody waits for it any more: then nobody is told.
        let _ = sender.send(());
    });
    (heard, receiver)
}

/// What came. Somebody whom the program left behind may hold the other end of the pipe, so its end is not waited for long.
fn text((heard, ended): &Heard) -> String {
    // It is as well if it does not end.
    let _ = ended.recv_timeout(PATIENCE);
    String::from_utf8_lossy(&heard.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}

/// The most bytes of an output that are looked at.
const LONGEST: usize = 16 << 20;

/// How long a program that was killed, or the end of its output, is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Said {
        run(Command::new("sh").args(["-c", script]), limit).expect("a shell")
    }

    #[test]
    fn what_is_printed_comes_with_how_it_ended() {
        let said = shell("echo out; echo error >&2; exit 3", Duration::from_secs(60));
        assert_eq!((said.end, &*said.out, &*said.error), (End::Badly, "out\n", "error\n"));
        assert_eq!(shell("true", Duration::from_secs(60)).end, End::Well);
        assert!(run(&mut Command::new("/nowhere"), PATIENCE).is_err());
    }

    #[test]
    fn who_prints_without_end_and_who_never_ends_are_given_up() {
        let said = shell("head -c 20000000 /dev/zero", Duration::from_secs(60));
        assert_eq!((said.end, said.out.len()), (End::Well, LONGEST));
        let said = shell("echo first; exec sleep 1000", Duration::from_millis(500));
        assert_eq!((said.end, &*said.out), (End::Late, "first\n"));
    }
}
