use super::*;
use crate::model::{Finding, Listing, Subject};
use crate::observation::Observation;
use crate::trace::scene::{Scene, image, process};
use crate::trace::scene::{docker_store, sha, stored};

const IMAGE: &str = "docker.io/library/ci:1";

/// A dockerd whose store (s1) has been listed.
fn scene() -> Scene {
    let mut scene = Scene::with_docker();
    scene.store(1, docker_store(1, "/var/lib/docker"), &[800]);
    scene.listed(1, Listing::default());
    scene
}

fn subject(digest: &str, bytes: Option<u64>) -> Subject {
    Subject {
        digest: Some(sha(digest)),
        bytes,
        ..Subject::default()
    }
}

/// A new docker CLI pulls.
fn pull(scene: &mut Scene, pid: u32, digest: &str, bytes: Option<u64>) {
    scene.process(process(pid, "docker"));
    scene.connect(u64::from(pid), 1, pid);
    let request = scene.begin(u64::from(pid), Op::Pull, image(IMAGE));
    scene.end(request, subject(digest, bytes));
    scene.disconnect(u64::from(pid));
}

fn of_rule(scene: &Scene) -> Vec<Finding> {
    let findings = scene.findings().into_iter();
    findings
        .filter(|it| it.rule == Rule::RepeatedPull)
        .collect()
}

#[test]
fn what_is_there_is_only_asked_for() {
    let mut scene = scene();
    scene.has(1, &stored(IMAGE, "11", &[("aa", 5_000_000)]));
    for pid in 20..22 {
        pull(&mut scene, pid, "d0", None);
        scene.wait(60_000);
    }
    assert_eq!(of_rule(&scene), []);
    pull(&mut scene, 22, "d0", None);
    let findings = of_rule(&scene);
    let [it] = &findings[..] else {
        panic!("{findings:?}");
    };
    assert_eq!((it.severity, it.count), (Severity::Info, 3));
    assert_eq!(
        it.summary,
        "docker (go) pulled docker.io/library/ci:1 3 times in 2m00s: it was there, and the registry \
         was only asked for its digest"
    );
    assert_eq!(it.evidence[0], "one in 1m00s on average");
    assert_eq!(it.operations.len(), 3);
    assert_eq!(it.fetched_bytes, None);
    assert!(it.remedy.as_ref().unwrap().contains("--pull=missing"));
}

#[test]
fn what_is_removed_in_between_is_fetched_again() {
    let mut scene = scene();
    for pid in 20..23 {
        pull(&mut scene, pid, "d0", Some(2_000_000));
    }
    let it = of_rule(&scene).remove(0);
    assert_eq!(it.severity, Severity::Warning);
    assert!(
        it.summary.ends_with(": 4.0 MB were fetched again"),
        "{}",
        it.summary
    );
    assert_eq!(it.fetched_bytes, Some(4_000_000));
    assert!(
        it.remedy
            .unwrap()
            .contains("something removes it in between")
    );
}

#[test]
fn books_that_are_not_read_yet_say_nothing() {
    let mut scene = scene();
    for pid in 20..23 {
        pull(&mut scene, pid, "d0", None);
    }
    let it = of_rule(&scene).remove(0);
    assert_eq!(it.severity, Severity::Info);
    assert!(it.summary.ends_with("the registry is asked each time"));
    scene.wait(5_000);
    for pid in 23..30 {
        scene.wait(5_000);
        pull(&mut scene, pid, "d0", None);
    }
    assert!(of_rule(&scene)[1].summary.contains("it was fetched again"));
}

#[test]
fn kubelet_gets_a_remedy_of_its_own() {
    let mut scene = Scene::new();
    scene.daemon(1, crate::model::Runtime::Containerd, 800, "containerd");
    scene.process(process(20, "kubelet"));
    scene.connect(1, 1, 20);
    for _ in 0..3 {
        let request = scene.begin_in(Api::Cri, 1, Op::Pull, image(IMAGE));
        scene.end(request, Subject::default());
    }
    let it = of_rule(&scene).remove(0);
    assert!(it.summary.ends_with("the registry is asked each time"));
    assert!(it.remedy.unwrap().starts_with("imagePullPolicy: Always"));
}

#[test]
fn a_tag_that_moves_is_no_repetition() {
    let mut scene = scene();
    for (pid, digest) in [(20, "d0"), (21, "d0"), (22, "d1"), (23, "d1")] {
        pull(&mut scene, pid, digest, None);
    }
    assert_eq!(of_rule(&scene), []);
}

#[test]
fn who_pulls_seldom_or_is_another_is_none() {
    let mut scene = scene();
    for pid in 20..26 {
        pull(&mut scene, pid, "d0", None);
        scene.wait(1_900_000);
    }
    assert_eq!(of_rule(&scene), []);
    for (pid, comm) in [(30, "docker"), (31, "portainer"), (32, "watchtower")] {
        scene.wait(3_700_000);
        scene.process(process(pid, comm));
        scene.connect(u64::from(pid), 1, pid);
        scene.ask(u64::from(pid), Op::Pull, image(IMAGE));
    }
    assert_eq!(of_rule(&scene), []);
}

#[test]
fn failures_and_other_tries_of_them_are_none() {
    let mut scene = scene();
    scene.process(process(20, "kubelet"));
    scene.connect(1, 1, 20);
    for _ in 0..2 {
        for _ in 0..2 {
            let request = scene.begin(1, Op::Pull, image(IMAGE));
            scene.fail(request, "unauthorized");
        }
        let operation = scene.ask(1, Op::Pull, image(IMAGE));
        assert!(operation.retry_of.is_some());
    }
    assert_eq!(of_rule(&scene), []);
}

#[test]
fn it_is_counted_and_summed_up_at_the_end() {
    let mut scene = scene();
    for pid in 20..32 {
        pull(&mut scene, pid, "d0", Some(1_000_000));
    }
    scene.see(Observation::End);
    let findings = of_rule(&scene);
    let counts: Vec<_> = findings.iter().map(|finding| finding.count).collect();
    assert_eq!(counts, [3, 10, 12]);
    assert!(
        findings[2]
            .summary
            .ends_with("; 2 more since the last time, 12 in all")
    );
}
