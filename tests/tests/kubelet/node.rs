//! A containerd with a kubelet on it, and the pods that it was given.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use imgtrace_tests::lab::{Containerd, Crictl, Done, Kubelet, Lab, Pod, ProcessId, until};
use imgtrace_tests::tracer::Tracer;

use super::account::Account;
use super::deed::{self, Deed};

/// How long kubelet may take to do what it was given.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long imgtrace's last lines may take.
const SOON: Duration = Duration::from_secs(20);

/// What a Kubernetes node is made of.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) containerd: Containerd,
    crictl: Crictl,
    kubelet: Kubelet,
    pods: Vec<Pod>,
}

impl Node {
    /// Starts a kubelet.
    pub(super) fn start(lab: &Lab, containerd: Containerd) -> Result<Self> {
        Ok(Self {
            crictl: lab.crictl(&containerd.socket())?,
            kubelet: lab.kubelet(&containerd.socket())?,
            containerd,
            pods: Vec::new(),
        })
    }

    /// Has kubelet run these pods, and waits until all their containers have been started.
    pub(super) fn run(&mut self, pods: impl IntoIterator<Item = Pod>) -> Result<()> {
        for pod in pods {
            self.kubelet.add(&pod)?;
            self.pods.push(pod);
        }
        let wanted = self.pods.iter().flat_map(Pod::containers).count();
        self.started(wanted)
    }

    /// Has kubelet try to run a pod whose image is nowhere to be had, once at least.
    pub(super) fn fail(&mut self, pod: Pod) -> Result<()> {
        self.kubelet.add(&pod)?;
        self.pods.push(pod);
        let tried = || {
            let log = self.kubelet.log();
            log.is_ok_and(|log| !deed::failures(&log, &self.pods).is_empty())
        };
        ensure!(until(PATIENCE, tried), "{}", self.kubelet.log()?);
        Ok(())
    }

    /// Kills the last container of a pod, and waits until kubelet has started another.
    pub(super) fn crash(&self, pod: &Pod) -> Result<()> {
        let done = self.containerd.done()?;
        let sandbox = |done: &&Done| done.uid.as_ref() == Some(&pod.uid);
        let sandbox = done
            .iter()
            .find(sandbox)
            .context("the pod has no sandbox")?;
        let container = |done: &&Done| done.name.is_some() && done.sandbox == sandbox.sandbox;
        let container = done
            .iter()
            .rfind(container)
            .context("the pod has no container")?;
        let id = container.container.as_deref().unwrap_or_default();
        let status = self.crictl.json("inspect", &[id])?;
        let pid = status["info"]["pid"].as_i64().context("it has no pid")?;
        let process = ProcessId::of(i32::try_from(pid)?).context("it does not run")?;
        process.kill()?;
        self.started(starts(&done) + 1)
    }

    /// Waits for so many starts, of all times.
    fn started(&self, wanted: usize) -> Result<()> {
        let there = || {
            self.containerd
                .done()
                .is_ok_and(|done| starts(&done) >= wanted)
        };
        ensure!(until(PATIENCE, there), "{}", self.kubelet.log()?);
        Ok(())
    }

    /// Ends kubelet and then imgtrace, and compares what happened after the first `before` requests that went well, and
    /// all failed pulls, with what imgtrace says of them.
    pub(super) fn account(self, tracer: Tracer, before: usize) -> Result<Account> {
        let kubelet = u64::try_from(self.kubelet.pid().context("kubelet has ended")?)?;
        // What it does after a crash, it does soon; nothing more can happen then.
        self.kubelet.stop()?;
        let log = self.kubelet.log()?;
        let done = deed::truth(&self.containerd.done()?, &log, &self.pods)?;
        let mut deeds: Vec<Deed> = done.into_iter().skip(before).collect();
        deeds.extend(deed::failures(&log, &self.pods));
        let socket = self.containerd.socket();
        let account = |lines: &_| Account::of(&deeds, lines, &socket, kubelet);
        until(SOON, || account(&tracer.lines()).is_complete());
        let trace = tracer.stop()?;
        Ok(account(&trace.lines))
    }
}

fn starts(done: &[Done]) -> usize {
    done.iter()
        .filter(|done| done.method == "StartContainer")
        .count()
}
