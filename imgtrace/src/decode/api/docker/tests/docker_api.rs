//! Every row of operations.md's table of the Docker Engine API.

mod containers;
mod images;

use super::*;

/// Compares what an exchange comes to, without a version and with some.
#[track_caller]
fn check(talk: &Talk, wanted: &str) {
    for version in ["", "/v1.24", "/v1.41", "/v1.56"] {
        let target = format!("{version}{}", talk.target);
        let talk = Talk {
            target,
            ..talk.clone()
        };
        assert_eq!(talk.told(), wanted, "{}", talk.target);
    }
}
