//! How much the verifier has to look at before it lets a program in.
//!
//! What it counts on this kernel is less than what an old one goes through for the same program: at
//! 336,000 instructions on 6.18 the verifier of 6.1 gave up (a million is its bound,
//! `BPF_COMPLEXITY_LIMIT_INSNS` in `include/linux/bpf.h`), and imgtrace did not load there. At 37,000
//! it loads on 5.10 and 6.1 within a second.

use std::fs;

/// Instructions that one program may cost here.
const MOST: u64 = 100_000;

/// The programs that this process has loaded are among its open files, and theirs is
/// `verified_insns` (`bpf_prog_show_fdinfo`, `kernel/bpf/syscall.c`, 5.16 and later).
#[test]
fn old_verifiers_go_through_all_programs() {
    let mut tracer = tracer!("verifier");
    tracer.capture.sockets().unwrap();
    let mut costs = Vec::new();
    for entry in fs::read_dir("/proc/self/fdinfo").unwrap().flatten() {
        // A file that another test has closed meanwhile.
        let Ok(text) = fs::read_to_string(entry.path()) else {
            continue;
        };
        let cost = text
            .lines()
            .find_map(|line| line.strip_prefix("verified_insns:"));
        costs.extend(cost.map(|cost| cost.trim().parse::<u64>().unwrap()));
    }
    if costs.is_empty() {
        println!("SKIP capture::verifier: this kernel does not tell what a program costs");
        return;
    }
    assert!(costs.len() >= 4, "all programs are loaded: {costs:?}");
    assert!(costs.iter().all(|cost| *cost <= MOST), "{costs:?}");
}
