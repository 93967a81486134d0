use super::*;

fn deed(line: &str) -> Deed {
    let args: Vec<_> = line.split(' ').map(str::to_owned).collect();
    Deed::of_args(&args)
}

#[test]
fn commands_that_fetch() {
    for line in [
        "podman pull q.io/a",
        "podman --root /srv/x --log-level debug image pull -q q.io/a",
        "podman run --rm -it q.io/a build",
        "podman container create q.io/a",
        "podman play kube pod.yaml",
        "podman kube play pod.yaml",
        "buildah from q.io/a",
        "buildah --storage-driver overlay pull q.io/a",
        "skopeo copy docker://q.io/a containers-storage:q.io/a",
    ] {
        assert_eq!(deed(line), Deed::Fetch, "{line}");
    }
}

#[test]
fn commands_that_make_name_or_do_neither() {
    for line in [
        "podman load -i a.tar",
        "podman image import a.tar b:1",
        "podman container commit c1 b:1",
        "buildah commit work b:1",
        "podman pull oci-archive:a.tar",
        "podman run docker-archive:a.tar",
        "skopeo copy oci:a containers-storage:b",
        "podman manifest create list",
        "podman pod create --name p",
    ] {
        assert_eq!(deed(line), Deed::Make, "{line}");
    }
    assert_eq!(deed("podman tag a b"), Deed::Name);
    assert_eq!(deed("podman image untag a"), Deed::Name);
    for line in [
        "podman",
        "podman system service -t 0",
        "podman volume create v",
        "podman ps",
    ] {
        assert_eq!(deed(line), Deed::Unknown, "{line}");
    }
}

#[test]
fn a_build_says_its_names() {
    let tags = |line| match deed(line) {
        Deed::Build { tags } => tags,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        tags("podman build -t app --tag=q.io/app:2 --tag x/y ."),
        [
            "docker.io/library/app:latest",
            "localhost/app:latest",
            "q.io/app:2",
            "q.io/app:2",
            "docker.io/x/y:latest",
            "localhost/x/y:latest",
        ]
    );
    assert!(tags("buildah bud -t").is_empty());
    assert!(tags("podman image build .").is_empty());
}
