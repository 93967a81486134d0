use super::{MAX_NESTING, Nested, Place};
use crate::model::{Cgroups, Runtime};

const UID: &str = "1a2b3c4d-0000-4111-8222-933344445555";
const UID_: &str = "1a2b3c4d_0000_4111_8222_933344445555";
const STATIC_UID: &str = "0123456789abcdef0123456789abcdef";

/// 64 hex digits.
fn id(digit: char) -> String {
    digit.to_string().repeat(64)
}

/// A path pattern with `A` and `B` for two ids.
fn path(pattern: &str) -> String {
    pattern
        .replace("{A}", &id('a'))
        .replace("{B}", &id('b'))
        .replace("{UID}", UID)
        .replace("{UID_}", UID_)
        .replace("{STATIC}", STATIC_UID)
}

fn place(pattern: &str) -> Place {
    Place::of(&Cgroups {
        v1: None,
        v2: Some(path(pattern)),
    })
    .unwrap()
}

fn nested(id: impl Into<String>, runtime: Option<Runtime>, pod_uid: Option<&str>) -> Nested {
    Nested {
        id: id.into(),
        runtime,
        pod_uid: pod_uid.map(str::to_owned),
    }
}

/// The one container that a path names.
fn check(pattern: &str, runtime: Option<Runtime>, pod_uid: Option<&str>) {
    let found = place(pattern);
    assert_eq!(
        found.containers,
        [nested(id('a'), runtime, pod_uid)],
        "{pattern}"
    );
    assert_eq!(found.unit, None, "{pattern}");
}

fn check_none(pattern: &str) {
    assert_eq!(place(pattern).containers, [], "{pattern}");
}

#[test]
fn docker() {
    let docker = Some(Runtime::Docker);
    check("/docker/{A}", docker, None);
    check("/system.slice/docker-{A}.scope", docker, None);
    check(
        "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{A}.scope",
        docker,
        None,
    );
    check("/ci.slice/docker-{A}.scope", docker, None);
    check("/docker/{A}/init", docker, None);
}

#[test]
fn docker_below_a_parent_of_the_users_choice() {
    check("/builds/{A}", None, None);
    check("/ecs/cluster/task/{A}", None, None);
    check("/system.slice:docker:{A}", Some(Runtime::Docker), None);
}

#[test]
fn cri_dockerd_and_containerd_cri_look_alike_with_cgroupfs() {
    check("/kubepods/pod{UID}/{A}", None, Some(UID));
    check("/kubepods/burstable/pod{UID}/{A}", None, Some(UID));
    check("/kubepods/besteffort/pod{UID}/{A}", None, Some(UID));
    check("/kubepods/pod{STATIC}/{A}", None, Some(STATIC_UID));
}

#[test]
fn cri_dockerd_with_systemd() {
    check(
        "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{UID_}.slice/docker-{A}.scope",
        Some(Runtime::Docker),
        Some(UID),
    );
}

#[test]
fn containerd_cri_with_systemd() {
    let containerd = Some(Runtime::Containerd);
    check(
        "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{UID_}.slice/cri-containerd-{A}.scope",
        containerd,
        Some(UID),
    );
    check(
        "/kubepods.slice/kubepods-pod{STATIC}.slice/cri-containerd-{A}.scope",
        containerd,
        Some(STATIC_UID),
    );
}

#[test]
fn a_path_for_systemd_taken_literally() {
    let containerd = Some(Runtime::Containerd);
    check(
        "/kubepods-burstable-pod{UID_}.slice:cri-containerd:{A}",
        containerd,
        Some(UID),
    );
    check(
        "/system.slice/containerd.service/kubepods-burstable-pod{UID_}.slice:cri-containerd:{A}",
        containerd,
        Some(UID),
    );
}

#[test]
fn cri_o() {
    let crio = Some(Runtime::CriO);
    check("/kubepods/burstable/pod{UID}/crio-{A}", crio, Some(UID));
    check(
        "/kubepods.slice/kubepods-pod{UID_}.slice/crio-{A}.scope",
        crio,
        Some(UID),
    );
    check(
        "/kubepods.slice/kubepods-pod{UID_}.slice/crio-{A}.scope/container",
        crio,
        Some(UID),
    );
}

#[test]
fn conmon_is_outside() {
    check_none("/kubepods/pod{UID}/crio-conmon-{A}");
    check_none("/kubepods.slice/kubepods-pod{UID_}.slice/crio-conmon-{A}.scope");
    check_none("/machine.slice/libpod-conmon-{A}.scope");
}

#[test]
fn podman() {
    let podman = Some(Runtime::Podman);
    check("/libpod_parent/libpod-{A}", podman, None);
    check("/machine.slice/libpod-{A}.scope", podman, None);
    check("/machine.slice/libpod-{A}.scope/container", podman, None);
    check(
        "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{A}.scope",
        podman,
        None,
    );
    check("/system.slice/web.service/libpod-payload-{A}", podman, None);
    check(
        "/machine.slice/machine-libpod_pod_{B}.slice/libpod-{A}.scope",
        podman,
        None,
    );
    check_none("/system.slice/web.service/runtime");
}

#[test]
fn nerdctl() {
    let containerd = Some(Runtime::Containerd);
    check("/default/{A}", containerd, None);
    check("/k8s.io/{A}", containerd, None);
    check("/system.slice/nerdctl-{A}.scope", containerd, None);
    check("/elsewhere/{A}", None, None);
}

#[test]
fn ctr_gives_names() {
    let found = place("/default/redis-1");
    assert_eq!(
        found.containers,
        [nested("redis-1", Some(Runtime::Containerd), None)]
    );
    check_none("/elsewhere/redis-1");
    check_none("/user.slice/default/redis-1");
    check_none("/default/app.slice");
    check_none("/default/app.service");
}

#[test]
fn build_steps() {
    let step = "k3x9v0c1b2n3m4a5s6d7f8g9h";
    for pattern in ["/buildkit/", "/docker/buildkit/", "/system.slice/buildkit-"] {
        let found = place(&format!("{pattern}{step}"));
        let expected = nested(step, Some(Runtime::BuildKit), None);
        assert_eq!(found.containers, [expected], "{pattern}");
    }
    check_none("/buildkit/worker");
}

#[test]
fn nesting_is_outermost_first() {
    let docker = Some(Runtime::Docker);
    let chain = [nested(id('a'), docker, None), nested(id('b'), docker, None)];
    assert_eq!(place("/docker/{A}/docker/{B}").containers, chain);

    let kind = place(
        "/system.slice/docker-{A}.scope/kubelet.slice/kubelet-kubepods.slice/\
         kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod{UID_}.slice/\
         cri-containerd-{B}.scope",
    );
    let inner = nested(id('b'), Some(Runtime::Containerd), Some(UID));
    assert_eq!(kind.containers, [nested(id('a'), docker, None), inner]);
}

#[test]
fn a_pod_belongs_to_the_container_below_it_only() {
    let found = place("/kubepods/pod{UID}/{A}/docker/{B}");
    assert_eq!(
        found.containers,
        [
            nested(id('a'), None, Some(UID)),
            nested(id('b'), Some(Runtime::Docker), None)
        ]
    );
}

#[test]
fn a_namespace_counts_at_the_root_of_a_container_too() {
    let found = place("/docker/{A}/default/redis");
    assert_eq!(found.containers.last().unwrap().id, "redis");
}

#[test]
fn what_is_no_container() {
    for pattern in [
        "/",
        "/init.scope",
        "/docker",
        "/system.slice/docker.service",
        "/kubepods/pod{UID}",
        "/process_api/0123456789abcdef0123456789abcdef",
        "/lxc.payload.web/system.slice",
        "/docker/0123456789ab",
        "/../../docker",
    ] {
        check_none(pattern);
    }
}

#[test]
fn the_deeper_hierarchy_is_right() {
    let hybrid = Place::of(&Cgroups {
        v1: Some(path("/docker/{A}/docker/{B}")),
        v2: Some(path("/docker/{A}")),
    });
    assert_eq!(hybrid.unwrap().containers.len(), 2);
    let delegated = Place::of(&Cgroups {
        v1: Some("/".to_owned()),
        v2: Some(path("/system.slice/docker-{A}.scope")),
    });
    assert_eq!(delegated.unwrap().containers.len(), 1);
}

#[test]
fn without_any_path_nothing_is_said() {
    assert_eq!(Place::of(&Cgroups::default()), None);
}

#[test]
fn units() {
    let unit = |pattern| place(pattern).unit;
    assert_eq!(
        unit("/system.slice/docker.service").unwrap(),
        "docker.service"
    );
    assert_eq!(
        unit("/user.slice/user-1000.slice/session-3.scope").unwrap(),
        "session-3.scope"
    );
    assert_eq!(
        unit("/user.slice/user-1000.slice/user@1000.service/app.slice/code.service").unwrap(),
        "code.service"
    );
    assert_eq!(
        unit("/docker/{A}/system.slice/kubelet.service").unwrap(),
        "kubelet.service"
    );
    assert_eq!(unit("/system.slice"), None);
}

#[test]
fn on_a_hybrid_host_the_unit_is_in_v2() {
    let found = Place::of(&Cgroups {
        v1: Some("/".to_owned()),
        v2: Some("/system.slice/cron.service".to_owned()),
    });
    assert_eq!(found.unwrap().unit.unwrap(), "cron.service");
    let outer = Place::of(&Cgroups {
        v1: Some(path("/docker/{A}/docker/{B}")),
        v2: Some(path("/docker/{A}/system.slice/docker.service")),
    });
    assert_eq!(
        outer.unwrap().unit,
        None,
        "the unit is the outer container's"
    );
}

#[test]
fn nesting_is_bounded_and_keeps_the_innermost() {
    let deep = "/docker/{B}".repeat(MAX_NESTING + 4) + "/docker/{A}";
    let found = place(&deep);
    assert_eq!(found.containers.len(), MAX_NESTING);
    assert_eq!(found.containers.last().unwrap().id, id('a'));
}
