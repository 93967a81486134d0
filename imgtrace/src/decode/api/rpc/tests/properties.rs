//! Any bytes as messages of any call, in any order: no panic, no event that fits no other.

use std::collections::BTreeSet;

use bytes::Bytes;
use proptest::prelude::*;

use crate::decode::api::rpc::Reader;
use crate::decode::rpc::{self, End, Message};
use crate::decode::{Direction, Event, Exchange};
use crate::model::{Basis, Correlation, Stamp};

/// Methods of all kinds.
const PATHS: &[&str] = &[
    "/runtime.v1.ImageService/PullImage",
    "/runtime.v1.ImageService/ListImages",
    "/runtime.v1.RuntimeService/RunPodSandbox",
    "/runtime.v1alpha2.RuntimeService/CreateContainer",
    "/runtime.v1.RuntimeService/PodSandboxStatus",
    "/runtime.v1.RuntimeService/ListContainers",
    "/containerd.services.content.v1.Content/Write",
    "/containerd.services.content.v1.Content/Update",
    "/containerd.services.images.v1.Images/Create",
    "/containerd.services.images.v1.Images/Update",
    "/containerd.services.images.v1.Images/Get",
    "/containerd.services.images.v1.Images/Delete",
    "/containerd.services.leases.v1.Leases/Delete",
    "/containerd.services.transfer.v1.Transfer/Transfer",
    "/containerd.services.streaming.v1.Streaming/Stream",
    "/containerd.services.containers.v1.Containers/Create",
    "/containerd.services.tasks.v1.Tasks/Create",
    "/containerd.services.tasks.v1.Tasks/Start",
    "/moby.buildkit.v1.Control/Solve",
    "/moby.buildkit.v1.Control/Prune",
    "/containerd.task.v3.Task/Create",
    "/containerd.task.v2.Task/Start",
    "/unknown.Service/Method",
];

#[derive(Clone, Debug)]
enum Step {
    Call(u64, usize),
    Message(u64, bool, bool, Vec<u8>),
    End(u64, Option<u32>),
    Cancel(u64),
    Withdraw(u64),
    Close,
}

/// Bytes that are often fields, so that something is found in them.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let field = (
        1u8..20,
        prop_oneof![Just(String::new()), "[a-z0-9:/@-]{1,12}"],
    )
        .prop_map(|(tag, text)| {
            let mut field = vec![tag << 3 | 2, u8::try_from(text.len()).unwrap()];
            field.extend(text.bytes());
            field
        });
    let fields = prop::collection::vec(field, 0..6).prop_map(|fields| fields.concat());
    let nested = (1u8..14, fields.clone()).prop_map(|(tag, inner)| {
        let mut field = vec![tag << 3 | 2, u8::try_from(inner.len()).unwrap()];
        field.extend(inner);
        field
    });
    prop_oneof![fields, nested, prop::collection::vec(any::<u8>(), 0..60)]
}

fn step() -> impl Strategy<Value = Step> {
    let exchange = 0u64..6;
    prop_oneof![
        4 => (exchange.clone(), 0..PATHS.len()).prop_map(|(exchange, path)| Step::Call(exchange, path)),
        8 => (exchange.clone(), any::<bool>(), any::<bool>(), bytes())
            .prop_map(|(exchange, to_server, complete, bytes)| Step::Message(exchange, to_server, complete, bytes)),
        3 => (exchange.clone(), prop::option::of(0u32..17)).prop_map(|(exchange, code)| Step::End(exchange, code)),
        1 => exchange.clone().prop_map(Step::Cancel),
        1 => exchange.prop_map(Step::Withdraw),
        1 => Just(Step::Close),
    ]
}

fn run(reader: &mut Reader, step: &Step, at: Stamp, out: &mut Vec<Event>) {
    let event = match step.clone() {
        Step::Call(exchange, path) => rpc::Event::Called {
            exchange: Exchange(exchange),
            path: PATHS[path].to_owned(),
            basis: Basis::OBSERVED,
            namespace: None,
            correlation: Correlation::default(),
            at,
        },
        Step::Message(exchange, to_server, complete, bytes) => rpc::Event::Message {
            exchange: Exchange(exchange),
            direction: if to_server {
                Direction::ToServer
            } else {
                Direction::ToClient
            },
            message: Message {
                len: bytes.len() as u64,
                bytes: Bytes::from(bytes),
                complete,
            },
            at,
        },
        Step::End(exchange, code) => rpc::Event::Ended {
            exchange: Exchange(exchange),
            end: End::Status {
                code,
                message: String::new(),
            },
            at,
        },
        Step::Cancel(exchange) => rpc::Event::Ended {
            exchange: Exchange(exchange),
            end: End::Cancelled,
            at,
        },
        Step::Withdraw(exchange) => rpc::Event::Withdrawn {
            exchange: Exchange(exchange),
        },
        Step::Close => return reader.close(at, out),
    };
    reader.read(event, out);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn events_fit_together(steps in prop::collection::vec(step(), 0..60)) {
        let mut reader = Reader::new();
        let mut running = BTreeSet::new();
        for (now, step) in steps.iter().chain([&Step::Close]).enumerate() {
            // An exchange has one call at a time.
            if let Step::Call(exchange, _) = step
                && (reader.calls.contains_key(&Exchange(*exchange)) || running.contains(&Exchange(*exchange)))
            {
                continue;
            }
            let mono = now as u64 * 100_000_000;
            let mut out = Vec::new();
            run(&mut reader, step, Stamp { mono, ..Stamp::default() }, &mut out);
            for event in out {
                match event {
                    Event::Began { exchange, .. } => prop_assert!(running.insert(exchange)),
                    Event::Progress { exchange, .. } => prop_assert!(running.contains(&exchange)),
                    Event::Ended { exchange, .. } => prop_assert!(running.remove(&exchange)),
                    Event::Withdrawn { exchange } => { running.remove(&exchange); }
                    Event::Learned(_) | Event::Anomaly(_) => {}
                }
            }
        }
        prop_assert!(running.is_empty(), "{running:?} never ended");
    }
}
