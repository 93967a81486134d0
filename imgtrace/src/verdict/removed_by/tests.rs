use super::*;
use crate::model::{Api, Listing, Runtime};
use crate::trace::scene::{Scene, container, endpoint, id, image, key, process};
use crate::trace::scene::{docker_store, stored};

const IMAGE: &str = "docker.io/library/nginx:1.27";

/// cri-dockerd (e2, pid 900) on dockerd (e1, pid 800), and a store that both lead to.
fn scene() -> Scene {
    let mut scene = Scene::with_docker();
    scene.daemon(2, Runtime::CriDockerd, 900, "cri-dockerd");
    scene.store(1, docker_store(1, "/var/lib/docker"), &[800, 900]);
    scene.listed(1, Listing::default());
    scene.process(process(20, "kubelet"));
    scene.connect(1, 2, 20);
    scene.process(process(30, "docker"));
    scene.connect(2, 1, 30);
    scene
}

fn pulled_by_kubelet(scene: &mut Scene) {
    let request = scene.begin_in(Api::Cri, 1, Op::Pull, image(IMAGE));
    scene.gets(1, &stored(IMAGE, "11", &[("aa", 5_000_000)]));
    scene.end(request, crate::model::Subject::default());
    scene.wait(300_000);
}

fn of_rule(scene: &Scene) -> Vec<Finding> {
    let findings = scene.findings().into_iter();
    findings.filter(|it| it.rule == Rule::RemovedBy).collect()
}

#[test]
fn docker_removes_what_kubelet_has_pulled() {
    let mut scene = scene();
    pulled_by_kubelet(&mut scene);
    let request = scene.begin(2, Op::RemoveImage, image(IMAGE));
    scene.loses(1, &stored(IMAGE, "11", &[("aa", 5_000_000)]));
    scene.end(request, crate::model::Subject::default());
    let findings = of_rule(&scene);
    let [it] = &findings[..] else {
        panic!("{findings:?}");
    };
    assert_eq!(it.severity, Severity::Warning);
    assert!(
        it.summary.starts_with(
            "docker (go) removed docker.io/library/nginx:1.27 from docker:/var/lib/docker through \
             /run/docker.sock; kubelet (go) had pulled it last, 5m00s before through \
             /run/cri-dockerd.sock"
        ),
        "{}",
        it.summary
    );
    assert_eq!(it.stores.len(), 1);
    assert_eq!(it.operations.len(), 2);
    assert!(
        it.evidence.contains(
            &"/run/docker.sock and /run/cri-dockerd.sock lead to one store: what goes in \
                        one goes in both"
                .to_owned()
        ),
        "{:?}",
        it.evidence
    );
}

#[test]
fn who_removes_what_is_his_is_not_mentioned() {
    let mut scene = scene();
    for pid in [30, 31] {
        scene.process(process(pid, "docker"));
        scene.connect(u64::from(pid), 1, pid);
    }
    scene.ask(30, Op::Pull, image(IMAGE));
    scene.ask(31, Op::RemoveImage, image(IMAGE));
    scene.create(30, "web", IMAGE, &id("77"));
    scene.ask(31, Op::RemoveContainer, container(&id("77")));
    assert_eq!(of_rule(&scene), []);
}

#[test]
fn what_nobody_has_used_is_not_mentioned() {
    let mut scene = scene();
    scene.has(1, &stored(IMAGE, "11", &[("aa", 5_000_000)]));
    scene.ask(2, Op::RemoveImage, image(IMAGE));
    scene.loses(1, &stored(IMAGE, "11", &[("aa", 5_000_000)]));
    assert_eq!(of_rule(&scene), []);
}

#[test]
fn a_removal_that_fails_removes_nothing() {
    let mut scene = scene();
    pulled_by_kubelet(&mut scene);
    let request = scene.begin(2, Op::RemoveImage, image(IMAGE));
    scene.fail(request, "conflict: it is in use");
    assert_eq!(of_rule(&scene), []);
    scene.ask(2, Op::RemoveImage, image(IMAGE));
    assert_eq!(of_rule(&scene).len(), 1);
}

#[test]
fn a_prune_is_who_removed_what_goes_meanwhile() {
    let mut scene = scene();
    pulled_by_kubelet(&mut scene);
    let what = crate::model::Subject {
        what: Some("images".to_owned()),
        ..crate::model::Subject::default()
    };
    scene.ask(2, Op::Prune, what);
    scene.wait(500);
    scene.loses(1, &stored(IMAGE, "11", &[("aa", 5_000_000)]));
    let findings = of_rule(&scene);
    assert!(
        findings[0]
            .summary
            .starts_with("docker (go) removed docker.io/library/nginx:1.27 from"),
        "{findings:?}"
    );
}

#[test]
fn an_image_that_goes_with_nobody_seen() {
    let mut scene = scene();
    pulled_by_kubelet(&mut scene);
    scene.loses(1, &stored(IMAGE, "11", &[("aa", 5_000_000)]));
    let findings = of_rule(&scene);
    assert_eq!(findings.len(), 1);
    assert!(
        findings[0].summary.starts_with(
            "docker.io/library/nginx:1.27 is gone from docker:/var/lib/docker, and nobody was seen \
             asking for that; kubelet (go) had pulled it last"
        ),
        "{findings:?}"
    );
    assert_eq!(findings[0].severity, Severity::Info);
}

#[test]
fn a_name_that_is_given_anew_is_no_removal() {
    let mut scene = scene();
    pulled_by_kubelet(&mut scene);
    let request = scene.begin(2, Op::Build, image(IMAGE));
    scene.loses(1, &stored(IMAGE, "11", &[("aa", 5_000_000)]));
    scene.gets(1, &stored(IMAGE, "22", &[("bb", 5_000_000)]));
    scene.end(request, crate::model::Subject::default());
    assert_eq!(of_rule(&scene), []);
}

#[test]
fn the_program_that_wrote_the_index_may_be_who_used_it() {
    let mut scene = scene();
    pulled_by_kubelet(&mut scene);
    scene.see(Observation::ImageVanished {
        store: StoreId(1),
        image: stored(IMAGE, "11", &[("aa", 5_000_000)]),
        writer: Some(key(20)),
    });
    assert_eq!(of_rule(&scene), []);
}

#[test]
fn a_container_of_somebody_else() {
    let mut scene = scene();
    scene.process(process(40, "jenkins"));
    scene.connect(3, 1, 40);
    scene.create(3, "job-7", IMAGE, &id("77"));
    scene.ask(2, Op::RemoveContainer, container(&id("77")));
    let findings = of_rule(&scene);
    let [it] = &findings[..] else {
        panic!("{findings:?}");
    };
    assert_eq!(it.severity, Severity::Info);
    assert!(
        it.summary.starts_with(
            "docker (go) removed container job-7 (docker.io/library/nginx:1.27) through \
             /run/docker.sock; jenkins (go) had created it last"
        ),
        "{}",
        it.summary
    );
}

#[test]
fn the_same_again_is_counted() {
    let mut scene = scene();
    scene.process(process(40, "jenkins"));
    scene.connect(3, 1, 40);
    for number in 10..20 {
        let whole = id(&number.to_string());
        scene.create(3, &format!("job-{number}"), IMAGE, &whole);
        scene.ask(2, Op::RemoveContainer, container(&whole));
    }
    let counts: Vec<_> = of_rule(&scene).iter().map(|it| it.count).collect();
    assert_eq!(counts, [1, 10]);
}

#[test]
fn ids_that_clients_choose_are_their_endpoints_own() {
    let mut scene = scene();
    scene.see(Observation::Endpoint(endpoint(5, Some(800))));
    scene.connect(5, 5, 20);
    scene.pass(Api::Containerd, 5, Op::Start, container("web"));
    scene.pass(Api::Containerd, 2, Op::RemoveContainer, container("web"));
    assert_eq!(of_rule(&scene), []);
}

#[test]
fn an_image_that_is_back_before_the_index_is_read_is_not_gone() {
    let mut scene = scene();
    pulled_by_kubelet(&mut scene);
    let of_kubelet = |scene: &mut Scene| {
        let request = scene.begin_in(Api::Cri, 1, Op::RemoveImage, image(IMAGE));
        scene.end(request, crate::model::Subject::default());
    };
    of_kubelet(&mut scene);
    scene.ask(2, Op::Pull, image(IMAGE));
    scene.loses(1, &stored(IMAGE, "11", &[("aa", 5_000_000)]));
    assert_eq!(of_rule(&scene), []);
    of_kubelet(&mut scene);
    assert_eq!(of_rule(&scene).len(), 1);
}
