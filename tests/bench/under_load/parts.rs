//! The parts of the benchmark.

use std::net::Ipv4Addr;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

use super::Sizes;
use super::clients::{Outcome, Times, address, ask, connected, readers, send};
use super::memory::peak_memory;
use super::pool::Pool;
use super::process::private_memory;

/// How many readers ask for tiles, and how long each waits between two: far less than the pool can do.
const READERS: u32 = 2;
const PAUSE: Duration = Duration::from_millis(20);

/// What a tile costs while nothing else goes on.
pub fn quiet(pool: &Pool, sizes: Sizes) -> Result<()> {
    tiles(pool, Duration::from_secs(1));
    let (cpu, nginx) = (pool.cpu()?, pool.nginx_cpu()?);
    let outcomes = tiles(pool, Duration::from_secs(sizes.seconds.min(20)));
    let each = |spent: Duration| spent.as_secs_f64() * 1e6 / outcomes.len() as f64;
    println!("  tiles: {}", Times::of(&outcomes, 200));
    println!(
        "  CPU for each: {:.0} us in the pool, {:.0} us in NGINX",
        each(pool.cpu()? - cpu),
        each(pool.nginx_cpu()? - nginx)
    );
    let private = pool.processes()?.into_iter().map(private_memory).sum::<Result<u64>>()?;
    println!("  memory of the pool's own: {} MB", private >> 20);
    Ok(())
}

/// Many who ask for the whole page at once, as PNG, beside readers of tiles.
pub fn crowd(pool: &Pool, sizes: Sizes) -> Result<()> {
    let alone = tiles(pool, Duration::from_secs(5));
    for (who, of_one) in [("as many clients", false), ("one client", true)] {
        let clients = u32::try_from(sizes.clients)?;
        let from = |client| if of_one { address(1000) } else { address(1000 + client) };
        let ((beside, dear), most) = peak_memory(&pool.processes()?, || at_once(pool, clients, &from));
        println!("  {} whole pages at once, of {who}:", sizes.clients);
        compare(&alone, &beside);
        print_statuses("pages", &dear);
        println!("    anonymous memory: {} MB at most", most >> 20);
    }
    Ok(())
}

/// What readers of tiles, and so many clients who ask for a whole page each, are answered.
fn at_once(pool: &Pool, clients: u32, from: &dyn Fn(u32) -> Ipv4Addr) -> (Vec<Outcome>, Vec<Outcome>) {
    let done = AtomicBool::new(false);
    let goes_on = || !done.load(Ordering::Relaxed);
    thread::scope(|scope| {
        let beside = scope.spawn(|| readers(pool, READERS, PAUSE, &goes_on));
        let asks = |client| {
            let (path, from) = (pool.whole("png"), from(client));
            scope.spawn(move || ask(pool.port, from, &path))
        };
        let clients: Vec<_> = (0..clients).map(asks).collect();
        let dear = clients.into_iter().filter_map(|client| client.join().ok()).collect();
        done.store(true, Ordering::Relaxed);
        (beside.join().unwrap_or_default(), dear)
    })
}

/// What a library's log has, 68 % tiles, 27 % whole pages, the rest info.json, twice as much as the machine can do.
pub fn mix(pool: &Pool, sizes: Sizes) -> Result<()> {
    let path = |number: u32| match number * 37 % 100 {
        0..68 => ("tiles", pool.tile()),
        68..95 => ("pages", pool.whole("jpg")),
        _ => ("info.json", pool.info()),
    };
    let second = Duration::from_secs((sizes.seconds / 6).max(2));
    let end = Instant::now() + second;
    let closed = |client: u32| {
        let mut answered = 0_u32;
        while Instant::now() < end {
            let outcome = ask(pool.port, address(client), &path(pool.number()).1);
            answered += u32::from(outcome.status == 200);
        }
        answered
    };
    let answered: u32 = thread::scope(|scope| {
        let clients: Vec<_> = (1..=8).map(|client| scope.spawn(move || closed(client))).collect();
        clients.into_iter().filter_map(|client| client.join().ok()).sum()
    });
    let rate = f64::from(answered) / second.as_secs_f64();
    println!("  the machine can do {rate:.1} a second; {:.1} a second for {} s:", 2.0 * rate, sizes.seconds);
    let outcomes = open_loop(pool, 2.0 * rate, Duration::from_secs(sizes.seconds), &path);
    for kind in ["tiles", "pages", "info.json"] {
        let of_kind = outcomes.iter().filter(|(what, _)| *what == kind).map(|(_, outcome)| *outcome);
        print_statuses(kind, &of_kind.collect::<Vec<_>>());
    }
    Ok(())
}

/// Sends so many requests a second, whether or not those before are answered.
fn open_loop<'p>(
    pool: &Pool,
    rate: f64,
    lasts: Duration,
    path: &dyn Fn(u32) -> (&'p str, String),
) -> Vec<(&'p str, Outcome)> {
    thread::scope(|scope| {
        let (start, mut sent) = (Instant::now(), Vec::new());
        for number in 0_u32.. {
            let at = Duration::from_secs_f64(f64::from(number) / rate);
            if at > lasts {
                break;
            }
            thread::sleep(at.saturating_sub(start.elapsed()));
            let (kind, path) = path(number);
            sent.push((kind, scope.spawn(move || ask(pool.port, address(1000 + number), &path))));
        }
        sent.into_iter().filter_map(|(kind, client)| Some((kind, client.join().ok()?))).collect()
    })
}

/// Many who ask for the whole page, as PNG, and leave.
pub fn aborts(pool: &Pool, sizes: Sizes) -> Result<()> {
    let alone = Times::of(&tiles(pool, Duration::from_secs(5)), 200);
    let cpu = pool.cpu()?;
    let whole = ask(pool.port, address(1), &pool.whole("png"));
    let each = pool.cpu()? - cpu;
    println!(
        "  one whole page: status {}, {:.0} ms, {:.0} ms of CPU",
        whole.status,
        millis(whole.took),
        millis(each)
    );
    let cpu = pool.cpu()?;
    let clients = (0..u32::try_from(sizes.clients)?).map(|client| -> Result<_> {
        let mut stream = connected(pool.port, address(1000 + client))?;
        send(&mut stream, &pool.whole("png"))?;
        Ok(stream)
    });
    let clients = clients.collect::<Result<Vec<_>>>()?;
    thread::sleep(Duration::from_millis(200));
    drop(clients);
    let left = Instant::now();
    let mut outcome = ask(pool.port, address(1), &pool.tile());
    while outcome.status != 200 || outcome.took > 2 * alone.quantile(99) {
        outcome = ask(pool.port, address(1), &pool.tile());
    }
    println!(
        "  {} who left after 200 ms: a tile is as quick as alone after {:.0} ms",
        sizes.clients,
        millis(left.elapsed())
    );
    thread::sleep(Duration::from_secs(3));
    let (spent, asked) = (pool.cpu()? - cpu, each * u32::try_from(sizes.clients)?);
    let part = 100.0 * spent.as_secs_f64() / asked.as_secs_f64();
    println!("  CPU spent for them: {:.0} ms, {part:.1} % of what they asked for", millis(spent));
    Ok(())
}

/// One worker after another is killed, one each second.
pub fn kills(pool: &Pool, sizes: Sizes) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(sizes.seconds);
    let goes_on = || Instant::now() < end;
    let (outcomes, killed) = thread::scope(|scope| {
        let outcomes = scope.spawn(move || readers(pool, 4, Duration::ZERO, &goes_on));
        let mut killed = 0;
        while goes_on() {
            let workers = pool.workers().unwrap_or_default();
            let victim = workers.get(killed % workers.len().max(1)).and_then(|pid| i32::try_from(*pid).ok());
            if let Some(victim) = victim.and_then(Pid::from_raw) {
                // An error means that it has ended by itself since then.
                let _ = kill_process(victim, Signal::KILL);
                killed += 1;
            }
            thread::sleep(Duration::from_secs(1));
        }
        (outcomes.join().unwrap_or_default(), killed)
    });
    let lost = outcomes.iter().filter(|outcome| outcome.status != 200).count();
    println!("  {killed} killed: {lost} of {} tiles lost", outcomes.len());
    println!("  tiles: {}", Times::of(&outcomes, 200));
    Ok(())
}

/// Ten times as many connect to the workers' socket and say nothing.
pub fn silent(pool: &Pool, sizes: Sizes) -> Result<()> {
    let alone = tiles(pool, Duration::from_secs(2));
    let (socket, peers) = (pool.socket(), 10 * sizes.clients);
    let connects = || UnixStream::connect(&socket).context("the workers' socket");
    let start = Instant::now();
    let silent = (0..peers).map(|_| connects()).collect::<Result<Vec<_>>>()?;
    println!("  {peers} silent peers, connected within {:.0} ms", millis(start.elapsed()));
    let next = ask(pool.port, address(1), &pool.tile());
    println!("  the next tile: status {}, {:.1} ms", next.status, millis(next.took));
    compare(&alone, &tiles(pool, Duration::from_secs(2)));
    drop(silent);
    Ok(())
}

/// Tiles of readers for a while.
fn tiles(pool: &Pool, lasts: Duration) -> Vec<Outcome> {
    let end = Instant::now() + lasts;
    readers(pool, READERS, PAUSE, &|| Instant::now() < end)
}

fn compare(alone: &[Outcome], beside: &[Outcome]) {
    let lost = beside.iter().filter(|outcome| outcome.status != 200).count();
    let (alone, beside) = (Times::of(alone, 200), Times::of(beside, 200));
    println!("    tiles alone:  {alone}");
    println!("    tiles beside: {beside}; {lost} lost");
    let ratio = beside.quantile(99).as_secs_f64() / alone.quantile(99).as_secs_f64();
    println!("    p99 beside by p99 alone: {ratio:.1}");
}

fn print_statuses(what: &str, outcomes: &[Outcome]) {
    let mut statuses: Vec<u16> = outcomes.iter().map(|outcome| outcome.status).collect();
    statuses.sort_unstable();
    statuses.dedup();
    for status in statuses {
        println!("    {what}, status {status}: {}", Times::of(outcomes, status));
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
