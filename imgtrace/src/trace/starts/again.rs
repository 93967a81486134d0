//! Containers that are started over and over.

use super::*;
use crate::model::Cause;

/// dockerd's restart policy brings a container back for the how many-th time.
fn brings_back(scene: &mut Scene, digits: &str, times: u64) {
    let own = known(rootfs(times, Runtime::Docker, digits), |it| {
        it.restart_policy = Some("always".to_owned());
        it.restarts = u32::try_from(times).ok();
    });
    mount(scene, own, 800);
    dockerd_starts(scene, digits);
    ends(scene, digits, times);
}

fn counts(scene: &Scene) -> Vec<u64> {
    starts(scene).iter().map(|start| start.count).collect()
}

#[test]
fn a_restart_policy_is_one_start_with_its_mount() {
    let mut scene = host();
    brings_back(&mut scene, "c1", 1);
    seconds(&mut scene, 2);
    let [start] = &starts(&scene)[..] else {
        panic!("{:#?}", starts(&scene));
    };
    assert_eq!(comm(start), Some("dockerd"));
    assert_eq!(start.cause, Some(Cause::RestartPolicy));
    assert_eq!(start.restarts, Some(1));
    assert!(start.rootfs.is_some());
    assert_eq!(start.hops.len(), 1, "the shim's");
    end(&mut scene);
    assert_eq!(starts(&scene).len(), 1);
}

#[test]
fn without_any_request_it_is_the_same() {
    let mut scene = host();
    let own = known(rootfs(1, Runtime::Docker, "c1"), |it| {
        it.restart_policy = Some("always".to_owned());
        it.restarts = Some(4);
    });
    mount(&mut scene, own, 800);
    run(&mut scene, "c1");
    seconds(&mut scene, 2);
    let [start] = &starts(&scene)[..] else {
        panic!("{:#?}", starts(&scene));
    };
    assert_eq!(comm(start), Some("dockerd"));
    assert_eq!(start.cause, Some(Cause::RestartPolicy));
    assert_eq!(start.restarts, Some(4));
}

#[test]
fn the_first_few_are_told_and_the_rest_is_gathered() {
    let mut scene = host();
    for times in 1..=50 {
        brings_back(&mut scene, "c1", times);
        scene.wait(200);
    }
    seconds(&mut scene, 2);
    let told = counts(&scene);
    assert_eq!(told[..3], [1, 1, 1]);
    assert!(told.len() < 10, "{told:?}");
    end(&mut scene);
    assert_eq!(counts(&scene).iter().sum::<u64>(), 50);
    let last = starts(&scene).last().unwrap().clone();
    assert_eq!(last.restarts, Some(50));
    let Some(Report::Summary(summary)) = scene.reports.last() else {
        panic!("no summary");
    };
    let counted = summary.operations.iter().find(|it| it.op == Op::Start);
    assert_eq!(counted.unwrap().ok, 50);
}

#[test]
fn others_are_not_gathered_with_it() {
    let mut scene = host();
    for times in 1..=20 {
        brings_back(&mut scene, "c1", times);
    }
    brings_back(&mut scene, "c2", 21);
    seconds(&mut scene, 2);
    let of_other = starts(&scene).into_iter();
    let of_other = of_other.filter(|it| it.subject.container == Some(id("c2")));
    assert_eq!(of_other.count(), 1);
}

#[test]
fn what_a_client_asks_is_always_a_line() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    for number in 1..=20 {
        let restart = scene.begin(cli, Op::Restart, container(&id("c1")));
        mount(&mut scene, rootfs(number, Runtime::Docker, "c1"), 800);
        dockerd_starts(&mut scene, "c1");
        let restart = scene.end(restart, Subject::default());
        assert_eq!((restart.count, restart.cause), (1, None));
        assert_eq!(restart.restarts, Some(number - 1));
        ends(&mut scene, "c1", number);
    }
    end(&mut scene);
    assert_eq!(starts(&scene).len(), 20);
}

/// A second dockerd, that comes up after the first: a minute after the youngest process that was there.
fn comes_up(scene: &mut Scene, pid: u32) {
    scene.process(process(pid, "dockerd"));
    scene.connect(u64::from(pid), CONTAINERD, pid);
}

fn unless_stopped(number: u64, digits: &str) -> Rootfs {
    known(rootfs(number, Runtime::Docker, digits), |it| {
        it.restart_policy = Some("unless-stopped".to_owned());
    })
}

#[test]
fn a_daemon_that_comes_up_again_brings_back_what_ran() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let start = scene.begin(cli, Op::Start, container(&id("c1")));
    mount(&mut scene, unless_stopped(1, "c1"), 800);
    dockerd_starts(&mut scene, "c1");
    scene.end(start, Subject::default());
    ends(&mut scene, "c1", 1);
    seconds(&mut scene, 60);
    comes_up(&mut scene, 2_600);
    mount(&mut scene, unless_stopped(2, "c1"), 2_600);
    let of = container(&id("c1"));
    let start = scene.begin_in(Api::Containerd, 2_600, Op::Start, of);
    run(&mut scene, "c1");
    scene.finish(start, Subject::default());
    seconds(&mut scene, 2);
    // Seen for the first time, by a daemon that is a moment old.
    mount(&mut scene, unless_stopped(3, "c2"), 2_600);
    run(&mut scene, "c2");
    seconds(&mut scene, 2);
    let causes: Vec<_> = starts(&scene).iter().map(|it| it.cause).collect();
    assert_eq!(causes, [None, Some(Cause::Recovery), Some(Cause::Recovery)]);
}

#[test]
fn a_daemon_that_came_up_long_ago_is_not_said_to_have_just_come_up() {
    let mut scene = host();
    mount(&mut scene, unless_stopped(1, "c1"), 800);
    run(&mut scene, "c1");
    seconds(&mut scene, 2);
    ends(&mut scene, "c1", 1);
    comes_up(&mut scene, 2_600);
    scene.process(process(9_000, "sh"));
    seconds(&mut scene, 300);
    mount(&mut scene, unless_stopped(2, "c1"), 2_600);
    run(&mut scene, "c1");
    seconds(&mut scene, 2);
    let last = starts(&scene).last().unwrap().clone();
    assert_eq!(last.cause, Some(Cause::Recovery));
    let said = last.evidence.last().map(String::as_str);
    assert_eq!(said, Some("another run of the daemon had started it last"));
}

#[test]
fn an_old_daemon_recovers_nothing() {
    let mut scene = host();
    mount(&mut scene, unless_stopped(1, "c1"), 800);
    run(&mut scene, "c1");
    seconds(&mut scene, 2);
    ends(&mut scene, "c1", 1);
    mount(&mut scene, unless_stopped(2, "c1"), 800);
    run(&mut scene, "c1");
    seconds(&mut scene, 2);
    let causes: Vec<_> = starts(&scene).iter().map(|it| it.cause).collect();
    assert_eq!(causes, [Some(Cause::Unseen), Some(Cause::RestartPolicy)]);
}

#[test]
fn a_task_of_a_swarm() {
    let mut scene = host();
    let own = known(rootfs(1, Runtime::Docker, "c1"), |it| {
        it.swarm_service = Some("web".to_owned());
    });
    mount(&mut scene, own, 800);
    dockerd_starts(&mut scene, "c1");
    seconds(&mut scene, 2);
    assert_eq!(starts(&scene)[0].cause, Some(Cause::Swarm));
}
