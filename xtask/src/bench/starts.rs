//! How soon a start is told, and how many a second can be: of Podman's containers, whom no request announces, so that
//! everything comes from the mount, the store's files and the runtime's exec.

mod watch;

use std::{
    os::unix::net::UnixListener,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use imgtrace_tests::{
    lab::{Image, Lab, Podman, until},
    tracer::Tracer,
};
use serde_json::Value;

use watch::Mounts;

/// Starts that are timed, one after the other.
const TIMED: usize = 40;
/// Starts at full speed.
const SUSTAINED: usize = 120;
/// Clients at full speed.
const CLIENTS: usize = 4;
/// How long a line may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came of it.
pub(super) struct Starts {
    /// From the mount of a root file system to the line of its start.
    pub(super) delays: Vec<Duration>,
    /// Starts a second, without imgtrace (before it and after it) and with it.
    pub(super) rates: [f64; 2],
    /// Of the starts at full speed with imgtrace, how many were told.
    pub(super) told: usize,
    /// How many there were.
    pub(super) made: usize,
    /// imgtrace's share of one core meanwhile.
    pub(super) core: f64,
}

/// Measures in a lab of its own.
///
/// # Errors
/// The lab or imgtrace does not come up, or a start is not told.
pub(super) fn measure() -> Result<Starts> {
    let lab = Lab::in_memory("bench-starts")?;
    let registry = lab.registry()?;
    let podman = lab.podman(&registry)?;
    let image = registry.reference(Image::Busybox);
    podman.cli(&["pull", "--quiet", &image])?;
    let socket = lab.place().run().join("docker.sock");
    let _listener = UnixListener::bind(&socket)?;
    let before = at_full_speed(&podman, &image, "before")?;
    let tracer = Tracer::start(&[("docker", &socket)], &[])?;
    let delays = delays(&podman, &image, &tracer)?;
    let used = processor_time(tracer.pid())?;
    let began = Instant::now();
    let with = at_full_speed(&podman, &image, "with")?;
    let names: Vec<String> = names("with").flatten().collect();
    let told = || {
        names
            .iter()
            .filter(|name| came(&tracer, name).is_some())
            .count()
    };
    until(PATIENCE, || told() == names.len());
    let core = (processor_time(tracer.pid())? - used) / began.elapsed().as_secs_f64();
    let told = told();
    tracer.stop()?;
    let after = at_full_speed(&podman, &image, "after")?;
    Ok(Starts {
        delays,
        rates: [f64::midpoint(before, after), with],
        told,
        made: names.len(),
        core,
    })
}

/// Starts containers with several clients at once; how many a second.
fn at_full_speed(podman: &Podman, image: &str, word: &str) -> Result<f64> {
    let began = Instant::now();
    thread::scope(|scope| {
        let clients = names(word).map(|names| {
            scope.spawn(move || -> Result<()> {
                for name in names {
                    podman.cli(&["run", "--rm", "--name", &name, image, "true"])?;
                }
                Ok(())
            })
        });
        let clients: Vec<_> = clients.collect();
        clients.into_iter().try_for_each(|client| {
            client
                .join()
                .map_err(|_| anyhow::anyhow!("a client panicked"))?
        })
    })?;
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let starts = SUSTAINED as f64;
    Ok(starts / began.elapsed().as_secs_f64())
}

/// The names of the containers of each client.
fn names(word: &str) -> impl Iterator<Item = impl Iterator<Item = String>> {
    (0..CLIENTS).map(move |client| {
        (0..SUSTAINED / CLIENTS).map(move |number| format!("{word}-{client}-{number}"))
    })
}

/// Starts one container after the other and times each, from its mount to its line.
fn delays(podman: &Podman, image: &str, tracer: &Tracer) -> Result<Vec<Duration>> {
    let mounts = Mounts::below(&podman.root())?;
    let delay = |number| -> Result<Duration> {
        let name = format!("timed-{number}");
        mounts.forget();
        podman.cli(&["run", "--rm", "--name", &name, image, "true"])?;
        let mut line = None;
        until(PATIENCE, || {
            line = came(tracer, &name);
            line.is_some()
        });
        let line = line.with_context(|| format!("the start of {name} is not told"))?;
        let mount = mounts.first().context("nothing was mounted")?;
        Ok(line.saturating_duration_since(mount))
    };
    (0..TIMED).map(delay).collect()
}

/// When the start of a container of this name was told.
fn came(tracer: &Tracer, name: &str) -> Option<Instant> {
    tracer.came(|line| is_start(line, name))
}

/// Seconds that a process has run, by proc(5)'s fields 14 and 15 of /proc/PID/stat.
fn processor_time(pid: u32) -> Result<f64> {
    /// In which the kernel counts for programs, on every architecture that imgtrace runs on.
    const TICKS_A_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may hold anything; after it comes field 3.
    let (_, rest) = stat.rsplit_once(") ").context("no name in stat")?;
    let ticks = rest.split(' ').skip(11).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<Result<f64, _>>()? / TICKS_A_SECOND)
}

fn is_start(line: &Value, name: &str) -> bool {
    let field = |field: &str| line.get(field).and_then(Value::as_str);
    field("kind") == Some("operation")
        && field("op") == Some("start")
        && field("container_name") == Some(name)
}
