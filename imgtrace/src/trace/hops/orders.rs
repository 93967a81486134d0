//! In whatever order requests begin and end: the same operations, with the same hops, in time.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::model::{Pod, Stamp};
use crate::observation::RequestId;
use crate::trace::scene::{Asked, container, id, image};

/// Longest wait that a daemon's request is documented to have, in ms, and the time to the next tick.
const BOUND: u32 = 500 + 1_000;

/// What a client asks for in these stories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// docker start, down to the shim.
    DockerStart,
    /// crictl start on cri-dockerd, down to the shim.
    CriStart,
    /// crictl pull on cri-dockerd, down to containerd.
    CriPull,
    /// docker pull on the containerd store.
    DockerPull,
    /// kubelet runs a sandbox on containerd, which tells its id at last.
    RunSandbox,
    /// A restart policy.
    Restart,
    /// Swarm has dockerd pull.
    OwnPull,
}

use Wish::{CriPull, CriStart, DockerPull, DockerStart, OwnPull, Restart, RunSandbox};

/// One request of a wish.
#[derive(Clone, Debug)]
struct Line {
    wish: usize,
    api: Api,
    connection: u64,
    op: Op,
    subject: Subject,
    answer: Subject,
}

/// The requests of a wish, the outermost first.
fn lines(wish: Wish, number: usize) -> Vec<Line> {
    let name = id(&format!("{:02x}", 16 + number));
    let about = || container(&name);
    let fetched = || image(&format!("docker.io/library/app:{number}"));
    let line = |api, connection, op, subject| Line {
        wish: number,
        api,
        connection,
        op,
        subject,
        answer: Subject::default(),
    };
    let docker = |op, subject| line(Api::Docker, CRI_DOCKERD_TO_DOCKERD, op, subject);
    let containerd = |op, subject| line(Api::Containerd, DOCKERD_TO_CONTAINERD, op, subject);
    let started = || {
        [
            containerd(Op::Create, about()),
            containerd(Op::Start, about()),
            line(Api::Shim, CONTAINERD_TO_SHIM, Op::Start, about()),
        ]
    };
    let outer = match wish {
        DockerStart => vec![line(Api::Docker, 10, Op::Start, about())],
        CriStart => vec![
            line(Api::Cri, 40, Op::Start, about()),
            docker(Op::Start, about()),
        ],
        CriPull => vec![
            line(Api::Cri, 40, Op::Pull, fetched()),
            docker(Op::Pull, fetched()),
        ],
        DockerPull => vec![line(Api::Docker, 10, Op::Pull, fetched())],
        RunSandbox => {
            let pod = Pod {
                name: Some(format!("pod-{number}")),
                ..Pod::default()
            };
            let subject = Subject {
                pod: Some(pod),
                ..Subject::default()
            };
            let answer = Subject {
                sandbox: Some(name.clone()),
                ..Subject::default()
            };
            let run = line(Api::Cri, 30, Op::RunSandbox, subject);
            vec![Line { answer, ..run }]
        }
        Restart | OwnPull => vec![],
    };
    let inner: Vec<_> = match wish {
        DockerStart | CriStart | Restart => started().into(),
        CriPull | DockerPull | OwnPull => vec![containerd(Op::Pull, fetched())],
        RunSandbox => vec![line(Api::Shim, CONTAINERD_TO_SHIM, Op::Start, about())],
    };
    outer.into_iter().chain(inner).collect()
}

/// The operation that a wish is: its op, and those of its hops.
fn expected(wish: Wish) -> (Op, Vec<(Api, Op)>) {
    let shim = (Api::Shim, Op::Start);
    let started = vec![
        (Api::Containerd, Op::Create),
        (Api::Containerd, Op::Start),
        shim,
    ];
    let through_docker = |op, inner: Vec<_>| [vec![(Api::Docker, op)], inner].concat();
    let fetched = vec![(Api::Containerd, Op::Pull)];
    match wish {
        DockerStart => (Op::Start, started),
        CriStart => (Op::Start, through_docker(Op::Start, started)),
        CriPull => (Op::Pull, through_docker(Op::Pull, fetched)),
        DockerPull => (Op::Pull, fetched),
        RunSandbox => (Op::RunSandbox, vec![shim]),
        Restart => (Op::Start, vec![shim]),
        OwnPull => (Op::Pull, vec![]),
    }
}

#[derive(Clone, Debug)]
struct Story {
    wishes: Vec<Wish>,
    begins: Vec<Line>,
    ends: Vec<usize>,
    waits: Vec<u64>,
}

/// Several wishes; all requests begin in some order, then end in some order.
fn some_story() -> impl Strategy<Value = Story> {
    let wish = prop::sample::select(vec![
        DockerStart,
        CriStart,
        CriPull,
        DockerPull,
        RunSandbox,
        Restart,
        OwnPull,
    ]);
    prop::collection::vec(wish, 1..6).prop_flat_map(|wishes| {
        let all: Vec<_> = wishes
            .iter()
            .enumerate()
            .flat_map(|(number, wish)| lines(*wish, number))
            .collect();
        let count = all.len();
        let order: Vec<_> = (0..count).collect();
        (
            Just(wishes),
            Just(all).prop_shuffle(),
            Just(order).prop_shuffle(),
            prop::collection::vec(0..150_u64, count * 2),
        )
            .prop_map(|(wishes, begins, ends, waits)| Story {
                wishes,
                begins,
                ends,
                waits,
            })
    })
}

fn clients() -> Scene {
    let mut scene = host();
    client(&mut scene, 10, "docker", DOCKER);
    client(&mut scene, 30, "kubelet", CONTAINERD);
    client(&mut scene, 40, "crictl", CRI_DOCKERD);
    scene.reports.clear();
    scene
}

/// Tells a story. Whatever is understood late began when its wish did: it is the order in which
/// requests are understood that is shuffled, not the one in which they were made.
fn tell(story: &Story) -> (Scene, BTreeMap<u64, Stamp>) {
    let mut scene = clients();
    let mut waits = story.waits.iter();
    let from = scene.now();
    let place = |line: &Line| {
        let of_wish = lines(story.wishes[line.wish], line.wish);
        let same = |it: &Line| (it.api, it.op) == (line.api, line.op);
        of_wish.iter().position(same).unwrap() as u64
    };
    scene.wait(20);
    let mut requests: Vec<RequestId> = Vec::new();
    for line in &story.begins {
        scene.wait(*waits.next().unwrap());
        let began = Stamp {
            mono: from.mono + place(line) * 1_000_000,
            ..from
        };
        requests.push(scene.begin_as(Asked {
            api: line.api,
            connection: line.connection,
            op: line.op,
            subject: line.subject.clone(),
            began: Some(began),
            ..Asked::default()
        }));
    }
    let mut ended = BTreeMap::new();
    for place in &story.ends {
        scene.wait(*waits.next().unwrap());
        scene.finish(requests[*place], story.begins[*place].answer.clone());
        ended.insert(requests[*place].0, scene.now());
    }
    (scene, ended)
}

/// What the operations are, in some order.
fn outcome(scene: &Scene) -> Vec<String> {
    let ended = scene.ended();
    let told = ended.iter().map(|it| {
        let hops: Vec<_> = it.hops.iter().map(|hop| (hop.api, hop.op)).collect();
        format!("{:?} {:?}", it.op, sorted(hops))
    });
    let mut told: Vec<_> = told.collect();
    told.sort();
    told
}

fn sorted(mut hops: Vec<(Api, Op)>) -> Vec<(Api, Op)> {
    hops.sort_by_key(|(api, op)| (api.as_str(), *op));
    hops
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_order_gives_the_same_operations(story in some_story()) {
        let (mut scene, _) = tell(&story);
        scene.wait(11_000);
        scene.see(Observation::Tick);
        let mut wanted: Vec<_> = story
            .wishes
            .iter()
            .map(|wish| expected(*wish))
            .map(|(op, hops)| format!("{op:?} {:?}", sorted(hops)))
            .collect();
        wanted.sort();
        prop_assert_eq!(outcome(&scene), wanted);
        let before = scene.reports.len();
        end(&mut scene);
        prop_assert_eq!(scene.reports.len(), before + 1, "nothing but the summary is left");
    }

    #[test]
    fn what_began_ends_or_is_merged(story in some_story()) {
        let (mut scene, _) = tell(&story);
        end(&mut scene);
        let mut open = BTreeSet::new();
        for report in &scene.reports {
            match report {
                Report::Began(operation) => {
                    open.insert(operation.id);
                }
                Report::Ended(operation) => {
                    prop_assert!(open.remove(&operation.id));
                }
                Report::Merged { id, .. } => {
                    prop_assert!(open.remove(id));
                }
                _ => {}
            }
        }
        prop_assert!(open.is_empty());
    }

    #[test]
    fn nothing_waits_longer_than_the_bound(story in some_story()) {
        let (scene, ended) = tell(&story);
        let mut again = crate::trace::Trace::new();
        let mut last = Stamp::default();
        let mut said = 0;
        for observed in &scene.told {
            last = observed.at;
            let mut out = Vec::new();
            again.observe(observed, &mut out);
            for report in out {
                if let Report::Ended(operation) = report {
                    let waited = last.millis_since(operation.ended_at.unwrap());
                    let daemons = operation.caller.is_some_and(|it| it.key.pid >= 500);
                    let bound = if daemons { f64::from(BOUND) } else { 0.0 };
                    prop_assert!(waited <= bound, "{waited} ms");
                    said += 1;
                }
            }
        }
        prop_assert!(said <= ended.len());
        let mut out = Vec::new();
        let at = Stamp {
            mono: last.mono + u64::from(BOUND) * 1_000_000,
            ..last
        };
        again.observe(&crate::observation::Observed { at, what: Observation::Tick }, &mut out);
        let more = out.iter().filter(|it| matches!(it, Report::Ended(_))).count();
        prop_assert_eq!(said + more, story.wishes.len());
    }
}
