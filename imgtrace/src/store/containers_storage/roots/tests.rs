use super::*;

fn args(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

#[test]
fn a_command_line_says_its_root() {
    for line in [
        "podman --root /srv/store --runroot /run/x pull a",
        "podman pull --root=/srv/store/ a",
        "buildah --runroot /run/x --root /srv/store from a",
        "skopeo copy docker://a containers-storage:[overlay@/srv/store+/run/x]a",
        "skopeo copy docker://a containers-storage:[/srv/store]a",
    ] {
        let args = args(line);
        let root = given(&args, "--root").or_else(|| in_reference(&args));
        assert_eq!(root, Some("/srv/store"), "{line}");
    }
    for line in [
        "podman pull a",
        "podman --root",
        "podman --root store pull a",
        "podman --rootless pull a",
        "--root /srv/store",
        "skopeo copy docker://a containers-storage:a",
    ] {
        let args = args(line);
        let root = given(&args, "--root").or_else(|| in_reference(&args));
        assert_eq!(root, None, "{line}");
    }
}

#[test]
fn a_configuration_says_it() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("storage.conf");
    let text =
        "[storage]\n# graphroot = \"/no\"\ndriver = \"overlay\"\ngraphroot = \"/srv/store/\"\n";
    std::fs::write(&path, text).unwrap();
    let view = View::of(std::process::id()).unwrap();
    let path = path.to_str().unwrap();
    assert_eq!(
        value(&view, path, "graphroot").as_deref(),
        Some("/srv/store")
    );
    assert_eq!(value(&view, path, "rootless_storage_path"), None);
    assert_eq!(value(&view, path, "driver"), None, "no path");
    assert_eq!(value(&view, "/nowhere/at.all", "graphroot"), None);
}

#[test]
fn roots_home_is_known() {
    let view = View::of(std::process::id()).unwrap();
    assert_eq!(home(&view, 0).as_deref(), Some("/root"));
    assert_eq!(home(&view, 4_000_000_000), None);
}
