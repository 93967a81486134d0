use super::*;

fn mount(id: u64, minor: u32) -> Mount {
    Mount {
        at: 0,
        id,
        device: (0, minor),
        namespace: 1,
        mounter: None,
        kind: "overlay".to_owned(),
        source: "overlay".to_owned(),
        target: "/merged".to_owned(),
        lower: Vec::new(),
        upper: None,
        already: false,
    }
}

fn traced() -> Traced {
    Traced::open().unwrap()
}

fn wait_for(traced: &mut Traced, mount: Mount, since: Instant) {
    traced.waiting.push_back((since, mount));
}

fn released(traced: &mut Traced, before: Option<&Event>) -> Vec<Event> {
    let mut out = Vec::new();
    traced.release(before, &mut out);
    out
}

fn mounters(events: &[Event]) -> Vec<Option<u32>> {
    let mounter = |event: &Event| match event {
        Event::Attached(mount) => mount.mounter,
        other => panic!("{other:?}"),
    };
    events.iter().map(mounter).collect()
}

#[test]
fn a_mounter_is_found_whichever_is_told_first() {
    let mut traced = traced();
    let made = |pid, minor| Mounter {
        pid,
        device: (0, minor),
    };
    traced.made(made(10, 7));
    wait_for(&mut traced, mount(1, 7), Instant::now());
    wait_for(&mut traced, mount(2, 8), Instant::now());
    assert_eq!(mounters(&released(&mut traced, None)), [Some(10)]);
    assert_eq!(released(&mut traced, None), []);
    traced.made(made(11, 8));
    assert_eq!(mounters(&released(&mut traced, None)), [Some(11)]);
}

#[test]
fn a_device_that_comes_back_is_its_last_mounters() {
    let mut traced = traced();
    for pid in [10, 11] {
        traced.made(Mounter {
            pid,
            device: (0, 7),
        });
    }
    wait_for(&mut traced, mount(1, 7), Instant::now());
    assert_eq!(mounters(&released(&mut traced, None)), [Some(11)]);
}

#[test]
fn a_mount_is_told_without_a_mounter_in_the_end_and_before_its_unmount() {
    let mut traced = traced();
    wait_for(&mut traced, mount(1, 7), Instant::now());
    let other = Event::Detached {
        at: 0,
        id: 2,
        namespace: 1,
    };
    assert_eq!(released(&mut traced, Some(&other)), []);
    let own = Event::Detached {
        at: 0,
        id: 1,
        namespace: 1,
    };
    assert_eq!(mounters(&released(&mut traced, Some(&own))), [None]);
    wait_for(
        &mut traced,
        mount(3, 7),
        Instant::now().checked_sub(PATIENCE).unwrap(),
    );
    assert_eq!(mounters(&released(&mut traced, None)), [None]);
}

#[test]
fn mounters_that_nothing_comes_of_are_forgotten() {
    let mut traced = traced();
    for minor in 0..2 * u32::try_from(MOUNTERS_MAX).unwrap() {
        traced.made(Mounter {
            pid: 1,
            device: (0, minor),
        });
    }
    assert_eq!(traced.mounters.len(), MOUNTERS_MAX);
}
