//! A request together with those that it caused: one operation in the making.

use super::World;
use super::request::Request;
use crate::model::{Api, Confidence, Hop, Op, Operation, OperationId, Stamp};
use crate::observation::RequestId;

/// Hops that one operation lists: a build step by step has some; what exceeds it is counted.
const MAX_HOPS: usize = 48;

/// Milliseconds that an operation runs before its progress is worth a line.
const PROGRESS_AFTER: f64 = 1_000.0;

/// Milliseconds between two lines of progress of one operation, at the least and at the most. In
/// between it is a quarter of the time that the operation has taken so far, so that ten minutes make
/// some thirty lines and not three hundred.
const PROGRESS_EVERY: (f64, f64) = (2_000.0, 30_000.0);

/// What has been said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Nothing: it may turn out to be part of another.
    Nothing,
    /// That it has begun.
    Began(OperationId),
    /// How it ended. It is kept for what comes late.
    Ended(OperationId),
}

impl Said {
    pub(super) const fn id(self) -> Option<OperationId> {
        match self {
            Self::Nothing => None,
            Self::Began(id) | Self::Ended(id) => Some(id),
        }
    }
}

/// One operation in the making.
#[derive(Debug)]
pub(super) struct Chain {
    /// The request at the outermost client that is known.
    pub(super) root: Request,
    pub(super) hops: Vec<Inner>,
    pub(super) said: Said,
    /// True if its client serves others and may have asked for one of them.
    pub(super) for_others: bool,
    /// What is to be said of a daemon that asked on its own.
    pub(super) reason: Option<String>,
    /// The first try of what this is another try of.
    pub(super) retry_of: Option<OperationId>,
    /// Operations that have begun and are part of this one, which has no number yet.
    pub(super) merged: Vec<OperationId>,
    /// When (ns of the monotonic clock) something is due for it.
    pub(super) due: Option<u64>,
    more_hops: usize,
    progress_said: Option<Stamp>,
}

/// A request that was made for another.
#[derive(Clone, Debug)]
pub(super) struct Inner {
    pub(super) request: Request,
    /// How sure it is that it belongs here.
    pub(super) belongs: Confidence,
}

impl Chain {
    pub(super) const fn new(root: Request, for_others: bool) -> Self {
        Self {
            root,
            hops: Vec::new(),
            said: Said::Nothing,
            for_others,
            reason: None,
            retry_of: None,
            merged: Vec::new(),
            due: None,
            more_hops: 0,
            progress_said: None,
        }
    }

    /// All its requests, the outermost first.
    pub(super) fn requests(&self) -> impl Iterator<Item = &Request> {
        let hops = self.hops.iter().map(|inner| &inner.request);
        std::iter::once(&self.root).chain(hops)
    }

    pub(super) fn request_mut(&mut self, id: RequestId) -> Option<&mut Request> {
        let hops = self.hops.iter_mut().map(|inner| &mut inner.request);
        std::iter::once(&mut self.root)
            .chain(hops)
            .find(|request| request.id == id)
    }

    /// True if it is over, or nobody will ever see its end.
    pub(super) const fn is_over(&self) -> bool {
        self.root.end.is_some()
    }

    /// True if it has been told to the end.
    pub(super) const fn is_told(&self) -> bool {
        matches!(self.said, Said::Ended(_))
    }

    /// True if it may still turn out to be part of another.
    pub(super) const fn is_unclaimed(&self) -> bool {
        self.for_others && !self.is_told()
    }

    /// Adds a hop; returns its request if there are too many.
    pub(super) fn add(&mut self, inner: Inner) -> Option<Request> {
        if self.hops.len() >= MAX_HOPS {
            self.more_hops += 1;
            return Some(inner.request);
        }
        self.hops.push(inner);
        None
    }

    /// True if one of its hops asks the same endpoint for the same, of the same image or container.
    pub(super) fn has_hop_like(&self, like: &Request) -> bool {
        self.hops.iter().any(|inner| {
            let request = &inner.request;
            request.op == like.op
                && request.endpoint.id == like.endpoint.id
                && (request.keys.share_image(&like.keys) || request.keys.share_id(&like.keys))
        })
    }

    /// The operation with how far it is, if it has been long enough since that was said.
    pub(super) fn progress(&mut self, at: Stamp, world: &World) -> Option<Operation> {
        let id = self.said.id().filter(|_| self.root.end.is_none())?;
        let waited = self.progress_said.map_or_else(
            || at.millis_since(self.root.at) >= PROGRESS_AFTER,
            |said| {
                let (least, most) = PROGRESS_EVERY;
                let pause = (at.millis_since(self.root.at) / 4.0).clamp(least, most);
                at.millis_since(said) >= pause
            },
        );
        if !waited {
            return None;
        }
        self.progress_said = Some(at);
        self.root.attribute(world);
        let mut operation = self.operation(id, world);
        if operation.subject.bytes.is_none() && operation.op == Op::Pull {
            let told = self.hops.iter().map(|inner| inner.request.bytes());
            if let Some((bytes, total)) = told.into_iter().find(|(bytes, _)| bytes.is_some()) {
                operation.subject.bytes = bytes;
                operation.subject.bytes_total = total;
            }
        }
        Some(operation)
    }

    /// The operation as far as it is known.
    pub(super) fn operation(&self, id: OperationId, world: &World) -> Operation {
        let root = &self.root;
        let (subject, mut inferred) = root.completed(world);
        let attribution = &root.attribution;
        let unseen_client = self.reason.is_some() && root.api == Api::Shim;
        if attribution.inferred || unseen_client {
            inferred.insert(0, "caller".to_owned());
        }
        if root.basis.confidence != Confidence::Observed {
            inferred.insert(0, "op".to_owned());
        }
        let mut evidence = root.basis.evidence.clone();
        evidence.extend(attribution.evidence.iter().cloned());
        evidence.extend(self.reason.clone());
        if self.more_hops > 0 {
            evidence.push(format!("{} more hops are not listed", self.more_hops));
        }
        let keeps = root.keeps(world);
        if let Some(keeps) = keeps.as_ref().filter(|it| it.is_inferred()) {
            inferred.push("store".to_owned());
            evidence.extend(keeps.evidence.iter().cloned());
        }
        let end = root.end.as_ref();
        Operation {
            id,
            at: root.at,
            ended_at: end.and_then(|end| end.at),
            op: root.op,
            subject,
            endpoint: root.endpoint.clone(),
            caller: attribution.caller.clone(),
            hops: self.hops(),
            outcome: end.map(|end| end.outcome),
            error: end.and_then(|end| end.error.clone()),
            confidence: confidence(&inferred).least_sure(root.basis.confidence),
            inferred_fields: inferred,
            evidence,
            store: keeps.and_then(|keeps| world.inventory.reference(keeps.store)),
            rootfs: None,
            cause: None,
            restarts: None,
            count: 1,
            denial: None,
            unasked: self.reason.is_some(),
            retry_of: self.retry_of,
        }
    }

    /// The hops, from the daemon that the caller asked to the last one, those of one daemon in the
    /// order in which it asked.
    fn hops(&self) -> Vec<Hop> {
        let depths = self.depths();
        let mut order: Vec<_> = self.hops.iter().zip(depths).collect();
        order.sort_by_key(|(inner, depth)| (*depth, inner.request.at.mono, inner.request.id));
        let hops = order.into_iter();
        hops.filter_map(|(inner, _)| inner.request.hop(inner.belongs))
            .collect()
    }

    /// How many daemons lie between the caller and each hop; those of which that is not known come
    /// last.
    fn depths(&self) -> Vec<usize> {
        let mut depths = vec![usize::MAX; self.hops.len()];
        let mut above = vec![&self.root];
        for depth in 1..=self.hops.len() {
            let mut here = Vec::new();
            for (known, inner) in depths.iter_mut().zip(&self.hops) {
                let request = &inner.request;
                if *known == usize::MAX && above.iter().any(|outer| outer.leads_to(request)) {
                    *known = depth;
                    here.push(request);
                }
            }
            if here.is_empty() {
                break;
            }
            above = here;
        }
        depths
    }
}

/// How sure an operation is: as sure as its least sure field.
pub(super) const fn confidence(inferred_fields: &[String]) -> Confidence {
    if inferred_fields.is_empty() {
        Confidence::Observed
    } else {
        Confidence::Inferred
    }
}
