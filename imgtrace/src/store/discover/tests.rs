use std::fs;

use tempfile::TempDir;

use super::*;
use crate::host::{Users, process};

/// A daemon that has these files open and was started so, on a place of its own: `@` is its path.
pub(super) struct Stage {
    pub(super) place: TempDir,
    daemons: Vec<(Daemon, Vec<String>)>,
}

impl Stage {
    pub(super) fn new() -> Self {
        Self {
            place: tempfile::tempdir().unwrap(),
            daemons: Vec::new(),
        }
    }

    pub(super) fn path(&self, text: &str) -> String {
        text.replace('@', self.place.path().to_str().unwrap())
    }

    pub(super) fn folder(&self, path: &str) {
        fs::create_dir_all(self.path(path)).unwrap();
    }

    pub(super) fn file(&self, path: &str, text: &str) {
        fs::write(self.path(path), self.path(text)).unwrap();
    }

    /// Its key's start is its place among them, so that they differ.
    pub(super) fn daemon(&mut self, runtime: Runtime, line: &str, files: &[&str]) -> ProcessKey {
        let mut process = process::describe(std::process::id(), &mut Users::new()).unwrap();
        process.key.start = u64::try_from(self.daemons.len()).unwrap();
        process.uid = 0;
        let line = self.path(line);
        process.args = Some(line.split(' ').map(str::to_owned).collect());
        process.exe = line.split(' ').next().map(str::to_owned);
        let key = process.key;
        let sockets = line
            .split(' ')
            .filter(|word| word.strip_suffix(".sock").is_some())
            .map(str::to_owned)
            .collect();
        let daemon = Daemon {
            process,
            runtime,
            sockets,
        };
        let files = files.iter().map(|file| self.path(file)).collect();
        self.daemons.push((daemon, files));
        key
    }

    /// Path below the place, its user's number, the evidence, and which part is used.
    pub(super) fn used(&self) -> Vec<Told> {
        let scenes: Vec<_> = self
            .daemons
            .iter()
            .map(|(daemon, files)| {
                let files: Vec<&str> = files.iter().map(String::as_str).collect();
                Scene {
                    files: OpenFiles::these(&files),
                    ..Scene::of(daemon).unwrap()
                }
            })
            .collect();
        let place = self.place.path().to_str().unwrap();
        let short = |text: &str| text.replace(place, "@");
        let found = scenes.iter().flat_map(|scene| candidates(scene, &scenes));
        let told = found.map(|candidate| {
            let user = candidate.user.as_ref();
            let who = user.map(|user| (user.process.start, short(&user.evidence)));
            (
                short(&candidate.path),
                who,
                user.map(|user| user.part.clone()),
            )
        });
        told.collect()
    }
}

/// Path, the user's number and the evidence, and which part is used.
type Told = (String, Option<(u64, String)>, Option<Part>);

fn used_by(number: u64, evidence: &str) -> (u64, String) {
    (number, evidence.to_owned())
}

#[test]
fn what_a_containerd_has_open_counts_before_what_it_was_told() {
    let mut stage = Stage::new();
    let line = "/bin/containerd --root @/told --address @/c.sock";
    stage.daemon(Runtime::Containerd, line, &[]);
    let open = "@/open/io.containerd.metadata.v1.bolt/meta.db";
    stage.daemon(Runtime::Containerd, line, &["@/x.db", open]);
    stage.file("@/config.toml", "root = '@/configured/'\n");
    stage.daemon(Runtime::Containerd, "/bin/containerd -c @/config.toml", &[]);
    let part = || Some(Part::All(StoreKind::Containerd));
    assert_eq!(
        stage.used(),
        [
            (
                "@/told".to_owned(),
                Some(used_by(0, "its command line says --root @/told")),
                part()
            ),
            (
                "@/open".to_owned(),
                Some(used_by(
                    1,
                    "it has @/open/io.containerd.metadata.v1.bolt/meta.db open"
                )),
                part()
            ),
            (
                "@/configured".to_owned(),
                Some(used_by(2, "@/config.toml says root = @/configured/")),
                part()
            ),
        ]
    );
}

#[test]
fn who_has_no_rights_to_a_folder_does_not_use_it_whatever_it_says() {
    let mut stage = Stage::new();
    stage.folder("@/d");
    let line = "/bin/dockerd --data-root @/d";
    let own = stage.daemon(Runtime::Docker, line, &[]);
    let other = stage.daemon(Runtime::Docker, line, &[]);
    let owner = View::of(own.pid).unwrap().folder(&stage.path("@/d"));
    let owner = owner.unwrap().owner().unwrap();
    stage.daemons[0].0.process.uid = owner;
    stage.daemons[1].0.process.uid = owner + 1;
    let users = stage.used().into_iter().map(|(_, user, _)| user);
    let users: Vec<_> = users.map(|user| user.map(|(number, _)| number)).collect();
    assert_eq!(users, [Some(own.start), None], "{other:?} is another user");
}

#[test]
fn a_part_has_its_stores_and_no_others() {
    let store = |kind, driver: &str, namespace: Option<&str>| Store {
        kind,
        root: "/r".to_owned(),
        device: 1,
        inode: 1,
        driver: driver.to_owned(),
        namespace: namespace.map(str::to_owned),
    };
    let moby = store(StoreKind::Containerd, "overlayfs", Some("moby"));
    let cri = store(StoreKind::Containerd, "overlayfs", Some("k8s.io"));
    let graph = store(StoreKind::Docker, "overlay2", None);
    let vfs = store(StoreKind::Docker, "vfs", None);
    let has = |part: &Part| [&moby, &cri, &graph, &vfs].map(|store| part.has(store));
    let of = |part: Part| has(&part);
    assert_eq!(
        of(Part::All(StoreKind::Containerd)),
        [true, true, false, false]
    );
    assert_eq!(
        of(Part::Namespace("moby".to_owned())),
        [true, false, false, false]
    );
    assert_eq!(of(Part::Graph(None)), [false, false, true, true]);
    assert_eq!(
        of(Part::Graph(Some("vfs".to_owned()))),
        [false, false, false, true]
    );
}

#[test]
fn cri_o_and_buildkitd_say_where_they_are() {
    let mut stage = Stage::new();
    stage.daemon(Runtime::CriO, "/bin/crio --root @/crio", &[]);
    let open = "@/b/runc-overlayfs/metadata_v2.db";
    stage.daemon(Runtime::BuildKit, "/bin/buildkitd --root @/x", &[open]);
    stage.daemon(Runtime::BuildKit, "/bin/buildkitd --root @/x", &[]);
    stage.daemon(Runtime::CriDockerd, "/bin/cri-dockerd", &[]);
    let found: Vec<_> = stage.used().into_iter().map(|(path, ..)| path).collect();
    assert_eq!(found, ["@/crio", "@/b", "@/x"]);
}

#[test]
fn places_are_the_usual_ones_and_what_homes_have() {
    let pid = std::process::id();
    let view = View::of(pid).unwrap();
    let found = places(&view, pid);
    for path in [
        "/var/lib/docker",
        "/var/lib/containerd",
        "/root/.local/share/containers/storage",
    ] {
        let is_it = |candidate: &&Candidate| candidate.path == path;
        assert_eq!(found.iter().filter(is_it).count(), 1, "{path}");
    }
    assert!(found.iter().all(|candidate| candidate.user.is_none()));
}
