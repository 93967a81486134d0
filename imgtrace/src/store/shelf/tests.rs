use proptest::prelude::*;

use super::*;

const MS: u64 = 1_000_000;

fn image(id: &str, names: &[&str]) -> StoredImage {
    StoredImage {
        id: id.to_owned(),
        names: names.iter().map(|&name| name.to_owned()).collect(),
        ..StoredImage::default()
    }
}

fn told(told: &[Told]) -> Vec<(String, Option<u32>)> {
    let word = |change: &Change| match change {
        Change::Appeared(image) => format!("+{} {}", image.id, image.names.join(",")),
        Change::Named(image) => format!("={} {}", image.id, image.names.join(",")),
        Change::Renewed(image) => format!("~{} {}", image.id, image.names.join(",")),
        Change::Vanished(image) => format!("-{} {}", image.id, image.names.join(",")),
    };
    let told = told.iter();
    told.map(|told| (word(&told.change), told.writer)).collect()
}

const fn alive(_: u32) -> bool {
    false
}

const fn ended(_: u32) -> bool {
    true
}

/// What is told of an index that is written by one process in these steps, 10 ms apart.
fn after(steps: &[&[StoredImage]], has_ended: fn(u32) -> bool) -> Vec<String> {
    let mut shelf = Shelf::holding(vec![image("old", &["q.io/old:1"])]);
    let mut all = Vec::new();
    for (step, now) in steps.iter().zip((0..).map(|step| step * 10 * MS)) {
        all.extend(shelf.update(step.to_vec(), Some(7), now));
        all.extend(shelf.ripe(now, alive));
    }
    all.extend(shelf.ripe(400 * MS, has_ended));
    let all = told(&all);
    assert!(all.iter().all(|(_, writer)| *writer == Some(7)));
    all.into_iter().map(|(word, _)| word).collect()
}

fn old() -> StoredImage {
    image("old", &["q.io/old:1"])
}

#[test]
fn a_pull_is_told_once_and_with_its_name() {
    let new = |names: &[&str], digest: Option<&str>| StoredImage {
        digest: digest.map(str::to_owned),
        ..image("new", names)
    };
    let steps: [&[_]; 4] = [
        &[old(), new(&[], None)],
        &[old(), new(&[], Some("sha256:d"))],
        &[old(), new(&["q.io/new:1"], Some("sha256:d"))],
        &[old(), new(&["q.io/new:1"], Some("sha256:d"))],
    ];
    assert_eq!(after(&steps, alive), ["+new q.io/new:1"]);
    assert_eq!(
        after(&steps[..2], alive),
        [""; 0],
        "it may still get a name"
    );
    assert_eq!(after(&steps[..2], ended), ["+new "]);
}

#[test]
fn a_build_tells_its_result_and_no_steps() {
    let steps: [&[_]; 3] = [
        &[old(), image("s1", &[])],
        &[old(), image("s1", &[]), image("s2", &[])],
        &[
            old(),
            image("s1", &[]),
            image("s2", &[]),
            image("a", &["x:1"]),
        ],
    ];
    assert_eq!(after(&steps, ended), ["+a x:1"]);
    assert_eq!(
        after(&steps[..2], ended),
        ["+s2 "],
        "a build without a name"
    );
}

#[test]
fn an_image_that_goes_before_it_is_told_is_not_told() {
    let steps: [&[_]; 2] = [&[old(), image("new", &["x:1"])], &[old()]];
    assert_eq!(after(&steps, ended), [""; 0]);
    assert_eq!(after(&[&[]], alive), ["-old q.io/old:1"]);
}

#[test]
fn names_that_a_known_image_gets_and_loses_are_told() {
    let both = image("old", &["q.io/old:1", "q.io/old:2"]);
    let other = image("old", &["q.io/old:2"]);
    assert_eq!(
        after(&[&[both], &[old()]], alive),
        ["=old q.io/old:2", "~old q.io/old:1"]
    );
    assert_eq!(after(&[&[image("old", &[])]], alive), ["~old "]);
    assert_eq!(after(&[&[other]], alive), ["~old ", "=old q.io/old:2"]);
}

#[test]
fn more_of_a_known_image_is_told() {
    let more = StoredImage {
        created: Some(1),
        ..old()
    };
    assert_eq!(after(&[&[more], &[old()]], alive), ["~old q.io/old:1"; 2]);
}

#[test]
fn the_writer_is_whoever_last_changed_the_image() {
    let mut shelf = Shelf::default();
    shelf.update(vec![image("a", &[])], None, 0);
    shelf.update(vec![image("a", &["x:1"]), image("b", &[])], Some(1), 0);
    shelf.update(vec![image("a", &["x:1"]), image("b", &["y:1"])], Some(2), 0);
    let ripe = told(&shelf.ripe(0, ended));
    assert_eq!(
        ripe,
        [
            ("+a x:1".to_owned(), Some(1)),
            ("+b y:1".to_owned(), Some(2))
        ]
    );
}

#[test]
fn without_a_writer_time_tells() {
    let mut shelf = Shelf::default();
    shelf.update(vec![image("a", &[])], None, 0);
    assert_eq!(shelf.due(), Some(LONG_REST));
    assert_eq!(shelf.ripe(LONG_REST - 1, alive), []);
    assert_eq!(
        told(&shelf.ripe(LONG_REST, alive)),
        [("+a ".to_owned(), None)]
    );
    assert_eq!(shelf.due(), None);
}

proptest! {
    /// Whatever is written and whenever it is looked at: who takes in what is told knows in the end
    /// what there is, and an image is told as often as it came.
    #[test]
    fn what_is_told_is_what_there_is(
        steps in prop::collection::vec((prop::collection::btree_map(0..6u8, 0..4usize, 0..5), 0..3u32, 0..400u64), 1..30)
    ) {
        let mut shelf = Shelf::default();
        let mut there = BTreeMap::<String, Vec<String>>::new();
        let mut last = Vec::new();
        let mut now = 0;
        let mut check = |told: Vec<Told>| {
            for it in told {
                match it.change {
                    Change::Appeared(image) => assert!(there.insert(image.id, image.names).is_none()),
                    Change::Named(image) => {
                        // One that was a step of a build until now counts as told.
                        assert!(!image.names.is_empty());
                        there.entry(image.id).or_default().extend(image.names);
                    }
                    Change::Renewed(image) => assert!(there.insert(image.id, image.names).is_some()),
                    Change::Vanished(image) => { there.remove(&image.id); }
                }
            }
            there.clone()
        };
        for (images, writer, wait) in steps {
            last = images.iter().map(|(id, names)| {
                let names: &[&str] = [&[][..], &["x:1"], &["x:1", "y:1"], &["y:1"]][*names];
                image(&id.to_string(), names)
            }).collect();
            check(shelf.update(last.clone(), (writer > 0).then_some(writer), now));
            now += wait * MS;
            check(shelf.ripe(now, |pid| pid == 2));
        }
        let mut there = check(shelf.ripe(now + LONG_REST, ended));
        for mut image in last {
            let mut told = there.remove(&image.id);
            if let Some(told) = &mut told {
                told.sort();
            }
            image.names.sort();
            // A step of a build may not be told.
            prop_assert!(told.is_none() && image.names.is_empty() || told == Some(image.names));
        }
        prop_assert!(there.is_empty());
    }
}
