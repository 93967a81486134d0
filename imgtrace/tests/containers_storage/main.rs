//! Real stores of Podman and Buildah: what their books say of what these programs have just done,
//! and who is seen to write them. Without root, or without the programs, a test says so and stops.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests fail as tests do, and say why they stop"
)]

mod machine;

use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use imgtrace::model::{Role, Runtime, StoredImage};
use imgtrace::store::View;
use imgtrace::store::containers_storage::ContainersStorage;
use imgtrace::store::containers_storage::index::{Change, Event, Guide, Indexes};

use machine::{Machine, overlays};

/// How long a change may take to be told.
const WAIT: Duration = Duration::from_secs(30);

/// The indexes, watched on a thread of their own.
struct Watch {
    guide: Guide,
    events: Receiver<Event>,
}

impl Watch {
    fn new() -> Self {
        let mut indexes = Indexes::open().unwrap();
        let guide = indexes.guide();
        let (send, events) = channel();
        std::thread::spawn(move || {
            let mut some = Vec::new();
            while indexes.next(WAIT, &mut some) {
                for event in some.drain(..) {
                    let _ = send.send(event);
                }
            }
        });
        Self { guide, events }
    }

    /// The next change of a machine's store; none if there is none for so long.
    fn next(&self, machine: &Machine, wait: Duration) -> Option<Event> {
        let until = Instant::now() + wait;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let event = self.events.recv_timeout(left).ok()?;
            if event.store.root == machine.root() {
                return Some(event);
            }
        }
    }

    /// The next image that is told, which must have that name (or none, for `""`), and its writer.
    fn appeared(&self, machine: &Machine, name: &str) -> (StoredImage, Option<u32>) {
        let event = self.next(machine, WAIT).expect("an image is told");
        let (Change::Appeared(image) | Change::Named(image)) = event.change else {
            panic!("{event:?}");
        };
        let names: Vec<_> = image.names.iter().map(String::as_str).collect();
        assert_eq!(names.join(" "), name);
        (image, event.writer)
    }

    /// Runs a command that the watch is told of as by the observer, and returns its pid.
    fn run(&self, machine: &Machine, args: &[&str]) -> u32 {
        machine.run(args, |process| self.guide.program(process))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.guide.stop();
    }
}

#[test]
fn what_podman_brings_is_told_once_each() {
    let Some(machine) = Machine::new("podman") else {
        return;
    };
    let watch = Watch::new();
    let archive = machine.archive();
    // The store is made by this very command.
    let pid = watch.run(&machine, &["import", &archive, "localhost/a:1"]);
    let (image, writer) = watch.appeared(&machine, "localhost/a:1");
    assert_eq!(writer, Some(pid));
    assert_eq!(
        (image.variants[0].layers.len(), image.came_packed),
        (1, Some(false))
    );
    assert!(image.variants[0].layers[0].unpacked.unwrap() > 1_000_000);

    let file = machine.containerfile(
        "FROM localhost/a:1\nRUN [\"/busybox\",\"touch\",\"/b\"]\nENV c=d\nCOPY Containerfile /e\n",
    );
    let build = ["build", "--isolation", "chroot", "-t", "b:1", &file];
    let pid = watch.run(&machine, &build);
    let (image, writer) = watch.appeared(&machine, "localhost/b:1");
    assert_eq!(writer, Some(pid), "and none of the steps");
    assert_eq!(image.variants[0].layers.len(), 3);

    let pid = watch.run(&machine, &["tag", "b:1", "q.io/c:1"]);
    assert_eq!(watch.appeared(&machine, "q.io/c:1").1, Some(pid));

    let out = machine.file("saved.tar");
    watch.run(&machine, &["save", "-o", &out, "localhost/b:1"]);
    watch.run(&machine, &["rmi", "-af"]);
    for _ in 0..2 {
        let gone = watch.next(&machine, WAIT).unwrap();
        assert!(matches!(gone.change, Change::Vanished(_)), "{gone:?}");
    }
    let pid = watch.run(&machine, &["load", "-i", &out]);
    assert_eq!(watch.appeared(&machine, "localhost/b:1").1, Some(pid));
}

#[test]
fn a_build_without_a_name_is_one_image() {
    let Some(machine) = Machine::new("podman") else {
        return;
    };
    let watch = Watch::new();
    watch.run(&machine, &["import", &machine.archive(), "localhost/a:1"]);
    watch.appeared(&machine, "localhost/a:1");
    let file = machine.containerfile(
        "FROM localhost/a:1\nRUN [\"/busybox\",\"touch\",\"/b\"]\nRUN [\"/busybox\",\"touch\",\"/c\"]\n",
    );
    let pid = watch.run(&machine, &["build", "--isolation", "chroot", &file]);
    let (image, writer) = watch.appeared(&machine, "");
    assert_eq!((image.variants[0].layers.len(), writer), (3, Some(pid)));
    let more = watch.next(&machine, Duration::from_secs(1));
    assert_eq!(more, None);
}

#[test]
fn a_container_of_podman_is_known_by_its_mount() {
    let Some(machine) = Machine::new("podman") else {
        return;
    };
    machine.run(&["import", &machine.archive(), "localhost/a:1"], |_| {});
    machine.run(
        &["create", "--name", "web", "localhost/a:1", "/busybox"],
        |_| {},
    );
    machine.run(&["mount", "web"], |_| {});
    let view = View::of(std::process::id()).unwrap();
    let mounts = overlays(&machine);
    let [mount] = mounts.as_slice() else {
        panic!("{mounts:?}");
    };
    let found = ContainersStorage::new().identify(mount, &view).unwrap();
    let identity = found.identity;
    assert_eq!(
        (identity.runtime, identity.role),
        (Runtime::Podman, Role::Container)
    );
    assert_eq!(identity.container_name.as_deref(), Some("web"));
    assert_eq!(identity.image.as_deref(), Some("localhost/a:1"));
    assert_eq!(identity.layers, Some(1));
    let store = found.store.unwrap();
    assert_eq!(store.root, machine.root());
    machine.run(&["umount", "-a"], |_| {});
}

#[test]
fn a_working_container_of_buildah_is_known_by_its_mount() {
    let Some(machine) = Machine::new("buildah") else {
        return;
    };
    machine.run(&["from", "--name", "work", "scratch"], |_| {});
    machine.run(&["mount", "work"], |_| {});
    let view = View::of(std::process::id()).unwrap();
    let mounts = overlays(&machine);
    let [mount] = mounts.as_slice() else {
        panic!("{mounts:?}");
    };
    let identity = ContainersStorage::new()
        .identify(mount, &view)
        .unwrap()
        .identity;
    assert_eq!(
        (identity.runtime, identity.role),
        (Runtime::Buildah, Role::Working)
    );
    assert_eq!(identity.container_name.as_deref(), Some("work"));
    assert_eq!((identity.image, identity.layers), (None, Some(0)));
    machine.run(&["umount", "work"], |_| {});
}
