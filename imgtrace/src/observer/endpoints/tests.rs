use super::*;

fn found(name: &str, inode: u64, address: u64) -> Found {
    Found {
        listener: ListenerKey {
            inode,
            device: 0x0000_0017,
            reserved: 0,
        },
        address,
        name: name.to_owned(),
        // No such process: nothing is read from /proc.
        server: ProcessKey {
            pid: u32::MAX,
            start: 0,
        },
    }
}

fn find(endpoints: &mut Endpoints, found: &Found, program: &str) -> Option<EndpointId> {
    endpoints.find(found, program, &mut Users::new())
}

fn states(endpoints: &Endpoints) -> Vec<(u32, EndpointState)> {
    endpoints
        .all()
        .map(|endpoint| (endpoint.id.0, endpoint.state))
        .collect()
}

#[test]
fn a_listener_is_known_by_inode_and_address_not_by_its_path() {
    let mut endpoints = Endpoints::new(Vec::new());
    let outer = find(
        &mut endpoints,
        &found("/var/run/docker.sock", 7, 0x10),
        "dockerd",
    );
    // A daemon inside a container binds the same string.
    let inner = find(
        &mut endpoints,
        &found("/var/run/docker.sock", 8, 0x20),
        "dockerd",
    );
    assert_eq!(outer, Some(EndpointId(1)));
    assert_eq!(inner, Some(EndpointId(2)));
    assert_eq!(
        find(&mut endpoints, &found("/var/run/docker.sock", 7, 0x10), ""),
        outer
    );
}

#[test]
fn an_inode_number_that_comes_back_is_another_endpoint() {
    let mut endpoints = Endpoints::new(Vec::new());
    find(
        &mut endpoints,
        &found("/run/docker.sock", 7, 0x10),
        "dockerd",
    );
    assert_eq!(
        find(&mut endpoints, &found("/run/nginx.sock", 7, 0x30), "nginx"),
        None
    );
    assert_eq!(states(&endpoints), [(1, EndpointState::Gone)]);
    let again = find(
        &mut endpoints,
        &found("/run/docker.sock", 7, 0x40),
        "dockerd",
    );
    assert_eq!(again, Some(EndpointId(2)));
}

#[test]
fn every_runtime_is_watched_and_a_shim_is_one() {
    let shim = format!("/run/containerd/s/{}", "a".repeat(64));
    let paths = [
        (
            "/run/containerd/containerd.sock",
            "containerd",
            Runtime::Containerd,
        ),
        (
            "/run/k3s/containerd/containerd.sock",
            "k3s",
            Runtime::Containerd,
        ),
        (
            "/run/containerd/containerd.sock.ttrpc",
            "containerd",
            Runtime::Containerd,
        ),
        (
            "/run/k3s/cri-dockerd/cri-dockerd.sock",
            "k3s",
            Runtime::CriDockerd,
        ),
        ("/run/crio/crio.sock", "crio", Runtime::CriO),
        (
            "/run/buildkit/buildkitd.sock",
            "buildkitd",
            Runtime::BuildKit,
        ),
        (&shim, "containerd-shim", Runtime::Shim),
        // containerd 2.3 can be told another folder.
        ("/opt/s/1", "containerd-shim-runc-v2", Runtime::Shim),
    ];
    let mut endpoints = Endpoints::new(Vec::new());
    for (inode, (path, program, runtime)) in (1..).zip(paths) {
        let id = find(&mut endpoints, &found(path, inode, inode), program).unwrap();
        assert_eq!(endpoints.get(id).unwrap().runtime, runtime, "{path}");
        let (_, watch) = endpoints.watch(id).unwrap();
        assert_eq!((watch.action, watch.endpoint), (action::CAPTURE, id.0));
    }
    let other = found("/run/postgres.sock", 99, 3);
    assert_eq!(find(&mut endpoints, &other, "postgres"), None);
}

#[test]
fn what_the_user_declares_is_watched_under_his_label() {
    let declared = Declared {
        runtime: Runtime::Podman,
        path: "/opt/odd/d.sock".to_owned(),
    };
    let mut endpoints = Endpoints::new(vec![declared]);
    assert_eq!(endpoints.declared_names().collect::<Vec<_>>(), ["d.sock"]);
    assert_eq!(endpoints.missing().count(), 1);
    let id = find(&mut endpoints, &found("/opt/odd/d.sock", 7, 1), "whatever").unwrap();
    assert_eq!(endpoints.get(id).unwrap().runtime, Runtime::Podman);
    assert!(endpoints.is_watched(id));
    assert_eq!(endpoints.missing().count(), 0);
    let (_, watch) = endpoints.watch(id).unwrap();
    assert_eq!((watch.action, watch.endpoint), (action::CAPTURE, id.0));
}

#[test]
fn an_endpoint_is_said_once_for_each_change_and_forgotten_long_after_it_is_gone() {
    let mut endpoints = Endpoints::new(Vec::new());
    let mut out = Vec::new();
    let count = u64::try_from(GONE_MAX).unwrap() + 3;
    for inode in 0..count {
        find(
            &mut endpoints,
            &found("/run/docker.sock", inode, inode + 1),
            "dockerd",
        );
    }
    endpoints.say(Stamp::default(), &mut out);
    endpoints.say(Stamp::default(), &mut out);
    assert_eq!(out.len(), usize::try_from(count).unwrap());
    let server = ProcessKey { pid: 9, start: 1 };
    assert!(endpoints.served(EndpointId(1), server, None));
    assert!(!endpoints.served(EndpointId(1), server, None));
    out.clear();
    // Only the last one still listens.
    let last = found("/run/docker.sock", count - 1, count);
    assert_eq!(
        endpoints.retain(std::slice::from_ref(&last)).len(),
        out.len() + GONE_MAX + 2
    );
    endpoints.say(Stamp::default(), &mut out);
    assert_eq!(out.len(), GONE_MAX + 2);
    assert_eq!(endpoints.all().count(), GONE_MAX + 1);
    assert!(
        endpoints.get(EndpointId(1)).is_none(),
        "the oldest is forgotten first"
    );
    assert_eq!(
        find(&mut endpoints, &last, "dockerd"),
        Some(EndpointId(259))
    );
}

/// The socket of a shim, by number.
fn shim(number: u64) -> Found {
    let name = format!("/run/containerd/s/{number:064x}");
    found(&name, 1_000 + number, number + 1)
}

#[test]
fn shims_come_and_go_by_the_thousand_and_daemons_keep_their_place() {
    let mut endpoints = Endpoints::new(Vec::new());
    let mut out = Vec::new();
    let daemon = found("/run/containerd/containerd.sock", 7, 9);
    let id = find(&mut endpoints, &daemon, "containerd");
    for number in 0..10_000 {
        let shim = shim(number);
        assert!(find(&mut endpoints, &shim, "").is_some(), "{number}");
        endpoints.say(Stamp::default(), &mut out);
        assert_eq!(endpoints.retain(std::slice::from_ref(&daemon)).len(), 1);
        endpoints.say(Stamp::default(), &mut out);
        assert!(endpoints.all().count() <= 1 + SHIMS_GONE_MAX);
    }
    // Each was said when it came and when it went.
    assert_eq!(out.len(), 1 + 2 * 10_000);
    assert!(endpoints.is_watched(id.unwrap()));
}

#[test]
fn more_shims_than_there_is_room_for_are_left_alone() {
    let mut endpoints = Endpoints::new(Vec::new());
    let most = u64::try_from(SHIMS_MAX).unwrap();
    for number in 0..most {
        assert!(find(&mut endpoints, &shim(number), "").is_some());
    }
    assert_eq!(find(&mut endpoints, &shim(most), ""), None);
    let daemon = found("/run/crio/crio.sock", 7, 9);
    assert!(find(&mut endpoints, &daemon, "crio").is_some());
    // It is as with every other listener: the next look finds it when there is room.
    endpoints.retain(&[daemon]);
    endpoints.say(Stamp::default(), &mut Vec::new());
    assert!(find(&mut endpoints, &shim(most), "").is_some());
}
