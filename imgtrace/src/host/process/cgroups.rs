//! The control groups in `/proc/PID/cgroup` (cgroups(7)).

use crate::model::Cgroups;

/// The v1 hierarchies that runtimes put their containers in, the most telling first.
const V1: &[&str] = &["memory", "pids", "devices", "name=systemd"];

/// Reads `NUMBER:CONTROLLERS:PATH` lines. Paths are as the reader's cgroup namespace shows them.
pub(super) fn parse(text: &str) -> Cgroups {
    let lines = || {
        text.lines().filter_map(|line| {
            let (_, rest) = line.split_once(':')?;
            rest.split_once(':')
        })
    };
    let v1 = V1.iter().find_map(|wanted| {
        lines().find_map(|(controllers, path)| {
            let has = controllers.split(',').any(|known| known == *wanted);
            has.then(|| path.to_owned())
        })
    });
    let v2 =
        lines().find_map(|(controllers, path)| controllers.is_empty().then(|| path.to_owned()));
    Cgroups { v1, v2 }
}
