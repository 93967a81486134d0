//! How many containerds run, and for whom?

use std::collections::BTreeSet;

use super::{Facts, Said, count, list, named};
use crate::model::{AnswerValue, Caller, Daemon, Runtime, Socket};

/// Programs that use a containerd for its operator, or for containerd itself, and are not whom it
/// runs for.
const TOOLS: [&str; 4] = ["ctr", "crictl", "containerd-shim", "containerd"];

/// What stands for a dockerd that runs containerd inside itself.
const EMBEDDED: &str = "embedded-containerd";

impl Facts<'_> {
    pub(super) fn containerds(&self) -> Said {
        let all: Vec<&Daemon> = self.servers.iter().filter(|it| self.is_one(it)).collect();
        let number = u64::try_from(all.len()).unwrap_or(u64::MAX);
        let embedded = self
            .notices
            .iter()
            .filter(|notice| notice.about == EMBEDDED);
        let embedded: Vec<String> = embedded.map(|notice| notice.text.clone()).collect();
        let text = match number {
            0 if embedded.is_empty() => "none".to_owned(),
            0 => "none by itself, but a dockerd has one inside".to_owned(),
            _ => format!(
                "{number}: {}",
                all.iter()
                    .map(|daemon| self.for_whom(daemon))
                    .collect::<Vec<_>>()
                    .join("; ")
            ),
        };
        let evidence = all.iter().map(|daemon| self.containerd(daemon));
        Said::new(AnswerValue::Count(number), text).with(evidence.chain(embedded))
    }

    fn is_one(&self, daemon: &Daemon) -> bool {
        let program = daemon.process.as_ref().map(Caller::name);
        let mut sockets = self.sockets_of(daemon);
        program == Some("containerd")
            || sockets.any(|socket| socket.endpoint.runtime == Runtime::Containerd)
    }

    fn sockets_of<'a>(&'a self, daemon: &'a Daemon) -> impl Iterator<Item = &'a Socket> {
        let ids = daemon.sockets.iter();
        ids.filter_map(|id| self.socket(*id))
    }

    /// `containerd (pid 900) for dockerd and kubelet`.
    fn for_whom(&self, daemon: &Daemon) -> String {
        let name = self.daemon(daemon.key);
        let clients = self.clients_of(daemon);
        let parent = daemon.process.as_ref().and_then(parent);
        match (clients.as_slice(), parent) {
            ([], Some(parent)) => format!("{name} for {parent}, which started it"),
            ([], None) => format!("{name}, to which nobody is connected"),
            (clients, _) => format!("{name} for {}", list(clients.iter().cloned())),
        }
    }

    /// The daemons and kubelets that are connected to a containerd.
    fn clients_of(&self, daemon: &Daemon) -> Vec<String> {
        let clients = self.sockets_of(daemon).flat_map(|socket| &socket.clients);
        let open = clients.filter(|client| client.open > 0);
        let processes = open.filter_map(|client| client.process.as_ref());
        let is_tool = |process: &&Caller| TOOLS.iter().any(|tool| process.name().starts_with(tool));
        let names: BTreeSet<String> = processes
            .filter(|process| !is_tool(process))
            .map(named)
            .collect();
        names.into_iter().collect()
    }

    /// `containerd (pid 900) serves e2 /run/containerd/containerd.sock and keeps s2 …`.
    fn containerd(&self, daemon: &Daemon) -> String {
        let name = self.daemon(daemon.key);
        let sockets = list(daemon.sockets.iter().map(|id| self.address(*id)));
        let stores = match daemon.stores.as_slice() {
            [] => "it is not known which stores it keeps".to_owned(),
            stores => format!(
                "{}: {}",
                count(u64::try_from(stores.len()).unwrap_or(u64::MAX), "store"),
                self.store_names(stores)
            ),
        };
        let parent = daemon.process.as_ref().and_then(parent);
        let parent = parent.map(|parent| format!(", started by {parent}"));
        format!(
            "{name}{} serves {sockets}; {stores}",
            parent.unwrap_or_default()
        )
    }
}

/// The daemon that started a containerd as its own: `dockerd (pid 812)`, `k3s-server (pid 700)`.
fn parent(process: &Caller) -> Option<String> {
    let above = process.ancestors.first()?;
    let starts = ["dockerd", "k3s", "rke2", "k0s", "kubelite", "buildkitd"];
    let is_one = starts.iter().any(|name| above.comm.starts_with(name));
    is_one.then(|| format!("{} (pid {})", above.comm, above.key.pid))
}
