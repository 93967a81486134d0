//! Loading and attaching, and the tables that are shared with the programs.

mod attach;

use std::collections::BTreeSet;

use aya::{
    Btf, Ebpf, EbpfLoader, Pod,
    maps::{HashMap, MapData, PerCpuArray, PerfEventArray},
    programs::Iter,
};
use aya_log::EbpfLogger;
use imgtrace_common::{Basename, ListenerKey, Socket, Watch, loss};
use thiserror::Error;
use zerocopy::IntoBytes as _;

use super::{
    btf, connect_unix,
    event::Event,
    object::OBJECT,
    offsets,
    perf::{self, Buffers},
    sockets::{self, Sockets},
};

/// Bytes of all perf buffers together, whatever the number of CPUs.
const BUFFER_BYTES: usize = 64 << 20;

/// Why the programs could not be set up.
#[derive(Debug, Error)]
pub enum Error {
    /// This build has no kernel object.
    #[error("failed to load the kernel programs: this build of imgtrace does not contain them")]
    NoObject,
    /// The kernel's type information.
    #[error(transparent)]
    Btf(#[from] btf::Error),
    /// The kernel's type information, read by aya.
    #[error("failed to read the kernel's type information")]
    KernelTypes(#[source] aya::BtfError),
    /// The object as a whole, or one of its tables.
    #[error("failed to create the tables of the kernel programs")]
    Load(#[source] Box<aya::EbpfError>),
    /// One program.
    #[error("failed to load the kernel program {name}")]
    Program {
        /// Its name: the hook's.
        name: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// One table, after loading.
    #[error("failed to access the kernel table {name}")]
    Table {
        /// Its name.
        name: &'static str,
        /// Why.
        source: aya::maps::MapError,
    },
    /// A program or table that the object should have.
    #[error("failed to find {0} in the kernel object")]
    NotInObject(&'static str),
    /// The buffers.
    #[error(transparent)]
    Buffers(#[from] perf::Error),
    /// The iterator.
    #[error("failed to list the open sockets of all processes")]
    Sockets(#[source] std::io::Error),
}

impl Error {
    /// A program that the kernel refused. The verifier's log goes to our own log: it is long, and
    /// for developers.
    fn program(name: &'static str, error: aya::programs::ProgramError) -> Self {
        use aya::programs::ProgramError;
        let source = match error {
            ProgramError::LoadError {
                io_error,
                verifier_log,
            } => {
                tracing::debug!(name, %verifier_log, "refused");
                io_error
            }
            ProgramError::SyscallError(error) => error.io_error,
            other => std::io::Error::other(other),
        };
        Self::Program { name, source }
    }
}

/// What is set before loading.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The probes' own diagnostics, through aya-log; the code for them is not even loaded when off.
    pub diagnostics: bool,
}

/// Which hook sees connect(2).
#[derive(Debug)]
pub enum ConnectHook {
    /// `cgroup/connect_unix`, loaded.
    Loaded(connect_unix::Program),
    /// `cgroup/connect_unix`, attached: it sees attempts, not results.
    Attached(connect_unix::Attached),
    /// None, for this reason.
    None(String),
}

/// The programs in the kernel. They are gone when this is dropped.
pub struct Capture {
    ebpf: Ebpf,
    kernel_types: Btf,
    buffers: Buffers,
    listeners: HashMap<MapData, Key<ListenerKey>, Value<Watch>>,
    sockets: HashMap<MapData, u64, Value<Socket>>,
    losses: PerCpuArray<MapData, u64>,
    /// Losses that were told of already.
    said: Losses,
    connect: ConnectHook,
    logger: Option<EbpfLogger<&'static dyn log::Log>>,
}

/// A key that aya may write into a table.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Key<T>(T);
/// A value that aya may write into a table.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Value<T>(T);

macro_rules! pod {
    ($($wrapper:ident<$name:ty>),*) => {
        $(
            #[expect(unsafe_code, reason = "aya's tables take only types that say they are plain")]
            // SAFETY: repr(C) without padding, proven by zerocopy's `IntoBytes`; any bits are valid.
            unsafe impl Pod for $wrapper<$name> {}
        )*
    };
}
pod!(Key<ListenerKey>, Value<Watch>, Value<Socket>);

impl Capture {
    /// Loads the programs; nothing is attached yet. `basenames` are the names under which a
    /// listener that nobody announced is captured provisionally.
    ///
    /// # Errors
    ///
    /// If a privilege or a kernel feature is missing.
    pub fn load(options: Options, basenames: &[String]) -> Result<Self, Error> {
        let object = OBJECT.ok_or(Error::NoObject)?;
        let offsets = offsets::resolve(&btf::Btf::vmlinux()?)?;
        let kernel_types = Btf::from_sys_fs().map_err(Error::KernelTypes)?;
        raise_memlock();
        // aya-log's own global: 0 switches every statement off before the verifier sees it.
        let level = if options.diagnostics { 0xff_u8 } else { 0 };
        let mut ebpf = EbpfLoader::new()
            .btf(Some(&kernel_types))
            .override_global("OFFSETS", offsets.as_bytes(), true)
            .override_global("AYA_LOG_LEVEL", &level, true)
            .load(object)
            .map_err(|error| Error::Load(Box::new(error)))?;
        // Before any table is taken out of the object.
        let tables = connect_unix::tables(&ebpf);
        let logger = options
            .diagnostics
            .then(|| EbpfLogger::init(&mut ebpf).ok())
            .flatten();
        let connect = connect_unix::load(object, &offsets, &tables).map_or_else(
            |error| ConnectHook::None(error.to_string()),
            ConnectHook::Loaded,
        );
        name_runtimes(&mut ebpf, basenames)?;
        Ok(Self {
            buffers: Buffers::open(
                take(&mut ebpf, "EVENTS", PerfEventArray::try_from)?,
                BUFFER_BYTES,
            )?,
            listeners: take(&mut ebpf, "LISTENERS", HashMap::try_from)?,
            sockets: take(&mut ebpf, "SOCKETS", HashMap::try_from)?,
            losses: take(&mut ebpf, "LOSSES", PerCpuArray::try_from)?,
            said: Losses::default(),
            connect,
            kernel_types,
            logger,
            ebpf,
        })
    }

    /// Which hook sees connect(2).
    pub const fn connect_hook(&self) -> &ConnectHook {
        &self.connect
    }

    /// Captures connections to a listener, or leaves them alone.
    ///
    /// # Errors
    ///
    /// If the table is full.
    pub fn watch(&mut self, listener: ListenerKey, watch: Watch) -> Result<(), Error> {
        self.listeners
            .insert(Key(listener), Value(watch), 0)
            .map_err(|source| Error::Table {
                name: "LISTENERS",
                source,
            })
    }

    /// Forgets a listener. That it is not there any more is no error.
    pub fn unwatch(&mut self, listener: ListenerKey) {
        drop(self.listeners.remove(&Key(listener)));
    }

    /// Lists listeners and the ends of watched connections, in every network namespace, and enters
    /// connections that the kernel side does not have yet.
    ///
    /// # Errors
    ///
    /// If the kernel refuses the iterator or reading it fails.
    pub fn sockets(&mut self) -> Result<Sockets, Error> {
        const NAME: &str = "task_file";
        let failed = |error| Error::program(NAME, error);
        let program = self
            .ebpf
            .program_mut(NAME)
            .ok_or(Error::NotInObject(NAME))?;
        let program = <&mut Iter>::try_from(program).map_err(failed)?;
        if program.fd().is_err() {
            program.load(NAME, &self.kernel_types).map_err(failed)?;
        }
        let link = program.attach().map_err(failed)?;
        let link = program.take_link(link).map_err(failed)?;
        let iterator = link
            .into_file()
            .map_err(|error| Error::Sockets(std::io::Error::other(error)))?;
        sockets::read(iterator).map_err(Error::Sockets)
    }

    /// Sweeps the ends of closed connections out of the kernel's table: all that are not in `open`,
    /// the connections of a [`Self::sockets`] run, and were not accepted since `before` (ns of
    /// `CLOCK_MONOTONIC`, taken ahead of that run).
    pub fn sweep(&mut self, open: &BTreeSet<u64>, before: u64) {
        let closed: Vec<(u64, u64)> = self
            .sockets
            .iter()
            .filter_map(Result::ok)
            .map(|(sock, Value(socket))| (sock, socket.connection))
            .filter(|(_, connection)| !open.contains(connection) && *connection | 0xff < before)
            .collect();
        for (sock, connection) in closed {
            // The address may belong to a new connection by now.
            if self
                .sockets
                .get(&sock, 0)
                .is_ok_and(|Value(now)| now.connection == connection)
            {
                drop(self.sockets.remove(&sock));
            }
        }
    }

    /// The connections in the kernel's table, each once.
    pub fn tracked(&self) -> BTreeSet<u64> {
        self.sockets
            .iter()
            .filter_map(Result::ok)
            .map(|(_, Value(socket))| socket.connection)
            .collect()
    }

    /// Waits until the kernel side has written something.
    pub async fn readable(&self) {
        self.buffers.readable().await;
    }

    /// True if records wait for their release by a later [`Self::drain`].
    pub fn settling(&self) -> bool {
        self.buffers.settling()
    }

    /// Moves what can be put in order into `events`, oldest first; returns the time (ns of
    /// `CLOCK_MONOTONIC`) before which nothing more will come.
    pub fn drain(&mut self, events: &mut Vec<Event>) -> u64 {
        let until = self.buffers.drain(events);
        self.flush_diagnostics();
        until
    }

    /// Moves everything into `events`, for the end of a run.
    pub fn drain_all(&mut self, events: &mut Vec<Event>) {
        self.buffers.drain_all(events);
        self.flush_diagnostics();
    }

    fn flush_diagnostics(&mut self) {
        if let Some(logger) = &mut self.logger {
            logger.flush();
        }
    }

    /// Records that found no room in a buffer and sockets that found none in the table, since the
    /// last call.
    pub fn take_losses(&mut self) -> Losses {
        let unreadable = self.buffers.take_unreadable();
        if unreadable > 0 {
            tracing::error!(unreadable, "records of the kernel side could not be read");
        }
        let new = |what, said: &mut u64| {
            let all = self
                .losses
                .get(&what, 0)
                .map_or(*said, |counters| counters.iter().sum());
            all - std::mem::replace(said, all)
        };
        Losses {
            buffer: new(loss::BUFFER, &mut self.said.buffer),
            table: new(loss::TABLE, &mut self.said.table),
        }
    }
}

/// What the kernel side could not hand over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Records that found no room in a CPU's buffer.
    pub buffer: u64,
    /// Connections that found no room in the table of sockets.
    pub table: u64,
}

/// Before 5.11 tables are counted against `RLIMIT_MEMLOCK`; without the privilege to raise it the
/// kernel says so when a table is created.
fn raise_memlock() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let unlimited = Rlimit {
        current: None,
        maximum: None,
    };
    if let Err(error) = setrlimit(Resource::Memlock, unlimited) {
        tracing::debug!(%error, "the limit of locked memory stays as it is");
    }
}

fn take<T>(
    ebpf: &mut Ebpf,
    name: &'static str,
    typed: impl FnOnce(aya::maps::Map) -> Result<T, aya::maps::MapError>,
) -> Result<T, Error> {
    let map = ebpf.take_map(name).ok_or(Error::NotInObject(name))?;
    typed(map).map_err(|source| Error::Table { name, source })
}

fn name_runtimes(ebpf: &mut Ebpf, basenames: &[String]) -> Result<(), Error> {
    const NAME: &str = "BASENAMES";
    // Borrowed, not taken: programs that are loaded later refer to it.
    let map = ebpf.map_mut(NAME).ok_or(Error::NotInObject(NAME))?;
    let mut table: HashMap<&mut MapData, u64, u32> =
        HashMap::try_from(map).map_err(|source| Error::Table { name: NAME, source })?;
    for basename in basenames {
        let key = Basename::of(basename.as_bytes()).key();
        table
            .insert(key, 1, 0)
            .map_err(|source| Error::Table { name: NAME, source })?;
    }
    Ok(())
}
