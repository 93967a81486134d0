use super::*;

const OWN: u32 = 1;
const OTHER: u32 = 2;

fn mount(namespace: u32, id: u64, minor: u32, upper: &str) -> Mount {
    Mount {
        at: 0,
        id,
        device: (0, minor),
        namespace,
        mounter: None,
        kind: "overlay".to_owned(),
        source: "overlay".to_owned(),
        target: "/merged".to_owned(),
        lower: vec!["/a".to_owned()],
        upper: Some(upper.to_owned()),
        already: false,
    }
}

const UNKNOWN: Attached = Attached::Unknown { replaced: None };

#[test]
fn copies_of_one_file_system_are_one_and_end_with_the_last() {
    let mut copies = Copies::default();
    let first = mount(OWN, 10, 40, "/u");
    assert_eq!(copies.attach(&first), UNKNOWN);
    copies.tell(&first, MountId(1));
    assert_eq!(copies.attach(&mount(OTHER, 11, 40, "/u")), Attached::Told);
    assert_eq!(copies.attach(&first), Attached::Told, "it has moved");
    assert_eq!(copies.detach(OWN, 10), None);
    assert_eq!(copies.detach(OWN, 10), None, "said twice");
    assert_eq!(copies.detach(OTHER, 11), Some(MountId(1)));
    assert_eq!(copies.attach(&first), UNKNOWN, "mounted again");
}

#[test]
fn what_was_not_told_is_looked_at_again_with_each_copy() {
    let mut copies = Copies::default();
    assert_eq!(copies.attach(&mount(OWN, 10, 40, "/u")), UNKNOWN);
    let copy = mount(OTHER, 11, 40, "/u");
    assert_eq!(copies.attach(&copy), UNKNOWN);
    copies.tell(&copy, MountId(1));
    assert_eq!(copies.detach(OTHER, 11), None);
    assert_eq!(copies.detach(OWN, 10), Some(MountId(1)));
}

#[test]
fn a_device_that_comes_back_is_another_file_system() {
    let mut copies = Copies::default();
    let first = mount(OWN, 10, 40, "/u");
    copies.attach(&first);
    copies.tell(&first, MountId(1));
    let replaced = Some(MountId(1));
    let next = mount(OWN, 12, 40, "/v");
    assert_eq!(copies.attach(&next), Attached::Unknown { replaced });
    copies.tell(&next, MountId(2));
    assert_eq!(copies.detach(OWN, 10), None, "of the one before");
    assert_eq!(copies.detach(OWN, 12), Some(MountId(2)));
}

#[test]
fn there_is_room_for_so_many() {
    let mut copies = Copies::default();
    for minor in 0..u32::try_from(FILE_SYSTEMS_MAX).unwrap() {
        assert_eq!(
            copies.attach(&mount(OWN, minor.into(), minor, "/u")),
            UNKNOWN
        );
    }
    let next = mount(OWN, u64::MAX, u32::MAX, "/u");
    assert_eq!(copies.attach(&next), Attached::Full);
    assert_eq!(
        copies.attach(&mount(OTHER, 7, 0, "/u")),
        UNKNOWN,
        "one more mount"
    );
    copies.detach(OWN, 1);
    assert_eq!(copies.attach(&next), UNKNOWN);
}

#[test]
fn what_is_remembered_of_a_file_system_does_not_grow_with_its_layers() {
    let mut copies = Copies::default();
    copies.attach(&Mount {
        lower: vec!["/a".repeat(1 << 19)],
        ..mount(OWN, 10, 40, "/u")
    });
    assert!(format!("{copies:?}").len() < 1_000);
}
