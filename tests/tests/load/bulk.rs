//! Bulk over gRPC: it is bounded by a budget that window updates do not refill, and costs nobody else.

use std::fs;

use anyhow::{Context as _, Result};
use imgtrace_tests::lab::{Generation, Lab, missing, skip};
use imgtrace_tests::tracer::{self, Tracer};

use super::archive::archive;
use super::clients::nothing_lost_silently;
use super::{SOON, is_operation, load, memory, play};

/// Which way the same layer takes into containerd.
fn through_containerd(name: &str, generation: Generation, ctr: bool) -> Result<()> {
    let lab = Lab::new(name)?;
    let docker = lab.docker(generation)?;
    let containerd = docker.containerd();
    let archive = archive(&lab.place().data_dir("archive")?)?;
    let file = archive.display().to_string();
    let sockets = [
        ("docker", &*docker.socket()),
        ("containerd", &*containerd.socket()),
    ];
    let tracer = Tracer::start(&sockets, &[])?;
    let before = cpu(tracer.pid())?;
    let played = play(&docker, tracer.pid(), || {
        if ctr {
            containerd.ctr(&["image", "import", &file])
        } else {
            load(&docker, &archive)
        }
    })?;
    println!(
        "imgtrace took {} ms of CPU",
        (cpu(tracer.pid())? - before) * 10
    );
    docker.try_cli(&["start", "last-of-all"])?;
    tracer.line(SOON, |line| {
        is_operation(line, "start") && line["container"] == "last-of-all"
    })?;
    let trace = tracer.stop()?;
    nothing_lost_silently(&trace, &played.asked)?;
    for line in trace.of_kind("operation") {
        if is_operation(line, "import") || is_operation(line, "load") {
            println!(
                "{} {}: {}, {}",
                line["op"], line["image"], line["outcome"], line["confidence"]
            );
        }
    }
    // What is cut by the budget is counted and no loss; what found no room in a buffer is.
    let of_buffers: Vec<_> = trace
        .of_kind("loss")
        .into_iter()
        .filter(|line| line["what"] == "buffer")
        .collect();
    assert!(of_buffers.is_empty(), "{of_buffers:#?}");
    memory::is_flat(&played.memory);
    lab.end()
}

/// User and system time of a process, in ticks of 10 ms (`proc_pid_stat(5)`, fields 14 and 15).
fn cpu(pid: u32) -> Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, fields) = stat.rsplit_once(") ").context("no command in stat")?;
    let times = fields.split(' ').skip(11).take(2);
    times.map(|time| Ok(time.parse::<u64>()?)).sum()
}

#[test]
fn half_a_gigabyte_from_ctr_to_containerd_1() -> Result<()> {
    needs!("half_a_gigabyte_from_ctr_to_containerd_1");
    through_containerd("t-bulk-1", Generation::Debian, true)
}

#[test]
fn half_a_gigabyte_from_ctr_to_containerd_2() -> Result<()> {
    needs!("half_a_gigabyte_from_ctr_to_containerd_2");
    if skip(
        "half_a_gigabyte_from_ctr_to_containerd_2",
        [Generation::Newest.missing()],
    ) {
        return Ok(());
    }
    through_containerd("t-bulk-2", Generation::Newest, true)
}

#[test]
fn half_a_gigabyte_from_dockerd_to_containerds_store() -> Result<()> {
    needs!("half_a_gigabyte_from_dockerd_to_containerds_store");
    if skip(
        "half_a_gigabyte_from_dockerd_to_containerds_store",
        [Generation::Newest.missing()],
    ) {
        return Ok(());
    }
    through_containerd("t-bulk-store", Generation::Newest, false)
}
