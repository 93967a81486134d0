//! What lies where from the begin, and what only looks like a copy.

use super::*;

#[test]
fn two_namespaces_of_one_containerd() {
    // Docker 29 keeps its images in the containerd that kubelet uses.
    let mut scene = Scene::with_docker();
    scene.daemon(2, Runtime::Containerd, 700, "containerd");
    let root = "/var/lib/containerd";
    scene.store(1, containerd_store(7, root, "moby"), &[700, 800]);
    scene.store(2, containerd_store(7, root, "k8s.io"), &[700]);
    scene.process(process(30, "kubelet"));
    scene.connect(2, 2, 30);
    scene.has(1, &packed(&nginx()));
    let mut scene = ready(scene);
    cri_pulls(&mut scene, NGINX, &packed(&nginx()));
    let found = duplicates(&scene);
    assert!(found.iter().all(|it| it.rule == Rule::HalfDuplicate));
    assert_eq!(
        summaries(&scene),
        [
            format!(
                "{NGINX} is in namespace moby of containerd:{root} already and is pulled into \
                 k8s.io: if it is the same content, its layers are unpacked again"
            ),
            format!(
                "{NGINX} is in two namespaces of containerd:{root}, moby and k8s.io: \
                 archives shared, 180 MB unpacked twice"
            ),
        ]
    );
    assert_eq!(
        found[1].wasted_bytes,
        Some(180 * MB),
        "no archive is there twice"
    );
    assert_eq!(found[1].fetched_bytes, None);
    assert_eq!(
        found[1].remedy.as_deref().unwrap(),
        format!(
            "if one of the two is enough: `docker image rm {NGINX}`, \
             or `crictl --runtime-endpoint unix:///run/containerd.sock rmi {NGINX}`"
        )
    );
}

#[test]
fn what_was_in_two_stores_before() {
    let mut scene = host();
    let mut all = Vec::new();
    for number in 0..12_u64 {
        let name = format!("docker.io/app:{number}");
        let layers = [(&*format!("a{number:02}"), (number + 1) * MB)];
        all.push(stored(&name, &format!("{number:02}"), &layers));
    }
    for image in &all {
        scene.has(IN_DOCKER, image);
        scene.has(IN_CRI, &packed(image));
    }
    scene.has(
        IN_DOCKER,
        &stored("docker.io/tool:latest", "7a", &[("f1", MB)]),
    );
    scene.has(
        IN_CRI,
        &packed(&stored("docker.io/tool:latest", "7b", &[("f2", MB)])),
    );
    let scene = ready(scene);
    let found = duplicates(&scene);
    assert_eq!(
        summaries(&scene),
        [format!("12 images (78 MB) are both in {DOCKER} and {CRI}")]
    );
    assert_eq!(found[0].wasted_bytes, Some(78 * MB));
    assert_eq!(found[0].fetched_bytes, None);
    assert_eq!(
        found[0].evidence[0],
        "docker.io/app:11 12 MB: the same configuration"
    );
    assert_eq!(found[0].evidence[8], "and 4 smaller images");
    assert_eq!(
        found[0].evidence.last().unwrap(),
        "no duplicates: docker.io/tool:latest mean another image in each"
    );
}

#[test]
fn a_store_that_nobody_uses_is_a_leftover_and_not_said_twice() {
    let mut scene = host();
    scene.store(3, docker_store(3, "/var/lib/old"), &[]);
    scene.has(3, &nginx());
    scene.has(IN_DOCKER, &nginx());
    let mut scene = ready(scene);
    assert_eq!(duplicates(&scene), []);
    scene.store(3, docker_store(3, "/var/lib/old"), &[900]);
    assert_eq!(duplicates(&scene).len(), 1, "it is used again");
}

#[test]
fn a_store_that_is_found_later_is_compared_then() {
    let mut scene = host();
    scene.has(IN_DOCKER, &nginx());
    let mut scene = ready(scene);
    scene.store(3, docker_store(3, "/var/lib/late"), &[900]);
    scene.has(3, &nginx());
    scene.listed(3, Listing::default());
    assert_eq!(
        summaries(&scene),
        [format!(
            "{NGINX} (180 MB) is both in {DOCKER} and docker:/var/lib/late"
        )]
    );
    scene.listed(3, Listing::default());
    assert_eq!(summaries(&scene).len(), 1);
}

#[test]
fn one_store_behind_two_endpoints_holds_nothing_twice() {
    // k3s --docker: what crictl pulls goes through cri-dockerd into Docker's store.
    let mut scene = Scene::with_docker();
    scene.daemon(2, Runtime::CriDockerd, 850, "cri-dockerd");
    scene.store(1, docker_store(1, "/var/lib/docker"), &[800]);
    scene.connect(9, 1, 850);
    scene.process(process(30, "crictl"));
    scene.connect(2, 2, 30);
    let mut scene = ready(scene);
    let pull = scene.begin_in(Api::Cri, 2, Op::Pull, image(NGINX));
    scene.gets(1, &nginx());
    scene.end(pull, resolved(&nginx()));
    for _ in 0..40 {
        scene.tick();
    }
    assert_eq!(duplicates(&scene), []);
}

#[test]
fn the_split_of_a_client_in_a_container_is_no_duplicate() {
    let mut scene = host();
    scene.has(
        IN_CRI,
        &packed(&stored("docker.io/ci/runner:3", "31", &[("r1", MB)])),
    );
    let mut scene = ready(scene);
    let pull = scene.begin(1, Op::Pull, image("docker.io/ci/step:1"));
    let step = stored("docker.io/ci/step:1", "41", &[("s1", MB)]);
    scene.gets(IN_DOCKER, &step);
    scene.end(pull, resolved(&step));
    assert_eq!(duplicates(&scene), []);
}

#[test]
fn what_comes_during_the_first_listing_is_said_as_it_came() {
    let mut scene = host();
    scene.has(IN_DOCKER, &nginx());
    let pull = scene.begin_in(Api::Cri, 2, Op::Pull, image(NGINX));
    scene.gets(IN_CRI, &packed(&nginx()));
    let mut scene = ready(scene);
    assert_eq!(duplicates(&scene).len(), 1, "only that the pull began");
    scene.end(pull, Subject::default());
    assert_eq!(duplicates(&scene).len(), 2);
    assert!(summaries(&scene)[1].contains("90 MB fetched again"));
}
