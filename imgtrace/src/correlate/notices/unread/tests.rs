use crate::model::{Listing, Report};
use crate::trace::scene::{Scene, docker_store};

fn with(problems: &[&str]) -> Listing {
    Listing {
        problems: problems.iter().map(|&problem| problem.to_owned()).collect(),
        ..Listing::default()
    }
}

fn said(scene: &Scene) -> Vec<&str> {
    let notices = scene.reports.iter().filter_map(|report| match report {
        Report::Notice(notice) if notice.about.starts_with("store-") => Some(notice.text.as_str()),
        _ => None,
    });
    notices.collect()
}

#[test]
fn a_store_s_problems_are_said_once_and_again_when_they_change() {
    let mut scene = Scene::new();
    scene.store(1, docker_store(1, "/var/lib/docker"), &[]);
    for problems in [
        &["repositories.json ends early"][..],
        &["repositories.json ends early"],
        &[],
        &[],
        &["layerdb is gone"],
    ] {
        scene.listed(1, with(problems));
    }
    assert_eq!(
        said(&scene),
        [
            "not all of docker:/var/lib/docker could be read: repositories.json ends early",
            "not all of docker:/var/lib/docker could be read: layerdb is gone",
        ]
    );
}

#[test]
fn many_problems_are_counted() {
    let mut scene = Scene::new();
    scene.store(1, docker_store(1, "/d"), &[]);
    scene.listed(1, with(&["a", "b", "c", "d", "e"]));
    assert_eq!(
        said(&scene),
        ["not all of docker:/d could be read: a; b; c; and 2 more"]
    );
}

#[test]
fn each_store_has_its_own() {
    let mut scene = Scene::new();
    scene.store(1, docker_store(1, "/one"), &[]);
    scene.store(2, docker_store(2, "/two"), &[]);
    scene.listed(1, with(&["torn"]));
    scene.listed(2, with(&["torn"]));
    scene.listed(2, Listing::default());
    assert_eq!(said(&scene).len(), 2);
}

#[test]
fn what_is_gone_is_not_called_unreadable() {
    let mut scene = Scene::new();
    scene.store(1, docker_store(1, "/d"), &[]);
    scene.listed(1, Listing::of_gone("vfs of /d"));
    assert_eq!(said(&scene), ["docker:/d: vfs of /d is not there any more"]);
}
