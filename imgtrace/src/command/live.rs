//! `imgtrace`: watch this machine and print what is seen. `imgtrace record` is the same with a
//! file.

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use super::args::{CommonArgs, EndpointArg, LiveArgs, ProbeArg, RotationArgs, ShowArgs, WatchArgs};
use super::error::{Failure, Kind};
use super::screen::Stdout;
use super::session::{Session, recording};
use super::{Exit, watch, zone};
use crate::host::Clock;
use crate::model::{Rule, Stamp};
use crate::observer::{Declared, Observer};
use crate::record::{Header, Recorder, Shown};

/// `imgtrace`.
pub(super) fn run(args: &LiveArgs, common: &CommonArgs) -> Result<Exit, Failure> {
    let file = args.record.as_deref();
    let target = Target {
        file,
        rotation: &args.rotation,
        quiet: false,
        fail_on: &args.judge.fail_on,
    };
    watch(&args.watch, &target, &args.show, common)
}

/// Where the observations of a run go besides the screen.
pub(super) struct Target<'a> {
    /// The recording.
    pub(super) file: Option<&'a Path>,
    /// Its limits.
    pub(super) rotation: &'a RotationArgs,
    /// True if nothing is printed.
    pub(super) quiet: bool,
    /// The rules whose findings make it fail.
    pub(super) fail_on: &'a [Rule],
}

impl Target<'_> {
    /// The session of a live run that begins now; makes the recording.
    ///
    /// # Errors
    /// The recording cannot be made.
    fn session(
        &self,
        now: Stamp,
        show: &ShowArgs,
        common: &CommonArgs,
    ) -> Result<Session<Stdout>, Failure> {
        let screen = Stdout::new();
        let zone = zone::system(now.wall);
        let settings = screen.settings(show, common, zone.clone());
        let mut session = Session::new(screen, settings).failing_on(self.fail_on);
        if self.quiet {
            session = session.quiet();
        }
        let Some(file) = self.file else {
            return Ok(session);
        };
        let shown = Shown {
            output: show.output.unwrap_or_default(),
            verbose: common.verbose,
            filter: show.filter.iter().map(ToString::to_string).collect(),
        };
        let host = rustix::system::uname();
        let header = Header {
            kernel: host.release().to_str().ok().map(str::to_owned),
            host: host.nodename().to_str().ok().map(str::to_owned),
            ..Header::new(now, zone, shown)
        };
        let recorder = Recorder::create(file, header, self.rotation.rotation());
        Ok(session.recorded(recorder.map_err(|error| recording(&error))?))
    }
}

/// Watches until the time is over or a signal comes.
pub(super) fn watch(
    args: &WatchArgs,
    target: &Target<'_>,
    show: &ShowArgs,
    common: &CommonArgs,
) -> Result<Exit, Failure> {
    let declared = declared(args)?;
    watch::privileged()?;
    let observer = observer(declared, args)?;
    let mut session = target.session(Clock::new().now(), show, common)?;
    let exit = watch::watch(observer, args.duration, common.verbose > 1, &mut session)?;
    Ok(exit.unless_found(session.is_found()))
}

/// The sockets that the user means.
///
/// # Errors
/// What is there is no socket.
pub(super) fn declared(args: &WatchArgs) -> Result<Vec<Declared>, Failure> {
    args.endpoints.iter().map(socket).collect()
}

/// What watches these sockets besides those that it finds.
///
/// # Errors
/// Mounts cannot be seen in the way that the user wants.
pub(super) fn observer(declared: Vec<Declared>, args: &WatchArgs) -> Result<Observer, Failure> {
    let mut observer = Observer::new(declared);
    if let Some(ProbeArg::Mounts(way)) = args.probe {
        watch::sees_mounts_by(way)?;
        observer = observer.seeing_mounts_by(way);
    }
    Ok(observer)
}

/// The socket that the user means. It may come later, but what is there already must be one.
fn socket(endpoint: &EndpointArg) -> Result<Declared, Failure> {
    let path = &endpoint.path;
    if fs::metadata(path).is_ok_and(|file| !file.file_type().is_socket()) {
        let what = format!("{} is no socket", path.display());
        return Err(Failure::new(Kind::Usage, what)
            .hint("--endpoint takes the socket that a daemon listens on; ss -xl lists them"));
    }
    Ok(Declared {
        runtime: endpoint.runtime,
        path: path.to_string_lossy().into_owned(),
    })
}
