//! The loop of a live run: wait, drain, observe, show, until a signal or the time ends it.

use std::{io, time::Duration};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Instant, MissedTickBehavior, interval, sleep, sleep_until},
};

use super::{
    Exit,
    error::{Failure, Kind},
    progress::Reporter,
    runtime,
    session::Flow,
};
use crate::{
    capture::{
        self, Capture, ConnectHook, monotonic,
        mounts::{Mounts, Way},
    },
    host::doctor::HostFacts,
    observation::Observed,
    observer::Observer,
};

/// After the first record, how long more are gathered before all are drained at once.
const GATHER: Duration = Duration::from_millis(3);
/// How often time passes for what waits: refused connections, lost records, closed connections.
const BEAT: Duration = Duration::from_millis(200);
/// How long the stores' first listing is waited for when the time is over before it.
const PATIENCE: Duration = Duration::from_secs(10);

/// What observations go to.
pub(super) trait Sink {
    /// Takes in one.
    ///
    /// # Errors
    /// It cannot be recorded or printed.
    fn take(&mut self, observed: &Observed) -> Result<(), Failure>;

    /// Ends a drain: nothing more is there at this moment. Closed if no more is wanted.
    ///
    /// # Errors
    /// What waits cannot be recorded or printed.
    fn flush(&mut self) -> Result<Flow, Failure>;
}

/// Watches until SIGINT or SIGTERM, until `duration` is over, or until nobody reads the output.
///
/// # Errors
/// A privilege or kernel feature is missing, or the session cannot be written.
pub(super) fn watch(
    observer: Observer,
    duration: Option<Duration>,
    diagnostics: bool,
    session: &mut impl Sink,
) -> Result<Exit, Failure> {
    runtime()?.block_on(async {
        let mut watch = Watch::begin(observer, diagnostics)?;
        watch.show(session)?;
        let exit = watch.run(duration, session).await?;
        if exit == Exit::Done {
            watch.linger(session).await?;
        }
        watch.end(session).await?;
        Ok(exit)
    })
}

/// Refuses to begin without the privileges that loading needs, before a file is made.
///
/// # Errors
/// They are missing.
pub(super) fn privileged() -> Result<(), Failure> {
    let facts = HostFacts::read();
    if !facts.in_initial_pid_ns {
        let what = "imgtrace runs in a pid namespace of its own and would see that alone";
        return Err(Failure::new(Kind::Missing, what)
            .hint("in a container: docker run --pid=host --privileged …"));
    }
    let missing: Vec<_> = facts.missing_capabilities().collect();
    // CAP_SYS_ADMIN contains the two others (capabilities(7)); what else is wanted, `doctor` says.
    let loads = |name| missing.contains(&name) && missing.contains(&"CAP_SYS_ADMIN");
    if !loads("CAP_BPF") && !loads("CAP_PERFMON") {
        return Ok(());
    }
    let what = format!("root is needed: there is no {}", missing.join(", "));
    Err(Failure::new(Kind::Missing, what)
        .hint("sudo imgtrace")
        .hint("recordings can be replayed without any privilege: imgtrace replay FILE"))
}

/// Refuses to begin if mounts cannot be seen in the way that is wanted, before a file is made.
///
/// # Errors
/// The way does not work here.
pub(super) fn sees_mounts_by(way: Way) -> Result<(), Failure> {
    // Within a runtime, as loading needs one.
    let tried = runtime()?.block_on(async {
        let attach = || {
            let capture = Capture::load(capture::Options::default(), &[]);
            capture.map_err(io::Error::other)?.attach_mount_hook()
        };
        Mounts::open(Some(way), attach).map(drop)
    });
    tried.map_err(|error| {
        Failure::from_error(Kind::Missing, &error)
            .hint("imgtrace doctor says which ways work here; without --probe one of them is taken")
    })
}

struct Watch {
    capture: Capture,
    observer: Observer,
    interrupt: Signal,
    terminate: Signal,
    reporter: Reporter,
}

/// Why the loop goes round.
enum Turn {
    /// There may be records.
    Drain,
    /// Somebody wants it to end.
    End(Exit),
}

impl Watch {
    fn begin(mut observer: Observer, diagnostics: bool) -> Result<Self, Failure> {
        let catch = |kind| {
            signal(kind).map_err(|error| {
                Failure::new(Kind::Internal, "failed to wait for signals").because(error)
            })
        };
        let (interrupt, terminate) = (
            catch(SignalKind::interrupt())?,
            catch(SignalKind::terminate())?,
        );
        let options = capture::Options { diagnostics };
        let mut capture =
            Capture::load(options, &observer.basenames()).map_err(|error| refused(&error))?;
        observer
            .begin(&mut capture)
            .map_err(|error| refused(&error))?;
        if let ConnectHook::None(reason) = capture.connect_hook() {
            tracing::info!(reason, "refused connections are not seen");
        }
        Ok(Self {
            capture,
            observer,
            interrupt,
            terminate,
            reporter: Reporter::new(),
        })
    }

    async fn run(
        &mut self,
        duration: Option<Duration>,
        session: &mut impl Sink,
    ) -> Result<Exit, Failure> {
        let deadline = duration.map(|duration| Instant::now() + duration);
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let settling =
                self.capture.settling() || self.observer.is_stirred() || self.observer.has_stock();
            let turn = tokio::select! {
                biased;
                _ = self.interrupt.recv() => Turn::End(Exit::Interrupted),
                _ = self.terminate.recv() => Turn::End(Exit::Interrupted),
                () = until(deadline) => Turn::End(Exit::Done),
                _ = beat.tick() => Turn::Drain,
                () = sleep(GATHER), if settling => Turn::Drain,
                () = self.capture.readable(), if !settling => Turn::Drain,
                () = self.observer.stirred(), if !settling => Turn::Drain,
            };
            match turn {
                Turn::End(exit) => return Ok(exit),
                Turn::Drain => {
                    sleep(GATHER).await;
                    self.drain()?;
                }
            }
            if self.show(session)? == Flow::Closed {
                return Ok(Exit::Done);
            }
        }
    }

    /// Goes on until all stores that were found have been listed, but not for ever.
    async fn linger(&mut self, session: &mut impl Sink) -> Result<(), Failure> {
        let until = Instant::now() + PATIENCE;
        while !self.observer.progress().is_over && Instant::now() < until {
            sleep(GATHER).await;
            self.drain()?;
            if self.show(session)? == Flow::Closed {
                break;
            }
        }
        Ok(())
    }

    fn drain(&mut self) -> Result<(), Failure> {
        // Records from before this moment are handed over, as far as they were written.
        let handed_over = monotonic().saturating_sub(BEAT_NS);
        let mut events = Vec::new();
        let until = self.capture.drain(&mut events);
        for event in events {
            // Of a crowd the last events are seconds later than the first, and so are their mounts.
            self.observer.overhear_mounts();
            self.observer.mounted_until(event.at);
            self.observer.observe(&mut self.capture, event);
        }
        self.observer.overhear_mounts();
        self.observer.mounted_until(until);
        self.observer.take_stock();
        self.reporter.report(self.observer.progress());
        self.observer
            .pass_time(&mut self.capture, handed_over)
            .map_err(|error| refused(&error))
    }

    async fn end(&mut self, session: &mut impl Sink) -> Result<(), Failure> {
        self.observer
            .last_look(&mut self.capture)
            .map_err(|error| refused(&error))?;
        let mut events = Vec::new();
        self.capture.drain_all(&mut events);
        self.observer.stop_mounts().await;
        for event in events {
            self.observer.mounted_until(event.at);
            self.observer.observe(&mut self.capture, event);
        }
        self.observer.mounted_until(u64::MAX);
        self.observer.end(&mut self.capture);
        self.show(session).map(drop)
    }

    fn show(&mut self, session: &mut impl Sink) -> Result<Flow, Failure> {
        for observed in self.observer.take() {
            session.take(&observed)?;
        }
        session.flush()
    }
}

/// [`BEAT`] in ns: a record that is older than this is in order.
const BEAT_NS: u64 = 200_000_000;

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// What the kernel side refuses, and what to do about it.
fn refused(error: &capture::Error) -> Failure {
    let failure = Failure::from_error(Kind::Missing, error);
    match error {
        capture::Error::NoObject => failure
            .hint("cargo xtask build-ebpf builds the kernel programs; then build imgtrace again")
            .hint("recordings can be replayed without them: imgtrace replay FILE"),
        capture::Error::Btf(_) | capture::Error::KernelTypes(_) => {
            failure.hint("imgtrace needs Linux 5.10 or later, built with CONFIG_DEBUG_INFO_BTF")
        }
        _ => failure.hint("imgtrace doctor says what this kernel allows"),
    }
}
