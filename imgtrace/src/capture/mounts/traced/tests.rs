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

fn released(traced: &mut Traced) -> Vec<Event> {
    let mut out = Vec::new();
    traced.release(&mut out);
    out
}

fn released_before(traced: &mut Traced, event: &Event) -> Vec<Event> {
    let mut out = Vec::new();
    traced.release_before(event, &mut out);
    out
}

fn mounters(events: &[Event]) -> Vec<Option<u32>> {
    let mounter = |event: &Event| match event {
        Event::Attached(mount) => mount.mounter,
        other => panic!("{other:?}"),
    };
    events.iter().map(mounter).collect()
}

fn made(at: u64, pid: u32, minor: u32) -> Mounter {
    let device = (0, minor);
    Mounter { at, pid, device }
}

#[test]
fn a_mounter_is_found_whichever_is_told_first() {
    let mut traced = traced();
    traced.made(made(0, 10, 7));
    wait_for(&mut traced, mount(1, 7), Instant::now());
    wait_for(&mut traced, mount(2, 8), Instant::now());
    assert_eq!(mounters(&released(&mut traced)), [Some(10)]);
    assert_eq!(released(&mut traced), []);
    traced.made(made(0, 11, 8));
    assert_eq!(mounters(&released(&mut traced)), [Some(11)]);
}

#[test]
fn who_had_the_device_number_before_made_nothing_of_now() {
    let mut traced = traced();
    traced.made(made(0, 10, 7));
    let now = Mount {
        at: FAR / 2,
        ..mount(1, 7)
    };
    wait_for(&mut traced, now.clone(), Instant::now());
    assert_eq!(released(&mut traced), [], "its own is still to come");
    traced.made(made(now.at - 1, 11, 7));
    assert_eq!(mounters(&released(&mut traced)), [Some(11)]);

    let later = Mount {
        at: 2 * FAR,
        ..mount(2, 7)
    };
    let long_ago = Instant::now().checked_sub(PATIENCE).unwrap();
    wait_for(&mut traced, later, long_ago);
    assert_eq!(mounters(&released(&mut traced)), [None]);
}

#[test]
fn a_mounter_is_found_late_where_the_thread_was_busy() {
    let mut traced = traced();
    traced.made(made(0, 10, 7));
    let noticed_late = Mount {
        at: 2 * NEAR,
        ..mount(1, 7)
    };
    let long_ago = Instant::now().checked_sub(PATIENCE).unwrap();
    wait_for(&mut traced, noticed_late, long_ago);
    assert_eq!(mounters(&released(&mut traced)), [Some(10)]);
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
    assert_eq!(released_before(&mut traced, &other), []);
    let own = Event::Detached {
        at: 0,
        id: 1,
        namespace: 1,
    };
    wait_for(&mut traced, mount(2, 8), Instant::now());
    traced.made(made(0, 11, 8));
    assert_eq!(mounters(&released_before(&mut traced, &own)), [None]);
    assert_eq!(mounters(&released(&mut traced)), [Some(11)], "not of it");
    wait_for(
        &mut traced,
        mount(3, 7),
        Instant::now().checked_sub(PATIENCE).unwrap(),
    );
    assert_eq!(mounters(&released(&mut traced)), [None]);
}

#[test]
fn mounters_that_nothing_comes_of_are_forgotten() {
    let mut traced = traced();
    for minor in 0..2 * u32::try_from(MOUNTERS_MAX).unwrap() {
        traced.made(made(0, 1, minor));
    }
    assert_eq!(traced.mounters.len(), MOUNTERS_MAX);
}

#[test]
fn what_waits_at_the_end_is_told() {
    let mut traced = traced();
    wait_for(&mut traced, mount(1, 7), Instant::now());
    assert_eq!(released(&mut traced), []);
    let mut out = Vec::new();
    traced.finish(&mut out);
    assert_eq!(mounters(&out), [None]);
}
