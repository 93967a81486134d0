//! Is k3s run with `--docker`?
//!
//! The flag itself is seldom to be seen: k3s overwrites its command line (`SetProcTitle` in k3s
//! `pkg/cli/server/server.go`), and it may stand in `/etc/rancher/k3s/config.yaml`. Which socket k3s
//! serves tells the same: with the flag it is cri-dockerd's, without it k3s' containerd listens.

use super::{Facts, Said, list, named};
use crate::model::{AnswerValue, Caller, Runtime, Socket};

/// Where the cri-dockerd in k3s listens (k3s `pkg/agent/cridockerd`), at the end of a path.
const CRI_DOCKERD: &str = "/k3s/cri-dockerd/cri-dockerd.sock";

/// Where k3s' and rke2's containerd listens, at the end of a path.
const CONTAINERD: &str = "/k3s/containerd/containerd.sock";

impl Facts<'_> {
    pub(super) fn k3s_docker(&self) -> Said {
        let processes = self.k3s_processes();
        let flagged = processes.iter().find(|process| has_flag(process));
        let at = |end: &str| self.living().find(|it| it.endpoint.path.ends_with(end));
        let adapter = self.living().find(|socket| {
            let server = self.serving(socket);
            socket.endpoint.runtime == Runtime::CriDockerd && server.is_some_and(is_k3s)
        });
        if let Some(socket) = adapter {
            let server = self.server(socket);
            let text = format!("yes: {server} serves cri-dockerd itself");
            let flag = flagged.map(|process| flag_evidence(process));
            let socket_is = format!("{server} listens on {}", self.address(socket.endpoint.id));
            let way = socket.leads.evidence.iter().cloned();
            return Said::new(AnswerValue::Flag(true), text)
                .with(flag.into_iter().chain([socket_is]).chain(way));
        }
        if let Some(process) = flagged {
            let text = format!("yes: {} was started with --docker", named(process));
            return Said::new(AnswerValue::Flag(true), text).with([flag_evidence(process)]);
        }
        if let Some(socket) = at(CONTAINERD) {
            return self.own_containerd(socket, &processes);
        }
        if let Some(socket) = at(CRI_DOCKERD) {
            return self.standing_in(socket);
        }
        if processes.is_empty() {
            return self.no_k3s();
        }
        let who = list(processes.iter().map(|process| named(process)));
        Said::unknown(format!(
            "{who} runs, but neither its containerd's socket nor that of its cri-dockerd was seen"
        ))
    }

    /// The processes of k3s among the daemons and the clients, each once.
    fn k3s_processes(&self) -> Vec<&Caller> {
        let servers = self.servers.iter().filter_map(|it| it.process.as_ref());
        let clients = self.living().flat_map(|socket| &socket.clients);
        let clients = clients.filter_map(|client| client.process.as_ref());
        let mut found: Vec<&Caller> = Vec::new();
        for process in servers.chain(clients).filter(|process| is_k3s(process)) {
            if !found.iter().any(|known| known.key == process.key) {
                found.push(process);
            }
        }
        found
    }

    fn serving(&self, socket: &Socket) -> Option<&Caller> {
        let server = socket.endpoint.server.as_ref()?;
        let daemon = self.servers.iter().find(|it| it.key == server.process)?;
        daemon.process.as_ref()
    }

    fn own_containerd(&self, socket: &Socket, processes: &[&Caller]) -> Said {
        let (server, address) = (self.server(socket), self.address(socket.endpoint.id));
        let who = match processes {
            [] => "k3s (or rke2)".to_owned(),
            _ => list(processes.iter().map(|process| named(process))),
        };
        let text = format!("no: {who} has a containerd of its own");
        let evidence = format!("{server} listens on {address}, as it does only without --docker");
        let unseen = processes.is_empty().then(|| {
            "no process of k3s is among those that serve or use a socket: what listens there may \
             have been started by somebody else"
                .to_owned()
        });
        Said::new(AnswerValue::Flag(false), text).with([evidence].into_iter().chain(unseen))
    }

    /// Something else listens where k3s does with the flag.
    fn standing_in(&self, socket: &Socket) -> Said {
        let (server, address) = (self.server(socket), self.address(socket.endpoint.id));
        let text = format!(
            "no k3s runs here, but it is the same: {server} stands where k3s --docker has its \
             cri-dockerd"
        );
        let listens = format!("{server} listens on {address}");
        let way = socket.leads.evidence.iter().cloned();
        Said::new(AnswerValue::Flag(false), text).with([listens].into_iter().chain(way))
    }

    fn no_k3s(&self) -> Said {
        let text = "no k3s runs here: nobody listens on its sockets";
        let adapters = self
            .living()
            .filter(|socket| socket.endpoint.runtime == Runtime::CriDockerd);
        let adapters = adapters.map(|socket| {
            format!(
                "a kubelet or crictl may reach Docker all the same: {} listens on {}",
                self.server(socket),
                self.address(socket.endpoint.id)
            )
        });
        Said::new(AnswerValue::Flag(false), text).with(adapters)
    }
}

/// `k3s`, `k3s-server`, `k3s-agent`.
fn is_k3s(process: &Caller) -> bool {
    let is = |name: &str| name == "k3s" || name.starts_with("k3s-");
    let program = process
        .exe
        .as_deref()
        .and_then(|exe| exe.rsplit('/').next());
    program.is_some_and(is) || is(&process.comm)
}

fn has_flag(process: &Caller) -> bool {
    let args = process.args.iter().flatten();
    let mut flags = args.map(String::as_str);
    flags.any(|arg| matches!(arg, "--docker" | "--docker=true"))
}

fn flag_evidence(process: &Caller) -> String {
    let args = process.args.as_deref().unwrap_or_default();
    format!(
        "the command line of pid {}: {}",
        process.key.pid,
        args.join(" ")
    )
}
