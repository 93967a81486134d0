//! `imgtrace replay`: a recording, printed as the live run printed it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::Exit;
use super::args::{CommonArgs, ReplayArgs, ShowArgs};
use super::error::{Failure, Kind};
use super::screen::{Screen, Stdout};
use super::session::Session;
use crate::model::Rule;
use crate::record::{Ending, HeaderError, ReadError, Reader};
use crate::show::escape::escape;

/// Prints the recording and says on stderr if it has no proper end.
pub(super) fn run(args: &ReplayArgs, common: &CommonArgs) -> Result<Exit, Failure> {
    let source = Source {
        speed: args.speed.unwrap_or(0.0),
        ..Source::of_file(&args.file)?
    };
    replay(source, &args.show, &args.judge.fail_on, common)
}

/// Where a recording comes from, and how it is to be played.
pub(super) struct Source {
    /// What it is called in messages.
    pub(super) name: String,
    /// Its bytes.
    pub(super) input: Box<dyn BufRead>,
    /// How many times as fast as it happened; 0 is without waiting.
    pub(super) speed: f64,
    /// True if every line is printed as soon as it is read.
    pub(super) at_once: bool,
}

impl Source {
    /// A file, or stdin where its name is `-`; played without waiting.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(super) fn of_file(path: &Path) -> Result<Self, Failure> {
        let is_stdin = path.as_os_str() == "-";
        let name = if is_stdin {
            "stdin".to_owned()
        } else {
            path.display().to_string()
        };
        let input: Box<dyn BufRead> = if is_stdin {
            Box::new(io::stdin().lock())
        } else {
            let file = File::open(path).map_err(|error| {
                Failure::new(Kind::Usage, format!("failed to open {name}")).because(error)
            })?;
            Box::new(BufReader::new(file))
        };
        Ok(Self {
            name,
            input,
            speed: 0.0,
            // A pipe may be a recording that grows: `tail -f FILE | imgtrace replay -`.
            at_once: is_stdin,
        })
    }
}

/// Prints a recording; fails on findings of these rules.
pub(super) fn replay(
    source: Source,
    show: &ShowArgs,
    fail_on: &[Rule],
    common: &CommonArgs,
) -> Result<Exit, Failure> {
    let Source { name, input, .. } = source;
    let name = name.as_str();
    let reader = Reader::open(input).map_err(|error| unusable(name, error))?;
    let header = reader.header();
    tracing::info!(
        "recorded by imgtrace {} on {} (Linux {}), from {}",
        header.imgtrace,
        header.host.as_deref().unwrap_or("?"),
        header.kernel.as_deref().unwrap_or("?"),
        header.zone.rfc3339(header.started.wall),
    );
    let screen = Stdout::new();
    let settings = screen.settings(show, common, header.zone.clone());
    let mut session = Session::new(screen, settings).failing_on(fail_on);
    let pace = (source.speed > 0.0).then(|| Pace::new(source.speed));
    let at_once = pace.is_some() || source.at_once;
    let played = play(reader, &mut session, pace, at_once);
    let exit = match played.map_err(|error| error.about(name))? {
        Some(ending) => judge(name, &ending)?,
        None => Exit::Done,
    };
    Ok(exit.unless_found(session.is_found()))
}

/// Why playing stopped before the end.
enum Stopped {
    Read(io::Error),
    Show(Failure),
}

impl Stopped {
    fn about(self, name: &str) -> Failure {
        match self {
            Self::Read(error) => {
                Failure::new(Kind::Internal, format!("failed to read {name}")).because(error)
            }
            Self::Show(failure) => failure,
        }
    }
}

/// Feeds every observation to the session; none if nobody reads the output any more.
fn play<R: BufRead, S: Screen>(
    mut reader: Reader<R>,
    session: &mut Session<S>,
    mut pace: Option<Pace>,
    at_once: bool,
) -> Result<Option<Ending>, Stopped> {
    while let Some(observed) = reader.next().map_err(Stopped::Read)? {
        if let Some(pace) = &mut pace {
            pace.wait_for(observed.at.mono);
        }
        session.take(&observed).map_err(Stopped::Show)?;
        if at_once {
            session.flush().map_err(Stopped::Show)?;
        }
        if session.is_closed() {
            return Ok(None);
        }
    }
    session.flush().map_err(Stopped::Show)?;
    Ok(reader.into_ending())
}

/// The distance of observations in time, kept.
#[derive(Debug)]
struct Pace {
    speed: f64,
    last: Option<u64>,
}

impl Pace {
    fn new(speed: f64) -> Self {
        Self { speed, last: None }
    }

    /// Sleeps as long as it took from the observation before to this one.
    fn wait_for(&mut self, mono: u64) {
        let last = self.last.replace(mono).unwrap_or(mono);
        let distance = Duration::from_nanos(mono.saturating_sub(last));
        // A distance divided by a tiny speed may be longer than any clock can hold.
        let wait = Duration::try_from_secs_f64(distance.as_secs_f64() / self.speed);
        thread::sleep(wait.unwrap_or(Duration::MAX));
    }
}

/// What the end of the recording means.
pub(super) fn judge(name: &str, ending: &Ending) -> Result<Exit, Failure> {
    match ending {
        Ending::Orderly => {}
        Ending::Continued { part } => {
            tracing::info!("the run goes on in the next file, part {part}");
        }
        Ending::Cut { whole, piece } => {
            let piece = if *piece {
                ", and a piece of another"
            } else {
                ""
            };
            note(&format!(
                "{name} has no end mark after its {whole} whole lines{piece}: imgtrace was killed \
                 or is still writing, or the file was cut; everything up to there is shown"
            ));
        }
        Ending::Damaged { line, why } => return Err(damaged(name, *line, why.as_ref())),
    }
    Ok(Exit::Done)
}

fn damaged(name: &str, line: u64, why: Option<&serde_json::Error>) -> Failure {
    let why = why.map_or("it is too long".to_owned(), ToString::to_string);
    Failure::new(
        Kind::Recording,
        format!("line {line} of {name} is damaged: {why}"),
    )
    .hint(format!(
        "the {} lines before it are shown; what follows is not",
        line - 1
    ))
}

/// A recording of which nothing can be shown.
pub(super) fn unusable(name: &str, error: ReadError) -> Failure {
    let what = format!("failed to replay {name}");
    let error = match error {
        ReadError::Io(error) if error.kind() == io::ErrorKind::IsADirectory => {
            return Failure::new(Kind::Usage, what).because(error);
        }
        ReadError::Io(error) => return Failure::new(Kind::Internal, what).because(error),
        ReadError::Header(error) => error,
    };
    let hint = match &error {
        HeaderError::Empty | HeaderError::Damaged(_) => {
            "nothing of it can be used; make another with: sudo imgtrace record FILE".to_owned()
        }
        HeaderError::NotARecording => {
            "recordings are made with: sudo imgtrace record FILE; a compressed one is replayed \
             with: zcat FILE | imgtrace replay -"
                .to_owned()
        }
        HeaderError::TooNew { imgtrace, .. } => {
            format!("replay it with imgtrace {imgtrace} or newer")
        }
    };
    Failure::new(Kind::Recording, what)
        .because(error)
        .hint(hint)
}

/// Says something on stderr that is no failure.
fn note(text: &str) {
    let _ = writeln!(io::stderr(), "imgtrace: note: {}", escape(text));
}

#[cfg(test)]
mod tests;
