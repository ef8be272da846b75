//! `recto demo`: a whole site on this machine, without privileges, until Ctrl-C. NGINX with the shipped
//! configuration, a pool of workers, and a page with a viewer, all inside one run directory.
//! Nothing here is part of a server in production.

/// A line for whoever looks on. Nobody has to: a pipe that is closed at its other end stops no demo.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write;
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

mod catalogue;
mod check;
pub mod children;
mod converted;
mod far;
mod http;
mod masters;
mod pixels;
mod rundir;
mod sample;
pub mod site;
mod tiles;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use children::{Children, Nginx};
use far::Store;
use masters::Masters;
use rundir::RunDir;
use site::Site;

use crate::source::Place;

/// Show images in a viewer on this machine, without privileges.
///
/// Starts a private NGINX with the shipped configuration and a pool of workers behind it, prints the address of a page
/// that lists the masters and opens them in a deep-zoom viewer, and stays in the foreground until Ctrl-C.
///
///   recto demo                          sample masters, made on the first run
///   recto demo --masters /srv/scans     a directory of your own
///   recto demo map.tif leaf-12r.jpg     a few files; flat ones are converted first
///   recto demo --source s3://bucket     masters in a store; credentials from the environment
///   recto demo --listen 0.0.0.0         for other machines as well
///   recto demo --check                  fetch a bit of everything, compare the pixels, print a table, end
///
/// All that a run writes is in the run directory: recto.sock, recto.pid, nginx.pid, the configuration files, the logs,
/// the cache, and the samples. It needs an nginx program and nothing else.
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// Image files to show. Without these and without --masters: samples, made on the first run
    #[arg(value_name = "MASTER", conflicts_with = "masters")]
    files: Vec<PathBuf>,

    /// Show files as they are. Otherwise those that are large and flat are made into pyramids in the run directory, as
    /// `recto convert` does it
    #[arg(long, requires = "files")]
    as_is: bool,

    /// A directory of masters: all images in it and below it
    #[arg(long, value_name = "DIR")]
    masters: Option<PathBuf>,

    #[command(flatten)]
    store: Store,

    /// The port on which NGINX listens [default: 8182, or the next free one]
    #[arg(long, value_name = "N")]
    port: Option<u16>,

    /// The address on which NGINX listens: by default only programs on this machine find it. 0.0.0.0 is every address of
    /// IPv4: whoever reaches this machine can then see all that the demo shows
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,

    /// Number of workers [default: one per core]
    #[arg(long, value_name = "N")]
    workers: Option<u16>,

    /// The directory of everything that a run writes
    #[arg(long, value_name = "DIR", default_value = "target/demo")]
    run_dir: PathBuf,

    /// A configuration to take limits and the like from; socket and public_url are the demo's own
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Fetch a bit of everything through NGINX, print a table of the verdicts, and stop
    #[arg(long)]
    check: bool,

    /// Make the sample masters in this directory, and end
    #[arg(long, value_name = "DIR", hide = true, exclusive = true)]
    samples: Option<PathBuf>,
}

const FIRST_PORT: u16 = 8182;
/// The first start has nothing cached on disk and may share the machine with a compiler.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Runs the demo until it is told to stop.
///
/// # Errors
/// If NGINX or a master is missing, something cannot be written or started, a child dies, or the check fails.
pub(super) fn run(args: Arguments) -> anyhow::Result<()> {
    if let Some(directory) = &args.samples {
        return sample::write_all(directory).map(drop);
    }
    let nginx = Nginx::find()?;
    let place = RunDir::claim(&args.run_dir)?;
    let port = free_port(args.listen, args.port)?;
    let site = Site { run_dir: place.path().to_owned(), port, listen: args.listen };
    let masters = prepare(&args, &place, &site)?;
    site.write(nginx.runs_as_root())?;
    let first = catalogue::write(&place.page(), &site.base(), &masters)?;

    // From here on there is something to stop in order; before, Ctrl-C simply ends the program.
    let stop = children::stop_flag()?;
    let mut children = Children::start(&place, &nginx, &stop)?;
    let outcome = wait_until_up(&site, &masters, &mut children, &stop).and_then(|up| match up {
        false => Ok(()),
        true if args.check => check::run(port, &site.base(), masters.identifiers()),
        true => {
            announce(&site, &place, &masters, &nginx, first.as_deref());
            children.watch(&stop)
        }
    });
    children.stop();
    outcome
}

/// Writes recto.toml and finds out which masters there are.
fn prepare(args: &Arguments, place: &RunDir, site: &Site) -> anyhow::Result<Masters> {
    let mut settings = rundir::settings(args.config.as_deref())?;
    let masters = if args.store.is_named() {
        args.store.configure(&mut settings, place)?;
        let name = |file: &PathBuf| file.to_str().map(str::to_owned).context("a name that is not UTF-8");
        let named = args.files.iter().map(name).collect::<anyhow::Result<_>>()?;
        Some(Store::masters(&settings, named)?)
    } else if !args.files.is_empty() {
        let made = match args.as_is {
            true => HashMap::new(),
            false => converted::masters(&args.files, &place.path().join("converted"))?,
        };
        Some(Masters::of_files(&args.files, &made, &place.path().join("masters"))?)
    } else if let Some(directory) = &args.masters {
        Some(Masters::of_directory(directory)?)
    } else if let Some(root) = rundir::root_in(&settings) {
        Some(Masters::of_directory(&root)?)
    } else {
        None
    };
    let masters = match masters {
        Some(masters) => masters,
        None => {
            let samples = place.path().join("samples");
            sample::write_all(&samples).context("cannot make the sample masters")?;
            Masters::of_directory(&samples)?
        }
    };
    if let Place::Directory(root) = &masters.place {
        rundir::set_masters(&mut settings, root, masters.linked)?;
    }
    rundir::set_server(&mut settings, &place.socket(), args.workers)?;
    if site.is_for_others() {
        rundir::trust_hosts(&mut settings, site.hosts())?;
    }
    rundir::set_state(&mut settings, &place.state())?;
    place.write_settings(&settings)?;
    Ok(masters)
}

/// The requested port if it is free, or the first free one from 8182 on if none is requested.
fn free_port(address: IpAddr, requested: Option<u16>) -> anyhow::Result<u16> {
    TcpListener::bind((address, 0)).with_context(|| format!("--listen {address}"))?;
    if let Some(port) = requested {
        TcpListener::bind((address, port)).with_context(|| {
            format!("port {port} cannot be used; --port N (make demo PORT=N) takes another")
        })?;
        return Ok(port);
    }
    let is_free = |port: &u16| TcpListener::bind((address, *port)).is_ok();
    let free = (FIRST_PORT..FIRST_PORT + 100).find(is_free);
    let port = free.context("no free port from 8182 to 8281; --port N (make demo PORT=N) takes another")?;
    if port != FIRST_PORT {
        say!("port {FIRST_PORT} is taken: using {port}");
    }
    Ok(port)
}

/// Waits until NGINX gives the page and a worker answers through it. False if the user stopped it before.
fn wait_until_up(
    site: &Site,
    masters: &Masters,
    children: &mut Children,
    stop: &children::StopFlag,
) -> anyhow::Result<bool> {
    let identifier = masters.identifiers().next().unwrap_or("none");
    let probes = ["/".to_owned(), format!("/iiif/3/{identifier}/info.json")];
    let give_up = Instant::now() + START_LIMIT;
    while !children::is_set(stop) {
        children.all_alive()?;
        if probes.iter().all(|path| http::get(site.port, path, &[]).is_ok_and(|answer| answer.status < 502)) {
            return Ok(true);
        }
        if Instant::now() > give_up {
            bail!("no answer within {} s; the logs are in {}", START_LIMIT.as_secs(), site.run_dir.display());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(false)
}

/// Tells the user where everything is.
fn announce(site: &Site, place: &RunDir, masters: &Masters, nginx: &Nginx, first: Option<&str>) {
    let base = site.base();
    let run = place.path().display();
    say!("\nRecto is up: {} masters from {}, {nginx}\n", masters.len(), masters.place.name());
    say!("  page        {}", base.trim_end_matches("iiif"));
    match site.is_for_others() {
        true => say!("              from other machines: http://{}", site.hosts().join(" or http://")),
        false => say!(
            "              from another machine: ssh -L {0}:localhost:{0} THIS-MACHINE, then the same address there",
            site.port
        ),
    }
    if let Some(identifier) = first {
        say!("  info.json   {base}/3/{identifier}/info.json");
        say!("  an image    {base}/3/{identifier}/square/{}/0/default.jpg", some_size(site.port, identifier));
    }
    say!("  logs        {run}/recto.log, nginx-error.log, access.log");
    say!("  settings    {run}/recto.toml, nginx.conf (with the shipped http.conf and location.conf)");
    say!("\nCtrl-C to stop");
}

/// A size for the square region that no small master refuses.
fn some_size(port: u16, identifier: &str) -> String {
    let info = http::get(port, &format!("/iiif/3/{identifier}/info.json"), &[]).ok();
    let info = info.and_then(|answer| serde_json::from_slice::<serde_json::Value>(&answer.body).ok());
    let side = |name| info.as_ref().and_then(|info| info.get(name)?.as_u64()).unwrap_or(0);
    if side("width").min(side("height")) > 600 { "600,600".to_owned() } else { "max".to_owned() }
}
