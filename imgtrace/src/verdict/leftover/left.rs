//! What a store is that is left over: how much, of what, since when, and what to do.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::correlate::{Bytes, Held, mention};
use crate::model::{Finding, Rule, Runtime, Severity, Stamp, StoreId, StoreKind, StoreRef};
use crate::verdict::{Now, words};

/// Seconds of a day, and of an hour.
const DAY: u64 = 86_400;
const HOUR: u64 = 3_600;

/// Parts of the roots of containerds that come with a distribution of Kubernetes, and the units that
/// run them.
const DISTRIBUTIONS: [(&str, &str); 4] = [
    ("/rancher/k3s/", "k3s.service k3s-agent.service"),
    ("/rancher/rke2/", "rke2-server.service rke2-agent.service"),
    ("/k0s/", "k0scontroller.service k0sworker.service"),
    ("/microk8s/", "snap.microk8s.daemon-containerd.service"),
];

/// The stores of one root that nobody uses.
pub(super) struct Left {
    stores: Vec<StoreRef>,
    images: u64,
    containers: u64,
    bytes: Bytes,
    /// Images that are in a store that is used, too, and their bytes.
    also: Also,
    /// Seconds since 1970.
    written: Option<u64>,
    /// Who used it last.
    last: Option<String>,
    problems: usize,
    /// What is deleted: the root, or where a dockerd lives that has other things there, only what
    /// its store is made of.
    paths: String,
    /// The Docker daemons that live and keep their images elsewhere.
    elsewhere: Vec<String>,
}

/// What stores that are used have as well.
#[derive(Default)]
struct Also {
    images: BTreeSet<String>,
    bytes: Bytes,
    stores: Vec<StoreRef>,
}

impl Left {
    pub(super) fn of(ids: &[StoreId], last: Option<String>, now: &Now<'_>) -> Self {
        let inventory = now.world.inventory();
        let listings = ids
            .iter()
            .filter_map(|id| inventory.get(*id)?.listing.as_ref());
        let mut left = Self {
            stores: ids
                .iter()
                .filter_map(|id| inventory.reference(*id))
                .collect(),
            images: 0,
            containers: 0,
            bytes: Bytes::default(),
            also: Also::of(ids, now),
            written: None,
            last,
            problems: 0,
            paths: String::new(),
            elsewhere: Vec::new(),
        };
        left.place_dockers(ids, now);
        for listing in listings {
            // What a store says of itself may be any number.
            let containers = listing.containers.unwrap_or_default();
            left.images = left.images.saturating_add(listing.images);
            left.containers = left.containers.saturating_add(containers);
            left.bytes.unpacked = left.bytes.unpacked.saturating_add(listing.unpacked);
            left.bytes.packed = left.bytes.packed.saturating_add(listing.packed);
            left.written = left.written.max(listing.written);
            left.problems += listing.problems.len();
        }
        if ids.len() > 1 {
            // Archives of several namespaces lie in one place.
            left.bytes.packed = inventory.held(ids).packed;
        }
        left
    }

    /// Takes over which dockerds live: one that keeps its images in containerd, or by another driver,
    /// has its volumes and more in the root of what it left.
    fn place_dockers(&mut self, ids: &[StoreId], now: &Now<'_>) {
        let inventory = now.world.inventory();
        let first = ids.first().and_then(|id| inventory.get(*id));
        let Some(store) = first.map(|held| &held.store) else {
            return;
        };
        let root = &store.root;
        self.paths.clone_from(root);
        if store.kind != StoreKind::Docker {
            return;
        }
        for daemon in now.world.daemons_of(Runtime::Docker) {
            let keeps = now.world.keeps_of(daemon).map(|keeps| keeps.store);
            let is_apart = |held: &Held| {
                let its = &held.store;
                its.kind == StoreKind::Docker
                    && (its.device, its.inode) != (store.device, store.inode)
            };
            if keeps.and_then(|id| inventory.get(id)).is_some_and(is_apart) {
                continue;
            }
            let place = keeps.and_then(|id| inventory.reference(id));
            let who = mention(now.world, daemon);
            self.elsewhere.extend(place.map(|place| {
                let place = place.label();
                format!("{who} lives and keeps its images in {place}")
            }));
            let driver = &store.driver;
            self.paths =
                format!("{root}/{driver} and {root}/image/{driver}, and nothing else of {root},");
        }
    }

    pub(super) const fn fingerprint(&self) -> (u64, u64, u64) {
        (self.images, self.bytes.unpacked, self.bytes.packed)
    }

    pub(super) fn finding(&self, now: &Now<'_>) -> Finding {
        let place = self.place();
        let mut summary = format!(
            "no living daemon uses {place}: {} of {} there",
            words::count(self.images, "image"),
            words::bytes(self.bytes.total()),
        );
        let also = self.also.images.len();
        if also > 0 {
            let bytes = words::bytes(self.also.bytes.total());
            let _ = write!(
                summary,
                "; {also} of them ({bytes}) in {} too",
                self.also.place()
            );
        }
        Finding {
            evidence: self.evidence(now.at),
            stores: self.stores.clone(),
            wasted_bytes: Some(self.bytes.total()),
            remedy: Some(self.remedy()),
            ..Finding::new(now.at, Rule::Leftover, Severity::Warning, summary)
        }
    }

    /// `docker:/var/lib/docker`; of several namespaces `containerd:/var/lib/containerd (moby, k8s.io)`.
    fn place(&self) -> String {
        let labels = self.stores.iter().map(StoreRef::label);
        words::list(labels.collect::<Vec<_>>())
    }

    fn root(&self) -> &str {
        self.stores.first().map_or("", |store| &store.root)
    }

    fn evidence(&self, at: Stamp) -> Vec<String> {
        let mut evidence = vec![match &self.last {
            Some(last) => format!("{last} kept its images there and has gone"),
            None => "no process was found that keeps its images there".to_owned(),
        }];
        evidence.push(format!(
            "its books list {} and {}: {} unpacked, {} packed",
            words::count(self.images, "image"),
            words::count(self.containers, "container"),
            words::bytes(self.bytes.unpacked),
            words::bytes(self.bytes.packed),
        ));
        evidence.extend(self.written.map(|written| age(at, written)));
        if !self.also.images.is_empty() {
            let images = words::list(&self.also.images);
            evidence.push(format!("in {} too: {images}", self.also.place()));
        }
        evidence.extend(self.elsewhere.iter().cloned());
        if self.problems > 0 {
            evidence.push("not all of it could be read".to_owned());
        }
        if self.root().contains("/.local/share/") {
            let text = "it is a user's own: such a daemon ends when its user logs out";
            evidence.push(text.to_owned());
        }
        evidence
    }

    fn remedy(&self) -> String {
        let (root, paths) = (words::shell(self.root()), &self.paths);
        let units = self.units();
        // Docker's other driver, or its containerd store, goes on with the volumes of the root.
        let volumes = if self.has_volumes() && self.paths == self.root() {
            format!(" (volumes are in {}/volumes and nowhere else)", self.root())
        } else {
            String::new()
        };
        format!(
            "if `systemctl is-enabled {units}`, `fuser -v {root}` and `findmnt -rno TARGET | grep {root}` \
             show that nothing needs it, and nothing in it is wanted{volumes}, delete {paths}; imgtrace \
             deletes nothing"
        )
    }

    /// True where containers' data lies beside the images.
    fn has_volumes(&self) -> bool {
        let mut stores = self.stores.iter();
        stores.any(|store| matches!(store.kind, StoreKind::Docker | StoreKind::ContainersStorage))
    }

    /// The systemd units of the daemon that such a store is made by.
    fn units(&self) -> &'static str {
        let root = self.root();
        let mut distributions = DISTRIBUTIONS.iter();
        let known = distributions.find(|(part, _)| root.contains(part));
        match (known, self.stores.first().map(|store| store.kind)) {
            (Some((_, units)), _) => units,
            (None, Some(StoreKind::Docker)) => "docker.service docker.socket",
            (None, Some(StoreKind::BuildKit)) => "buildkit.service buildkit.socket",
            (None, _) => "containerd.service",
        }
    }
}

impl Also {
    fn place(&self) -> String {
        let labels = self.stores.iter().map(StoreRef::label);
        words::list(labels.collect::<Vec<_>>())
    }

    fn of(ids: &[StoreId], now: &Now<'_>) -> Self {
        let inventory = now.world.inventory();
        let used = inventory
            .stores()
            .filter(|(_, held)| !held.users.is_empty());
        let used: Vec<_> = used.map(|(id, _)| id).collect();
        let mut also = Self::default();
        let mut found: Vec<StoreId> = Vec::new();
        for id in ids {
            let bytes = inventory.all_twice(*id, &used);
            also.bytes.unpacked = also.bytes.unpacked.saturating_add(bytes.unpacked);
            also.bytes.packed = also.bytes.packed.saturating_add(bytes.packed);
            let images = inventory.get(*id).map(|held| held.images.values());
            for image in images.into_iter().flatten() {
                let same = inventory.same(*id, image);
                let mut same = same
                    .iter()
                    .filter(|same| used.contains(&same.store))
                    .peekable();
                if same.peek().is_some() {
                    let name = image.name().unwrap_or(&image.id);
                    also.images.insert(name.to_owned());
                }
                found.extend(same.map(|same| same.store));
            }
            found.sort_unstable();
            found.dedup();
        }
        let stores = found.into_iter().filter_map(|id| inventory.reference(id));
        also.stores = stores.collect();
        also
    }
}

/// When something was written last, and how long ago that is.
fn age(at: Stamp, written: u64) -> String {
    let day = words::day(written);
    let now = u64::try_from(at.wall).unwrap_or(0) / 1_000_000;
    let Some(seconds) = now.checked_sub(written) else {
        return format!("something was last written in it on {day}");
    };
    let ago = match (seconds / DAY, seconds / HOUR) {
        (days @ 2.., _) => words::count(days, "day"),
        (_, hours @ 2..) => words::count(hours, "hour"),
        _ => words::count(seconds / 60, "minute"),
    };
    format!("something was last written in it on {day}, {ago} ago")
}
