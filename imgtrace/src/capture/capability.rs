//! What this kernel and these privileges allow, tried for real.

use super::kernel::{Capture, ConnectHook, Error, Options};
use super::mounts::{self, Mounts};

/// Something that imgtrace can do in one of several ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capability {
    /// What it is for.
    pub name: &'static str,
    /// What is missing if no way works.
    pub without: &'static str,
    /// The ways, in order of cost; the first that works is taken.
    pub ways: Vec<Way>,
}

/// One way to have a capability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The kernel's name of it.
    pub name: &'static str,
    /// Why it does not work, where it does not.
    pub obstacle: Option<String>,
    /// What it does not see that a better way does.
    pub lacks: Option<&'static str>,
}

impl Capability {
    /// The way that is taken, if any works.
    pub fn taken(&self) -> Option<&Way> {
        self.ways.iter().find(|way| way.obstacle.is_none())
    }

    fn one_way(
        name: &'static str,
        without: &'static str,
        way: &'static str,
        result: Result<(), String>,
    ) -> Self {
        Self {
            name,
            without,
            ways: vec![Way {
                name: way,
                obstacle: result.err(),
                lacks: None,
            }],
        }
    }

    fn mounts(capture: &mut Capture) -> Self {
        let mut attach = || capture.attach_mount_hook();
        let way = |way: &mounts::Way| Way {
            name: way.hook(),
            obstacle: Mounts::open(Some(*way), &mut attach)
                .err()
                .map(|error| error.reason()),
            lacks: way.lacks(),
        };
        Self {
            name: "overlay mounts",
            without: "a container that nobody asked for on a socket (podman, buildah, a restart \
                      policy) is not reported, nor which layers a container runs on",
            ways: mounts::Way::ALL.iter().map(way).collect(),
        }
    }
}

/// Loads and attaches every program once, and detaches it again.
///
/// Reads sockets and nothing else, and leaves nothing behind. Must be called within a tokio
/// runtime.
pub fn probe() -> Vec<Capability> {
    let mut capture = match Capture::load(Options::default(), &[]) {
        Ok(capture) => capture,
        Err(error) => {
            return vec![Capability::one_way(
                "kernel programs",
                "nothing can be traced on this machine; recordings can be replayed",
                "eBPF with BTF",
                Err(chain(&error)),
            )];
        }
    };
    let mut attach = |name| {
        capture
            .attach_tracepoint(name)
            .map_err(|error| chain(&error))
    };
    let mut capabilities = vec![
        Capability::one_way(
            "connections and payload",
            "nothing can be traced",
            "tp_btf consume_skb",
            attach("consume_skb"),
        ),
        Capability::one_way(
            "answers that nobody read",
            "an operation whose client was killed ends as unknown, though the daemon had answered",
            "tp_btf kfree_skb",
            attach("kfree_skb"),
        ),
        Capability::one_way(
            "process identity",
            "the command line of a process that is gone before it is looked up is unknown",
            "tp_btf sched_process_exec",
            attach("sched_process_exec"),
        ),
    ];
    capabilities.push(Capability::one_way(
        "connections that exist already",
        "only connections that begin while imgtrace runs are seen",
        "iter/task_file",
        capture.sockets().map(drop).map_err(|error| chain(&error)),
    ));
    capabilities.push(Capability::one_way(
        "refused connections",
        "a caller that may not use a socket is not reported",
        "cgroup/connect_unix",
        connect_hook(&mut capture),
    ));
    capabilities.push(Capability::mounts(&mut capture));
    capabilities
}

fn connect_hook(capture: &mut Capture) -> Result<(), String> {
    capture.attach_connect_hook();
    match capture.connect_hook() {
        ConnectHook::None(reason) => Err(reason.clone()),
        ConnectHook::Loaded(_) | ConnectHook::Attached(_) => Ok(()),
    }
}

/// An error and its causes in one line.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
