//! Where crictl is told to point: `/etc/crictl.yaml`, and the configuration of the crictl that k3s
//! and rke2 bring along.
//!
//! The environment of a shell (`CONTAINER_RUNTIME_ENDPOINT`, `CRI_CONFIG_FILE`) may say otherwise;
//! it may hold secrets, and is not read.

use std::io::Read as _;

use super::root::{Kind, Root, Walk};
use crate::model::{CriAddress, CrictlConfig, Listener};

/// The configuration that crictl reads if nothing else is said (cri-tools
/// `cmd/crictl/main_unix.go`), which is told even if it is not there.
const DEFAULT: &str = "/etc/crictl.yaml";

/// Those that k3s and rke2 write for their own crictl, `agent/etc/crictl.yaml` below their data
/// folder.
const BUNDLED: [&str; 2] = [
    "/var/lib/rancher/k3s/agent/etc/crictl.yaml",
    "/var/lib/rancher/rke2/agent/etc/crictl.yaml",
];

/// The process whose root is the machine's; where it may not be looked at, imgtrace's own has to do.
const FIRST_PROCESS: u32 = 1;

/// The most of a file that is read, in bytes.
const FILE_MAX: u64 = 64 << 10;

/// The most bytes of an address.
const ADDRESS_MAX: usize = 4_096;

/// The configurations on this machine.
pub fn configurations() -> Vec<CrictlConfig> {
    let own = std::process::id();
    let Some(root) = Root::of(FIRST_PROCESS).or_else(|| Root::of(own)) else {
        return vec![CrictlConfig {
            file: DEFAULT.to_owned(),
            problem: Some("the machine's files cannot be looked at".to_owned()),
            ..CrictlConfig::default()
        }];
    };
    let bundled = BUNDLED.iter().map(|file| read(&root, file));
    std::iter::once(read(&root, DEFAULT))
        .chain(bundled.filter(|config| config.found))
        .collect()
}

fn read(root: &Root, file: &str) -> CrictlConfig {
    let mut config = CrictlConfig {
        file: file.to_owned(),
        found: true,
        ..CrictlConfig::default()
    };
    let problem = match root.walk(file.as_bytes()) {
        Walk::Missing { .. } => {
            config.found = false;
            return config;
        }
        Walk::Found { .. } => match text(root, file) {
            Ok(text) => {
                let (runtime, image) = parse(&text);
                config.runtime = runtime.map(|address| lead(root, address));
                config.image = image.map(|address| lead(root, address));
                return config;
            }
            Err(problem) => problem,
        },
        Walk::Unknown => "it lies where imgtrace does not look".to_owned(),
    };
    config.problem = Some(problem);
    config
}

fn text(root: &Root, file: &str) -> Result<String, String> {
    let file = root
        .open(file)
        .ok_or("it is no regular file, or may not be read")?;
    let mut bytes = Vec::new();
    file.take(FILE_MAX)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|_| "it is no text".to_owned())
}

/// What a file says of `runtime-endpoint` and `image-endpoint`. As much of YAML as crictl itself
/// writes (`crictl config --set`): a name, a colon and a plain or quoted word on a line, of the
/// outermost level.
fn parse(text: &str) -> (Option<String>, Option<String>) {
    let value = |name: &str| {
        let lines = text.lines().filter_map(|line| line.strip_prefix(name));
        let values = lines.filter_map(|rest| rest.trim_start().strip_prefix(':'));
        values.filter_map(scalar).next_back()
    };
    (value("runtime-endpoint"), value("image-endpoint"))
}

/// A plain or quoted word, without a comment behind it; none if there is none.
fn scalar(text: &str) -> Option<String> {
    let text = text.trim();
    let quoted = |quote: char| {
        let (word, _) = text.strip_prefix(quote)?.split_once(quote)?;
        Some(word)
    };
    let plain = || {
        let word = text.split_once(" #").map_or(text, |(word, _)| word).trim();
        (!word.starts_with('#')).then_some(word)
    };
    let word = quoted('"').or_else(|| quoted('\'')).or_else(plain)?;
    let is_one = !word.is_empty() && word.len() <= ADDRESS_MAX && !matches!(word, "null" | "~");
    is_one.then(|| word.to_owned())
}

/// The socket that an address leads to.
fn lead(root: &Root, address: String) -> CriAddress {
    let path = address.strip_prefix("unix://").unwrap_or(&address);
    let socket = match root.walk(path.as_bytes()) {
        Walk::Found { inode, .. } if inode.kind == Kind::Socket => {
            let device = inode.device;
            inode.number.map(|inode| Listener { device, inode })
        }
        _ => None,
    };
    CriAddress { address, socket }
}

#[cfg(test)]
mod tests;
