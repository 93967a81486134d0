//! The first line of a recording: what made it, where and when. And the last line of a file that
//! another one continues.

use serde::{Deserialize, Serialize};

use crate::model::Stamp;
use crate::show::{Output, Zone};

use super::version::{FORMAT, VERSION};

/// How the live run was shown: for whoever wants to see the same again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Its `-o`.
    pub output: Output,
    /// How often `-v` was given.
    pub verbose: u8,
    /// Its `--filter`s, as typed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filter: Vec<String>,
}

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT`].
    pub format: String,
    /// The format's version, [`VERSION`] of the program that wrote it.
    pub version: u32,
    /// Version of the program that wrote it.
    pub imgtrace: String,
    /// The kernel's release, `6.12.43+deb13-amd64`; null where unknown.
    pub kernel: Option<String>,
    /// The host's name; null where unknown.
    pub host: Option<String>,
    /// When the run began, also in later files of it.
    pub started: Stamp,
    /// Which file of the run this is, from 0.
    pub part: u32,
    /// The time zone of the times in text.
    pub zone: Zone,
    /// How the live run was shown.
    pub shown: Shown,
}

impl Header {
    /// The header of the first file of a run of this program.
    pub fn new(started: Stamp, zone: Zone, shown: Shown) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            imgtrace: env!("CARGO_PKG_VERSION").to_owned(),
            kernel: None,
            host: None,
            started,
            part: 0,
            zone,
            shown,
        }
    }
}

/// The last line of a file that was full: the run goes on in the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Continued {
    /// [`Header::part`] of the next file.
    pub continued: u32,
}
