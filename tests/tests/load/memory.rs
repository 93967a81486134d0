//! The memory that imgtrace takes while something lasts.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// Time between two looks at the memory that imgtrace takes.
const LOOK: Duration = Duration::from_millis(250);
/// Looks until it counts: buffers and tables have been touched once by then.
const WARM_UP: usize = 12;
/// How much more it may take after the warm-up, in KiB.
const GROWTH_MAX: u64 = 64 << 10;

/// After the warm-up it grows no more.
pub(crate) fn is_flat(memory: &[u64]) {
    let warm = memory.get(WARM_UP..).unwrap_or_default();
    let (Some(first), Some(most)) = (warm.first(), warm.iter().max()) else {
        panic!("too few looks at the memory: {memory:?}")
    };
    println!(
        "memory: {} KiB at first, {first} KiB after the warm-up, {most} KiB at most",
        memory.first().unwrap_or(&0)
    );
    assert!(most - first < GROWTH_MAX, "in KiB: {memory:?}");
}

/// Looks until all is `over`; in KiB.
pub(crate) fn watch(pid: u32, over: &AtomicBool) -> Result<Vec<u64>> {
    let mut looks = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        looks.push(kib.context("no VmRSS")?.parse()?);
        thread::sleep(LOOK);
    }
    Ok(looks)
}
