//! Through whose eyes a mount is looked at: a living process in its namespace.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{capture::mounts::Mount, host::process, store::View};

/// Processes that are remembered of a namespace; a new one takes the oldest's place.
const PER_NAMESPACE_MAX: usize = 16;
/// Namespaces that processes are remembered of: more than are watched at once.
const NAMESPACES_MAX: usize = 256;
/// How long imgtrace's own view is kept: a hundred containers that start at once are looked at
/// through one.
const OWN_VIEW: Duration = Duration::from_millis(250);

/// The processes that are known to be in other mount namespaces than imgtrace.
pub(super) struct Viewers {
    own: u32,
    own_view: Option<(Instant, Arc<View>)>,
    others: HashMap<u32, VecDeque<u32>>,
}

impl Viewers {
    pub(super) fn new() -> Self {
        Self {
            own: process::mount_namespace(std::process::id()),
            own_view: None,
            others: HashMap::new(),
        }
    }

    /// Whether a namespace is imgtrace's own.
    pub(super) fn is_own(&self, namespace: u32) -> bool {
        namespace == self.own
    }

    /// Takes note of a process in a namespace.
    pub(super) fn insert(&mut self, namespace: u32, pid: u32) {
        if self.is_own(namespace) {
            return;
        }
        if self.others.len() >= NAMESPACES_MAX && !self.others.contains_key(&namespace) {
            self.others
                .retain(|namespace, pids| pids.iter().any(|pid| is_in(*pid, *namespace)));
            if self.others.len() >= NAMESPACES_MAX {
                return;
            }
        }
        let pids = self.others.entry(namespace).or_default();
        pids.retain(|known| *known != pid);
        if pids.len() == PER_NAMESPACE_MAX {
            pids.pop_front();
        }
        pids.push_back(pid);
    }

    /// A process in the namespace of a mount and its view: imgtrace itself, else the mounter, else
    /// the process that was seen there last.
    pub(super) fn of(&mut self, mount: &Mount) -> Option<(u32, Arc<View>)> {
        if self.is_own(mount.namespace) {
            return self.own_view().map(|view| (std::process::id(), view));
        }
        if let Some(mounter) = mount.mounter
            && let Some(view) = view(mounter, mount.namespace)
        {
            return Some((mounter, view));
        }
        let pids = self.others.get_mut(&mount.namespace)?;
        while let Some(pid) = pids.back() {
            if let Some(view) = view(*pid, mount.namespace) {
                return Some((*pid, view));
            }
            pids.pop_back();
        }
        None
    }

    fn own_view(&mut self) -> Option<Arc<View>> {
        if let Some((since, view)) = &self.own_view
            && since.elapsed() < OWN_VIEW
        {
            return Some(Arc::clone(view));
        }
        let view = Arc::new(View::of(std::process::id())?);
        self.own_view = Some((Instant::now(), Arc::clone(&view)));
        Some(view)
    }
}

/// The view of a process, if it is in this namespace: its number may be another's by now.
fn view(pid: u32, namespace: u32) -> Option<Arc<View>> {
    let view = View::of(pid)?;
    is_in(pid, namespace).then(|| Arc::new(view))
}

fn is_in(pid: u32, namespace: u32) -> bool {
    process::mount_namespace(pid) == namespace
}
