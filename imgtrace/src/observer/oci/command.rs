//! What an OCI runtime is called for, from its command line. Pure.
//!
//! runc's command line (opencontainers/runc `main.go`, `create.go`, `run.go`, `restore.go`,
//! `delete.go`) is what crun (`src/crun.c`), youki (`crates/liboci-cli`) and gVisor's runsc
//! (`runsc/cli`) took over: global options, a verb, the verb's options, the container's id last.

use crate::{
    host::runtimes,
    model::{OciVerb, Process},
};

/// Global options that take the next word as their value if they have none of their own.
const GLOBAL_VALUES: &[&str] = &[
    "root",
    "r",
    "log",
    "l",
    "log-format",
    "log-level",
    "criu",
    "rootless",
    "cgroup-manager",
    "config",
    "debug-log",
    "debug-log-format",
    "panic-log",
    "platform",
];

/// The same of the verbs' own options.
const VERB_VALUES: &[&str] = &[
    "bundle",
    "b",
    "console-socket",
    "pid-file",
    "pidfd-socket",
    "preserve-fds",
    "image-path",
    "work-path",
    "parent-path",
    "manage-cgroups-mode",
    "empty-ns",
    "lsm-profile",
    "lsm-mount-context",
    "config",
    "user-log",
];

/// Verbs that neither begin nor end a container: behind one of these no other verb is looked for.
const OTHER_VERBS: &[&str] = &[
    "init",
    "exec",
    "kill",
    "state",
    "list",
    "ps",
    "pause",
    "resume",
    "spec",
    "update",
    "events",
    "checkpoint",
    "features",
    "help",
    "version",
    "boot",
    "gofer",
    "wait",
];

/// Folders of an OCI runtime's state, below which containerd and dockerd have one for each
/// namespace.
const STATE_FOLDERS: &[&str] = &["runc", "crun", "youki", "runsc"];

/// What dockerd calls the folder of a runtime's state: `runtime-runc`.
const DOCKERS_PREFIX: &str = "runtime-";

/// A call of an OCI runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) verb: OciVerb,
    pub(super) container: String,
    /// containerd's namespace.
    pub(super) namespace: Option<String>,
    pub(super) bundle: Option<String>,
}

impl Call {
    /// The call that a process makes by what it has executed; none if it makes none, or the
    /// command line was cut before the id.
    pub(super) fn of(process: &Process) -> Option<Self> {
        let args = process.args.as_deref().filter(|_| !process.args_cut)?;
        if runtimes::mounts_root_file_systems(process.program()) {
            return None;
        }
        let first = args.first().map_or("", String::as_str);
        let named = runtimes::is_oci_runtime(process.program()) || runtimes::is_oci_runtime(first);
        let mut words = args.iter().skip(1).map(String::as_str);
        let mut root = None;
        let verb = Self::verb(&mut words, &mut root)?;
        let folders = root.map(StateFolder::of).unwrap_or_default();
        if !named && !folders.is_runtimes {
            return None;
        }
        let mut call = Self {
            verb,
            container: String::new(),
            namespace: folders.namespace.map(str::to_owned),
            bundle: None,
        };
        call.rest(words)?;
        (!call.container.is_empty()).then_some(call)
    }

    /// Reads the global options, and what stands before them where a shell runs a wrapper.
    fn verb<'a>(
        words: &mut impl Iterator<Item = &'a str>,
        root: &mut Option<&'a str>,
    ) -> Option<OciVerb> {
        while let Some(word) = words.next() {
            if let Some((name, value)) = option(word) {
                let takes = GLOBAL_VALUES.contains(&name);
                let value = value.or_else(|| takes.then(|| words.next()).flatten());
                if matches!(name, "root" | "r") {
                    *root = value;
                }
                continue;
            }
            match word {
                "create" => return Some(OciVerb::Create),
                "start" => return Some(OciVerb::Start),
                "run" => return Some(OciVerb::Run),
                "restore" => return Some(OciVerb::Restore),
                "delete" => return Some(OciVerb::Delete),
                word if OTHER_VERBS.contains(&word) => return None,
                _ => {}
            }
        }
        None
    }

    /// Reads what stands behind the verb. None if it names no container by its id.
    fn rest<'a>(&mut self, mut words: impl Iterator<Item = &'a str>) -> Option<()> {
        while let Some(word) = words.next() {
            let Some((name, value)) = option(word) else {
                word.clone_into(&mut self.container);
                continue;
            };
            // crun: a file for those that make a container, by force for the one that deletes.
            let file = name == "f" && self.verb != OciVerb::Delete;
            let takes = file || VERB_VALUES.contains(&name);
            let value = value.or_else(|| takes.then(|| words.next()).flatten());
            match name {
                "bundle" | "b" => self.bundle = value.map(str::to_owned),
                // crun deletes all whose ids match.
                "regex" => return None,
                _ => {}
            }
        }
        Some(())
    }
}

/// Name and value of `--name`, `--name=value`, `-name`; none for a word that is no option.
fn option(word: &str) -> Option<(&str, Option<&str>)> {
    let name = word.strip_prefix("--").or_else(|| word.strip_prefix('-'))?;
    Some(match name.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (name, None),
    })
}

/// What `--root` says.
#[derive(Default)]
struct StateFolder<'a> {
    /// Whether it is an OCI runtime's.
    is_runtimes: bool,
    namespace: Option<&'a str>,
}

impl<'a> StateFolder<'a> {
    /// `/run/containerd/runc/NAMESPACE`, `/run/docker/runtime-runc/moby`, `/run/runc`.
    fn of(root: &'a str) -> Self {
        let mut parts = root.trim_end_matches('/').rsplit('/');
        let (last, above) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
        let is_runtimes =
            |folder: &str| STATE_FOLDERS.contains(&folder) || folder.starts_with(DOCKERS_PREFIX);
        if is_runtimes(above) {
            return Self {
                is_runtimes: true,
                namespace: Some(last),
            };
        }
        Self {
            is_runtimes: is_runtimes(last),
            namespace: None,
        }
    }
}

#[cfg(test)]
mod tests;
