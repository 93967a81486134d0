use super::*;

const LAYER: &str = "143517f8a8070be7c55792ebffd99e9e41d4f38e334b145f79829e680fcbf559";

fn mount(kind: &str, target: String) -> Mount {
    Mount {
        at: 0,
        id: 1,
        device: (0, 40),
        namespace: 1,
        mounter: None,
        kind: kind.to_owned(),
        source: "overlay".to_owned(),
        target,
        // What Podman 5 gives: descriptors of its working directory /proc/self/fd.
        lower: ["3", "6", "7"].map(str::to_owned).to_vec(),
        upper: None,
        already: false,
    }
}

#[test]
fn the_mount_point_tells_root_and_layer() {
    for (folder, driver, kind) in [
        ("overlay", "overlay", "overlay"),
        ("overlay2", "overlay", "overlay"),
        ("overlay", "fuse-overlayfs", "fuse.fuse-overlayfs"),
    ] {
        let root = "/home/ann/.local/share/containers/storage";
        let mount = mount(kind, format!("{root}/{folder}/{LAYER}/merged"));
        let place = Place::of(&mount).unwrap();
        assert_eq!(
            (place.root, place.layer, place.driver),
            (root, LAYER, driver)
        );
    }
}

#[test]
fn probes_and_other_layouts_are_none() {
    let root = "/var/lib/containers/storage/overlay";
    for target in [
        format!("{root}/volatile-check3587173537/merged"),
        format!("{root}/compat12345/merged"),
        format!("{root}/opaque-bug-check88/merged"),
        format!("{root}/metacopy-check77/merged"),
        format!("{root}/{LAYER}/merged/inner"),
        format!("{root}/{LAYER}"),
        format!("{root}/{}/merged", LAYER.to_uppercase()),
        format!("overlay/{LAYER}/merged"),
        format!("/overlay/{LAYER}/merged"),
        "/run/containerd/io.containerd.runtime.v2.task/default/c1/rootfs".to_owned(),
        "/merged".to_owned(),
        String::new(),
    ] {
        assert_eq!(
            Place::of(&mount("overlay", target.clone())),
            None,
            "{target}"
        );
    }
    let other = mount("tmpfs", format!("{root}/{LAYER}/merged"));
    assert_eq!(Place::of(&other), None);
}
