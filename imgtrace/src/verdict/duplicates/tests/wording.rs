//! Each case has the right word.

use super::*;

#[test]
fn another_image_of_the_same_name() {
    let mut scene = host();
    scene.has(IN_DOCKER, &nginx());
    let mut scene = ready(scene);
    let newer = packed(&stored(NGINX, "18", &[("a1", 100 * MB), ("a3", 81 * MB)]));
    cri_pulls(&mut scene, NGINX, &newer);
    let found = duplicates(&scene);
    assert_eq!(
        found[1].summary,
        format!("{NGINX} in {CRI} is another image than in {DOCKER}: no duplicate")
    );
    assert_eq!(found[1].severity, Severity::Info);
    assert_eq!(
        (found[1].fetched_bytes, found[1].wasted_bytes),
        (None, None)
    );
}

#[test]
fn another_platform_of_one_index() {
    let mut scene = host();
    scene.has(IN_DOCKER, &nginx());
    let mut scene = ready(scene);
    let mut arm = packed(&stored(NGINX, "18", &[("b1", 90 * MB)]));
    arm.digest = nginx().digest;
    arm.variants[0].manifest = Some(sha("e1"));
    arm.variants[0].platform = Some("linux/arm64".to_owned());
    let asked = Subject {
        platform: Some("linux/arm64".to_owned()),
        ..image(NGINX)
    };
    let pull = scene.begin_in(Api::Cri, 2, Op::Pull, asked);
    assert_eq!(
        duplicates(&scene),
        [],
        "the other store has no such platform"
    );
    scene.gets(IN_CRI, &arm);
    scene.end(pull, resolved(&arm));
    assert_eq!(
        summaries(&scene),
        [format!(
            "{NGINX} is in {DOCKER} for linux/amd64 and in {CRI} for linux/arm64: no duplicate"
        )]
    );
}

#[test]
fn the_same_under_another_name() {
    let mut scene = host();
    scene.has(IN_DOCKER, &nginx());
    let mut scene = ready(scene);
    let mut mirrored = packed(&nginx());
    mirrored.names = vec!["mirror.local/nginx:1".to_owned()];
    cri_pulls(&mut scene, "mirror.local/nginx:1", &mirrored);
    assert_eq!(
        summaries(&scene),
        [format!(
            "mirror.local/nginx:1 in {CRI} is {NGINX} of {DOCKER} under another name: \
             90 MB fetched again, 270 MB on disk twice"
        )]
    );
}

#[test]
fn the_same_files_compressed_anew() {
    let mut scene = host();
    scene.has(IN_DOCKER, &nginx());
    let mut scene = ready(scene);
    let mut copy = packed(&stored(
        "mirror.local/nginx:1",
        "18",
        &[("a1", 100 * MB), ("a2", 80 * MB)],
    ));
    for layer in &mut copy.variants[0].layers {
        layer.blob = layer
            .blob
            .as_ref()
            .map(|blob| blob.replace("sha256:b", "sha256:f"));
    }
    cri_pulls(&mut scene, "mirror.local/nginx:1", &copy);
    let found = duplicates(&scene);
    assert_eq!(
        summaries(&scene),
        [format!(
            "mirror.local/nginx:1 in {CRI} has the same files as {NGINX} in {DOCKER}: \
             90 MB fetched again, 270 MB on disk twice"
        )]
    );
    assert_eq!(
        found[0].evidence[0],
        format!(
            "the topmost layer of both is {}: the files are equal, the configurations differ",
            sha("a2")
        )
    );
}

#[test]
fn layers_that_different_images_share_are_no_duplicate() {
    let mut scene = host();
    scene.has(IN_DOCKER, &nginx());
    let mut scene = ready(scene);
    let other = packed(&stored(
        "docker.io/app:1",
        "18",
        &[("a1", 100 * MB), ("c1", MB)],
    ));
    cri_pulls(&mut scene, "docker.io/app:1", &other);
    assert_eq!(duplicates(&scene), []);
}

#[test]
fn an_image_that_was_loaded_was_not_fetched() {
    let mut scene = host();
    scene.has(IN_CRI, &packed(&nginx()));
    let mut scene = ready(scene);
    let load = scene.begin(1, Op::Load, Subject::default());
    scene.see(Observation::ImageAppeared {
        store: StoreId(IN_DOCKER),
        image: nginx(),
        renamed: false,
        already: false,
        writer: Some(key(800)),
    });
    scene.end(load, image(NGINX));
    let found = duplicates(&scene);
    assert_eq!(
        summaries(&scene),
        [format!(
            "{NGINX} is in {CRI} and now in {DOCKER} too: \
             loaded, not fetched, 180 MB on disk twice"
        )]
    );
    assert_eq!(found[0].fetched_bytes, None);
}

#[test]
fn a_daemon_in_a_container_is_named() {
    let mut scene = Scene::with_docker();
    scene.store(1, docker_store(1, "/var/lib/docker"), &[800]);
    let mut inner = process(900, "dockerd");
    inner.cgroups = in_group(&format!("/docker/{}", id("d1d")));
    scene.process(inner);
    scene.see(Observation::Endpoint(endpoint(2, Some(900))));
    let volume = "/var/lib/docker/volumes/v/_data";
    scene.store(2, docker_store(2, volume), &[900]);
    scene.process(process(20, "docker"));
    scene.connect(2, 2, 20);
    scene.learn(
        2,
        Fact::Container {
            id: id("d1d"),
            name: Some("dind".to_owned()),
            image: None,
            pod: None,
            sandbox: None,
        },
    );
    scene.has(1, &nginx());
    let mut scene = ready(scene);
    let pull = scene.begin(2, Op::Pull, image(NGINX));
    scene.gets(2, &nginx());
    scene.end(pull, resolved(&nginx()));
    let found = duplicates(&scene);
    assert_eq!(
        found[1].summary,
        format!(
            "{NGINX} is in {DOCKER} and now in docker:{volume} in container dind too: \
             fetched again, 180 MB on disk twice"
        )
    );
    assert_eq!(found[1].fetched_bytes, None, "neither store keeps archives");
    assert!(
        found[1]
            .remedy
            .as_ref()
            .unwrap()
            .ends_with(&format!("or `docker image rm {NGINX}` in container dind"))
    );
}
