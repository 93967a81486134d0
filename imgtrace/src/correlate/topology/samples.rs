//! Machines for tests: told as stories are, and surveyed.

use super::Survey;
use crate::model::{
    Ancestor, Answer, AnswerValue, CriAddress, CrictlConfig, Endpoint, EndpointId, Listing,
    MountId, Op, Question, Runtime, Server, SocketFile, Subject, Topology,
};
use crate::observation::{ConnectionId, Fact, Observation};
use crate::trace::scene::{
    Scene, containerd_store, docker_store, endpoint, id, image, in_group, key, process,
};

/// What a story comes to.
pub(crate) fn survey(scene: &Scene) -> Topology {
    let mut survey = Survey::new();
    scene.told.iter().for_each(|line| survey.observe(line));
    survey.topology()
}

/// A socket at a path, served by a process that was told of.
pub(crate) fn socket(number: u32, runtime: Runtime, path: &str, server: u32) -> Observation {
    Observation::Endpoint(Endpoint {
        runtime,
        path: path.to_owned(),
        server: Some(Server {
            process: key(server),
            exe: None,
            version: None,
        }),
        file: Some(SocketFile {
            mode: 0o660,
            uid: 0,
            gid: 998,
            owner: Some("root".to_owned()),
            group: Some("docker".to_owned()),
        }),
        ..endpoint(number, Some(server))
    })
}

/// A connection that was there before imgtrace.
pub(crate) fn joined(connection: u64, to: u32, pid: u32) -> Observation {
    Observation::Connected {
        connection: ConnectionId(connection),
        endpoint: EndpointId(to),
        client: Some(key(pid)),
        joined: true,
    }
}

/// crictl's own file says this, or is not there.
pub(crate) fn crictl_says(runtime: Option<&str>) -> Observation {
    let config = CrictlConfig {
        file: "/etc/crictl.yaml".to_owned(),
        found: runtime.is_some(),
        runtime: runtime.map(|address| CriAddress {
            address: address.to_owned(),
            socket: None,
        }),
        ..CrictlConfig::default()
    };
    Observation::Surveyed {
        crictl: vec![config],
    }
}

/// A container of dockerd's (endpoint 1) has the socket with this number.
pub(crate) fn holds(socket: u32, container: &str, pid: u32, read_only: bool) -> Observation {
    Observation::SocketSeen {
        endpoint: EndpointId(socket),
        container: id(container),
        outer: Vec::new(),
        process: key(pid),
        path: "/var/run/docker.sock".to_owned(),
        read_only,
    }
}

/// What a store's books say in all.
pub(crate) fn listing(images: u64, unpacked: u64) -> Listing {
    Listing {
        images,
        containers: Some(images),
        unpacked,
        ..Listing::default()
    }
}

/// `k3s --docker`: k3s serves cri-dockerd itself and asks dockerd.
pub(crate) fn k3s_with_docker() -> Scene {
    let mut scene = Scene::with_docker();
    let mut k3s = process(700, "k3s-server");
    k3s.exe = Some("/usr/local/bin/k3s".to_owned());
    k3s.cgroups = in_group("/system.slice/k3s.service");
    scene.process(k3s);
    let path = "/run/k3s/cri-dockerd/cri-dockerd.sock";
    scene.see(socket(2, Runtime::CriDockerd, path, 700));
    scene.see(joined(1, 1, 700));
    scene.see(joined(2, 2, 700));
    scene.store(1, docker_store(1, "/var/lib/docker"), &[800]);
    scene.listed(1, listing(12, 1_810_000_000));
    scene.inventoried();
    scene.see(crictl_says(Some(&format!("unix://{path}"))));
    scene
}

/// A k3s with its own containerd beside Docker, whose own containerd it is not; a pod holds Docker's
/// socket, and a leftover lies about.
pub(crate) fn k3s_beside_docker() -> Scene {
    let mut scene = Scene::new();
    let unit = |pid, comm: &str, unit: &str| {
        let mut it = process(pid, comm);
        it.cgroups = in_group(&format!("/system.slice/{unit}"));
        it
    };
    let mut dockerd = unit(800, "dockerd", "docker.service");
    let command = "/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock";
    dockerd.args = Some(command.split(' ').map(str::to_owned).collect());
    scene.process(dockerd);
    scene.process(unit(810, "containerd", "containerd.service"));
    scene.process(unit(700, "k3s-server", "k3s.service"));
    let mut own = unit(710, "containerd", "k3s.service");
    own.ancestors = vec![Ancestor {
        key: key(700),
        comm: "k3s-server".to_owned(),
    }];
    scene.process(own);
    scene.see(socket(1, Runtime::Docker, "/run/docker.sock", 800));
    scene.see(socket(
        2,
        Runtime::Containerd,
        "/run/containerd/containerd.sock",
        810,
    ));
    let path = "/run/k3s/containerd/containerd.sock";
    scene.see(socket(3, Runtime::Containerd, path, 710));
    scene.see(joined(1, 2, 800));
    scene.see(joined(2, 3, 700));
    scene.store(1, docker_store(1, "/var/lib/docker"), &[800]);
    scene.store(
        2,
        containerd_store(2, "/var/lib/containerd", "moby"),
        &[810],
    );
    let agent = "/var/lib/rancher/k3s/agent/containerd";
    scene.store(3, containerd_store(3, agent, "k8s.io"), &[710]);
    scene.store(4, docker_store(4, "/srv/old-docker"), &[]);
    scene.listed(1, listing(12, 20_300_000_000));
    scene.listed(
        3,
        Listing {
            packed: 3_100_000_000,
            ..listing(9, 10_400_000_000)
        },
    );
    let broken = vec!["failed to read image/overlay2/repositories.json: not JSON".to_owned()];
    let written = Some(1_700_000_000);
    scene.listed(
        4,
        Listing {
            problems: broken,
            written,
            ..listing(2, 512_000_000)
        },
    );
    scene.inventoried();
    let mut agent = process(950, "java");
    agent.cgroups = in_group(&format!(
        "/kubepods/besteffort/pod5d1f2a90-6f5a-4a53-8c6d-2f1f6b0c7a13/{}",
        id("a9e")
    ));
    scene.process(agent);
    scene.see(holds(1, "a9e", 950, true));
    scene.see(crictl_says(None));
    scene.connect(7, 1, 950);
    scene.learn(
        7,
        Fact::Version {
            version: "28.5.2".to_owned(),
        },
    );
    let pull = scene.begin(7, Op::Pull, image("docker.io/library/nginx:1.27"));
    scene.finish(pull, Subject::default());
    scene.disconnect(7);
    scene
}

/// A container's root file system is gone.
pub(crate) fn unmounted(number: u64) -> Observation {
    Observation::Unmounted {
        mount: MountId(number),
    }
}

/// The answer to a question.
pub(crate) fn answer(topology: &Topology, question: Question) -> &Answer {
    let mut answers = topology.answers.iter();
    answers.find(|answer| answer.question == question).unwrap()
}

/// What is so, by the answer to a question.
pub(crate) fn value(topology: &Topology, question: Question) -> Option<&AnswerValue> {
    answer(topology, question).value.as_ref()
}
