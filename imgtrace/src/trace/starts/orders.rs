//! Whatever comes first: each start is one operation, with its own container's image.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// Who starts the containers of a story.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// A client of dockerd.
    Docker,
    /// podman, on its command line.
    Podman,
    /// dockerd, with no client in sight.
    Dockerd,
}

/// What is told of one container, in the order of each source.
fn sources(number: u32, way: Way, scene: &mut Scene) -> Vec<Vec<Step>> {
    let digits = format!("c{number}");
    let runtime = match way {
        Way::Podman => Runtime::Podman,
        Way::Docker | Way::Dockerd => Runtime::Docker,
    };
    let own = known(rootfs(u64::from(number), runtime, &digits), |it| {
        it.image = Some(format!("docker.io/library/app:{number}"));
    });
    let pid = 5_000 + number * 10;
    let mounter = match way {
        Way::Podman => {
            scene.process(commanded(pid, &["podman", "run"], &[]));
            pid
        }
        Way::Docker | Way::Dockerd => 800,
    };
    let mut all = vec![
        vec![Step::Mount(Box::new(own), mounter)],
        vec![
            Step::Call(OciVerb::Create, id(&digits)),
            Step::Call(OciVerb::Start, id(&digits)),
            Step::Runs(id(&digits)),
        ],
    ];
    if matches!(way, Way::Docker) {
        let cli = client(scene, pid, "docker", DOCKER);
        all.push(vec![Step::Begin(cli, id(&digits)), Step::End(id(&digits))]);
    }
    all
}

#[derive(Clone, Debug)]
enum Step {
    Mount(Box<Rootfs>, u32),
    Call(OciVerb, String),
    Runs(String),
    Begin(u64, String),
    End(String),
}

/// Tells a story that goes on for some seconds; `next` chooses, of that many sources, the one that is
/// told from.
fn tell(ways: &[Way], rest: u64, mut next: impl FnMut(usize) -> usize) -> Scene {
    let mut scene = host();
    let numbers = (1..).zip(ways);
    let mut waiting: Vec<Vec<Step>> = numbers
        .flat_map(|(number, way)| sources(number, *way, &mut scene))
        .collect();
    let mut asked = std::collections::BTreeMap::new();
    while !waiting.is_empty() {
        let next = next(waiting.len());
        let step = waiting[next].remove(0);
        if waiting[next].is_empty() {
            waiting.remove(next);
        }
        match step {
            Step::Mount(rootfs, mounter) => mount(&mut scene, *rootfs, mounter),
            Step::Call(verb, of) => call(&mut scene, 901, verb, &of),
            Step::Runs(of) => runs(&mut scene, 903, &of),
            Step::Begin(connection, of) => {
                let request = scene.begin(connection, Op::Start, container(&of));
                asked.insert(of, request);
            }
            Step::End(of) => scene.finish(asked[&of], Subject::default()),
        }
    }
    seconds(&mut scene, rest);
    end(&mut scene);
    scene
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_order_gives_each_start_once(
        ways in prop::collection::vec(
            prop::sample::select(vec![Way::Docker, Way::Podman, Way::Dockerd]),
            1..6,
        ),
        rest in 0..3_u64,
        order in prop::collection::vec(any::<Index>(), 40),
    ) {
        let mut order = order.iter().cycle();
        let scene = tell(&ways, rest, |size| order.next().unwrap().index(size));
        let all = starts(&scene);
        prop_assert_eq!(all.len(), ways.len());
        for (number, way) in (1..).zip(ways) {
            let of = id(&format!("c{number}"));
            let own: Vec<_> = all
                .iter()
                .filter(|it| it.subject.container.as_ref() == Some(&of))
                .collect();
            let [start] = own.as_slice() else {
                panic!("{number}: {own:#?}");
            };
            let image = format!("docker.io/library/app:{number}");
            prop_assert_eq!(start.subject.image.as_ref(), Some(&image));
            let rootfs = start.rootfs.as_ref().map(|rootfs| rootfs.mount.0);
            prop_assert_eq!(rootfs, Some(number));
            let who = match way {
                Way::Docker => "docker",
                Way::Podman => "podman",
                Way::Dockerd => "dockerd",
            };
            prop_assert_eq!(comm(start), Some(who));
        }
    }
}

#[test]
fn a_hundred_at_once() {
    let ways: Vec<_> = [Way::Docker, Way::Podman, Way::Dockerd]
        .into_iter()
        .cycle()
        .take(100)
        .collect();
    let mut turn = 0;
    let all = starts(&tell(&ways, 3, |size| {
        turn += 7;
        turn % size.min(30)
    }));
    assert_eq!(all.len(), 100);
}
