use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use super::*;

struct Scene {
    place: tempfile::TempDir,
    folder: Folder,
}

fn scene() -> Scene {
    let place = tempfile::tempdir().unwrap();
    let root = place.path();
    fs::create_dir_all(root.join("image/layerdb")).unwrap();
    fs::write(root.join("image/size"), "12345").unwrap();
    fs::write(place.path().join("outside"), "secret").unwrap();
    symlink("/etc/passwd", root.join("image/link")).unwrap();
    symlink("image", root.join("alias")).unwrap();
    let view = View::of(std::process::id()).unwrap();
    let folder = view.folder(root.to_str().unwrap()).unwrap();
    Scene { place, folder }
}

#[test]
fn files_are_read_up_to_a_bound() {
    let Scene { folder, .. } = &scene();
    assert_eq!(folder.read("image/size", 5).unwrap(), b"12345");
    let too_large = folder.read("image/size", 4).unwrap_err();
    assert!(matches!(too_large, ReadError::TooLarge { most: 4, .. }));
    let missing = folder.read("image/none", 4).unwrap_err();
    assert!(matches!(missing, ReadError::Missing(_)));
}

#[test]
fn nothing_leads_out_of_a_store() {
    let Scene { folder, .. } = &scene();
    for name in ["image/link", "alias/size", "/etc/passwd"] {
        assert!(folder.read(name, 1 << 20).is_err(), "{name}");
    }
    let image = folder.folder("image").unwrap();
    assert!(image.read("../outside", 100).is_err());
    assert!(folder.folder("alias").is_err());
}

#[test]
fn only_regular_files_are_opened() {
    let Scene { folder, .. } = &scene();
    let path = format!("{}/image/pipe", folder.path);
    rustix::fs::mknodat(
        rustix::fs::CWD,
        path.as_str(),
        FileType::Fifo,
        Mode::RUSR,
        0,
    )
    .unwrap();
    let _listener = UnixListener::bind(format!("{}/image/socket", folder.path)).unwrap();
    for name in ["image/pipe", "image/socket", "image"] {
        assert!(folder.read(name, 100).is_err(), "{name}");
    }
}

#[test]
fn names_are_listed_up_to_a_bound() {
    let Scene { folder, .. } = &scene();
    let image = folder.folder("image").unwrap();
    let (mut names, more) = image.names(10).unwrap();
    names.sort();
    assert_eq!(
        (names, more),
        (
            ["layerdb", "link", "size"].map(str::to_owned).to_vec(),
            false
        )
    );
    assert!(image.names(2).unwrap().1, "there are more");
}

#[test]
fn a_folder_is_found_through_links_on_the_way_to_it() {
    let scene = scene();
    let view = View::of(std::process::id()).unwrap();
    let through = view
        .folder(&format!("{}/alias", scene.folder.path))
        .unwrap();
    let direct = scene.folder.folder("image").unwrap();
    assert_eq!(through.identity(), direct.identity());
    assert!(view.folder("/nowhere/at/all").is_none());
}

#[test]
fn a_version_is_another_when_a_file_was_written_or_put_in_anothers_place() {
    let Scene { folder, place } = &scene();
    let place = place.path();
    let file = folder.version("image/size").unwrap();
    assert_eq!(folder.version("image/size").unwrap(), file);
    assert_eq!(file.size, 5);
    assert!(file.written_at().unwrap() > 1_700_000_000);
    fs::write(place.join("image/size"), "123456").unwrap();
    let written = folder.version("image/size").unwrap();
    assert_eq!((written.inode, written.size), (file.inode, 6));
    fs::write(place.join("new"), "123456").unwrap();
    fs::rename(place.join("new"), place.join("image/size")).unwrap();
    assert_ne!(folder.version("image/size").unwrap().inode, written.inode);
    let root = folder.version(".").unwrap();
    assert_eq!(root.inode, folder.identity().unwrap().1);
    for name in ["image/link", "alias/size", "../outside", "/etc/passwd"] {
        assert!(folder.version(name).is_err(), "{name}");
    }
    let missing = folder.version("image/none").unwrap_err();
    assert!(matches!(missing, ReadError::Missing(_)));
}

#[test]
fn a_configuration_is_read_through_links() {
    let Scene { folder, place } = &scene();
    symlink(place.path().join("outside"), place.path().join("image/out")).unwrap();
    let view = View::of(std::process::id()).unwrap();
    let root = &folder.path;
    for name in ["outside", "image/out"] {
        let path = format!("{root}/{name}");
        assert_eq!(view.read(&path, 6).as_deref(), Some(&b"secret"[..]));
        assert_eq!(view.read(&path, 5), None);
    }
    for name in ["none", "image", "image/size/x"] {
        assert_eq!(view.read(&format!("{root}/{name}"), 100), None, "{name}");
    }
}
