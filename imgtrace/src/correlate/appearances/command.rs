//! What the command line of podman, buildah or skopeo does to a store of images.
//!
//! Sources: the commands' manual pages, podman(1), buildah(1), skopeo(1). Options with values may
//! stand before the command; the first word that is a command's name is taken for it.

use crate::model::{Process, Reference};

/// What a command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Fetches an image if it is not there.
    Fetch,
    /// Makes images of others, which it may fetch.
    Build {
        /// The names that it gives, normalised, each as a registry's and as one made here.
        tags: Vec<String>,
    },
    /// Makes or unpacks an image without a registry.
    Make,
    /// Gives names, or takes them.
    Name,
    /// Something else, or it is not known.
    Unknown,
}

/// Commands that stand before others.
const GROUPS: [&str; 2] = ["image", "container"];

/// Reads what a command does from its whole line.
type Reader = fn(&[String]) -> Deed;

/// Commands by what they do. `pod`, `volume`, `network` and `secret` have a `create` that fetches
/// nothing, `manifest` one that makes a list.
const COMMANDS: &[(&str, Reader)] = &[
    ("pull", fetch),
    ("run", fetch),
    ("create", fetch),
    ("runlabel", fetch),
    ("auto-update", fetch),
    ("from", fetch),
    ("add", fetch),
    ("play", fetch),
    ("kube", fetch),
    ("copy", fetch),
    ("sync", fetch),
    ("build", build),
    ("bud", build),
    ("build-using-dockerfile", build),
    ("commit", make),
    ("load", make),
    ("import", make),
    ("scp", make),
    ("manifest", make),
    ("pod", make),
    ("farm", make),
    ("tag", name),
    ("untag", name),
    ("rmi", name),
    ("volume", unknown),
    ("network", unknown),
    ("secret", unknown),
    ("machine", unknown),
    ("system", unknown),
];

/// Transports that are no registry (containers-transports(5)).
const LOCAL: [&str; 7] = [
    "docker-archive:",
    "docker-daemon:",
    "oci:",
    "oci-archive:",
    "dir:",
    "sif:",
    "tarball:",
];

impl Deed {
    /// What a process does. CRI-O only ever fetches.
    pub(super) fn of(process: &Process) -> Self {
        if process.program() == "crio" {
            return Self::Fetch;
        }
        let args = process.args.as_deref().unwrap_or_default();
        Self::of_args(args)
    }

    fn of_args(args: &[String]) -> Self {
        let words = args.iter().skip(1).filter(|arg| !arg.starts_with('-'));
        let mut words = words.filter(|word| !GROUPS.contains(&word.as_str()));
        let command = words.find_map(|word| {
            let mut known = COMMANDS.iter();
            known.find_map(|(name, deed)| (name == word).then_some(deed))
        });
        command.map_or(Self::Unknown, |deed| deed(args))
    }
}

fn fetch(args: &[String]) -> Deed {
    let is_local = |arg: &String| LOCAL.iter().any(|transport| arg.starts_with(transport));
    if args.iter().any(is_local) {
        return Deed::Make;
    }
    Deed::Fetch
}

fn build(args: &[String]) -> Deed {
    let mut tags = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let given = match arg.as_str() {
            "-t" | "--tag" => args.next().map(String::as_str),
            arg => arg.strip_prefix("--tag="),
        };
        let Some(given) = given else {
            continue;
        };
        let read = [Reference::parse(given), Reference::parse_local(given)];
        let names = read.into_iter().flatten();
        tags.extend(names.map(|name| name.or_latest().to_string()));
    }
    Deed::Build { tags }
}

const fn make(_: &[String]) -> Deed {
    Deed::Make
}

const fn name(_: &[String]) -> Deed {
    Deed::Name
}

const fn unknown(_: &[String]) -> Deed {
    Deed::Unknown
}

#[cfg(test)]
mod tests;
