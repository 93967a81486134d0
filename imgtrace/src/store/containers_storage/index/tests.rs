use std::fs;
use std::path::Path;
use std::process::{Child, Command};

use tempfile::TempDir;

use super::*;
use crate::host::{process, users::Users};
use crate::model::StoreKind;

const WAIT: Duration = Duration::from_secs(20);

/// A store by hand, and a program that has it.
struct Scene {
    place: TempDir,
    indexes: Indexes,
    program: Child,
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

impl Scene {
    /// `podman` is a sleep of that name.
    fn new(store_is_there: bool) -> Self {
        let place = tempfile::tempdir().unwrap();
        let podman = place.path().join("podman");
        fs::copy("/bin/sleep", &podman).unwrap();
        if store_is_there {
            make(&place.path().join("root"));
        }
        let program = Command::new(podman).arg("1000").spawn().unwrap();
        let indexes = Indexes::open().unwrap();
        Self {
            place,
            indexes,
            program,
        }
    }

    fn root(&self) -> std::path::PathBuf {
        self.place.path().join("root")
    }

    /// Lets the watch know the program, as if it had been started with this root.
    fn announce(&self) {
        let pid = self.program.id();
        let mut process = process::describe(pid, &mut Users::new()).unwrap();
        process.exe = Some("/usr/bin/podman".to_owned());
        let root = self.root().to_str().unwrap().to_owned();
        process.args = Some(vec!["podman".to_owned(), "--root".to_owned(), root]);
        self.indexes.guide().program(&process);
    }

    /// The next changes of this store.
    fn next(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while events.is_empty() {
            assert!(self.indexes.next(WAIT, &mut events));
            let found = self.indexes.found();
            assert!(!events.is_empty() || !found.is_empty(), "nothing was told");
            let root = self.root();
            events.retain(|event| event.store.root == root.to_str().unwrap());
        }
        events
    }

    /// Lets what was announced be looked at.
    fn settle(&mut self) {
        self.indexes
            .next(Duration::from_millis(50), &mut Vec::new());
    }
}

fn make(root: &Path) {
    for folder in ["overlay", "overlay-images", "overlay-layers"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
}

/// Writes the index as the library does, the renaming by a process of its own, whose pid it
/// returns.
fn write(root: &Path, images: &[(&str, &[&str])]) -> u32 {
    let images: Vec<_> = images
        .iter()
        .map(|(id, names)| serde_json::json!({"id": id.repeat(64), "names": names}))
        .collect();
    let folder = root.join("overlay-images");
    fs::write(folder.join(".tmp"), serde_json::to_string(&images).unwrap()).unwrap();
    let mut mv = Command::new("mv")
        .current_dir(folder)
        .args([".tmp", "images.json"])
        .spawn()
        .unwrap();
    let pid = mv.id();
    assert!(mv.wait().unwrap().success());
    pid
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn an_image_that_comes_and_goes_is_told_with_its_writer() {
    let mut scene = Scene::new(true);
    write(&scene.root(), &[("a", &["q.io/a:1"])]);
    scene.announce();
    scene.settle();
    let pid = write(&scene.root(), &[("a", &["q.io/a:1"]), ("b", &["q.io/b:1"])]);
    let events = scene.next();
    let [event] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(event.writer, is_root().then_some(pid));
    assert_eq!(event.store.kind, StoreKind::ContainersStorage);
    let Change::Appeared(image) = &event.change else {
        panic!("{event:?}");
    };
    assert_eq!(image.names, ["q.io/b:1"]);
    let pid = write(&scene.root(), &[("b", &["q.io/b:1"])]);
    let event = scene.next().remove(0);
    assert!(matches!(event.change, Change::Vanished(image) if image.names == ["q.io/a:1"]));
    assert_eq!(event.writer, is_root().then_some(pid));
}

#[test]
fn a_store_that_its_program_makes_is_new_as_a_whole() {
    let mut scene = Scene::new(false);
    scene.announce();
    scene.settle();
    make(&scene.root());
    write(&scene.root(), &[("a", &["q.io/a:1"])]);
    let event = scene.next().remove(0);
    assert!(matches!(event.change, Change::Appeared(image) if image.names == ["q.io/a:1"]));
    assert!(event.writer.is_some() || !is_root());
}

#[test]
fn a_store_that_is_made_anew_is_found_again() {
    let mut scene = Scene::new(true);
    scene.announce();
    scene.settle();
    fs::remove_dir_all(scene.root()).unwrap();
    scene.settle();
    scene.announce();
    scene.settle();
    make(&scene.root());
    write(&scene.root(), &[("a", &["q.io/a:1"])]);
    assert_eq!(scene.next().len(), 1);
}

#[test]
fn a_users_store_may_be_of_another_driver() {
    let mut scene = Scene::new(false);
    scene.announce();
    scene.settle();
    let folder = scene.root().join("vfs-images");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(".tmp"), r#"[{"id":"a","names":["q.io/a:1"]}]"#).unwrap();
    fs::rename(folder.join(".tmp"), folder.join("images.json")).unwrap();
    let event = scene.next().remove(0);
    assert!(matches!(event.change, Change::Appeared(image) if image.names == ["q.io/a:1"]));
    assert_eq!(event.store.driver, "vfs");
}

#[test]
fn a_damaged_index_says_nothing() {
    let mut scene = Scene::new(true);
    write(&scene.root(), &[("a", &["q.io/a:1"])]);
    scene.announce();
    scene.settle();
    let folder = scene.root().join("overlay-images");
    fs::write(folder.join(".tmp"), "[{").unwrap();
    fs::rename(folder.join(".tmp"), folder.join("images.json")).unwrap();
    scene.settle();
    write(&scene.root(), &[("a", &["q.io/a:1"]), ("b", &["q.io/b:1"])]);
    let events = scene.next();
    assert_eq!(events.len(), 1, "{events:?}");
    assert!(matches!(&events[0].change, Change::Appeared(image) if image.names == ["q.io/b:1"]));
}

#[test]
fn it_stops_when_it_is_told_to() {
    let mut indexes = Indexes::open().unwrap();
    let guide = indexes.guide();
    let thread = std::thread::spawn(move || while indexes.next(WAIT, &mut Vec::new()) {});
    guide.stop();
    thread.join().unwrap();
}
