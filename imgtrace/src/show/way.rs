//! The way of an operation through several daemons.

use crate::model::{Operation, Runtime};

/// `cri-dockerd → docker → containerd`: the daemons that an operation went through, the one that the
/// caller asked first; none if it went no further than that.
pub(super) fn way(operation: &Operation) -> Option<String> {
    let mut daemons = vec![operation.endpoint.runtime];
    for hop in &operation.hops {
        if !daemons.contains(&hop.runtime) {
            daemons.push(hop.runtime);
        }
    }
    (daemons.len() > 1).then(|| {
        let names: Vec<_> = daemons.into_iter().map(Runtime::as_str).collect();
        names.join(" → ")
    })
}
