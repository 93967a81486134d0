//! What only the queue's own state shows: an overflow, and what is known twice.

use super::super::tests::scene::Ground;
use super::*;

/// A source that has told all there was; none where the test cannot run.
fn settled() -> Option<Fanotify> {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: mounting needs root");
        return None;
    }
    let mut source = match Fanotify::open() {
        Ok(source) => source,
        Err(error) => {
            eprintln!("skipped: {error}");
            return None;
        }
    };
    source.watch(std::process::id()).unwrap();
    told(&mut source);
    assert!(!source.is_behind());
    Some(source)
}

fn told(source: &mut Fanotify) -> Vec<Event> {
    let mut out = Vec::new();
    source.take(1, &mut out).unwrap();
    while source.is_behind() {
        source.take(1, &mut out).unwrap();
    }
    out
}

/// The mount at a ground, among others' that the machine makes meanwhile.
fn at<'a>(events: &'a [Event], ground: &Ground) -> Option<&'a Mount> {
    let target = ground.target();
    events.iter().find_map(|event| match event {
        Event::Attached(mount) if mount.target == target => Some(mount),
        _ => None,
    })
}

/// Takes everything out of the queue, as if it had been dropped.
fn drop_all(source: &Fanotify) {
    let mut buffer = [0; 4096];
    while rustix::io::read(&source.group, &mut buffer).is_ok_and(|read| read > 0) {}
}

#[test]
fn after_an_overflow_the_namespaces_are_listed_anew() {
    let Some(mut source) = settled() else { return };
    let (gone, come) = (Ground::new(1), Ground::new(2));
    gone.mount();
    let gone_id = at(&told(&mut source), &gone).unwrap().id;
    gone.unmount();
    come.mount();
    drop_all(&source);
    let (mut lost, mut out) = (0, Vec::new());
    source.notice(Notification::Overflow, 7, &mut lost, &mut out);
    assert_eq!(lost, 1, "at least one");
    let is_gone = |event: &Event| matches!(event, Event::Detached { id, .. } if *id == gone_id);
    assert!(out.iter().any(is_gone));
    let out = told(&mut source);
    let mount = at(&out, &come).unwrap();
    assert_eq!((mount.mounter, mount.already), (None, false));
    assert_eq!(mount.lower, come.lower());
    assert!(at(&told(&mut source), &come).is_none(), "once");
}

#[test]
fn a_mount_between_mark_and_list_was_noticed_as_it_came() {
    let Some(mut source) = settled() else { return };
    let ground = Ground::new(1);
    ground.mount();
    // It is in the queue, and now in a list too.
    let namespace = source.namespaces[0];
    source.list(namespace, true);
    let out = told(&mut source);
    let mount = at(&out, &ground).unwrap();
    assert_eq!(mount.mounter, Some(std::process::id()));
    assert!(!mount.already);
}

#[test]
fn a_mount_that_is_moved_is_told_again() {
    let Some(mut source) = settled() else { return };
    let (ground, other) = (Ground::new(1), Ground::new(1));
    // What is mounted on a shared mount cannot be moved.
    let private = rustix::mount::MountPropagationFlags::PRIVATE;
    rustix::mount::mount_bind(ground.folder(), ground.folder()).unwrap();
    rustix::mount::mount_change(ground.folder(), private).unwrap();
    ground.mount();
    let before = at(&told(&mut source), &ground).cloned().unwrap();
    rustix::mount::mount_move(ground.target(), other.target()).unwrap();
    let out = told(&mut source);
    let after = at(&out, &other).unwrap();
    assert_eq!((after.id, after.device), (before.id, before.device));
    let is_gone = |event: &Event| matches!(event, Event::Detached { id, .. } if *id == before.id);
    assert!(!out.iter().any(is_gone));
    other.unmount();
    assert!(told(&mut source).iter().any(is_gone));
    rustix::mount::unmount(ground.folder(), rustix::mount::UnmountFlags::DETACH).unwrap();
}

#[test]
fn a_number_of_a_namespace_that_comes_back_is_another_namespace() {
    let Some(mut source) = settled() else { return };
    let ground = Ground::new(1);
    ground.mount();
    let id = at(&told(&mut source), &ground).unwrap().id;
    // As if ours were another one with the number of one that is gone.
    source.namespaces[0].id = u64::MAX - 1;
    assert!(source.watch(std::process::id()).unwrap().is_new);
    let out = told(&mut source);
    let is_gone = |event: &Event| matches!(event, Event::Detached { id: gone, .. } if *gone == id);
    assert!(out.iter().any(is_gone));
    assert!(at(&out, &ground).unwrap().already);
}
