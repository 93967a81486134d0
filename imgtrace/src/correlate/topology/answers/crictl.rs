//! Where does crictl point?

use super::{Facts, Said, count};
use crate::model::{
    AnswerValue, CriAddress, CrictlConfig, EndpointId, ProcessKey, Socket, canonical,
};

/// The configuration that crictl reads if nothing else is said.
const DEFAULT_FILE: &str = "/etc/crictl.yaml";

/// What crictl tries where nothing is configured, in this order (cri-tools
/// `cmd/crictl/main_unix.go`, `defaultRuntimeEndpoints`).
const DEFAULTS: [&str; 3] = [
    "/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
    "/run/cri-dockerd.sock",
];

/// A socket at which crictl was seen to call, and how often.
struct Called {
    endpoint: EndpointId,
    connections: u64,
    last: Option<ProcessKey>,
}

impl Facts<'_> {
    pub(super) fn crictl(&self) -> Said {
        let called = self.called();
        let Some(files) = self.crictl else {
            return self.only_called(&called);
        };
        let said = files.iter().filter(|file| file.found);
        let said: Vec<String> = said.map(|file| self.says(file)).collect();
        let configured = files.iter().find(|file| file.file == DEFAULT_FILE);
        let mut others = files
            .iter()
            .filter(|file| file.found && file.file != DEFAULT_FILE);
        let is_said = |file: &&CrictlConfig| file.found || file.problem.is_some();
        let chosen = configured.filter(is_said).or(others.next_back());
        let answer = match chosen.map(|file| (file, file.runtime.as_ref())) {
            Some((file, _)) if file.problem.is_some() => {
                let why = file.problem.as_deref().unwrap_or_default();
                Said::unknown(format!("{} could not be read: {why}", file.file))
            }
            Some((file, Some(address))) => self.pointed(file, address),
            Some((file, None)) => self.by_default(&format!("{} names no socket", file.file)),
            None => self.by_default(&format!("there is no {DEFAULT_FILE}")),
        };
        let calls = self.calls(&called, answer.value.as_ref());
        answer.with(said.into_iter().chain(calls))
    }

    /// Where a file points.
    fn pointed(&self, file: &CrictlConfig, address: &CriAddress) -> Said {
        let (name, written) = (&file.file, &address.address);
        let whose = if name == DEFAULT_FILE {
            String::new()
        } else {
            format!("there is no {DEFAULT_FILE}; ")
        };
        match self.at(address) {
            Some(socket) => {
                let text = format!("{whose}{name} says {}", self.what_is(socket));
                Said::new(AnswerValue::Endpoint(socket.endpoint.id), text)
            }
            None => Said {
                value: None,
                text: format!("{whose}{name} says {written}, where nobody listens"),
                evidence: Vec::new(),
            },
        }
    }

    /// Where crictl points without a configuration.
    fn by_default(&self, because: &str) -> Said {
        let is_at = |path: &str| {
            let mut here = self.living().filter(|socket| self.is_on_machine(socket));
            here.find(|socket| canonical(&socket.endpoint.path) == path)
        };
        let Some(socket) = DEFAULTS.iter().find_map(|path| is_at(path)) else {
            let text =
                format!("nowhere: {because}, and nobody listens on the sockets that it tries then");
            return Said {
                value: None,
                text,
                evidence: vec![format!("crictl tries {}", DEFAULTS.join(", "))],
            };
        };
        let text = format!(
            "{because}, so to the first that answers: {}",
            self.what_is(socket)
        );
        Said::new(AnswerValue::Endpoint(socket.endpoint.id), text)
            .with([format!("crictl tries {}", DEFAULTS.join(", "))])
    }

    /// The answer where only traffic tells.
    fn only_called(&self, called: &[Called]) -> Said {
        let Some(last) = called.first().and_then(|it| self.socket(it.endpoint)) else {
            return Said::unknown(
                "its configuration was not looked at before this run began, and crictl was not \
                 called",
            );
        };
        let text = format!("it was seen to call {}", self.what_is(last));
        Said::new(AnswerValue::Endpoint(last.endpoint.id), text)
            .with(called.iter().map(|it| self.call(it)))
    }

    /// `/etc/crictl.yaml: runtime-endpoint unix:///run/containerd/containerd.sock`.
    fn says(&self, file: &CrictlConfig) -> String {
        let CrictlConfig {
            file: name,
            runtime,
            image,
            problem,
            ..
        } = file;
        if let Some(problem) = problem {
            return format!("{name} could not be read: {problem}");
        }
        let word = |what: &str, address: &CriAddress| {
            let leads = self.at(address).map_or_else(
                || "nobody listens there".to_owned(),
                |socket| socket.endpoint.id.to_string(),
            );
            format!("{what} {} ({leads})", address.address)
        };
        let runtime = runtime.as_ref().map(|it| word("runtime-endpoint", it));
        let image = image.as_ref().map(|it| word("image-endpoint", it));
        let words: Vec<String> = runtime.into_iter().chain(image).collect();
        let words = if words.is_empty() {
            "names no socket".to_owned()
        } else {
            words.join(", ")
        };
        format!("{name}: {words}")
    }

    /// What was seen of crictl itself, and whether that agrees.
    fn calls(&self, called: &[Called], configured: Option<&AnswerValue>) -> Vec<String> {
        if called.is_empty() {
            return vec!["crictl was not called while imgtrace looked on".to_owned()];
        }
        let differs = |it: &&Called| configured != Some(&AnswerValue::Endpoint(it.endpoint));
        let otherwise = called.iter().find(differs).map(|_| {
            "a flag (--runtime-endpoint) or CONTAINER_RUNTIME_ENDPOINT in its environment may say \
             otherwise than the file"
                .to_owned()
        });
        let calls = called.iter().map(|it| self.call(it));
        calls.chain(otherwise).collect()
    }

    fn call(&self, called: &Called) -> String {
        let last = called.last.map(|key| format!(", last by pid {}", key.pid));
        format!(
            "crictl connected to {}: {}{}",
            self.address(called.endpoint),
            count(called.connections, "time"),
            last.unwrap_or_default()
        )
    }

    /// The sockets that crictl has called, the one with the most connections first.
    fn called(&self) -> Vec<Called> {
        let clients = self.sockets.iter().flat_map(|socket| {
            let its = socket.clients.iter();
            its.map(|client| (socket.endpoint.id, client))
        });
        let mut called: Vec<Called> = Vec::new();
        for (endpoint, client) in clients {
            let process = client.process.as_ref();
            if process.is_none_or(|process| process.name() != "crictl") {
                continue;
            }
            let last = process.map(|process| process.key);
            match called.iter_mut().find(|known| known.endpoint == endpoint) {
                Some(known) => known.connections += client.seen,
                None => called.push(Called {
                    endpoint,
                    connections: client.seen,
                    last,
                }),
            }
        }
        called.sort_by_key(|called| std::cmp::Reverse(called.connections));
        called
    }

    /// The socket that an address leads to.
    fn at(&self, address: &CriAddress) -> Option<&Socket> {
        let is_it = |socket: &&Socket| {
            if let Some(listener) = address.socket {
                return socket.endpoint.listener == listener;
            }
            let path = address.address.strip_prefix("unix://");
            let path = path.unwrap_or(&address.address);
            canonical(path) == canonical(&socket.endpoint.path) && self.is_on_machine(socket)
        };
        self.living().find(is_it)
    }

    /// False for what a daemon inside a container has bound: the path is that container's own.
    fn is_on_machine(&self, socket: &Socket) -> bool {
        let around = self.world.around_server(socket.endpoint.id);
        around.is_none_or(|containers| containers.is_empty())
    }

    /// `e2 /run/containerd/containerd.sock (containerd (pid 900)), whose images lie in s2 …`.
    fn what_is(&self, socket: &Socket) -> String {
        let (address, server) = (self.address(socket.endpoint.id), self.server(socket));
        let through = socket.leads.through.first();
        let through = through.map(|id| format!(" by way of {}", self.address(*id)));
        let images = match self.cri_stores(socket).as_slice() {
            [] if socket.leads.stores.is_empty() => String::new(),
            [] => "; it has kept no images for the CRI yet".to_owned(),
            stores => format!(
                "; its images lie in {}{}",
                self.store_names(stores),
                through.unwrap_or_default()
            ),
        };
        format!("{address}, served by {server}{images}")
    }
}

#[cfg(test)]
mod tests;
