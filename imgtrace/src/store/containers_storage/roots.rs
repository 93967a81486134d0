//! Where a program keeps its store: what its command line says, else its configuration, else the
//! default.
//!
//! Sources: containers-storage.conf(5) and containers/storage `types/options.go` (Podman, Buildah,
//! Skopeo), crio.conf(5) and cri-o `pkg/config/config.go`. A store that is named in the
//! environment (`STORAGE_OPTS`, `CONTAINERS_STORAGE_CONF`) is not found this way, since no
//! environment is read; its first mount reveals it.

use crate::model::Process;
use crate::store::View;

/// Programs that add images to such a store.
const PROGRAMS: [&str; 4] = ["podman", "buildah", "crio", "skopeo"];

/// The root of the system's store.
const SYSTEM: &str = "/var/lib/containers/storage";

/// The root of a user's store, below the home folder.
const USERS: &str = ".local/share/containers/storage";

/// Where the system's configuration is, the first one that is there; distributions ship the
/// second.
const CONFIGURATIONS: [&str; 2] = [
    "/etc/containers/storage.conf",
    "/usr/share/containers/storage.conf",
];

/// Where a user's is, below the home folder.
const USERS_CONFIGURATION: &str = ".config/containers/storage.conf";

/// CRI-O's own.
const CRIO: &str = "/etc/crio/crio.conf";

/// Bytes of a configuration that are read.
const FILE_MOST: u64 = 256 << 10;

/// True for a process whose program uses such stores.
pub(in crate::store) fn uses_stores(process: &Process) -> bool {
    PROGRAMS.contains(&process.program())
}

/// The roots that a program may use; one if it says which.
pub(in crate::store) fn of_program(process: &Process, view: &View) -> Vec<String> {
    let args = process.args.as_deref().unwrap_or_default();
    if let Some(root) = given(args, "--root").or_else(|| in_reference(args)) {
        return vec![root.to_owned()];
    }
    let mut roots = Vec::new();
    if process.program() == "crio" {
        let path = given(args, "--config").unwrap_or(CRIO);
        roots.extend(value(view, path, "root"));
    }
    if let Some(home) = home(view, process.uid).filter(|_| process.uid != 0) {
        let path = format!("{home}/{USERS_CONFIGURATION}");
        let configured = value(view, &path, "graphroot");
        roots.push(configured.unwrap_or_else(|| format!("{home}/{USERS}")));
    }
    // Also for a user: in a container it may be the root of its own user namespace.
    roots.extend(of_root(view));
    roots.dedup();
    roots
}

/// The roots that root's programs use if they are told nothing.
pub(in crate::store) fn of_root(view: &View) -> Vec<String> {
    let mut files = CONFIGURATIONS.iter();
    let configured = files.find_map(|path| value(view, path, "graphroot"));
    vec![configured.unwrap_or_else(|| SYSTEM.to_owned())]
}

/// The value of an option, as `--root DIR` or `--root=DIR`; only an absolute path is one.
fn given<'a>(args: &'a [String], option: &str) -> Option<&'a str> {
    let mut args = args.iter().skip(1);
    while let Some(arg) = args.next() {
        let value = match arg.strip_prefix(option) {
            Some("") => args.next().map(String::as_str),
            Some(rest) => rest.strip_prefix('='),
            None => continue,
        };
        if let Some(path) = value.filter(|path| path.starts_with('/')) {
            return Some(path.trim_end_matches('/'));
        }
    }
    None
}

/// The root in `containers-storage:[driver@root+run]name` (containers/image
/// `docs/containers-transports.5.md`).
fn in_reference(args: &[String]) -> Option<&str> {
    let mut stores = args.iter().filter_map(|arg| {
        let store = arg.strip_prefix("containers-storage:[")?;
        store.split_once(']').map(|(store, _)| store)
    });
    stores.find_map(|store| {
        let (_, root) = store.split_once('@').unwrap_or(("", store));
        let root = root.split(['+', ':']).next()?;
        root.starts_with('/').then_some(root)
    })
}

/// The value of a key in a configuration (TOML): its first line `key = "value"`. The keys that are
/// asked for are unique in their files.
fn value(view: &View, path: &str, key: &str) -> Option<String> {
    let (folder, name) = path.rsplit_once('/')?;
    let bytes = view.folder(folder)?.read(name, FILE_MOST).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.lines().find_map(|line| {
        let (found, value) = line.split_once('=')?;
        let value = value.trim().trim_matches('"').trim_end_matches('/');
        (found.trim() == key && value.starts_with('/')).then(|| value.to_owned())
    })
}

/// The home folder of a user, from the passwd that the process sees.
fn home(view: &View, uid: u32) -> Option<String> {
    let bytes = view.folder("/etc")?.read("passwd", FILE_MOST).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.lines().find_map(|line| {
        let mut fields = line.split(':').skip(2);
        let is_it = fields.next()?.parse() == Ok(uid);
        let home = fields.nth(2)?;
        (is_it && home.starts_with('/')).then(|| home.trim_end_matches('/').to_owned())
    })
}

#[cfg(test)]
mod tests;
