//! `imgtrace topology`: what this machine, or the one that a recording was made on, looks like.

use std::path::Path;
use std::time::Duration;

use super::args::{CommonArgs, ShowArgs, TopologyArgs};
use super::error::{Failure, Kind};
use super::screen::Stdout;
use super::session::Flow;
use super::watch::Sink;
use super::{Exit, live, replay, watch, zone};
use crate::correlate::Survey;
use crate::host::Clock;
use crate::model::Topology;
use crate::observation::Observed;
use crate::record::Reader;
use crate::show::Zone;
use crate::show::topology::{Form, json, text};

/// How long the stores may take to be read; then what is known by then is shown.
const PATIENCE: Duration = Duration::from_secs(30);

/// Looks, or reads, and prints.
pub(super) fn run(args: &TopologyArgs, common: &CommonArgs) -> Result<Exit, Failure> {
    match &args.file {
        Some(file) => recorded(file, args, common),
        None => live(args, common),
    }
}

/// What a recording tells.
fn recorded(file: &Path, args: &TopologyArgs, common: &CommonArgs) -> Result<Exit, Failure> {
    let source = replay::Source::of_file(file)?;
    let reader = Reader::open(source.input);
    let mut reader = reader.map_err(|error| replay::unusable(&source.name, error))?;
    let mut survey = Survey::new();
    let unreadable = |error| {
        let what = format!("failed to read {}", source.name);
        Failure::new(Kind::Internal, what).because(error)
    };
    while let Some(observed) = reader.next().map_err(unreadable)? {
        survey.observe(&observed);
    }
    let zone = reader.header().zone.clone();
    print(&survey.topology(), zone, args, common)?;
    reader.into_ending().map_or(Ok(Exit::Done), |ending| {
        replay::judge(&source.name, &ending)
    })
}

/// What this machine tells: once, or after a while in which clients come and go.
fn live(args: &TopologyArgs, common: &CommonArgs) -> Result<Exit, Failure> {
    let declared = live::declared(&args.watch)?;
    watch::privileged()
        .map_err(|failure| failure.hint("sudo imgtrace topology, or imgtrace topology FILE"))?;
    let observer = live::observer(declared, &args.watch)?;
    let zone = zone::system(Clock::new().now().wall);
    let mut look = Look {
        survey: Survey::new(),
        is_once: args.watch.duration.is_none(),
    };
    let duration = args.watch.duration.unwrap_or(PATIENCE);
    let exit = watch::watch(observer, Some(duration), common.verbose > 1, &mut look)?;
    print(&look.survey.topology(), zone, args, common)?;
    Ok(exit)
}

/// Takes in a live run until enough is known.
struct Look {
    survey: Survey,
    /// True if nobody waits for traffic.
    is_once: bool,
}

impl Sink for Look {
    fn take(&mut self, observed: &Observed) -> Result<(), Failure> {
        self.survey.observe(observed);
        Ok(())
    }

    fn flush(&mut self) -> Result<Flow, Failure> {
        let is_enough = self.is_once && self.survey.is_complete();
        Ok(if is_enough { Flow::Closed } else { Flow::Open })
    }
}

fn print(
    topology: &Topology,
    zone: Zone,
    args: &TopologyArgs,
    common: &CommonArgs,
) -> Result<(), Failure> {
    let mut screen = Stdout::new();
    let settings = screen.settings(&ShowArgs::default(), common, zone);
    let mut out = Vec::new();
    match args.output.unwrap_or_default() {
        Form::Text => text::render(&settings, topology, &mut out),
        Form::Json => json::render(topology, &mut out),
    }
    screen.print(&out)
}
