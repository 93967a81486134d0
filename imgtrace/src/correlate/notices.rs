//! What should be said once: what the edges noticed, and callers that hide others behind them.

mod unread;

use self::unread::Unread;
use super::World;
use super::ancestry;
use super::bounded::Bounded;
use crate::model::{EndpointId, Notice, Process, ProcessKey, Report, Stamp};
use crate::observation::Observation;

/// Notices remembered as said.
const MAX_SAID: usize = 1_024;

/// Programs that pass on what others ask: `HAProxy` (Tecnativa's docker-socket-proxy is one),
/// socat, and proxies that are called what they are.
const PROXIES: [&str; 4] = ["haproxy", "socat", "socket-proxy", "docker-socket-proxy"];

/// The notices of this run.
#[derive(Debug)]
pub(super) struct Notices {
    said: Bounded<(String, Option<EndpointId>), ()>,
    unread: Unread,
}

impl Notices {
    pub(super) const fn new() -> Self {
        Self {
            said: Bounded::new(MAX_SAID),
            unread: Unread::new(),
        }
    }

    pub(super) fn observe(
        &mut self,
        at: Stamp,
        what: &Observation,
        world: &World,
        out: &mut Vec<Report>,
    ) {
        match what {
            Observation::Notice {
                about,
                text,
                endpoint,
            } => self.say(at, about, text, *endpoint, out),
            Observation::StoreListed { store, listing } => {
                let notice = self.unread.listed(at, *store, listing, world.inventory());
                out.extend(notice.map(Report::Notice));
            }
            Observation::Connected {
                endpoint,
                client: Some(client),
                ..
            } => self.client(at, *client, world, out, &[*endpoint]),
            Observation::Process(process) if hides_others(process).is_some() => {
                let endpoints = world.connections.endpoints_of(process.key);
                self.client(at, process.key, world, out, &endpoints);
            }
            _ => {}
        }
    }

    fn client(
        &mut self,
        at: Stamp,
        client: ProcessKey,
        world: &World,
        out: &mut Vec<Report>,
        endpoints: &[EndpointId],
    ) {
        let Some((about, text)) = world.process(&client).and_then(hides_others) else {
            return;
        };
        for endpoint in endpoints {
            self.say(at, about, &text, Some(*endpoint), out);
        }
    }

    fn say(
        &mut self,
        at: Stamp,
        about: &str,
        text: &str,
        endpoint: Option<EndpointId>,
        out: &mut Vec<Report>,
    ) {
        let key = (about.to_owned(), endpoint);
        if self.said.get_mut(&key).is_some() {
            return;
        }
        self.said.insert(key, ());
        out.push(Report::Notice(Notice {
            at,
            about: about.to_owned(),
            text: text.to_owned(),
            endpoint,
        }));
    }
}

/// The word and the sentence for a client behind which other callers cannot be seen.
fn hides_others(process: &Process) -> Option<(&'static str, String)> {
    let pid = process.key.pid;
    let program = process.program();
    if is_dial_stdio(process, program) {
        let text = format!(
            "pid {pid} ({program} system dial-stdio) serves a client on the far side of SSH: \
             its operations bear this process as their caller"
        );
        return Some(("ssh-dial-stdio", text));
    }
    PROXIES.contains(&program).then(|| {
        let text = format!(
            "pid {pid} ({program}) passes on what others ask: \
             their operations bear this process as their caller"
        );
        ("socket-proxy", text)
    })
}

/// `docker system dial-stdio` below sshd (docker/cli `cli/connhelper/connhelper.go`); Podman has
/// the same command.
fn is_dial_stdio(process: &Process, program: &str) -> bool {
    let args = process.args.as_deref().unwrap_or_default();
    matches!(program, "docker" | "podman")
        && args.windows(2).any(
            |pair| matches!(pair, [first, second] if first == "system" && second == "dial-stdio"),
        )
        && ancestry::is_below_sshd(&process.ancestors)
}

#[cfg(test)]
mod tests;
