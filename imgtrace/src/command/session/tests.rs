use std::fs;
use std::path::PathBuf;

use super::*;
use crate::command::screen::paper::Paper;
use crate::model::{Op, Stamp, Subject};
use crate::observation::Observation;
use crate::record::{Header, Reader, Shown};
use crate::show::{Output, Zone};
use crate::trace::scene::{Scene, image, in_group, process};

/// A pull from the host and a container started from within another, up to the end.
fn story() -> Vec<Observed> {
    let mut scene = Scene::with_docker();
    scene.process(process(4711, "docker"));
    scene.connect(1, 1, 4711);
    let pull = scene.begin(1, Op::Pull, image("docker.io/library/nginx:1.27"));
    scene.wait(1_500);
    let bytes = Subject {
        bytes: Some(1_000_000),
        ..Subject::default()
    };
    scene.see(Observation::RequestProgress {
        request: pull,
        subject: bytes,
    });
    scene.end(pull, Subject::default());
    let mut inner = process(5000, "docker-compose");
    inner.cgroups = in_group(&format!("/docker/{}", crate::trace::scene::id("9f8e7d6c")));
    scene.process(inner);
    scene.connect(2, 1, 5000);
    scene.create(
        2,
        "web",
        "docker.io/library/nginx:1.27",
        &crate::trace::scene::id("3f9c2a71"),
    );
    scene.disconnect(1);
    scene.see(Observation::End);
    scene.told
}

fn settings(output: Output) -> Settings {
    Settings {
        output,
        evidence: true,
        ..Settings::default()
    }
}

fn header() -> Header {
    Header::new(Stamp::default(), Zone::default(), Shown::default())
}

fn scratch() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    (folder, path)
}

/// What a session prints of observations, `drain` of them at a time.
fn printed(session: Session<Paper>, paper: &Paper, all: &[Observed], drain: usize) -> String {
    let mut session = session;
    for batch in all.chunks(drain) {
        for observed in batch {
            session.take(observed).unwrap();
        }
        assert_eq!(session.flush().unwrap(), Flow::Open);
    }
    paper.text()
}

#[test]
fn a_replay_prints_what_the_live_run_printed() {
    for output in [Output::Text, Output::Wide, Output::Json] {
        let (_folder, path) = scratch();
        let recorder = Recorder::create(&path, header(), None).unwrap();
        let paper = Paper::default();
        let live = Session::new(paper.clone(), settings(output)).recorded(recorder);
        let live = printed(live, &paper, &story(), 3);

        let mut reader = Reader::open(io::BufReader::new(fs::File::open(&path).unwrap())).unwrap();
        let mut read = Vec::new();
        while let Some(observed) = reader.next().unwrap() {
            read.push(observed);
        }
        let paper = Paper::default();
        let replayed = printed(
            Session::new(paper.clone(), settings(output)),
            &paper,
            &read,
            1,
        );
        assert_eq!(replayed, live);
        for word in ["nginx:1.27", "dood", "docker-compose", "summary"] {
            assert!(live.contains(word), "{word} is missing in {live}");
        }
    }
}

/// A screen that compares what it is given with what is recorded by then.
struct Witness {
    path: PathBuf,
    ended: usize,
}

impl Screen for Witness {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let shown = String::from_utf8_lossy(bytes);
        let ended = |line: &&str| line.starts_with("{\"kind\":\"operation\"");
        self.ended += shown.lines().filter(ended).count();
        let recorded = fs::read_to_string(&self.path)?
            .matches("\"request-ended\"")
            .count();
        assert!(
            recorded >= self.ended,
            "{shown} is printed but not recorded"
        );
        Ok(())
    }

    fn columns(&self) -> Option<usize> {
        None
    }
}

#[test]
fn what_is_printed_is_recorded() {
    let (_folder, path) = scratch();
    let recorder = Recorder::create(&path, header(), None).unwrap();
    let witness = Witness {
        path: path.clone(),
        ended: 0,
    };
    let mut session = Session::new(witness, settings(Output::Json)).recorded(recorder);
    for observed in story() {
        session.take(&observed).unwrap();
        session.flush().unwrap();
    }
    assert!(session.view.unwrap().screen.ended == 2);
}

/// A screen whose reader has gone away, or whose disk is full.
struct Broken(io::ErrorKind);

impl Screen for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<()> {
        Err(self.0.into())
    }

    fn columns(&self) -> Option<usize> {
        None
    }
}

#[test]
fn a_reader_that_has_gone_away_is_no_failure() {
    let broken = Broken(io::ErrorKind::BrokenPipe);
    let mut session = Session::new(broken, settings(Output::Text));
    for observed in story() {
        session.take(&observed).unwrap();
    }
    assert!(!session.is_closed());
    assert_eq!(session.flush().unwrap(), Flow::Closed);
    assert!(session.is_closed());
}

#[test]
fn a_full_disk_is_a_failure() {
    let mut session = Session::new(Broken(io::ErrorKind::StorageFull), settings(Output::Text));
    for observed in story() {
        session.take(&observed).unwrap();
    }
    let failure = session.flush().unwrap_err().render();
    assert!(
        failure.starts_with("imgtrace: failed to write to stdout: "),
        "{failure}"
    );
}

#[test]
fn a_quiet_session_only_records() {
    let (_folder, path) = scratch();
    let recorder = Recorder::create(&path, header(), None).unwrap();
    let paper = Paper::default();
    let session = Session::new(paper.clone(), settings(Output::Text))
        .recorded(recorder)
        .quiet();
    assert_eq!(printed(session, &paper, &story(), 2), "");
    assert_eq!(
        fs::read_to_string(&path).unwrap().lines().count(),
        story().len() + 1
    );
}

#[test]
fn a_finding_is_failed_on_be_it_printed_or_not() {
    let fails = |rules: &[Rule], is_quiet: bool| {
        let hidden = Settings {
            filter: crate::show::Filter("op=push".parse().into_iter().collect()),
            ..settings(Output::Text)
        };
        let mut session = Session::new(Paper::default(), hidden).failing_on(rules);
        if is_quiet {
            session = session.quiet();
        }
        for observed in story() {
            session.take(&observed).unwrap();
        }
        session.flush().unwrap();
        session.is_found()
    };
    for is_quiet in [false, true] {
        assert!(fails(&[Rule::Leftover, Rule::Dood], is_quiet));
        assert!(!fails(&[Rule::Leftover, Rule::Dind], is_quiet));
        assert!(!fails(&[], is_quiet));
    }
}

#[test]
fn failed_recordings_say_what_to_do() {
    let path = || PathBuf::from("/tmp/a.jsonl");
    let full = || io::Error::from(io::ErrorKind::StorageFull);
    let denied = io::Error::from(io::ErrorKind::PermissionDenied);
    let failures = [
        WriteError::Exists(path()),
        WriteError::NotRotatable(path()),
        WriteError::Create {
            path: path(),
            source: denied,
        },
        WriteError::Write {
            path: path(),
            source: full(),
        },
        WriteError::Rename {
            path: path(),
            source: full(),
        },
    ];
    let texts = failures
        .iter()
        .map(|error| super::recording(error).render());
    insta::assert_snapshot!(texts.collect::<String>());
}
