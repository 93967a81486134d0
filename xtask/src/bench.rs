//! `bench`: what imgtrace costs others, how soon it says what it sees, and what decoding costs.
//!
//! Everything is compared within one run, with and without imgtrace in turn, because machines are
//! noisy: what counts is the ratio, with its spread.

mod latency;
mod load;
mod starts;
mod tracer;

use std::{path::Path, time::Duration};

use anyhow::Result;

use crate::{
    build_ebpf::{self, build_ebpf},
    imgtrace,
    lab::provide_packages,
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
    /// Measure starts of containers alone: the delay of their lines, and how many a second
    #[arg(long)]
    starts: bool,
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
    if !options.starts {
        let daemon = Daemon::listen()?;
        loads(&program, &daemon, options.rounds)?;
        println!(
            "\nfrom a request's last byte to the printed line, {} requests:",
            options.requests
        );
        shares(latency::measure(&program, &daemon, options.requests)?);
    }
    starts(options.consent)?;
    if options.starts {
        return Ok(());
    }
    decode(&workspace)
}

/// What others pay, with and without imgtrace in turn.
fn loads(program: &Path, daemon: &Daemon, rounds: usize) -> Result<()> {
    println!("\ncost to others, {rounds} rounds each, in turn:");
    let mut samples: Vec<(Load, Vec<f64>, Vec<f64>)> =
        Load::ALL.map(|load| (load, Vec::new(), Vec::new())).into();
    for round in 0..rounds {
        // The order alternates, so that a machine that slows down slows both.
        for traced in [round % 2 == 0, round % 2 != 0] {
            let tracer = traced.then(|| Tracer::start(program, daemon)).transpose()?;
            for (load, without, with) in &mut samples {
                let samples = if traced { with } else { without };
                samples.push(load.nanoseconds_a_turn()?);
            }
            if let Some(tracer) = tracer {
                tracer.stop()?;
            }
        }
    }
    println!(
        "{:<44} {:>12} {:>12} {:>22}",
        "unrelated load", "without, ns", "with, ns", "ratio (quartiles)"
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
    Ok(())
}

/// Starts of real containers, in a lab.
fn starts(consent: Consent) -> Result<()> {
    provide_packages(consent)?;
    let starts = starts::measure()?;
    println!(
        "\nfrom the mount of a root file system to the line of its start, {} starts:",
        starts.delays.len()
    );
    shares(starts.delays);
    let [without, with] = starts.rates;
    println!(
        "at full speed: {without:.1} starts a second without imgtrace, {with:.1} with it; {} of {} told, {:.1} % of a core",
        starts.told,
        starts.made,
        starts.core * 100.0
    );
    Ok(())
}

/// Prints which share of them took how long.
fn shares(mut times: Vec<Duration>) {
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
