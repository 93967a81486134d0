//! What is said while the stores are listed for the first time, if that takes long.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use crate::observer::Progress;

/// How long nothing is said, and how long between two lines.
const PATIENCE: Duration = Duration::from_secs(2);

/// When something is said next.
pub(super) struct Reporter(Instant);

impl Reporter {
    /// Nothing is said yet.
    pub(super) fn new() -> Self {
        Self(Instant::now())
    }

    /// Says how far it is, on a terminal's stderr, or in the log with `-v`; it is nobody's output.
    pub(super) fn report(&mut self, progress: Progress) {
        if progress.is_over || self.0.elapsed() < PATIENCE {
            return;
        }
        self.0 = Instant::now();
        let line = line(progress);
        let mut stderr = io::stderr().lock();
        if stderr.is_terminal() {
            // Whoever has closed it does not want to know.
            let _ = writeln!(stderr, "imgtrace: {line}");
        } else {
            drop(stderr);
            tracing::info!("{line}");
        }
    }
}

fn line(progress: Progress) -> String {
    let Progress {
        listed,
        found,
        images,
        ..
    } = progress;
    if found == 0 {
        return "looking for stores".to_owned();
    }
    format!("looking at stores: {listed} of {found}, {images} images")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_how_far_it_is() {
        let mut progress = Progress::default();
        assert_eq!(line(progress), "looking for stores");
        progress.found = 5;
        progress.listed = 3;
        progress.images = 1_240;
        assert_eq!(line(progress), "looking at stores: 3 of 5, 1240 images");
    }
}
