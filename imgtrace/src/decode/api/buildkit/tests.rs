//! Builds and prunes, and what answers tell.

use crate::decode::Event;
use crate::decode::api::rpc::tests::proto::Proto;
use crate::decode::api::rpc::tests::script::{Script, Told, ok, refused};
use crate::decode::rpc::End;
use crate::model::{Api, Basis, DigestKind, Op, Outcome};
use crate::observation::Fact;

/// A word that must never be seen again.
const SECRET: &str = "hunter2-secret";
const SOLVE: &str = "/moby.buildkit.v1.Control/Solve";
const PRUNE: &str = "/moby.buildkit.v1.Control/Prune";
const WORKERS: &str = "/moby.buildkit.v1.Control/ListWorkers";
const HEX: &str = "cbb60b12af1e1d3b9c8fb0cbbc2ad1b9a3fa8d0fbf6bd6ba2a8a6e3a0e5c9a11";

/// `SolveRequest` with build arguments, as far as its exporters.
fn solve() -> Proto {
    Proto::new()
        .text(1, "ref")
        .message(2, &Proto::new().text(1, SECRET).entry(2, SECRET, SECRET))
        .text(5, "session")
        .text(6, "dockerfile.v0")
        .entry(7, "build-arg:PASSWORD", SECRET)
        .entry(7, "name", SECRET)
        .message(8, &Proto::new().entry(3, "token", SECRET))
        .entry(10, "context", SECRET)
}

fn exporter(of: &str, attrs: &[(&str, &str)]) -> Proto {
    let exporter = Proto::new().text(1, of);
    attrs.iter().fold(exporter, |exporter, (key, value)| {
        exporter.entry(2, key, value)
    })
}

fn build(ask: &Proto) -> Told {
    let answer = Proto::new()
        .entry(
            1,
            "containerimage.config.digest",
            &format!("sha256:{}", "0".repeat(64)),
        )
        .entry(1, "containerimage.digest", &format!("sha256:{HEX}"))
        .entry(1, "other", SECRET);
    let mut script = Script::new();
    let exchange = script.call(SOLVE);
    script.ask(exchange, ask);
    script.answer(exchange, &answer);
    assert!(!script.debug().contains(SECRET));
    script.end(exchange, ok());
    let told = script.operations();
    assert_eq!(told.len(), 1);
    assert!(!format!("{told:?}").contains(SECRET));
    assert_eq!((told[0].api, told[0].op), (Api::BuildKit, Op::Build));
    told[0].clone()
}

#[test]
fn solve_is_a_build() {
    let image = exporter(
        "image",
        &[
            ("push", "true"),
            ("name", "a/b:1,r.example/c"),
            ("x", SECRET),
        ],
    );
    let told = build(&solve().message(13, &image));
    assert_eq!(told.outcome, Some(Outcome::Ok));
    assert_eq!(told.subject.image.as_deref(), Some("docker.io/a/b:1"));
    assert_eq!(
        told.subject.images,
        ["docker.io/a/b:1", "r.example/c:latest"]
    );
    assert_eq!(told.subject.digest, Some(format!("sha256:{HEX}")));
    assert_eq!(told.subject.digest_kind, Some(DigestKind::Unknown));
}

#[test]
fn names_of_several_exporters_and_of_older_clients() {
    let first = exporter("image", &[("name", "a:1")]);
    let second = exporter("oci", &[("name", "a:1, b:2")]);
    let told = build(
        &solve()
            .entry(4, "name", "old")
            .message(13, &first)
            .message(13, &second),
    );
    assert_eq!(
        told.subject.images,
        ["docker.io/library/a:1", "docker.io/library/b:2"]
    );
    let told = build(&solve().entry(4, "name", "old"));
    assert_eq!(told.subject.images, ["docker.io/library/old:latest"]);
    let told = build(&solve().message(13, &exporter("local", &[("dest", "/out")])));
    assert_eq!((told.subject.image, told.subject.images.len()), (None, 0));
}

#[test]
fn an_internal_solve_is_none() {
    let mut script = Script::new();
    script.unary(SOLVE, &solve().number(11, 1), &Proto::new());
    assert!(script.take().is_empty());
    script.unary(SOLVE, &solve().number(11, 0), &Proto::new());
    assert_eq!(script.operations().len(), 1);
}

#[test]
fn a_build_that_fails_and_one_that_is_given_up() {
    let mut script = Script::new();
    let failed =
        |of: &str| format!("failed to solve: process \"{of}\" did not complete successfully");
    let message = failed(&format!("/bin/sh -c login {SECRET}"));
    script.fails(SOLVE, &solve(), 2, &message);
    let exchange = script.call(SOLVE);
    script.ask(exchange, &solve());
    script.end(exchange, End::Cancelled);
    let told = script.operations();
    assert_eq!(told[0].outcome, Some(Outcome::Error));
    assert_eq!(told[0].error, Some(failed("***")));
    assert_eq!(told[1].outcome, Some(Outcome::Unknown));
}

#[test]
fn prune_sums_what_it_removes() {
    let record = |size| Proto::new().text(1, "id").number(4, size).text(9, SECRET);
    let ends = [
        (ok(), Outcome::Ok),
        (refused(13, "failed"), Outcome::Error),
        (
            End::Status {
                code: None,
                message: String::new(),
            },
            Outcome::Unknown,
        ),
    ];
    for (end, outcome) in ends {
        let mut script = Script::new();
        let exchange = script.call(PRUNE);
        script.ask(
            exchange,
            &Proto::new().text(1, "unused-for=1h").number(2, 1),
        );
        script.answer(exchange, &record(4_000));
        script.answer(exchange, &record(96));
        script.answer(exchange, &record(u64::MAX));
        script.end(exchange, end);
        let told = script.operations();
        assert_eq!((told[0].op, told[0].outcome), (Op::Prune, Some(outcome)));
        assert_eq!(told[0].subject.what.as_deref(), Some("build-cache"));
        assert_eq!(told[0].subject.bytes, Some(4_096));
        assert!(!format!("{told:?}").contains(SECRET));
    }
}

#[test]
fn workers_tell_the_version_unless_they_are_dockerds() {
    let worker = |version: &str| {
        let version = Proto::new()
            .text(1, "github.com/moby/buildkit")
            .text(2, version)
            .text(3, "revision");
        let worker = Proto::new()
            .text(1, "id")
            .entry(2, "label", SECRET)
            .message(5, &version);
        Proto::new().message(1, &worker)
    };
    let mut script = Script::new();
    script.unary(WORKERS, &Proto::new(), &worker("v0.33.1"));
    script.unary(WORKERS, &Proto::new(), &worker("v0.33.1"));
    let expected = Fact::Version {
        version: "v0.33.1".to_owned(),
    };
    assert_eq!(script.facts(), [expected]);
    script.unary(WORKERS, &Proto::new(), &worker("v0.26.1-moby"));
    script.unary(WORKERS, &Proto::new(), &Proto::new());
    assert!(script.take().is_empty());
}

#[test]
fn a_solve_that_may_be_internal_is_concluded_to_be_a_build() {
    let long = solve().raw(10, &[0; 100]);
    let whole = long.number(12, 1).bytes();
    for guess in [Basis::OBSERVED, Basis::inferred(vec!["shape".to_owned()])] {
        for cut in 0..=whole.len() {
            let mut script = Script::new();
            script.basis = guess.clone();
            let exchange = script.call(SOLVE);
            script.ask_bytes(exchange, &whole[..cut], false);
            let events = script.take();
            let [Event::Began { op, basis, .. }] = &events[..] else {
                panic!("one event: {events:?}");
            };
            assert_eq!(*op, Op::Build);
            // The key of a later field is enough.
            let is_told = cut > whole.len() - 2;
            let evidence = guess.evidence.len() + usize::from(!is_told);
            assert_eq!(basis.evidence.len(), evidence, "{cut}");
            assert_eq!(basis.is_observed(), evidence == 0, "{cut}");
        }
    }
    let mut script = Script::new();
    let exchange = script.call(SOLVE);
    let internal = solve().number(11, 1).number(12, 1).bytes();
    script.ask_bytes(exchange, &internal, false);
    assert!(script.take().is_empty());
}

#[test]
fn a_cut_solve_is_a_build_without_what_is_behind_the_cut() {
    let image = exporter("image", &[("name", "a:1")]);
    let bytes = solve().message(13, &image).bytes();
    for cut in 0..=bytes.len() {
        let mut script = Script::new();
        let exchange = script.call(SOLVE);
        script.ask_bytes(exchange, &bytes[..cut], false);
        script.end(exchange, ok());
        let told = script.operations();
        assert_eq!(told[0].subject.image.is_some(), cut == bytes.len(), "{cut}");
    }
}
