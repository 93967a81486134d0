use super::*;
use crate::model::{Cgroups, ProcessKey, Source};

const ID: &str = "3f9c2a71d0b4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e";

fn process(exe: &str, args: &str) -> Process {
    let args = args.replace("{ID}", ID);
    Process {
        key: ProcessKey { pid: 7, start: 1 },
        comm: String::new(),
        exe: Some(exe.to_owned()),
        args: Some(args.split(' ').map(str::to_owned).collect()),
        args_cut: false,
        uid: 0,
        gid: 0,
        user: None,
        ancestors: Vec::new(),
        cgroups: Cgroups::default(),
        mount_ns: 1,
        pid_ns: 1,
        source: Source::Kernel,
    }
}

fn call(exe: &str, args: &str) -> Option<Call> {
    Call::of(&process(exe, args))
}

/// Verb, id, namespace and bundle.
#[track_caller]
fn check(exe: &str, args: &str, verb: OciVerb, rest: [Option<&str>; 3]) {
    let call = call(exe, args).unwrap();
    assert_eq!(call.verb, verb);
    let [container, namespace, bundle] = rest;
    assert_eq!(
        Some(call.container.as_str()),
        container.map(|id| if id.is_empty() { ID } else { id })
    );
    assert_eq!(call.namespace.as_deref(), namespace);
    assert_eq!(call.bundle.as_deref(), bundle);
}

#[test]
fn dockers_shim_creates_and_starts() {
    check(
        "/usr/sbin/runc",
        "runc --root /var/run/docker/runtime-runc/moby --log /run/containerd/io.containerd.runtime.v2.task/moby/{ID}/log.json --log-format json create --bundle /run/containerd/io.containerd.runtime.v2.task/moby/x --pid-file /run/x/init.pid --console-socket /tmp/pty/pty.sock {ID}",
        OciVerb::Create,
        [
            Some(""),
            Some("moby"),
            Some("/run/containerd/io.containerd.runtime.v2.task/moby/x"),
        ],
    );
    check(
        "/usr/sbin/runc",
        "runc --root /var/run/docker/runtime-runc/moby --log x --log-format json start {ID}",
        OciVerb::Start,
        [Some(""), Some("moby"), None],
    );
    check(
        "/usr/sbin/runc",
        "runc --root /run/containerd/runc/k8s.io --systemd-cgroup delete --force {ID}",
        OciVerb::Delete,
        [Some(""), Some("k8s.io"), None],
    );
}

#[test]
fn other_runtimes_are_called_alike() {
    check(
        "/usr/bin/crun",
        "/usr/bin/crun --systemd-cgroup --root=/run/crun create --bundle /b -f /b/config.json --pid-file /p {ID}",
        OciVerb::Create,
        [Some(""), None, Some("/b")],
    );
    check(
        "/usr/bin/crun",
        "crun delete -f web",
        OciVerb::Delete,
        [Some("web"), None, None],
    );
    check(
        "/usr/local/bin/runsc",
        "runsc -root=/run/containerd/runsc/default -platform kvm run -detach -bundle /b c1",
        OciVerb::Run,
        [Some("c1"), Some("default"), Some("/b")],
    );
    check(
        "/usr/bin/buildkit-runc",
        "buildkit-runc --log /e/runc-log.json --log-format json run --bundle /e/x --keep x1",
        OciVerb::Run,
        [Some("x1"), None, Some("/e/x")],
    );
    check(
        "/usr/bin/nvidia-container-runtime",
        "nvidia-container-runtime --root /run/containerd/runc/moby restore --image-path /i --detach {ID}",
        OciVerb::Restore,
        [Some(""), Some("moby"), None],
    );
}

#[test]
fn a_wrapper_of_any_name_is_known_by_its_state_folder() {
    check(
        "/opt/lab/wrap",
        "/bin/sh /opt/lab/wrap --root /run/containerd/runc/k8s.io create -b /b {ID}",
        OciVerb::Create,
        [Some(""), Some("k8s.io"), Some("/b")],
    );
    assert_eq!(
        call(
            "/opt/lab/wrap",
            "/bin/sh /opt/lab/wrap --root /srv create {ID}"
        ),
        None
    );
}

#[test]
fn what_begins_and_ends_no_container_is_no_call() {
    for (exe, args) in [
        ("/proc/self/exe", "runc init"),
        ("/usr/sbin/runc", "runc --root /run/runc exec {ID} create"),
        ("/usr/sbin/runc", "runc --version"),
        ("/usr/sbin/runc", "runc --root /run/runc state {ID}"),
        ("/usr/sbin/runc", "runc start"),
        ("/usr/bin/crun", "crun delete --regex ^web"),
        ("/usr/bin/docker", "docker run busybox"),
        (
            "/usr/bin/containerd-shim-runc-v2",
            "containerd-shim-runc-v2 -namespace moby -id x start",
        ),
        (
            "/usr/bin/conmon",
            "conmon -b /b -r /usr/bin/runc --runtime-arg --root=/run/runc create x",
        ),
    ] {
        assert_eq!(call(exe, args), None, "{args}");
    }
}

#[test]
fn a_command_line_that_was_cut_names_nobody() {
    let mut process = process("/usr/sbin/runc", "runc --root /run/runc start 3f9c");
    process.args_cut = true;
    assert_eq!(Call::of(&process), None);
}
