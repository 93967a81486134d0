use crate::model::{Finding, Listing, Report, Rule, Severity};
use crate::trace::scene::{MB, Scene, docker_store};

use super::Calm;

fn lines(scene: &Scene) -> Vec<&str> {
    let notices = scene.reports.iter().filter_map(|report| match report {
        Report::Notice(notice) if notice.about == "stores-in-order" => Some(notice.text.as_str()),
        _ => None,
    });
    notices.collect()
}

fn listing(images: u64) -> Listing {
    Listing {
        images,
        unpacked: images * 4 * MB,
        ..Listing::default()
    }
}

#[test]
fn a_node_with_nothing_wrong_says_so_in_one_line() {
    let mut scene = Scene::new();
    scene.store(1, docker_store(1, "/one"), &[10]);
    scene.store(2, docker_store(2, "/two"), &[11]);
    scene.listed(1, listing(3));
    scene.listed(2, listing(0));
    assert_eq!(
        lines(&scene),
        Vec::<&str>::new(),
        "not before all are known"
    );
    scene.inventoried();
    assert_eq!(
        lines(&scene),
        [
            "nothing is wrong with what is stored here: 3 images, 12 MB unpacked, in 2 stores; nothing twice, nothing \
          left behind"
        ]
    );
}

#[test]
fn a_node_without_stores_says_nothing_of_them() {
    let mut scene = Scene::new();
    scene.inventoried();
    assert_eq!(lines(&scene), Vec::<&str>::new());
}

#[test]
fn what_could_not_be_read_may_hide_something() {
    let mut scene = Scene::new();
    scene.store(1, docker_store(1, "/one"), &[10]);
    scene.listed(
        1,
        Listing {
            problems: vec!["torn".to_owned()],
            ..listing(1)
        },
    );
    scene.inventoried();
    assert!(lines(&scene)[0].starts_with(
        "nothing is wrong with what is stored here, as far as it could be read: 1 image, 4.0 MB unpacked, in 1 store;"
    ));
}

#[test]
fn what_is_found_in_stores_is_said_instead() {
    let at = Scene::new().now();
    for (rule, disturbs) in [(Rule::DoublePull, true), (Rule::Dood, false)] {
        let mut calm = Calm::default();
        calm.take(&[Finding::new(at, rule, Severity::Info, String::new())]);
        assert_eq!(calm.disturbed, disturbs, "{rule:?}");
    }
}
