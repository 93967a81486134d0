//! What imgtrace says about itself on stderr: warnings, more with `-v`.
//!
//! Nothing from traffic is logged that is not shown anyway.

use tracing_subscriber::EnvFilter;

/// The variable that overrides `-v`, in the syntax of `tracing`'s filters: `imgtrace::capture=trace`.
const VARIABLE: &str = "IMGTRACE_LOG";

/// Begins to log; the number of `-v`s says how much.
pub(super) fn begin(verbose: u8) {
    let level = match verbose {
        0 => "warn",
        1 => "imgtrace=info,warn",
        2 => "imgtrace=debug,info",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new(level));
    let logging = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .without_time();
    // A second call within one process (tests) keeps the first set-up.
    let _ = logging.try_init();
}
