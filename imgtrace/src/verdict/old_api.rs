//! Old API: a client speaks a version of an API that the next daemon refuses. It works today, and
//! stops with the update.
//!
//! Docker: 29.0 to 29.2 refuse all below 1.44 (moby pull request 51186) and 29.3 and later all below
//! 1.40 (52067), unless `DOCKER_MIN_API_VERSION` says otherwise. A client takes an older version
//! where the daemon knows no newer; then the daemon is what is old, and nothing is said.
//! The CRI: v1alpha2 is gone in containerd 2.0 (its `RELEASES.md`), and Kubernetes speaks v1 since
//! 1.23.

use super::situations::Situations;
use super::who::Who;
use super::{Now, Verdict, words};
use crate::model::{Api, Caller, Endpoint, EndpointId, Finding, Rule, Runtime, Severity};
use crate::observation::{Fact, Observation};

/// Below this every Docker from 29.0 on refuses.
const REFUSED_BY_29: Version = Version(1, 40);

/// Below this 29.0 to 29.2 refuse.
const REFUSED_BY_29_0: Version = Version(1, 44);

/// The rule.
#[derive(Debug)]
pub(super) struct OldApi {
    /// By who speaks where, and what.
    said: Situations<(Option<Who>, EndpointId, String), ()>,
}

impl OldApi {
    pub(super) const fn new() -> Self {
        Self {
            said: Situations::new(),
        }
    }
}

impl Verdict for OldApi {
    fn observed(&mut self, what: &Observation, now: &Now<'_>, out: &mut Vec<Finding>) {
        let Observation::Learned { connection, fact } = what else {
            return;
        };
        let Fact::ApiVersion {
            api,
            version,
            newest,
        } = fact
        else {
            return;
        };
        let Some((id, caller)) = now.world.client(*connection) else {
            return;
        };
        let Some(endpoint) = now.world.endpoint(id) else {
            return;
        };
        let Some(old) = Old::of(*api, version, newest.as_deref(), endpoint.runtime) else {
            return;
        };
        let key = (caller.as_ref().map(Who::of), id, version.clone());
        self.said.stands(key, (), out, || {
            finding(&old, endpoint, caller.as_ref(), now)
        });
    }
}

/// An old version that is spoken.
#[derive(Debug)]
struct Old<'a> {
    api: Api,
    version: &'a str,
    /// The newest that the daemon speaks.
    newest: Option<&'a str>,
    /// Who refuses it.
    refused: &'static str,
    severity: Severity,
}

impl<'a> Old<'a> {
    /// None for what daemons go on to speak, and where the daemon knows no newer.
    fn of(api: Api, version: &'a str, newest: Option<&'a str>, runtime: Runtime) -> Option<Self> {
        let (refused, severity) = match api {
            Api::Cri if version == "v1alpha2" => (
                "containerd 2.0 and all later ones refuse it",
                Severity::Warning,
            ),
            Api::Docker if runtime == Runtime::Docker => {
                let spoken = Version::parse(version)?;
                if newest.and_then(Version::parse)? <= spoken {
                    return None;
                }
                docker(spoken)?
            }
            _ => return None,
        };
        Some(Self {
            api,
            version,
            newest,
            refused,
            severity,
        })
    }
}

/// Which Docker refuses a version, and how much that matters.
fn docker(spoken: Version) -> Option<(&'static str, Severity)> {
    if spoken < REFUSED_BY_29 {
        Some((
            "Docker 29.0 and all later ones refuse it",
            Severity::Warning,
        ))
    } else if spoken < REFUSED_BY_29_0 {
        let refused = "Docker 29.0 to 29.2 refuse it, 29.3 takes it again";
        Some((refused, Severity::Info))
    } else {
        None
    }
}

/// A version of Docker's API: `1.41`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version(u32, u32);

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        Some(Self(major.parse().ok()?, minor.parse().ok()?))
    }
}

fn finding(old: &Old<'_>, endpoint: &Endpoint, caller: Option<&Caller>, now: &Now<'_>) -> Finding {
    let who = caller.map_or_else(|| "somebody".to_owned(), words::caller);
    let name = match old.api {
        Api::Docker => "Docker's API",
        _ => "the CRI",
    };
    let (version, refused) = (old.version, old.refused);
    let daemon = daemon(endpoint);
    let summary = format!("{who} speaks {version} of {name} with {daemon}: {refused}");
    let mut evidence = vec![match old.api {
        Api::Docker => format!("a request's path begins with /v{version}/"),
        _ => format!("the service that is called is of runtime.{version}"),
    }];
    let newest = old.newest;
    evidence.extend(newest.map(|newest| format!("the daemon speaks versions up to {newest}")));
    Finding {
        evidence,
        remedy: Some(remedy(old, caller)),
        ..Finding::new(now.at, Rule::OldApi, old.severity, summary)
    }
}

/// `dockerd 28.5.2 (/run/docker.sock)`.
fn daemon(endpoint: &Endpoint) -> String {
    let server = endpoint.server.as_ref();
    let version = server.and_then(|server| server.version.as_deref());
    let version = version.map(|version| format!(" {version}"));
    let (runtime, path) = (endpoint.runtime.as_str(), &endpoint.path);
    format!("{runtime}{} ({path})", version.unwrap_or_default())
}

fn remedy(old: &Old<'_>, caller: Option<&Caller>) -> String {
    let client = caller.map_or("the client", Caller::name);
    match old.api {
        Api::Docker => format!(
            "update {client} before the daemon, and see that nothing pins the version \
             (DOCKER_API_VERSION, a version in its code); the docker CLI speaks 1.44 from 25.0 on"
        ),
        _ => format!("update {client} before the runtime: Kubernetes speaks v1 from 1.23 on"),
    }
}

#[cfg(test)]
mod tests;
