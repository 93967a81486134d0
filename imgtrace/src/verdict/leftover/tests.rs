use crate::model::{
    Endpoint, EndpointState, Finding, Listing, Rule, Runtime, Severity, Store, StoreKind,
};
use crate::observation::Observation;
use crate::trace::scene::{MB, Scene, containerd_store, docker_store, endpoint, packed, stored};

const ROOT: &str = "/var/lib/docker";

fn listing(images: u64, unpacked: u64) -> Listing {
    Listing {
        images,
        containers: Some(1),
        unpacked,
        ..Listing::default()
    }
}

/// A containerd (pid 900) with an image of two layers, of which store 1, Docker's, has the lower one
/// and another on top, and the same image.
fn node() -> Scene {
    let mut scene = Scene::new();
    scene.daemon(2, Runtime::Containerd, 900, "containerd");
    let common = stored("q.io/common:1", "1", &[("a1", 40 * MB), ("a2", 2 * MB)]);
    let own = stored("q.io/own:1", "2", &[("a1", 40 * MB), ("b2", 8 * MB)]);
    let kubernetes = containerd_store(7, "/var/lib/containerd", "k8s.io");
    scene.store(2, kubernetes, &[900]);
    scene.has(2, &packed(&common));
    scene.store(1, docker_store(1, ROOT), &[]);
    scene.has(1, &common);
    scene.has(1, &own);
    scene.listed(2, listing(1, 42 * MB));
    scene.listed(1, listing(2, 50 * MB));
    scene
}

fn found(scene: &Scene) -> Vec<Finding> {
    let mut findings = scene.findings();
    findings.retain(|finding| finding.rule == Rule::Leftover);
    findings
}

/// The only finding.
fn only(scene: &Scene) -> Finding {
    let mut found = found(scene);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

fn wait(scene: &mut Scene, seconds: u64) {
    for _ in 0..seconds {
        scene.tick();
    }
}

#[test]
fn a_store_without_a_daemon_is_told_with_what_lies_elsewhere_too() {
    let mut scene = node();
    assert_eq!(found(&scene), [], "a daemon may still be found");
    scene.inventoried();
    let left = only(&scene);
    assert_eq!(left.severity, Severity::Warning);
    assert_eq!(
        left.summary,
        "no living daemon uses docker:/var/lib/docker: 2 images of 50 MB there; 1 of them (42 MB) \
         in containerd:/var/lib/containerd (k8s.io) too"
    );
    assert_eq!(
        left.evidence,
        [
            "no process was found that keeps its images there",
            "its books list 2 images and 1 container: 50 MB unpacked, 0 B packed",
            "in containerd:/var/lib/containerd (k8s.io) too: q.io/common:1",
        ]
    );
    assert_eq!(left.wasted_bytes, Some(50 * MB));
    assert_eq!(left.stores.len(), 1);
    assert_eq!(
        left.remedy.unwrap(),
        "if `systemctl is-enabled docker.service docker.socket`, `fuser -v /var/lib/docker` and \
         `findmnt -rno TARGET | grep /var/lib/docker` show that nothing needs it, and nothing in it is \
         wanted (volumes are in /var/lib/docker/volumes and nowhere else), delete /var/lib/docker; \
         imgtrace deletes nothing"
    );
    wait(&mut scene, 60);
    scene.listed(1, listing(2, 50 * MB));
    wait(&mut scene, 60);
    only(&scene);
}

#[test]
fn it_is_told_again_when_it_has_changed() {
    let mut scene = node();
    scene.inventoried();
    scene.listed(1, listing(1, 42 * MB));
    scene.tick();
    assert_eq!(found(&scene).last().unwrap().count, 2);
    assert_eq!(found(&scene).len(), 2);
    // Somebody emptied it.
    let nothing = Listing {
        containers: Some(0),
        ..listing(0, 0)
    };
    scene.listed(1, nothing);
    scene.tick();
    assert_eq!(found(&scene).len(), 2);
}

#[test]
fn an_empty_store_is_none_and_one_that_was_not_read_is_not_judged() {
    let count = |listing: Option<Listing>| {
        let mut scene = Scene::new();
        scene.store(1, docker_store(1, ROOT), &[]);
        if let Some(listing) = listing {
            scene.listed(1, listing);
        }
        scene.inventoried();
        wait(&mut scene, 40);
        found(&scene).len()
    };
    assert_eq!(count(None), 0);
    assert_eq!(count(Some(Listing::default())), 0);
    assert_eq!(count(Some(listing(0, 0))), 1, "a container is left");
    assert_eq!(count(Some(listing(1, MB))), 1);
}

#[test]
fn a_daemon_that_restarts_leaves_nothing() {
    let mut scene = Scene::with_docker();
    scene.store(1, docker_store(1, ROOT), &[800]);
    scene.listed(1, listing(1, MB));
    scene.inventoried();
    assert_eq!(found(&scene), []);
    scene.see(Observation::Endpoint(Endpoint {
        state: EndpointState::Gone,
        ..endpoint(1, Some(800))
    }));
    scene.store(1, docker_store(1, ROOT), &[]);
    wait(&mut scene, 29);
    scene.store(1, docker_store(1, ROOT), &[801]);
    wait(&mut scene, 60);
    assert_eq!(found(&scene), []);
    scene.store(1, docker_store(1, ROOT), &[]);
    wait(&mut scene, 29);
    assert_eq!(found(&scene), []);
    wait(&mut scene, 2);
    let left = only(&scene);
    assert_eq!(
        left.evidence[0],
        "pid 801 kept its images there and has gone"
    );
    // It comes back, and goes for good.
    scene.store(1, docker_store(1, ROOT), &[802]);
    scene.store(1, docker_store(1, ROOT), &[]);
    wait(&mut scene, 31);
    assert_eq!(found(&scene).len(), 2);
}

#[test]
fn where_a_daemon_lives_whose_store_is_not_known_nothing_is_said() {
    let mut scene = node();
    // systemd holds the socket; the daemon comes with its first client.
    let socket = endpoint(1, Some(1));
    scene.see(Observation::Endpoint(socket.clone()));
    scene.inventoried();
    wait(&mut scene, 40);
    assert_eq!(found(&scene), []);
    scene.see(Observation::Endpoint(Endpoint {
        state: EndpointState::Gone,
        ..socket
    }));
    scene.tick();
    only(&scene);
}

#[test]
fn what_docker_left_when_it_moved_to_containerd_is_told_with_care() {
    let mut scene = node();
    scene.daemon(1, Runtime::Docker, 800, "dockerd");
    let moby = containerd_store(7, "/var/lib/containerd", "moby");
    scene.store(3, moby, &[900, 800]);
    scene.inventoried();
    let left = only(&scene);
    assert_eq!(
        left.evidence[3],
        "pid 800 (dockerd) lives and keeps its images in containerd:/var/lib/containerd (moby)"
    );
    let remedy = left.remedy.unwrap();
    assert!(
        remedy.contains(
            "delete /var/lib/docker/overlay2 and /var/lib/docker/image/overlay2, and nothing else of"
        ),
        "{remedy}"
    );
}

#[test]
fn a_docker_with_another_root_needs_nothing_of_this_one() {
    let mut scene = node();
    scene.daemon(1, Runtime::Docker, 800, "dockerd");
    scene.store(3, docker_store(3, "/srv/docker"), &[800]);
    scene.inventoried();
    let left = only(&scene);
    assert!(left.remedy.unwrap().contains("delete /var/lib/docker; "));
    assert_eq!(left.evidence.len(), 3, "{:#?}", left.evidence);
}

#[test]
fn the_namespaces_of_a_containerd_are_left_together_or_not_at_all() {
    let story = |users: &[u32]| {
        let mut scene = Scene::new();
        let root = "/var/lib/rancher/k3s/agent/containerd";
        let image = packed(&stored("q.io/a:1", "1", &[("a1", 40 * MB)]));
        for (number, namespace, users) in [(1, "k8s.io", users), (2, "moby", &[])] {
            scene.store(number, containerd_store(7, root, namespace), users);
            scene.has(number, &image);
            let listing = Listing {
                packed: 20 * MB,
                ..listing(1, 40 * MB)
            };
            scene.listed(number, listing);
        }
        scene.inventoried();
        wait(&mut scene, 40);
        scene
    };
    let left = only(&story(&[]));
    assert_eq!(left.wasted_bytes, Some(100 * MB), "archives lie there once");
    assert_eq!(left.stores.len(), 2);
    assert!(
        left.remedy
            .unwrap()
            .contains("k3s.service k3s-agent.service")
    );
    assert_eq!(found(&story(&[900])), []);
}

#[test]
fn podmans_store_needs_no_daemon() {
    let mut scene = Scene::new();
    let store = Store {
        kind: StoreKind::ContainersStorage,
        ..docker_store(1, "/var/lib/containers/storage")
    };
    scene.store(1, store, &[]);
    scene.listed(1, listing(3, 40 * MB));
    scene.inventoried();
    wait(&mut scene, 40);
    assert_eq!(found(&scene), []);
}

#[test]
fn since_when_is_told_by_what_was_written_last() {
    let after = |days: u64| {
        let mut scene = Scene::new();
        scene.wait(41 * 86_400_000);
        scene.store(1, docker_store(1, ROOT), &[]);
        let listing = Listing {
            written: Some(days * 86_400),
            ..listing(1, MB)
        };
        scene.listed(1, listing);
        scene.inventoried();
        only(&scene).evidence.pop().unwrap()
    };
    let said = |day: &str, ago: &str| format!("something was last written in it on {day}{ago}");
    assert_eq!(after(0), said("1970-01-01", ", 41 days ago"));
    assert_eq!(after(40), said("1970-02-10", ", 24 hours ago"));
    assert_eq!(after(41), said("1970-02-11", ", 0 minutes ago"));
    assert_eq!(after(42), said("1970-02-12", ""), "by another clock");
}

#[test]
fn a_users_own_store_says_that_its_daemon_comes_and_goes() {
    let mut scene = Scene::new();
    let root = "/home/go/.local/share/docker";
    scene.store(1, docker_store(1, root), &[]);
    scene.listed(1, listing(1, MB));
    scene.inventoried();
    let said = only(&scene).evidence;
    assert!(
        said.last()
            .unwrap()
            .ends_with("ends when its user logs out")
    );
}

#[test]
fn stores_that_claim_more_than_there_is_on_earth_are_told_as_the_most() {
    let mut scene = Scene::new();
    for (number, namespace) in [(1, "one"), (2, "other")] {
        scene.store(number, containerd_store(7, "/c", namespace), &[]);
        scene.listed(number, listing(u64::MAX, u64::MAX));
    }
    scene.inventoried();
    assert_eq!(only(&scene).wasted_bytes, Some(u64::MAX));
}
