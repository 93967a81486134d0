//! containerd's own API, `containerd.services.*` (github.com/containerd/containerd `api/services`),
//! by gRPC or by ttrpc.
//!
//! Most methods make an operation each. A pull that the client does itself is many calls, and a
//! transfer tells its progress in another call: what joins them is in [`State`].

mod container;
mod fetch;
mod image;
mod message;
mod naming;
mod seen;
mod transfer;
mod write;

#[cfg(test)]
mod tests;

use super::rpc::{Head, Operation, Payload, Procedure, Role};
use crate::decode::rpc::End;
use crate::decode::{Direction, Event, Exchange};
use crate::model::Stamp;
use crate::observation::Fact;
use fetch::Fetches;
use image::ImageCall;
use naming::Namings;
use seen::Seen;
use transfer::{Stream, Transfer, Transfers};
use write::Write;

/// What the calls of one connection have in common.
#[derive(Default)]
#[cfg_attr(test, derive(Debug))]
pub(super) struct State {
    /// Content that was written and is not named yet.
    fetches: Fetches,
    /// Images that are being named.
    namings: Namings,
    /// Images that were read.
    seen: Seen,
    transfers: Transfers,
}

/// A call that is part of something longer.
#[derive(Debug)]
pub(super) struct Call(Kind);

#[derive(Debug)]
enum Kind {
    Write(Write),
    ContentInfo,
    UpdateContent,
    Image(ImageCall),
    DeleteImage(Operation),
    DeleteLease,
    Transfer(Transfer),
    Stream(Stream),
}

/// Where a message stands.
#[derive(Clone, Copy)]
pub(super) struct Said<'a> {
    pub(super) head: &'a Head,
    pub(super) direction: Direction,
    pub(super) at: Stamp,
}

/// What a method of `containerd.services.SERVICE` is followed for. Services that only look or keep
/// house (events, leases, snapshots, namespaces, introspection, sandboxes) are none of them.
pub(super) fn role(service: &str, method: &str) -> Option<Role> {
    let kind = match (service, method) {
        ("content.v1.Content", "Write") => Kind::Write(Write::default()),
        ("content.v1.Content", "Info") => Kind::ContentInfo,
        ("content.v1.Content", "Update") => Kind::UpdateContent,
        ("images.v1.Images", "Delete") => Kind::DeleteImage(Operation::new(&image::DELETE)),
        ("images.v1.Images", _) => Kind::Image(ImageCall::new(method)?),
        ("leases.v1.Leases", "Delete") => Kind::DeleteLease,
        ("transfer.v1.Transfer", "Transfer") => Kind::Transfer(Transfer::new()),
        ("streaming.v1.Streaming", "Stream") => Kind::Stream(Stream::default()),
        ("containers.v1.Containers", _) => return container::containers(method),
        ("tasks.v1.Tasks", _) => return container::tasks(method),
        ("version.v1.Version", "Version") => return Some(Role::Look(container::version)),
        _ => return None,
    };
    Some(Role::Containerd(Call(kind)))
}

fn operation(procedure: &'static Procedure) -> Role {
    Role::Operation(Box::new(Operation::new(procedure)))
}

impl Call {
    /// Takes a message of the call.
    pub(super) fn message(
        &mut self,
        state: &mut State,
        said: Said<'_>,
        payload: &mut Payload,
        facts: &mut Vec<Fact>,
        out: &mut Vec<Event>,
    ) {
        match &mut self.0 {
            Kind::Write(write) => write.message(state, said, payload, out),
            // The request names only a digest.
            Kind::ContentInfo if said.direction == Direction::ToServer => {}
            Kind::ContentInfo | Kind::UpdateContent => write::content_info(state, said, payload),
            Kind::Image(image) => image.message(state, said, payload, facts, out),
            Kind::DeleteImage(operation) => {
                image::deleted(state, said, payload);
                operation.message(said.head, said.direction, payload, out);
            }
            Kind::DeleteLease => image::lease_deleted(state, said, payload, out),
            Kind::Transfer(transfer) => {
                transfer.message(&mut state.transfers, said, payload, out);
            }
            Kind::Stream(stream) => stream.message(&mut state.transfers, said, payload, out),
        }
    }

    /// The call's end.
    pub(super) fn end(
        self,
        state: &mut State,
        head: &Head,
        end: &End,
        at: Stamp,
        out: &mut Vec<Event>,
    ) {
        match self.0 {
            Kind::Image(call) => {
                let (ending, is_retried) = (call.ending(end), call.is_retried(end));
                let namings = &mut state.namings;
                namings.answered(head.exchange, ending, is_retried, at, out);
            }
            Kind::DeleteImage(operation) => operation.end(head, end, at, out),
            Kind::Transfer(transfer) => transfer.end(&mut state.transfers, head, end, at, out),
            Kind::Write(_)
            | Kind::ContentInfo
            | Kind::UpdateContent
            | Kind::DeleteLease
            | Kind::Stream(_) => {}
        }
    }

    /// The call was another; true if something was told of it, apart from names.
    pub(super) fn withdraw(self, state: &mut State) -> bool {
        match self.0 {
            Kind::DeleteImage(operation) => operation.has_begun(),
            Kind::Transfer(transfer) => transfer.withdraw(&mut state.transfers),
            Kind::Write(write) => {
                write.withdraw(&mut state.fetches);
                false
            }
            Kind::ContentInfo
            | Kind::UpdateContent
            | Kind::Image(_)
            | Kind::DeleteLease
            | Kind::Stream(_) => false,
        }
    }
}

impl State {
    /// It is this late.
    pub(super) fn pass(&mut self, at: Stamp, out: &mut Vec<Event>) {
        self.namings.pass(at, out);
    }

    /// An exchange was another than it was taken for; it may have ended. True if an operation that
    /// it has begun goes on.
    pub(super) fn withdraw(&mut self, exchange: Exchange) -> bool {
        self.namings.withdraw(exchange)
    }

    /// The connection is gone.
    pub(super) fn close(&mut self, at: Stamp, out: &mut Vec<Event>) {
        self.namings.close(at, out);
    }
}
