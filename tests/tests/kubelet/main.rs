//! kubelet with static pods on containerd, under imgtrace from the begin, and under an imgtrace that came long after it.
//!
//! What happened is known from containerd's own log (what CRI did, and to which container) and from kubelet's (which pod
//! an image was pulled for).

#![expect(clippy::indexing_slicing, reason = "a field that a line lacks is null")]

mod account;
mod deed;
mod node;

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use imgtrace_tests::lab::{Generation, Image, Lab, Peers, Pod, Registry, missing, skip};
use imgtrace_tests::tracer::{self, Tracer};

use node::Node;

/// How long kubelet has run at least when imgtrace comes late.
const HEAD_START: Duration = Duration::from_mins(1);
/// What late pulls, creates and starts must be found at least, in hundredths.
const LATE_MIN: usize = 99;
/// Pods that appear when imgtrace has come late, and containers in each.
const LATE: (usize, usize) = (6, 3);
/// What their containers run.
const STAY: [&str; 2] = ["sleep", "1000"];

macro_rules! needs {
    ($test:literal) => {
        let reasons = [
            missing(),
            tracer::missing(),
            Generation::Newest.missing(),
            Peers::Kubernetes.missing(),
        ];
        if skip($test, reasons) {
            return Ok(());
        }
    };
}

#[test]
fn static_pods_from_the_begin() -> Result<()> {
    needs!("static_pods_from_the_begin");
    for generation in [Generation::Debian, Generation::Newest] {
        let lab = Lab::new("w-kubelet")?;
        let registry = lab.registry()?;
        let containerd = lab.containerd_with_cri(generation, &registry)?;
        let tracer = Tracer::start(&[("containerd", &containerd.socket())], &[])?;
        let mut node = Node::start(&lab, containerd)?;
        let [first, second] = two_pods(&registry)?;
        node.run([first, second.clone()])?;
        node.crash(&second)?;
        let missing = format!("{}-missing", registry.reference(Image::Busybox));
        let uid = "11111111-aaaa-4bbb-8ccc-000000000003";
        node.fail(Pod::new("lacking", uid).container_of("main", &missing, &STAY))?;
        let account = node.account(tracer, 0)?;
        println!("{}: {account}", generation.name());
        let whole = account.is_complete() && account.is_observed();
        ensure!(whole, "{}: {account:#}", generation.name());
    }
    Ok(())
}

#[test]
fn static_pods_long_after_the_begin() -> Result<()> {
    needs!("static_pods_long_after_the_begin");
    let lab = Lab::new("w-kubelet-late")?;
    let registry = lab.registry()?;
    let containerd = lab.containerd_with_cri(Generation::Newest, &registry)?;
    let mut node = Node::start(&lab, containerd)?;
    let began = Instant::now();
    node.run(two_pods(&registry)?)?;
    let late = late_pods(&registry)?;
    thread::sleep(HEAD_START.saturating_sub(began.elapsed()));

    let tracer = Tracer::start(&[("containerd", &node.containerd.socket())], &[])?;
    let before = node.containerd.done()?.len();
    let last = late.last().cloned().context("no pods")?;
    node.run(late)?;
    node.crash(&last)?;
    let account = node.account(tracer, before)?;
    println!("late: {account}");
    ensure!(account.wrong() == 0, "{account:#}");
    ensure!(account.hundredths() >= LATE_MIN, "{account:#}");
    Ok(())
}

/// One whose images are pulled if they are not there, and one whose image is always pulled.
fn two_pods(registry: &Registry) -> Result<[Pod; 2]> {
    let images = registry.add_as(Image::Busybox, &["first", "beside"])?;
    let always = registry.reference(Image::Busybox);
    Ok([
        Pod::new("first", "11111111-aaaa-4bbb-8ccc-000000000001")
            .container_of("main", &images[0], &STAY)
            .container_of("beside", &images[1], &STAY),
        Pod::new("second", "11111111-aaaa-4bbb-8ccc-000000000002")
            .always_pulled("main", &always, &STAY),
    ])
}

/// Of every three containers, one with an image of its own that is not there yet, and two whose image is always pulled.
fn late_pods(registry: &Registry) -> Result<Vec<Pod>> {
    let always = registry.reference(Image::Busybox);
    let (pods, containers) = LATE;
    let tags: Vec<String> = (0..pods).map(|pod| format!("late-{pod}")).collect();
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    let own = registry.add_as(Image::Busybox, &tags)?;
    let pod = |(number, own): (usize, String)| {
        let uid = format!("22222222-aaaa-4bbb-8ccc-{number:012}");
        let pod = Pod::new(&format!("late-{number}"), &uid).container_of("own", &own, &STAY);
        (1..containers).fold(pod, |pod, container| {
            pod.always_pulled(&format!("always-{container}"), &always, &STAY)
        })
    };
    Ok(own.into_iter().enumerate().map(pod).collect())
}
