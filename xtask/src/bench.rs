//! `bench`: what imgtrace costs others, how soon it says what it sees, and what decoding costs.
//!
//! Everything is compared within one run, with and without imgtrace in turn, because machines are
//! noisy: what counts is the ratio, with its spread.

mod latency;
mod load;
mod tracer;

use std::time::Duration;

use anyhow::Result;

use crate::{
    build_ebpf::{self, build_ebpf},
    imgtrace,
    packages::Consent,
    process::{cargo, run},
    workspace::Workspace,
};

use load::Load;
use tracer::{Daemon, Tracer};

/// What `bench` was asked.
#[derive(clap::Args, Debug)]
pub(crate) struct Options {
    #[command(flatten)]
    consent: Consent,
    /// How often each load is measured with and without imgtrace
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Requests whose way to the printed line is timed
    #[arg(long, default_value_t = 300)]
    requests: u32,
    /// Measure the decoder alone, which needs no root: time a message, bulk, growth, memory
    #[arg(long)]
    decode: bool,
}

/// Builds imgtrace and measures.
///
/// # Errors
/// It cannot be built or started.
pub(crate) fn bench(options: &Options) -> Result<()> {
    let workspace = Workspace::find()?;
    if options.decode {
        return decode(&workspace);
    }
    build_ebpf(&workspace, &build_ebpf::Options::with(options.consent))?;
    let program = imgtrace::build(&workspace)?;
    let daemon = Daemon::listen()?;

    println!("\ncost to others, {} rounds each, in turn:", options.rounds);
    let mut samples: Vec<(Load, Vec<f64>, Vec<f64>)> =
        Load::ALL.map(|load| (load, Vec::new(), Vec::new())).into();
    for round in 0..options.rounds {
        // The order alternates, so that a machine that slows down slows both.
        for traced in [round % 2 == 0, round % 2 != 0] {
            let tracer = traced
                .then(|| Tracer::start(&program, &daemon))
                .transpose()?;
            for (load, without, with) in &mut samples {
                let samples = if traced { with } else { without };
                samples.push(load.nanoseconds_a_round_trip()?);
            }
            if let Some(tracer) = tracer {
                tracer.stop()?;
            }
        }
    }
    println!(
        "{:<44} {:>12} {:>12} {:>22}",
        "1 byte there and back", "without, ns", "with, ns", "ratio (quartiles)"
    );
    for (load, without, with) in &mut samples {
        let ratios: &mut Vec<f64> = &mut with
            .iter()
            .zip(&*without)
            .map(|(with, without)| with / without)
            .collect();
        let [low, middle, high] = quartiles(ratios);
        let ([_, without, _], [_, with, _]) = (quartiles(without), quartiles(with));
        println!(
            "{:<44} {without:>12.0} {with:>12.0} {middle:>9.3} ({low:.3}–{high:.3})",
            load.name()
        );
    }

    println!(
        "\nfrom a request's last byte to the printed line, {} requests:",
        options.requests
    );
    let mut times = latency::measure(&program, &daemon, options.requests)?;
    times.sort_unstable();
    let at =
        |share: usize| times.get((times.len() * share / 100).min(times.len().saturating_sub(1)));
    for (name, time) in [
        ("median", at(50)),
        ("95 of 100", at(95)),
        ("99 of 100", at(99)),
    ] {
        let time = time.copied().unwrap_or(Duration::ZERO);
        println!("{name:<12} {:>8.2} ms", time.as_secs_f64() * 1_000.0);
    }
    decode(&workspace)
}

/// The benchmarks of the library: the decoder's time, by criterion, and its memory.
fn decode(workspace: &Workspace) -> Result<()> {
    println!("\ndecoding, one core:");
    let benches = ["--bench", "decode", "--bench", "memory"];
    run(cargo(&workspace.root)
        .args(["bench", "--package", "imgtrace"])
        .args(benches))
}

/// Lower quartile, median, upper quartile.
fn quartiles(samples: &mut [f64]) -> [f64; 3] {
    samples.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| {
        samples
            .get(samples.len() * quarter / 4)
            .copied()
            .unwrap_or(f64::NAN)
    })
}
