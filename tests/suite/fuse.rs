//! A file system of one file that stops to answer when it is told to, as one over a network does: by the kernel's FUSE
//! protocol (linux/fuse.h, version 7.31), without a library. Wants root, to mount it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// The file system, mounted. It goes with this value, whoever waits for it.
pub struct Fuse {
    at: PathBuf,
    answers: Arc<(Mutex<bool>, Condvar)>,
}

/// The numbers of what is asked for.
mod opcode {
    pub const LOOKUP: u32 = 1;
    pub const FORGET: u32 = 2;
    pub const GETATTR: u32 = 3;
    pub const OPEN: u32 = 14;
    pub const READ: u32 = 15;
    pub const RELEASE: u32 = 18;
    pub const INIT: u32 = 26;
    pub const OPENDIR: u32 = 27;
    pub const RELEASEDIR: u32 = 29;
    pub const INTERRUPT: u32 = 36;
    pub const BATCH_FORGET: u32 = 42;
}

const HEAD: usize = 40;
const ROOT: u64 = 1;
const FILE: u64 = 2;
const ENOENT: i32 = 2;
const ENOSYS: i32 = 38;

impl Fuse {
    /// Mounts the file system at the directory `at`, with `content` in a file `name`.
    pub fn mount(at: &Path, name: &'static str, content: &'static [u8]) -> Self {
        let device = File::options().read(true).write(true).open("/dev/fuse");
        let device = device.expect("/dev/fuse; without it or root: SKIP=mounts");
        let inherited = rustix::io::dup(&device).expect("a descriptor");
        let options = format!("fd={},rootmode=40000,user_id=0,group_id=0", inherited.as_raw_fd());
        let mut mount = Command::new("mount");
        mount.args(["-i", "-t", "fuse", "-o", &options, "recto-test"]).arg(at);
        assert!(mount.status().expect("mount").success(), "no mount; without root: SKIP=mounts");
        let answers = Arc::new((Mutex::new(true), Condvar::new()));
        let server = Server { device, name, content, answers: Arc::clone(&answers) };
        thread::spawn(move || server.run());
        Self { at: at.to_owned(), answers }
    }

    /// From now on nothing is answered, or all is again, also what was asked meanwhile.
    pub fn answer(&self, answers: bool) {
        *self.answers.0.lock().expect("no panic") = answers;
        self.answers.1.notify_all();
    }
}

impl Drop for Fuse {
    fn drop(&mut self) {
        self.answer(true);
        let unmounted = Command::new("umount").args(["-f", "-l"]).arg(&self.at).status();
        assert!(unmounted.is_ok_and(|status| status.success()) || thread::panicking());
    }
}

struct Server {
    device: File,
    name: &'static str,
    content: &'static [u8],
    answers: Arc<(Mutex<bool>, Condvar)>,
}

impl Server {
    /// Answers until it is unmounted.
    fn run(&self) {
        let mut request = vec![0; 1 << 20];
        while let Ok(length) = (&self.device).read(&mut request) {
            let answers = self.answers.0.lock().expect("no panic");
            drop(self.answers.1.wait_while(answers, |answers| !*answers).expect("no panic"));
            let number = |at: usize| u32::from_ne_bytes(request[at..at + 4].try_into().expect("4 bytes"));
            let long = |at: usize| u64::from_ne_bytes(request[at..at + 8].try_into().expect("8 bytes"));
            let (asked, unique, node) = (number(4), long(8), long(16));
            let read = || (long(HEAD + 8), number(HEAD + 16));
            let reply = match asked {
                opcode::FORGET | opcode::BATCH_FORGET | opcode::INTERRUPT => continue,
                opcode::INIT => Ok(init()),
                opcode::LOOKUP if request[HEAD..length - 1] == *self.name.as_bytes() => {
                    // Known for no time at all: it is asked for each time.
                    Ok([&FILE.to_ne_bytes()[..], &[0; 32], &self.attributes(FILE)].concat())
                }
                opcode::LOOKUP => Err(ENOENT),
                opcode::GETATTR => Ok([&[0; 16][..], &self.attributes(node)].concat()),
                opcode::OPEN | opcode::OPENDIR => Ok(vec![0; 16]),
                opcode::READ => Ok(self.part(read())),
                opcode::RELEASE | opcode::RELEASEDIR => Ok(Vec::new()),
                _ => Err(ENOSYS),
            };
            // Whoever asked may have been killed.
            let _ = (&self.device).write(&message(unique, reply));
        }
    }

    fn part(&self, (offset, length): (u64, u32)) -> Vec<u8> {
        let rest = &self.content[usize::try_from(offset).expect("small").min(self.content.len())..];
        rest[..rest.len().min(length as usize)].to_vec()
    }

    /// `struct fuse_attr`.
    fn attributes(&self, node: u64) -> Vec<u8> {
        let (mode, size) = if node == ROOT { (0o040_755, 0) } else { (0o100_644, self.content.len() as u64) };
        let long: [u64; 6] = [node, size, size.div_ceil(512), 1, 1, 1];
        let short: [u32; 10] = [0, 0, 0, mode, 1, 0, 0, 0, 4096, 0];
        [long.map(u64::to_ne_bytes).concat(), short.map(u32::to_ne_bytes).concat()].concat()
    }
}

/// `struct fuse_init_out`.
fn init() -> Vec<u8> {
    let [background, threshold] = [12u16, 9].map(u16::to_ne_bytes);
    let limits = [background, threshold].concat();
    let (most_written, granularity) = (4096u32.to_ne_bytes(), 1u32.to_ne_bytes());
    let head = [7u32, 31, 1 << 16, 0].map(u32::to_ne_bytes).concat();
    [&head[..], &limits, &most_written, &granularity, &[0; 36]].concat()
}

/// An answer with its head.
fn message(unique: u64, reply: Result<Vec<u8>, i32>) -> Vec<u8> {
    let (error, body) = reply.map_or_else(|error| (-error, Vec::new()), |body| (0, body));
    let length = u32::try_from(16 + body.len()).expect("short");
    [&length.to_ne_bytes()[..], &error.to_ne_bytes(), &unique.to_ne_bytes(), &body].concat()
}
