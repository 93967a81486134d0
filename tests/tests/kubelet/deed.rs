//! What kubelet had done, as containerd and kubelet themselves tell it, in the words of imgtrace.

use std::collections::HashMap;
use std::fmt;

use anyhow::{Context as _, Result, bail, ensure};
use imgtrace_tests::lab::{Done, Kubelet, Pod};
use serde_json::Value;

/// The fields that a test can know by itself; those that an operation has nothing to say in are none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Deed {
    pub(super) op: String,
    image: Option<String>,
    digest: Option<String>,
    sandbox: Option<String>,
    container: Option<String>,
    name: Option<String>,
    /// Namespace, name and uid, with slashes between.
    pod: Option<String>,
    failed: bool,
}

/// How an operation that imgtrace saw fits to one that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// It is another one.
    None,
    /// It can be this one, but says less.
    Partial,
    /// It says all of it.
    Whole,
}

impl Deed {
    /// Whether this is one of those that count.
    pub(super) fn counts(&self) -> bool {
        matches!(self.op.as_str(), "pull" | "create" | "start")
    }

    /// What a line says.
    pub(super) fn of(line: &Value) -> Self {
        let text = |field: &str| line[field].as_str().map(str::to_owned);
        let pod = &line["pod"];
        let word = |field: &str| pod[field].as_str().unwrap_or("null");
        Self {
            op: text("op").unwrap_or_default(),
            image: text("image"),
            digest: text("digest"),
            sandbox: text("sandbox"),
            container: text("container"),
            name: text("container_name"),
            pod: pod
                .is_object()
                .then(|| ["namespace", "name", "uid"].map(word).join("/")),
            failed: line["outcome"] == "error",
        }
    }

    /// How what was seen fits to this one.
    pub(super) fn fit(&self, seen: &Self) -> Fit {
        if (&self.op, self.failed) != (&seen.op, seen.failed) {
            return Fit::None;
        }
        let pairs = [
            (&self.image, &seen.image),
            (&self.digest, &seen.digest),
            (&self.sandbox, &seen.sandbox),
            (&self.container, &seen.container),
            (&self.name, &seen.name),
            (&self.pod, &seen.pod),
        ];
        let fits = pairs.into_iter().map(|(real, seen)| match (real, seen) {
            (None, _) => Fit::Whole,
            (Some(_), None) => Fit::Partial,
            (Some(real), Some(seen)) if real == seen => Fit::Whole,
            _ => Fit::None,
        });
        fits.min().unwrap_or(Fit::None)
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}{}",
            self.op,
            if self.failed { " (error)" } else { "" }
        )?;
        let fields = [
            ("image", &self.image),
            ("digest", &self.digest),
            ("sandbox", &self.sandbox),
            ("container", &self.container),
            ("name", &self.name),
            ("pod", &self.pod),
        ];
        for (field, value) in fields {
            if let Some(value) = value {
                write!(f, " {field}={value}")?;
            }
        }
        Ok(())
    }
}

/// The pulls that failed, by kubelet's log.
pub(super) fn failures(log: &str, pods: &[Pod]) -> Vec<Deed> {
    let failure = |line| {
        let (pod, image) = pull(line, "Failed to pull image")?;
        let pod = pods.iter().find(|known| named(known) == pod)?;
        Some(Deed {
            op: "pull".to_owned(),
            image: Some(image.to_owned()),
            pod: Some(whole(pod)),
            failed: true,
            ..Deed::default()
        })
    };
    log.lines().filter_map(failure).collect()
}

/// All that was done, in the order in which containerd ended it.
pub(super) fn truth(done: &[Done], log: &str, pods: &[Pod]) -> Result<Vec<Deed>> {
    let mut pulled = pulled(log).into_iter();
    let mut sandboxes = HashMap::new();
    let mut containers: HashMap<Option<&str>, Deed> = HashMap::new();
    let mut deeds = Vec::new();
    for done in done {
        let (sandbox, id) = (done.sandbox.as_deref(), done.container.as_deref());
        let mut deed = said(done)?;
        match deed.op.as_str() {
            "pull" => {
                let (pod, image) = pulled.next().context("kubelet tells of fewer pulls")?;
                ensure!(Some(image) == done.image.as_deref(), "{image} or {done:?}");
                let pod = pods.iter().find(|known| named(known) == pod);
                deed.pod = pod.map(whole);
            }
            "run-sandbox" => {
                let pod = pods.iter().find(|pod| Some(&pod.uid) == done.uid.as_ref());
                let pod = pod.context("a pod that nobody asked for")?;
                sandboxes.insert(sandbox, pod);
                deed.pod = Some(whole(pod));
            }
            "create" => {
                let pod = sandboxes.get(&sandbox);
                let pod = pod.context("a sandbox that nobody asked for")?;
                let mut images = pod.containers();
                let image = images.find(|(name, _)| Some(*name) == done.name.as_deref());
                deed.image = image.map(|(_, image)| image.to_owned());
                deed.pod = Some(whole(pod));
                containers.insert(id, deed.clone());
            }
            "start" => {
                let made = containers.get(&id).cloned();
                deed = made.context("a container that nobody asked for")?;
                "start".clone_into(&mut deed.op);
                deed.sandbox = None;
            }
            _ => {}
        }
        deeds.push(deed);
    }
    Ok(deeds)
}

/// What containerd's log itself tells of a request.
fn said(done: &Done) -> Result<Deed> {
    let op = match done.method.as_str() {
        "PullImage" => "pull",
        "RunPodSandbox" => "run-sandbox",
        "CreateContainer" => "create",
        "StartContainer" => "start",
        "StopContainer" => "stop",
        "RemoveContainer" => "remove-container",
        "StopPodSandbox" => "stop-sandbox",
        "RemovePodSandbox" => "remove-sandbox",
        other => bail!("kubelet was not expected to ask for {other}"),
    };
    Ok(Deed {
        op: op.to_owned(),
        image: done.image.clone(),
        digest: done.digest.clone(),
        sandbox: done.sandbox.clone(),
        container: done.container.clone(),
        name: done.name.clone(),
        ..Deed::default()
    })
}

/// Namespace and name of the pod, and the image, of each pull that kubelet's log tells of as an event. It pulls one image
/// at a time, so they are in containerd's order.
fn pulled(log: &str) -> Vec<(&str, &str)> {
    let pulled = |line| pull(line, "Successfully pulled image");
    log.lines().filter_map(pulled).collect()
}

/// One event of kubelet's log about a pull, whose message begins so.
fn pull<'l>(line: &'l str, message: &str) -> Option<(&'l str, &'l str)> {
    let (_, rest) = line.split_once("\"Event occurred\" object=\"")?;
    let (pod, rest) = rest.split_once('"')?;
    let (_, rest) = rest.split_once(&format!("message=\"{message} \\\""))?;
    let (image, _) = rest.split_once("\\\"")?;
    Some((pod, image))
}

/// As kubelet's log names a pod.
fn named(pod: &Pod) -> String {
    format!("{}/{}", pod.namespace, Kubelet::name_of(pod))
}

fn whole(pod: &Pod) -> String {
    format!("{}/{}", named(pod), pod.uid)
}
