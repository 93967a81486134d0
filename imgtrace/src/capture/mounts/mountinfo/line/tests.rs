//! Lines as kernels show them.

use proptest::prelude::*;

use super::*;

const TEXT: &[u8] = b"\
21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
36 21 0:31 / /a\\040b rw shared:2 master:1 - overlay over\\040lay rw,lowerdir=l/A:l/B,upperdir=/u\n\
37 21 0:32 /etc /bound rw - overlay overlay rw,lowerdir=/x\n\
38 21 0:33 / /f rw - fuse.fuse-overlayfs fuse-overlayfs rw,user_id=0,group_id=0\n\
39 21 0:34 / /g rw - fuse fuse-overlayfs rw\n\
40 21 0:35 / /h rw - fuse.sshfs h: rw\n\
41 21 0:x / /i rw - overlay overlay rw\n\
42 21 0:36";

#[test]
fn overlays_are_picked_out() {
    let all = overlays(TEXT);
    let mut ids: Vec<_> = all.keys().copied().collect();
    ids.sort_unstable();
    assert_eq!(ids, [36, 38, 39]);
    let first = &all[&36];
    assert_eq!(first.device, (0, 31));
    assert_eq!((&*first.target, &*first.source), ("/a b", "over lay"));
    assert_eq!(first.layers.lower, ["l/A", "l/B"]);
    assert_eq!(first.layers.upper.as_deref(), Some("/u"));
    assert_eq!(all[&38].kind, "fuse.fuse-overlayfs");
}

#[test]
fn a_number_that_came_back_is_another_mount() {
    let one = &overlays(b"36 21 0:31 / /a rw - overlay o rw,lowerdir=/x,upperdir=/u1")[&36];
    let moved = &overlays(b"36 21 0:31 / /b rw - overlay o ro,lowerdir=/x,upperdir=/u1")[&36];
    let other = &overlays(b"36 21 0:31 / /a rw - overlay o rw,lowerdir=/x,upperdir=/u2")[&36];
    assert!(moved.is_of(one));
    assert!(!other.is_of(one));
}

proptest! {
    #[test]
    fn any_cut_is_read(begin in 0usize..400, length in 0usize..400, byte: u8) {
        let end = (begin + length).min(TEXT.len());
        let mut part = TEXT[begin.min(end)..end].to_vec();
        if let Some(last) = part.last_mut() {
            *last = byte;
        }
        prop_assert!(overlays(&part).len() <= 3);
    }
}
