use super::*;

const HASH: &str = "5b1e0f4b3a2c1d0e9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e";

#[test]
fn every_default_path_is_known() {
    let table = [
        ("/run/docker.sock", Runtime::Docker),
        ("/var/run/docker.sock", Runtime::Docker),
        ("/run/user/1000/docker.sock", Runtime::Docker),
        ("/home/go/.docker/desktop/docker.sock", Runtime::Docker),
        ("/home/go/.docker/desktop/docker-cli.sock", Runtime::Docker),
        ("/home/go/.rd/docker.sock", Runtime::Docker),
        ("/home/go/.colima/default/docker.sock", Runtime::Docker),
        ("/run/podman/podman.sock", Runtime::Podman),
        ("/run/user/1000/podman/podman.sock", Runtime::Podman),
        (
            "/run/user/1000/podman/podman-machine-default-api.sock",
            Runtime::Podman,
        ),
        ("/run/containerd/containerd.sock", Runtime::Containerd),
        ("/run/containerd/containerd.sock.ttrpc", Runtime::Containerd),
        (
            "/var/run/docker/containerd/containerd.sock",
            Runtime::Containerd,
        ),
        (
            "/run/user/1000/docker/containerd/containerd.sock",
            Runtime::Containerd,
        ),
        ("/run/k3s/containerd/containerd.sock", Runtime::Containerd),
        ("/run/k0s/containerd.sock", Runtime::Containerd),
        (
            "/var/snap/microk8s/common/run/containerd.sock",
            Runtime::Containerd,
        ),
        (
            "/system/run/containerd/containerd.sock",
            Runtime::Containerd,
        ),
        ("/run/host-containerd/containerd.sock", Runtime::Containerd),
        ("/run/host-containerd.sock", Runtime::Containerd),
        ("/run/k3s/cri-dockerd/cri-dockerd.sock", Runtime::CriDockerd),
        ("/var/run/cri-dockerd.sock", Runtime::CriDockerd),
        ("/var/run/dockershim.sock", Runtime::Dockershim),
        ("/var/run/crio/crio.sock", Runtime::CriO),
        ("/run/buildkit/buildkitd.sock", Runtime::BuildKit),
        ("/run/buildkit-k8s.io/buildkitd.sock", Runtime::BuildKit),
        ("/run/user/1000/buildkit/buildkitd.sock", Runtime::BuildKit),
        ("/tmp/lab/a/docker.sock", Runtime::Docker),
        ("docker.sock", Runtime::Docker),
    ];
    for (path, runtime) in table {
        assert_eq!(of_path(path), Some(runtime), "{path}");
    }
}

#[test]
fn shims_are_known_by_their_hash() {
    for folder in [
        "/run/containerd/s",
        "/run/user/1000/containerd/s",
        "/tmp/containerd-s-1000",
    ] {
        assert_eq!(
            of_path(&format!("{folder}/{HASH}")),
            Some(Runtime::Shim),
            "{folder}"
        );
        assert_eq!(of_path(&format!("{folder}/other.sock")), None);
    }
    let abstract_name = "@/containerd-shim/moby/3f9c/shim.sock";
    assert_eq!(of_path(abstract_name), Some(Runtime::Shim));
    assert_eq!(of_path(&format!("/home/go/s/{HASH}")), None);
}

#[test]
fn other_sockets_are_not_taken_for_runtimes() {
    for path in [
        "",
        "/",
        "/run/systemd/notify",
        "/run/docker.sock.bak",
        "/run/mydocker.sock",
        "/run/docker.sock/",
        "/run/containerd/debug.sock",
        "/var/run/docker/metrics.sock",
        "@docker_cli_0a1b2c",
        "/run/dbus/system_bus_socket",
    ] {
        assert_eq!(of_path(path), None, "{path}");
    }
}

#[test]
fn a_daemon_may_listen_anywhere_but_its_side_sockets_are_none() {
    assert_eq!(
        of_listener("/tmp/d1.sock", "/usr/bin/dockerd"),
        Some(Runtime::Docker)
    );
    assert_eq!(of_listener("/tmp/x", "crio"), Some(Runtime::CriO));
    assert_eq!(of_listener("/tmp/x", "/usr/bin/nginx"), None);
    assert_eq!(
        of_listener("/opt/p/docker.sock", "/usr/sbin/haproxy"),
        Some(Runtime::Docker)
    );
    for side in [
        "/run/docker/libnetwork/0a1b2c.sock",
        "/run/docker/metrics.sock",
        "/var/run/docker/swarm/control.sock",
        "/run/docker/plugins/loki.sock",
    ] {
        assert_eq!(of_listener(side, "/usr/bin/dockerd"), None, "{side}");
    }
    assert_eq!(
        of_listener("/run/containerd/debug.sock", "containerd"),
        None
    );
}

#[test]
fn the_kernel_gets_every_name_and_room_for_it() {
    assert_eq!(basenames().len(), BY_NAME.len());
    for name in basenames() {
        assert!(of_path(&format!("/odd/{name}")).is_some(), "{name}");
        assert!(name.len() <= NAME_MAX);
    }
}

#[test]
fn only_exact_places_are_default_ones() {
    for path in [
        "/var/run/docker.sock",
        "/run/user/1000/podman/podman.sock",
        "/run/crio/crio.sock",
    ] {
        assert_eq!(of_default(path), of_path(path), "{path}");
        assert!(of_default(path).is_some(), "{path}");
    }
    for path in [
        "/tmp/docker.sock",
        "/run/lab/docker.sock",
        "/run/user/x/docker.sock",
        "docker.sock",
    ] {
        assert_eq!(of_default(path), None, "{path}");
        assert!(of_path(path).is_some(), "{path}");
    }
}
