//! Loads and attaches `cgroup/connect_unix`, which aya 0.14 does not name.
//!
//! aya-obj relocates the program against the tables that aya has created; bpf(2) is called
//! directly with the attach type of the kernel's `BPF_CGROUP_UNIX_CONNECT` (6.7 and later).

use std::{
    fs::File,
    os::fd::{AsFd as _, AsRawFd as _, FromRawFd as _, OwnedFd, RawFd},
    path::PathBuf,
};

use aya::{Ebpf, maps::Map};
use aya_obj::{
    Object,
    generated::{bpf_attach_type, bpf_attr, bpf_cmd, bpf_prog_type},
};
use imgtrace_common::Offsets;
use thiserror::Error;
use zerocopy::IntoBytes as _;

/// The program's name in the object.
const NAME: &str = "connect_unix";

/// Why connect(2) is not seen.
#[derive(Debug, Error)]
pub enum Error {
    /// The object does not have what it should.
    #[error("the kernel object has no usable program connect_unix")]
    Object,
    /// The kernel refuses the program.
    #[error("the kernel refuses cgroup/connect_unix ({0}); it has it from 6.7 on")]
    Load(std::io::Error),
    /// No v2 hierarchy.
    #[error("no cgroup2 hierarchy is mounted")]
    NoCgroup2,
    /// The v2 hierarchy cannot be opened.
    #[error("{path} cannot be opened ({source})")]
    Open {
        /// Its mount point.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The kernel refuses to attach it.
    #[error("the kernel refuses to attach to {path} ({source})")]
    Attach {
        /// The hierarchy's mount point.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// The loaded program.
#[derive(Debug)]
pub struct Program(OwnedFd);

/// The attached program; detached when dropped.
#[derive(Debug)]
pub struct Attached {
    _link: OwnedFd,
    /// Where the v2 hierarchy is mounted. If that is not the hierarchy's root, only this part of
    /// the host is seen.
    pub cgroup: PathBuf,
}

/// Names and descriptors of the tables that aya created.
pub(super) fn tables(ebpf: &Ebpf) -> Vec<(String, RawFd)> {
    ebpf.maps()
        .filter_map(|(name, map)| {
            let (Map::Array(data)
            | Map::HashMap(data)
            | Map::PerCpuArray(data)
            | Map::PerfEventArray(data)
            | Map::RingBuf(data)) = map
            else {
                return None;
            };
            Some((name.to_owned(), data.fd().as_fd().as_raw_fd()))
        })
        .collect()
}

/// Relocates and loads the program.
///
/// # Errors
///
/// If the kernel does not have the hook.
pub(super) fn load(
    object: &[u8],
    offsets: &Offsets,
    tables: &[(String, RawFd)],
) -> Result<Program, Error> {
    let mut object = Object::parse(object).map_err(|_| Error::Object)?;
    // `.rodata` is a table too, and aya has filled it in already; patching the copy keeps the
    // parsed object consistent.
    let globals = [("OFFSETS", (offsets.as_bytes(), true))]
        .into_iter()
        .collect();
    object.patch_map_data(globals).map_err(|_| Error::Object)?;
    let text = object
        .functions
        .keys()
        .map(|(section, _)| *section)
        .collect();
    let maps = std::mem::take(&mut object.maps);
    let known: Vec<_> = tables
        .iter()
        .filter_map(|(name, fd)| maps.get(name).map(|map| (name.as_str(), *fd, map)))
        .collect();
    // aya-obj asserts that what a program refers to is there.
    if known.len() < maps.len() {
        return Err(Error::Object);
    }
    object
        .relocate_maps(known.into_iter(), &text)
        .map_err(|_| Error::Object)?;
    object.relocate_calls(&text).map_err(|_| Error::Object)?;
    let key = object
        .programs
        .get(NAME)
        .ok_or(Error::Object)?
        .function_key();
    let function = object.functions.get(&key).ok_or(Error::Object)?;

    let mut attr = zeroed_attr();
    #[expect(unsafe_code, reason = "bpf(2) has no wrapper for this attach type")]
    // SAFETY: the members of the union that BPF_PROG_LOAD reads.
    let program = unsafe { &mut attr.__bindgen_anon_3 };
    program.prog_type = bpf_prog_type::BPF_PROG_TYPE_CGROUP_SOCK_ADDR as u32;
    program.expected_attach_type = bpf_attach_type::BPF_CGROUP_UNIX_CONNECT as u32;
    program.insns = function.instructions.as_ptr() as u64;
    program.insn_cnt = u32::try_from(function.instructions.len()).map_err(|_| Error::Object)?;
    program.license = object.license.as_ptr() as u64;
    bpf(bpf_cmd::BPF_PROG_LOAD, &mut attr)
        .map(Program)
        .map_err(Error::Load)
}

impl Program {
    /// Attaches the program to the root of the v2 hierarchy.
    ///
    /// # Errors
    ///
    /// If there is no such hierarchy or the kernel refuses.
    pub fn attach(&self) -> Result<Attached, Error> {
        let path = cgroup2().ok_or(Error::NoCgroup2)?;
        let cgroup = File::open(&path).map_err(|source| Error::Open {
            path: path.clone(),
            source,
        })?;
        let mut attr = zeroed_attr();
        #[expect(unsafe_code, reason = "bpf(2) has no wrapper for this attach type")]
        // SAFETY: the members of the union that BPF_LINK_CREATE reads.
        let link = unsafe { &mut attr.link_create };
        link.__bindgen_anon_1.prog_fd = descriptor(self.0.as_raw_fd());
        link.__bindgen_anon_2.target_fd = descriptor(cgroup.as_raw_fd());
        link.attach_type = bpf_attach_type::BPF_CGROUP_UNIX_CONNECT as u32;
        bpf(bpf_cmd::BPF_LINK_CREATE, &mut attr)
            .map(|link| Attached {
                _link: link,
                cgroup: path.clone(),
            })
            .map_err(|source| Error::Attach { path, source })
    }
}

/// Where the v2 hierarchy is mounted.
fn cgroup2() -> Option<PathBuf> {
    procfs::process::Process::myself()
        .and_then(|own| own.mountinfo())
        .ok()?
        .into_iter()
        .find(|mount| mount.fs_type == "cgroup2")
        .map(|mount| mount.mount_point)
}

fn descriptor(fd: RawFd) -> u32 {
    // A descriptor that is open is not negative.
    u32::try_from(fd).unwrap_or(u32::MAX)
}

fn zeroed_attr() -> bpf_attr {
    #[expect(unsafe_code, reason = "the kernel wants unused members to be zero")]
    // SAFETY: a union of integers and addresses as integers.
    unsafe {
        std::mem::zeroed()
    }
}

fn bpf(command: bpf_cmd, attr: &mut bpf_attr) -> std::io::Result<OwnedFd> {
    #[expect(unsafe_code, reason = "a raw system call")]
    // SAFETY: `attr` is a valid bpf_attr for the command and outlives the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command as u32,
            std::ptr::from_mut(attr),
            size_of::<bpf_attr>(),
        )
    };
    let fd = RawFd::try_from(result).unwrap_or(-1);
    if fd < 0 {
        return Err(std::io::Error::last_os_error());
    }
    #[expect(unsafe_code, reason = "the kernel has just made this descriptor")]
    // SAFETY: nobody else has it.
    let owned = unsafe { OwnedFd::from_raw_fd(fd) };
    Ok(owned)
}
