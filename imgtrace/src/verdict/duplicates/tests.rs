//! Rule-level stories: what is said of content that gets into a second store.

mod standing;
mod wording;

use crate::model::{
    Api, Finding, Listing, Op, OperationId, Rule, Runtime, Severity, StoreId, StoredImage, Subject,
};
use crate::observation::{Fact, Observation};
use crate::trace::scene::{
    MB, Scene, containerd_store, docker_store, endpoint, id, image, in_group, key, packed, process,
    sha, stored,
};

const NGINX: &str = "docker.io/library/nginx:1.27";
const DOCKER: &str = "docker:/var/lib/docker";
const CRI: &str = "containerd:/var/lib/k3s/containerd (k8s.io)";

/// Numbers of the stores of [`host`].
const IN_DOCKER: u32 = 1;
const IN_CRI: u32 = 2;

/// dockerd (800) with its own store, and a containerd (700) of another root; a docker CLI (20) on
/// connection 1, kubelet (30) on connection 2.
fn host() -> Scene {
    let mut scene = Scene::with_docker();
    scene.daemon(2, Runtime::Containerd, 700, "containerd");
    scene.store(IN_DOCKER, docker_store(1, "/var/lib/docker"), &[800]);
    let cri = containerd_store(2, "/var/lib/k3s/containerd", "k8s.io");
    scene.store(IN_CRI, cri, &[700]);
    scene.process(process(20, "docker"));
    scene.connect(1, 1, 20);
    scene.process(process(30, "kubelet"));
    scene.connect(2, 2, 30);
    scene
}

fn ready(mut scene: Scene) -> Scene {
    scene.listed(IN_DOCKER, Listing::default());
    scene.listed(IN_CRI, Listing::default());
    scene.inventoried();
    scene
}

/// 180 MB in two layers.
fn nginx() -> StoredImage {
    stored(NGINX, "17", &[("a1", 100 * MB), ("a2", 80 * MB)])
}

fn duplicates(scene: &Scene) -> Vec<Finding> {
    let rules = [Rule::DoublePull, Rule::HalfDuplicate];
    let findings = scene.findings().into_iter();
    findings.filter(|it| rules.contains(&it.rule)).collect()
}

fn summaries(scene: &Scene) -> Vec<String> {
    let findings = duplicates(scene).into_iter();
    findings.map(|finding| finding.summary).collect()
}

fn resolved(image: &StoredImage) -> Subject {
    Subject {
        digest: image.digest.clone(),
        ..Subject::default()
    }
}

/// kubelet pulls, and containerd lists what came before it answers.
fn cri_pulls(scene: &mut Scene, name: &str, brings: &StoredImage) -> OperationId {
    let pull = scene.begin_in(Api::Cri, 2, Op::Pull, image(name));
    scene.gets(IN_CRI, brings);
    let config = brings.variants[0].config.clone();
    let digest = Subject {
        digest: config,
        ..Subject::default()
    };
    scene.end(pull, digest).id
}

#[test]
fn a_pull_of_what_another_store_has() {
    let mut scene = host();
    scene.has(IN_DOCKER, &nginx());
    let mut scene = ready(scene);
    let pull = cri_pulls(&mut scene, NGINX, &packed(&nginx()));
    let found = duplicates(&scene);
    assert_eq!(
        summaries(&scene),
        [
            format!(
                "{NGINX} is in {DOCKER} already (180 MB) and is pulled into {CRI}: \
                 whether it is the same content shows when it ends"
            ),
            format!(
                "{NGINX} is in {DOCKER} and now in {CRI} too: \
                 90 MB fetched again, 270 MB on disk twice"
            ),
        ]
    );
    let settled = &found[1];
    assert!(found.iter().all(|it| it.severity == Severity::Warning));
    assert!(found.iter().all(|it| it.operations == [pull]));
    assert_eq!(settled.fetched_bytes, Some(90 * MB));
    assert_eq!(settled.wasted_bytes, Some(270 * MB));
    let stores: Vec<_> = settled.stores.iter().map(|store| store.id).collect();
    assert_eq!(stores, [StoreId(IN_DOCKER), StoreId(IN_CRI)]);
    assert_eq!(settled.image.as_deref(), Some(NGINX));
    assert_eq!(
        settled.remedy.as_deref().unwrap(),
        format!(
            "if one of the two is enough: `docker image rm {NGINX}`, \
             or `crictl --runtime-endpoint unix:///run/containerd.sock rmi {NGINX}`"
        )
    );
    assert_eq!(
        settled.evidence,
        [
            format!("both have the configuration {}", sha("c017")),
            format!("the archives of the layers that {CRI} did not have are 90 MB"),
            format!(
                "{DOCKER} keeps it in 180 MB unpacked; \
                 no container that runs now is made of it there"
            ),
            format!(
                "{CRI} keeps it in 180 MB unpacked and 90 MB of archives; \
                 no container that runs now is made of it there"
            ),
        ]
    );
}

#[test]
fn the_other_way_round_the_pull_tells_its_bytes() {
    let mut scene = host();
    scene.has(IN_CRI, &packed(&nginx()));
    let mut scene = ready(scene);
    let pull = scene.begin(1, Op::Pull, image(NGINX));
    let told = Subject {
        bytes: Some(91 * MB),
        ..resolved(&nginx())
    };
    scene.end(pull, told);
    assert_eq!(duplicates(&scene).len(), 1, "it is not listed yet");
    scene.gets(IN_DOCKER, &nginx());
    scene.tick();
    let settled = &duplicates(&scene)[1];
    assert_eq!(
        settled.summary,
        format!(
            "{NGINX} is in {CRI} and now in {DOCKER} too: \
             91 MB fetched again, 180 MB on disk twice"
        )
    );
    assert_eq!(settled.fetched_bytes, Some(91 * MB));
    assert_eq!(settled.wasted_bytes, Some(180 * MB));
    assert_eq!(duplicates(&scene).len(), 2);
}

#[test]
fn a_daemon_that_has_nothing_yet_has_no_store_yet() {
    let mut scene = host();
    scene.has(IN_CRI, &packed(&nginx()));
    let mut scene = ready(scene);
    scene.process(process(900, "dockerd"));
    scene.see(Observation::Endpoint(endpoint(3, Some(900))));
    scene.connect(3, 3, 20);
    let pull = scene.begin(3, Op::Pull, image(NGINX));
    assert_eq!(
        summaries(&scene),
        [format!(
            "{NGINX} is in {CRI} already (270 MB) and is pulled into docker at /run/docker.sock: \
             whether it is the same content shows when it ends"
        )]
    );
    scene.end(pull, resolved(&nginx()));
    // The store is found when it has something, and all that it has was there then.
    scene.store(3, docker_store(3, "/var/lib/late"), &[900]);
    scene.has(3, &nginx());
    scene.listed(3, Listing::default());
    scene.tick();
    let found = duplicates(&scene);
    assert_eq!(found.len(), 2);
    assert_eq!(found[1].operations, found[0].operations);
}

#[test]
fn what_is_listed_in_one_go_came_in_the_order_of_the_pulls() {
    for is_first_listed_first in [true, false] {
        let mut scene = ready(host());
        let first = scene.begin(1, Op::Pull, image(NGINX));
        scene.end(first, resolved(&nginx()));
        let second = scene.begin_in(Api::Cri, 2, Op::Pull, image(NGINX));
        let second = scene.end(second, resolved(&nginx())).id;
        if is_first_listed_first {
            scene.gets(IN_DOCKER, &nginx());
        }
        scene.gets(IN_CRI, &packed(&nginx()));
        if !is_first_listed_first {
            scene.gets(IN_DOCKER, &nginx());
        }
        scene.tick();
        scene.see(Observation::End);
        let found = duplicates(&scene);
        assert_eq!(
            summaries(&scene),
            [format!(
                "{NGINX} is in {DOCKER} and now in {CRI} too: \
                 90 MB fetched again, 270 MB on disk twice"
            )]
        );
        assert_eq!(found[0].operations, [second]);
    }
}

#[test]
fn a_digest_tells_at_once() {
    let mut scene = host();
    scene.has(IN_DOCKER, &nginx());
    let mut scene = ready(scene);
    let name = format!("docker.io/library/nginx@{}", sha("d017"));
    scene.begin_in(Api::Cri, 2, Op::Pull, image(&name));
    assert_eq!(
        summaries(&scene),
        [format!(
            "docker.io/library/nginx@sha256:d01700000000… is in {DOCKER} already (180 MB); \
             {CRI} fetches it again"
        )]
    );
}

#[test]
fn what_runs_tells_which_copy_is_not_needed() {
    let mut scene = host();
    scene.has(IN_DOCKER, &nginx());
    let mut scene = ready(scene);
    cri_pulls(&mut scene, NGINX, &packed(&nginx()));
    scene.loses(IN_CRI, &packed(&nginx()));
    scene.mounted_from(IN_CRI, Runtime::Containerd, "77", NGINX);
    cri_pulls(&mut scene, NGINX, &packed(&nginx()));
    let found = duplicates(&scene);
    assert_eq!(found.len(), 4, "it is said again after it was gone");
    assert_eq!(
        found[3].remedy.as_deref().unwrap(),
        format!("no container that runs now needs it in {DOCKER}: `docker image rm {NGINX}`")
    );
    assert_eq!(
        found[3].wasted_bytes,
        Some(180 * MB),
        "what lies in Docker's"
    );
}

#[test]
fn the_command_is_for_the_docker_that_has_the_copy() {
    let mut scene = Scene::with_docker();
    scene.store(1, docker_store(1, "/var/lib/docker"), &[800]);
    scene.daemon(2, Runtime::Docker, 900, "dockerd");
    scene.store(2, docker_store(2, "/srv/docker"), &[900]);
    scene.has(1, &nginx());
    scene.has(2, &nginx());
    scene.listed(1, Listing::default());
    scene.listed(2, Listing::default());
    scene.inventoried();
    assert_eq!(
        duplicates(&scene)[0].remedy.as_deref().unwrap(),
        format!(
            "if one of the two is enough: `docker image rm {NGINX}`, \
             or `docker --host unix:///run/dockerd.sock image rm {NGINX}`"
        )
    );
}

#[test]
fn a_pull_that_only_verifies_is_none() {
    let mut scene = host();
    scene.has(IN_DOCKER, &nginx());
    scene.has(IN_CRI, &packed(&nginx()));
    let mut scene = ready(scene);
    let before = duplicates(&scene).len();
    let pull = scene.begin(1, Op::Pull, image(NGINX));
    scene.end(pull, resolved(&nginx()));
    for _ in 0..40 {
        scene.tick();
    }
    assert_eq!(duplicates(&scene).len(), before);
}

#[test]
fn a_pull_that_failed_settles_as_nothing() {
    let mut scene = host();
    scene.has(IN_DOCKER, &nginx());
    let mut scene = ready(scene);
    let pull = scene.begin_in(Api::Cri, 2, Op::Pull, image(NGINX));
    scene.fail(pull, "unauthorized");
    for _ in 0..40 {
        scene.tick();
    }
    assert_eq!(duplicates(&scene).len(), 1, "only the begin");
}

#[test]
fn what_the_store_never_lists_could_not_be_settled() {
    let mut scene = host();
    scene.has(IN_DOCKER, &nginx());
    let mut scene = ready(scene);
    let pull = scene.begin_in(Api::Cri, 2, Op::Pull, image(NGINX));
    scene.end(pull, Subject::default());
    for _ in 0..40 {
        scene.tick();
    }
    let found = duplicates(&scene);
    assert_eq!(
        found[1].summary,
        format!(
            "whether {NGINX} is in {DOCKER} and {CRI} twice could not be told: \
             the latter does not list it"
        )
    );
    assert_eq!(found[1].severity, Severity::Info);
    assert_eq!(found.len(), 2);
}

#[test]
fn what_other_images_need_too_would_not_be_free() {
    let mut scene = host();
    scene.has(IN_DOCKER, &nginx());
    let app = packed(&stored(
        "docker.io/app:1",
        "18",
        &[("a1", 100 * MB), ("c1", MB)],
    ));
    scene.has(IN_CRI, &app);
    let mut scene = ready(scene);
    cri_pulls(&mut scene, NGINX, &packed(&nginx()));
    let settled = &duplicates(&scene)[1];
    assert_eq!(settled.fetched_bytes, Some(40 * MB), "one layer was there");
    assert_eq!(
        settled.wasted_bytes,
        Some(120 * MB),
        "80 unpacked, 40 packed"
    );
    let why = format!("removing it from {CRI} would free 120 MB: the rest is of other images too");
    assert!(settled.evidence.contains(&why), "{:?}", settled.evidence);
}

#[test]
fn an_image_that_nobody_was_seen_to_ask_for_is_not_missed() {
    let mut scene = host();
    scene.has(IN_DOCKER, &nginx());
    let mut scene = ready(scene);
    scene.gets(IN_CRI, &packed(&nginx()));
    for _ in 0..7 {
        scene.tick();
    }
    assert_eq!(summaries(&scene).len(), 1);
    assert!(
        summaries(&scene)[0].starts_with(&format!("{NGINX} is in {DOCKER} and now in {CRI} too")),
        "{:?}",
        summaries(&scene)
    );
}

#[test]
fn a_run_that_ends_says_what_had_arrived() {
    let mut scene = host();
    scene.has(IN_DOCKER, &nginx());
    let mut scene = ready(scene);
    scene.gets(IN_CRI, &packed(&nginx()));
    scene.see(Observation::End);
    assert_eq!(duplicates(&scene).len(), 1);
}
