use crate::model::{
    Finding, Listing, Report, Rule, Severity, StoreId, StoredImage, StoredLayer, Variant,
};
use crate::observation::Observation;
use crate::trace::scene::{MB, Scene, docker_store};

use super::Calm;

/// The words and sentences of the notices about all stores.
fn lines(scene: &Scene) -> Vec<(&str, &str)> {
    let notices = scene.reports.iter().filter_map(|report| match report {
        Report::Notice(notice) => Some((notice.about.as_str(), notice.text.as_str())),
        _ => None,
    });
    notices
        .filter(|(about, _)| about.starts_with("stores-"))
        .collect()
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
    assert_eq!(lines(&scene), [], "not before all are known");
    scene.inventoried();
    assert_eq!(
        lines(&scene),
        [(
            "stores-in-order",
            "nothing is wrong with what is stored here: 3 images of 12 MB unpacked in 2 stores; \
             nothing twice, nothing left behind"
        )]
    );
}

#[test]
fn a_node_without_stores_has_none() {
    let mut scene = Scene::new();
    scene.inventoried();
    assert_eq!(
        lines(&scene),
        [("stores-listed", "no store of images was found")]
    );
}

#[test]
fn what_could_not_be_read_may_hide_something() {
    let torn = Listing {
        problems: vec!["torn".to_owned()],
        ..listing(1)
    };
    for listed in [None, Some(torn)] {
        let mut scene = Scene::new();
        scene.store(1, docker_store(1, "/one"), &[10]);
        if let Some(listing) = listed {
            scene.listed(1, listing);
        }
        scene.inventoried();
        let [(_, text)] = lines(&scene)[..] else {
            panic!("one line")
        };
        let partly = " in 1 store, as far as they could be read; ";
        assert!(text.contains(partly), "{text}");
    }
}

#[test]
fn what_is_found_in_stores_is_said_instead() {
    let scene = Scene::new();
    for (rule, disturbs) in [(Rule::DoublePull, true), (Rule::Dood, false)] {
        let mut calm = Calm::default();
        calm.take(&[Finding::new(
            scene.now(),
            rule,
            Severity::Info,
            String::new(),
        )]);
        assert_eq!(calm.disturbed, disturbs, "{rule:?}");
    }
}

#[test]
fn what_was_too_much_to_compare_may_hide_something() {
    let layers = vec![StoredLayer::default(); 262_145];
    let image = StoredImage {
        id: "i".to_owned(),
        variants: vec![Variant {
            layers,
            ..Variant::default()
        }],
        ..StoredImage::default()
    };
    let mut scene = Scene::new();
    scene.store(1, docker_store(1, "/one"), &[10]);
    scene.see(Observation::ImageAppeared {
        store: StoreId(1),
        image,
        renamed: false,
        already: true,
        writer: None,
    });
    scene.listed(1, listing(1));
    scene.inventoried();
    let told = lines(&scene);
    assert!(
        told[0].1.contains("as far as they could be read"),
        "{told:?}"
    );
}
