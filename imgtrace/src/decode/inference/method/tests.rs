use super::{CriVersion, Method};

#[test]
fn every_path_names_its_method() {
    for method in Method::ALL {
        let path = method.path(CriVersion::V1);
        assert_eq!(
            Method::of_path(&path),
            Some((*method, CriVersion::V1)),
            "{path}"
        );
        if method.is_cri() {
            let path = method.path(CriVersion::V1alpha2);
            assert_eq!(
                Method::of_path(&path),
                Some((*method, CriVersion::V1alpha2)),
                "{path}"
            );
        }
    }
}

#[test]
fn paths_are_as_upstream_has_them() {
    let path = |method: Method| method.path(CriVersion::V1);
    assert_eq!(
        path(Method::PullImage),
        "/runtime.v1.ImageService/PullImage"
    );
    assert_eq!(
        path(Method::ImagesCreate),
        "/containerd.services.images.v1.Images/Create"
    );
    assert_eq!(
        path(Method::ContentWrite),
        "/containerd.services.content.v1.Content/Write"
    );
    assert_eq!(
        path(Method::Transfer),
        "/containerd.services.transfer.v1.Transfer/Transfer"
    );
    let alpha = Method::StartContainer.path(CriVersion::V1alpha2);
    assert_eq!(alpha, "/runtime.v1alpha2.RuntimeService/StartContainer");
}

#[test]
fn other_paths_name_none() {
    for path in [
        "",
        "/",
        "/x/y",
        "/runtime.v1.RuntimeService/Attach",
        "/runtime.v1.ImageService/Create",
    ] {
        assert_eq!(Method::of_path(path), None, "{path}");
    }
}

#[test]
fn what_only_looks_makes_no_operation() {
    let looks = Method::ALL
        .iter()
        .filter(|method| method.only_looks())
        .count();
    assert_eq!(looks, 15);
    assert!(!Method::StartContainer.only_looks() && !Method::PullImage.only_looks());
}
