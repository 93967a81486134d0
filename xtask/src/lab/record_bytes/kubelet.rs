//! The story of a node: kubelet's connections from their first byte, long enough for everything
//! that it does to have been done more than once.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use anyhow::Result;
use imgtrace_tests::lab::{Generation, Image, Lab, Peers, Pod, say};

use super::Recorder;

/// Its name, and what it is.
pub(super) const STORY: (&str, &str) = (
    "kubelet",
    "kubelet on containerd 2.3: static pods run, restarted and removed; seen from its start",
);
/// A file of it may be so long, in bytes: kubelet asks for all states every second.
const FILE_BYTES: usize = 1 << 20;
/// Runs until it is asked to end.
const STAY: [&str; 3] = ["sh", "-c", "trap 'exit 0' TERM; sleep 1000 & wait"];
/// Ends soon; kubelet runs it again.
const BRIEF: [&str; 3] = ["sh", "-c", "sleep 4"];

/// Plays it. Only kubelet's own connections are kept.
pub(super) fn play(program: &Path, into: &Path) -> Result<()> {
    say(&format!("{}: {}", STORY.0, STORY.1));
    Peers::Kubernetes.provide()?;
    let lab = Lab::new("record-bytes")?;
    let registry = lab.registry()?;
    let images = registry.add_as(Image::Busybox, &["one", "two", "three", "four", "five"])?;
    let containerd = lab.containerd_with_cri(Generation::Newest, &registry)?;
    let [one, two, three, four, five] = images.as_slice() else {
        anyhow::bail!("the registry gave {} names", images.len());
    };
    let uid = |number: u32| format!("33333333-aaaa-4bbb-8ccc-{number:012}");
    let pods = [
        Pod::new("first", &uid(1))
            .container_of("stay", one, &STAY)
            .container_of("brief", one, &BRIEF),
        Pod::new("second", &uid(2)).always_pulled("stay", two, &STAY),
        Pod::new("third", &uid(3))
            .container_of("stay", three, &STAY)
            .always_pulled("beside", two, &STAY),
        Pod::new("fourth", &uid(4)).always_pulled("stay", four, &STAY),
        Pod::new("fifth", &uid(5)).container_of("stay", five, &STAY),
    ];
    let [first, second, third, fourth, fifth] = &pods;
    let recorder = Recorder::start(program, into, STORY, &lab, Some(FILE_BYTES))?;
    let kubelet = lab.kubelet(&containerd.socket())?;
    let wait = |seconds| sleep(Duration::from_secs(seconds));
    kubelet.add(first)?;
    wait(8);
    kubelet.add(second)?;
    wait(3);
    kubelet.remove(first)?;
    wait(5);
    kubelet.add(third)?;
    kubelet.add(fourth)?;
    wait(4);
    kubelet.remove(second)?;
    kubelet.remove(third)?;
    wait(4);
    kubelet.add(fifth)?;
    wait(4);
    kubelet.stop()?;
    recorder.stop()?;
    lab.end()
}
