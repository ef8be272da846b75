//! What workers keep on disk about masters: that it is found again, and that nobody depends on it.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use rustix::process::Signal;

use crate::process::status;
use crate::server::{Server, send, until};

const SIDE: u32 = 800;

/// A JPEG 2000 file of many code-blocks, which does not say where its packets lie: `seed` makes another picture.
fn write_master(path: &Path, seed: u32) {
    let ppm = path.with_extension("ppm");
    let mut bytes = format!("P6\n{SIDE} {SIDE}\n255\n").into_bytes();
    let value = |n: u32| (n / 7 + seed * (n % 13)) as u8;
    bytes.extend((0..3 * SIDE * SIDE).map(value));
    fs::write(&ppm, bytes).expect("written");
    let part = path.with_extension("part.j2k");
    let compress = Command::new("opj_compress")
        .args(["-b", "8,8", "-r", "20"])
        .arg("-i")
        .arg(&ppm)
        .arg("-o")
        .arg(&part)
        .output();
    assert!(compress.expect("opj_compress runs").status.success());
    // What was written just now is not saved.
    let file = File::options().write(true).open(&part).expect("there");
    file.set_modified(SystemTime::now() - Duration::from_secs(3600 + u64::from(seed))).expect("set");
    fs::rename(part, path).expect("renamed");
    // Nor is what changed in any other way, and the time of that is the kernel's.
    std::thread::sleep(Duration::from_millis(2100));
}

fn tile(number: u32) -> String {
    format!("/iiif/3/leaf.j2k/{},0,64,64/64,64/0/default.jpg", 8 * number)
}

/// The saved files, and the inodes, which distinguish a file that was written anew from one that was not.
fn kept(server: &Server) -> Vec<(PathBuf, u64)> {
    let entries =
        fs::read_dir(server.path("state")).expect("a directory").map(|entry| entry.expect("an entry"));
    let indexes = entries.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "state"));
    indexes.map(|entry| (entry.path(), entry.metadata().expect("there").ino())).collect()
}

/// Ends all workers; new ones take their places.
fn replace_workers(server: &Server) {
    let before = server.workers();
    std::thread::sleep(Duration::from_millis(1100)); // no longer at their start
    before.iter().for_each(|worker| send(*worker, Signal::KILL));
    server.until_replaced(&before, before.len());
}

#[test]
fn what_one_worker_found_out_the_others_know() {
    let server = Server::start(2, "30s");
    let master = server.path("masters").join("leaf.j2k");
    write_master(&master, 1);
    assert_eq!(status(&server, &tile(0)), 200);
    let first = kept(&server);
    assert_eq!(first.len(), 1, "{first:?}");
    replace_workers(&server);
    for number in 1..20 {
        assert_eq!(status(&server, &tile(number)), 200);
    }
    assert_eq!(kept(&server), first, "nobody had to find out again");
    // Damage is seen, and mended by the next who has to find out.
    let mut bytes = fs::read(&first[0].0).expect("there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&first[0].0, bytes).expect("written");
    replace_workers(&server);
    assert_eq!(status(&server, &tile(20)), 200);
    let mended = kept(&server);
    assert!(mended.len() == 1 && mended[0].0 == first[0].0 && mended != first, "{mended:?}");
    // Another picture under the same name has nothing of the first.
    write_master(&master, 2);
    assert_eq!(status(&server, &tile(0)), 200);
    assert_eq!(kept(&server).len(), 2);
}

#[test]
fn without_a_directory_all_goes_on() {
    let mut server = Server::start(1, "30s");
    write_master(&server.path("masters").join("leaf.j2k"), 1);
    // Gone under a worker that has it open, and at the start of another.
    until("it is noted how answers look", || server.path("state/looks").exists());
    fs::remove_dir_all(server.path("state")).expect("removed");
    assert_eq!(status(&server, &tile(0)), 200);
    assert!(server.log().contains("cannot keep an index"), "{}", server.log());
    assert_eq!(server.stop(), Some(0));
    server.start_again();
    until("the new server answers", || server.path("pid").exists());
    assert_eq!(status(&server, &tile(1)), 200);
    assert_eq!(server.log().matches("nothing that is found out about masters is kept").count(), 1);
}
