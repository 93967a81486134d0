//! A refused connection as an operation, with the sentence that says what would help.

use super::World;
use super::caller::Attribution;
use super::chain::confidence;
use crate::model::{
    Caller, Denial, EndpointRef, Op, Operation, OperationId, Outcome, Stamp, Subject,
};
use crate::observation::Observation;

/// The operation that a `Refused` is; none for other observations.
pub(super) fn operation(
    id: OperationId,
    at: Stamp,
    what: &Observation,
    world: &World,
) -> Option<Operation> {
    let Observation::Refused {
        process,
        path,
        endpoint,
        runtime,
        denial,
        seen,
    } = what
    else {
        return None;
    };
    let attribution = Attribution::seen(world, *process);
    let inferred_fields = if *seen {
        vec![]
    } else {
        vec!["errno".to_owned()]
    };
    Some(Operation {
        id,
        at,
        ended_at: Some(at),
        op: Op::ConnectDenied,
        subject: Subject::default(),
        endpoint: EndpointRef {
            id: *endpoint,
            runtime: *runtime,
            api: None,
            path: Some(path.clone()),
        },
        error: Some(sentence(denial, path, attribution.caller.as_ref())),
        caller: attribution.caller,
        hops: Vec::new(),
        outcome: Some(Outcome::Error),
        confidence: confidence(&inferred_fields),
        inferred_fields,
        evidence: attribution.evidence,
        store: None,
        rootfs: None,
        cause: None,
        restarts: None,
        count: 1,
        denial: Some(denial.clone()),
        unasked: false,
        retry_of: None,
    })
}

/// Why, and what would help.
fn sentence(denial: &Denial, path: &str, caller: Option<&Caller>) -> String {
    match denial.errno.as_str() {
        "EACCES" => permission(denial, path, caller),
        "ECONNREFUSED" => {
            let contained = caller.is_some_and(|caller| caller.container.is_some());
            let advice = if contained {
                "the daemon is down, or made its socket anew after this container had mounted it"
            } else {
                "the daemon is down"
            };
            format!("connection refused: nobody listens on {path}; {advice}")
        }
        "ENOENT" => format!("no such file: {path} is not there; the daemon is down or elsewhere"),
        errno => format!("{errno} on {path}"),
    }
}

fn permission(denial: &Denial, path: &str, caller: Option<&Caller>) -> String {
    let (Some(owner), Some(group), Some(mode)) = (
        &denial.socket_owner,
        &denial.socket_group,
        &denial.socket_mode,
    ) else {
        return format!("permission denied: {path}");
    };
    let who = caller.map_or_else(
        || "the caller".to_owned(),
        |caller| match &caller.user {
            Some(user) => format!("user {user}"),
            None => format!("uid {}", caller.uid),
        },
    );
    let remedy = match &denial.needed_group {
        Some(group) => format!("group {group} would let {who} in"),
        None => format!("its mode lets {who} in by no group"),
    };
    format!("permission denied: {path} is {owner}:{group} {mode}; {remedy}")
}

#[cfg(test)]
mod tests;
