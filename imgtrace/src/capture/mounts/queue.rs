//! The bytes of a fanotify queue of mount notifications.

use zerocopy::{FromBytes, Immutable, KnownLayout};

/// A mount was attached (`include/uapi/linux/fanotify.h`, as all below).
pub(super) const FAN_MNT_ATTACH: u64 = 0x0100_0000;
/// A mount was detached; together with the other one it was moved.
pub(super) const FAN_MNT_DETACH: u64 = 0x0200_0000;
/// Notifications were dropped.
const FAN_Q_OVERFLOW: u64 = 0x4000;
/// `FANOTIFY_METADATA_VERSION`.
const VERSION: u8 = 3;
/// `FAN_EVENT_INFO_TYPE_MNT`.
const INFO_TYPE_MNT: u8 = 7;

/// `struct fanotify_event_metadata`.
#[repr(C)]
#[derive(Clone, Copy, FromBytes, Immutable, KnownLayout)]
struct Metadata {
    /// `event_len`: with the records that follow.
    length: u32,
    /// `vers`.
    version: u8,
    /// `reserved`.
    _reserved: u8,
    /// `metadata_len`: where the records begin.
    head: u16,
    /// `mask`: what happened.
    mask: u64,
    /// `fd`: `FAN_NOFD` here.
    _fd: i32,
    /// `pid`: who did it; 0 where that is not told.
    pid: i32,
}

const _: () = assert!(size_of::<Metadata>() == 24);

/// `struct fanotify_event_info_mnt`, its `struct fanotify_event_info_header` first.
#[repr(C)]
#[derive(Clone, Copy, FromBytes, Immutable, KnownLayout)]
struct Info {
    /// `hdr.info_type`.
    kind: u8,
    /// `hdr.pad`.
    _pad: u8,
    /// `hdr.len`: of this record.
    length: u16,
    /// What the compiler puts before a number of 64 bits.
    _gap: u32,
    /// `mnt_id`: the unique one.
    mount: u64,
}

const _: () = assert!(size_of::<Info>() == 16);

/// One notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notification {
    /// A mount has come; with `moved` it was elsewhere in the namespace before.
    Attached {
        /// The unique id.
        mount: u64,
        /// Who did it.
        pid: Option<u32>,
        /// Whether it was moved.
        moved: bool,
    },
    /// A mount is gone.
    Detached {
        /// The unique id.
        mount: u64,
    },
    /// Notifications were dropped.
    Overflow,
}

/// The notifications in what read(2) gave; what is none is skipped.
pub(super) fn notifications(bytes: &[u8]) -> impl Iterator<Item = Notification> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        loop {
            let (metadata, _) = Metadata::read_from_prefix(rest).ok()?;
            let length = usize::try_from(metadata.length).ok()?;
            let (event, after) = rest.split_at_checked(length)?;
            let records = event.get(usize::from(metadata.head)..);
            if length < size_of::<Metadata>() || metadata.version != VERSION {
                return None;
            }
            rest = after;
            if let Some(notification) = notification(metadata, records.unwrap_or_default()) {
                return Some(notification);
            }
        }
    })
}

fn notification(metadata: Metadata, records: &[u8]) -> Option<Notification> {
    if metadata.mask & FAN_Q_OVERFLOW != 0 {
        return Some(Notification::Overflow);
    }
    let mount = mount(records)?;
    let is_gone = metadata.mask & FAN_MNT_DETACH != 0;
    if metadata.mask & FAN_MNT_ATTACH == 0 {
        return is_gone.then_some(Notification::Detached { mount });
    }
    Some(Notification::Attached {
        mount,
        pid: u32::try_from(metadata.pid).ok().filter(|pid| *pid != 0),
        moved: is_gone,
    })
}

/// The mount that the records of a notification name.
fn mount(mut records: &[u8]) -> Option<u64> {
    loop {
        let [kind, _, low, high, ..] = *records else {
            return None;
        };
        let length = usize::from(u16::from_ne_bytes([low, high]));
        if kind == INFO_TYPE_MNT {
            let (info, _) = Info::read_from_prefix(records).ok()?;
            return (usize::from(info.length) == size_of::<Info>()).then_some(info.mount);
        }
        records = records.get(length..).filter(|_| length > 0)?;
    }
}

#[cfg(test)]
mod tests;
