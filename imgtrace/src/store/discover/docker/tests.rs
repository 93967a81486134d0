use super::super::tests::Stage;
use super::*;

const DOCKERD: &str = "/bin/dockerd --config-file @/daemon.json --data-root @/d";

/// The roots that a dockerd uses, with the part of each.
fn parts(stage: &Stage) -> Vec<(String, Option<Part>)> {
    let used = stage.used().into_iter();
    let used = used.filter(|(_, who, _)| who.as_ref().is_none_or(|(number, _)| *number == 0));
    used.map(|(path, _, part)| (path, part)).collect()
}

fn own(driver: Option<&str>) -> Vec<(String, Option<Part>)> {
    let part = Part::Graph(driver.map(str::to_owned));
    vec![("@/d".to_owned(), Some(part))]
}

fn containerds(root: &str, namespace: &str) -> Vec<(String, Option<Part>)> {
    let part = Part::Namespace(namespace.to_owned());
    vec![(root.to_owned(), Some(part)), ("@/d".to_owned(), None)]
}

/// A dockerd with these words more, these files open, this configuration and these folders, beside a
/// containerd that it may use.
fn told(words: &str, files: &[&str], configuration: &str, folders: &[&str]) -> Stage {
    let mut stage = Stage::new();
    stage.file("@/daemon.json", configuration);
    for folder in folders {
        stage.folder(folder);
    }
    let line = format!("{DOCKERD} --containerd @/c.sock {words}");
    stage.daemon(Runtime::Docker, line.trim_end(), files);
    let line = "/bin/containerd --address @/c.sock --root @/c";
    stage.daemon(Runtime::Containerd, line, &[]);
    stage
}

#[test]
fn what_its_buildkit_has_open_says_whose_its_images_are() {
    let own_images = ["@/d/volumes/metadata.db", "@/d/buildkit/snapshots.db"];
    let stage = told("", &own_images, "{}", &["@/d/image/overlay2"]);
    assert_eq!(parts(&stage), own(Some("overlay2")));
    let theirs = [
        "@/d/volumes/metadata.db",
        "@/d/buildkit/containerd-overlayfs/metadata_v2.db",
    ];
    // A graph driver's images are left there.
    let stage = told("", &theirs, "{}", &["@/d/image/overlay2"]);
    assert_eq!(parts(&stage), containerds("@/c", "moby"));
    let (_, who, _) = stage.used().swap_remove(0);
    let evidence = format!(
        "it has @/d/buildkit/containerd-overlayfs/metadata_v2.db open: its images are in the \
         namespace moby of containerd (pid {})",
        std::process::id()
    );
    assert_eq!(who, Some((0, evidence)));
}

#[test]
fn the_data_root_is_told_by_open_files_then_options_then_the_configuration() {
    let open = ["@/open/volumes/metadata.db"];
    let stage = told("--data-root @/later", &open, "{}", &[]);
    assert_eq!(stage.used()[0].0, "@/open");
    let stage = told("-g @/later", &[], "{}", &[]);
    assert_eq!(stage.used()[0].0, "@/later");
    let mut stage = Stage::new();
    stage.file("@/daemon.json", r#"{"data-root":"@/json","labels":[1]}"#);
    let line = "/bin/dockerd --config-file=@/daemon.json";
    stage.daemon(Runtime::Docker, line, &[]);
    assert_eq!(
        stage.used()[0].1,
        Some((0, "@/daemon.json says data-root @/json".to_owned()))
    );
}

#[test]
fn without_open_files_settings_and_folders_tell() {
    let c8d = r#"{"features":{"containerd-snapshotter":true},"containerd-namespace":"lab"}"#;
    assert_eq!(parts(&told("", &[], c8d, &[])), containerds("@/c", "lab"));
    let stage = told("--feature containerd-snapshotter=false", &[], c8d, &[]);
    assert_eq!(parts(&stage), own(None));
    let stage = told("", &[], "{}", &["@/d/rootfs"]);
    assert_eq!(parts(&stage), containerds("@/c", "moby"));
    let stage = told("", &[], "{}", &["@/d/rootfs", "@/d/image/vfs"]);
    assert_eq!(parts(&stage), own(Some("vfs")));
    let stage = told("-s vfs", &[], c8d, &["@/d/image/overlay2"]);
    assert_eq!(parts(&stage), own(Some("vfs")));
    let stage = told("-s native", &[], "{}", &["@/d/image/overlay2"]);
    assert_eq!(parts(&stage), containerds("@/c", "moby"));
    assert_eq!(parts(&told("", &[], "{broken", &[])), own(None));
}

#[test]
fn a_dockerd_may_have_its_containerd_inside() {
    let mut stage = Stage::new();
    stage.daemon(
        Runtime::Docker,
        DOCKERD,
        &[
            "@/d/volumes/metadata.db",
            "@/d/buildkit/containerd-overlayfs/metadata_v2.db",
            "@/d/containerd/daemon/io.containerd.metadata.v1.bolt/meta.db",
        ],
    );
    let all = Part::All(StoreKind::Containerd);
    let root = "@/d/containerd/daemon";
    let mut expected = vec![(root.to_owned(), Some(all))];
    expected.extend(containerds(root, "moby"));
    assert_eq!(parts(&stage), expected);
}

#[test]
fn without_its_containerd_only_what_it_left_is_looked_at() {
    let mut stage = Stage::new();
    let line = format!("{DOCKERD} --containerd @/other.sock -s overlayfs");
    stage.daemon(Runtime::Docker, &line, &[]);
    stage.daemon(
        Runtime::Containerd,
        "/bin/containerd --address @/c.sock --root @/c",
        &[],
    );
    assert_eq!(parts(&stage), [("@/d".to_owned(), None)]);
}
