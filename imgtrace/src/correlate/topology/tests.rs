//! Machines as they are met, and what is said of them.

use super::samples::*;
use super::*;
use crate::model::StoreState::{Empty, Gone, Leftover, Living, Resting, Unknown};
use crate::model::{AnswerValue, Op, Question, Role, Rootfs, RootfsIdentity, Runtime};
use crate::model::{Confidence, MountId, StoreKind, Subject};
use crate::trace::scene::{
    Scene, containerd_store, docker_store, id, image, in_group, key, process,
};

fn at(topology: &Topology, number: u32) -> &Socket {
    let mut sockets = topology.sockets.iter();
    sockets
        .find(|it| it.endpoint.id == EndpointId(number))
        .unwrap()
}

#[test]
fn k3s_with_docker_is_one_store_behind_two_sockets() {
    let topology = survey(&k3s_with_docker());
    let k3s = answer(&topology, Question::K3sDocker);
    assert_eq!(k3s.value, Some(AnswerValue::Flag(true)));
    assert!(
        k3s.text
            .starts_with("yes: k3s-server (pid 700) serves cri-dockerd"),
        "{}",
        k3s.text
    );
    let leads = &at(&topology, 2).leads;
    assert_eq!(
        (leads.through.as_slice(), leads.stores.as_slice()),
        (&[EndpointId(1)][..], &[StoreId(1)][..])
    );
    assert_eq!(leads.confidence, Confidence::Observed);
    let shared = vec![(StoreId(1), vec![EndpointId(1), EndpointId(2)])];
    assert_eq!(
        value(&topology, Question::Deleting),
        Some(&AnswerValue::Shared(shared))
    );
    assert_eq!(
        value(&topology, Question::Crictl),
        Some(&AnswerValue::Endpoint(EndpointId(2)))
    );
    let crictl = answer(&topology, Question::Crictl);
    assert!(
        crictl
            .text
            .contains("s1 docker:/var/lib/docker by way of e1 /run/docker.sock"),
        "{}",
        crictl.text
    );
    assert_eq!(
        value(&topology, Question::Containerds),
        Some(&AnswerValue::Count(0))
    );
}

#[test]
fn the_flag_itself_is_believed() {
    let mut scene = Scene::with_docker();
    let mut k3s = process(700, "k3s");
    k3s.args = Some(["k3s", "server", "--docker"].map(str::to_owned).into());
    scene.process(k3s);
    scene.connect(1, 1, 700);
    let topology = survey(&scene);
    assert_eq!(
        value(&topology, Question::K3sDocker),
        Some(&AnswerValue::Flag(true))
    );
}

#[test]
fn a_k3s_of_which_no_socket_was_seen_is_not_judged() {
    let mut scene = Scene::with_docker();
    scene.process(process(700, "k3s-agent"));
    scene.connect(1, 1, 700);
    let topology = survey(&scene);
    let k3s = answer(&topology, Question::K3sDocker);
    assert_eq!(k3s.value, None);
    assert!(
        k3s.text
            .starts_with("not known, because k3s-agent (pid 700) runs"),
        "{}",
        k3s.text
    );
}

#[test]
fn a_cri_dockerd_in_the_place_of_k3s_is_no_k3s() {
    let mut scene = Scene::with_docker();
    scene.process(process(700, "cri-dockerd"));
    let path = "/run/k3s/cri-dockerd/cri-dockerd.sock";
    scene.see(socket(2, Runtime::CriDockerd, path, 700));
    let topology = survey(&scene);
    let k3s = answer(&topology, Question::K3sDocker);
    assert_eq!(k3s.value, Some(AnswerValue::Flag(false)));
    assert!(k3s.text.contains("but it is the same"), "{}", k3s.text);
}

#[test]
fn two_containerds_and_two_stores_are_told_apart() {
    let topology = survey(&k3s_beside_docker());
    assert_eq!(
        value(&topology, Question::K3sDocker),
        Some(&AnswerValue::Flag(false))
    );
    assert_eq!(
        value(&topology, Question::Containerds),
        Some(&AnswerValue::Count(2))
    );
    let containerds = answer(&topology, Question::Containerds);
    assert_eq!(
        containerds.text,
        "2: containerd (pid 810) for dockerd (pid 800); containerd (pid 710) for k3s-server (pid 700)"
    );
    assert!(containerds.evidence[1].contains("started by k3s-server (pid 700)"));
    assert_eq!(
        value(&topology, Question::Deleting),
        Some(&AnswerValue::Shared(Vec::new()))
    );
    let stores = [1, 2, 3, 4].map(StoreId).to_vec();
    assert_eq!(
        value(&topology, Question::Stores),
        Some(&AnswerValue::Stores(stores))
    );
    let states: Vec<_> = topology.stores.iter().map(|known| known.state).collect();
    assert_eq!(states, [Living, Living, Living, Leftover]);
    assert_eq!(
        topology.stores[3].listing.as_ref().unwrap().problems.len(),
        1
    );
}

#[test]
fn dockers_images_in_containerd_are_one_copy() {
    let mut scene = Scene::with_docker();
    scene.daemon(2, Runtime::Containerd, 810, "containerd");
    let moby = containerd_store(2, "/var/lib/containerd", "moby");
    scene.store(1, moby, &[800, 810]);
    scene.store(
        2,
        containerd_store(2, "/var/lib/containerd", "k8s.io"),
        &[810],
    );
    scene.inventoried();
    let topology = survey(&scene);
    let deleting = answer(&topology, Question::Deleting);
    let shared = vec![(StoreId(1), vec![EndpointId(1), EndpointId(2)])];
    assert_eq!(deleting.value, Some(AnswerValue::Shared(shared)));
    assert!(deleting.text.contains("(ctr -n moby)"), "{}", deleting.text);
    let says = |words: &str| deleting.evidence.iter().any(|it| it.contains(words));
    assert!(
        says("s1 and s2 are namespaces of one containerd"),
        "{deleting:?}"
    );
    assert!(
        says("crictl and ctr -n k8s.io at e2 list one store, s2"),
        "{deleting:?}"
    );
}

#[test]
fn clients_are_counted_by_program_and_place() {
    let mut scene = Scene::with_docker();
    for (connection, pid) in [(1, 901), (2, 902), (3, 903)] {
        scene.process(process(pid, "docker"));
        scene.connect(connection, 1, pid);
    }
    let mut inside = process(904, "docker");
    inside.cgroups = in_group(&format!("/docker/{}", id("c1")));
    scene.process(inside);
    scene.connect(4, 1, 904);
    let pull = scene.begin(1, Op::Pull, image("docker.io/library/nginx:1"));
    scene.finish(pull, Subject::default());
    scene.disconnect(1);
    let topology = survey(&scene);
    let clients = &at(&topology, 1).clients;
    let counts: Vec<_> = clients
        .iter()
        .map(|it| (it.open, it.seen, it.pids.clone()))
        .collect();
    assert_eq!(counts, [(2, 3, vec![902, 903]), (1, 1, vec![904])]);
    assert_eq!(clients[0].asked.get(&Op::Pull), Some(&1));
    assert!(clients[1].process.as_ref().unwrap().container.is_some());
}

#[test]
fn a_connection_of_nobody_is_that_of_who_reads() {
    let mut scene = Scene::with_docker();
    scene.see(Observation::Connected {
        connection: crate::observation::ConnectionId(1),
        endpoint: EndpointId(1),
        client: None,
        joined: true,
    });
    let clients = |scene: &Scene| at(&survey(scene), 1).clients.clone();
    assert_eq!(clients(&scene)[0].process, None);
    scene.process(process(901, "docker"));
    scene.speak(1, 901);
    let now = clients(&scene);
    assert_eq!(now.len(), 1);
    assert_eq!(now[0].process.as_ref().unwrap().key, key(901));
}

#[test]
fn who_holds_a_socket_holds_it_until_it_ends() {
    let mut scene = Scene::with_docker();
    let mut agent = process(950, "agent");
    agent.cgroups = in_group(&format!("/docker/{}", id("a9e")));
    scene.process(agent);
    let rootfs = Rootfs {
        mount: MountId(5),
        path: "/merged".to_owned(),
        host_path: None,
        mount_ns: 1,
        store: None,
        identity: RootfsIdentity {
            container: Some(id("a9e")),
            container_name: Some("agent".to_owned()),
            ..RootfsIdentity::new(Runtime::Docker, Role::Container, "overlay")
        },
    };
    scene.see(Observation::Mounted {
        rootfs,
        mounter: None,
        already: true,
    });
    scene.see(holds(1, "a9e", 950, false));
    scene.see(holds(1, "a9e", 950, false));
    let holders = |scene: &Scene| at(&survey(scene), 1).holders.clone();
    let held = holders(&scene);
    assert_eq!(
        held.len(),
        1,
        "told again after a rotation, it is still one"
    );
    assert_eq!(held[0].container.name.as_deref(), Some("agent"));
    assert!(!held[0].ended);
    scene.see(unmounted(5));
    assert!(holders(&scene)[0].ended);
}

#[test]
fn what_was_not_read_is_not_known() {
    let scene = Scene::with_docker();
    let topology = survey(&scene);
    for question in [Question::Crictl, Question::Stores, Question::Deleting] {
        let answer = answer(&topology, question);
        assert_eq!(answer.value, None);
        assert!(
            answer.text.starts_with("not known, because"),
            "{}",
            answer.text
        );
    }
    assert!(topology.missing[0].starts_with("not all stores were read"));
}

#[test]
fn a_machine_with_nothing_on_it_is_answered() {
    let mut scene = Scene::new();
    scene.inventoried();
    scene.see(crictl_says(None));
    let topology = survey(&scene);
    assert_eq!(topology.missing, Vec::<String>::new());
    assert_eq!(
        value(&topology, Question::Stores),
        Some(&AnswerValue::Stores(Vec::new()))
    );
    assert_eq!(
        value(&topology, Question::Deleting),
        Some(&AnswerValue::Shared(Vec::new()))
    );
    assert_eq!(answer(&topology, Question::Containerds).text, "none");
}

#[test]
fn a_socket_that_is_gone_leads_nowhere_and_stands_last() {
    let mut scene = Scene::with_docker();
    scene.daemon(2, Runtime::Podman, 820, "podman");
    scene.store(1, docker_store(1, "/var/lib/docker"), &[800]);
    let Observation::Endpoint(mut gone) = socket(1, Runtime::Docker, "/run/docker.sock", 800)
    else {
        panic!("it is one")
    };
    gone.state = EndpointState::Gone;
    scene.see(Observation::Endpoint(gone));
    let topology = survey(&scene);
    let order: Vec<_> = topology.sockets.iter().map(|it| it.endpoint.id.0).collect();
    assert_eq!(order, [2, 1]);
    let served: Vec<_> = topology.servers.iter().map(|it| it.key.pid).collect();
    assert_eq!(served, [820]);
}

#[test]
fn what_no_daemon_uses_is_not_always_left_over() {
    let mut scene = Scene::with_docker();
    scene.store(1, docker_store(1, "/var/lib/docker"), &[800]);
    let old = |number: u32| docker_store(number, &format!("/srv/{number}"));
    let podmans = crate::model::Store {
        kind: StoreKind::ContainersStorage,
        ..old(5)
    };
    for number in 2..=4 {
        scene.store(number, old(number), &[]);
    }
    scene.store(5, podmans, &[]);
    scene.listed(2, listing(1, 1_000));
    scene.listed(3, Listing::default());
    scene.listed(4, Listing::of_gone("/srv/4"));
    scene.listed(5, listing(1, 1_000));
    let states = |scene: &Scene| -> Vec<StoreState> {
        let stores = survey(scene).stores;
        stores.iter().map(|known| known.state).collect()
    };
    assert_eq!(states(&scene), [Living, Unknown, Empty, Gone, Resting]);
    scene.inventoried();
    assert_eq!(states(&scene), [Living, Leftover, Empty, Gone, Resting]);
    // A Docker of which it is not known where it keeps its images: it may be there.
    scene.daemon(9, Runtime::Docker, 990, "dockerd");
    assert_eq!(states(&scene)[1], Unknown);
}
