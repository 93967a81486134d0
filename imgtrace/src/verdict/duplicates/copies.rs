//! Images that lie in two stores: what they cost in each, where containers are made of them, and so
//! what may be removed.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::overlap::{Both, Cost, cost, size};
use super::place::Place;
use super::uses::Uses;
use crate::correlate::{Inventory, SameBy, World};
use crate::model::{StoreId, StoredImage, Variant};
use crate::verdict::words;

/// What two stores have in common.
#[derive(Debug)]
pub(in crate::verdict) struct Copies<'a> {
    /// The store that had it first, where that is known.
    pub(in crate::verdict) first: Place,
    pub(in crate::verdict) second: Place,
    /// The images, as the first store has them and as the second has.
    pub(in crate::verdict) images: Vec<Both<'a>>,
    /// What they cost in the first, and in the second.
    pub(in crate::verdict) costs: (Cost, Cost),
    /// Containers that are made of them in each.
    used: (usize, usize),
}

/// One of the two stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    First,
    Second,
}

impl<'a> Copies<'a> {
    /// None if one of the stores is not known any more.
    pub(super) fn new(
        world: &World,
        uses: &Uses,
        first: StoreId,
        second: StoreId,
        images: Vec<Both<'a>>,
    ) -> Option<Self> {
        let inventory = world.inventory();
        let turned: Vec<_> = images.iter().map(Both::turned).collect();
        let of = |both: &[Both<'a>]| both.iter().map(|it| it.one).collect::<Vec<&StoredImage>>();
        Some(Self {
            first: Place::of(world, first)?,
            second: Place::of(world, second)?,
            costs: (
                cost(inventory, first, &images),
                cost(inventory, second, &turned),
            ),
            used: (uses.of(first, &of(&images)), uses.of(second, &of(&turned))),
            images,
        })
    }

    /// The only image, where there is one.
    pub(in crate::verdict) fn only(&self) -> Option<&Both<'a>> {
        match self.images.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// The store in which nothing needs the images, if that is so of one alone.
    fn unneeded(&self) -> Option<Side> {
        match (self.first.is_living, self.second.is_living, self.used) {
            (false, true, _) | (true, true, (0, 1..)) => Some(Side::First),
            (true, false, _) | (true, true, (1.., 0)) => Some(Side::Second),
            _ => None,
        }
    }

    /// Bytes that would be free if the remedy were followed: where it leaves open which store is
    /// cleaned, those of the second, or of the smaller where neither came later.
    pub(in crate::verdict) fn wasted(&self, is_second_later: bool) -> Option<u64> {
        let (first, second) = (self.costs.0.freed, self.costs.1.freed);
        match self.unneeded() {
            Some(Side::First) => first,
            Some(Side::Second) => second,
            None if is_second_later => second,
            None => first.zip(second).map(|(one, other)| one.min(other)),
        }
    }

    /// What to do.
    pub(in crate::verdict) fn remedy(&self) -> String {
        let what = if self.images.len() > 1 { "them" } else { "it" };
        let (first, second) = (self.removal(Side::First), self.removal(Side::Second));
        match self.unneeded() {
            Some(side) => {
                let (place, removal) = match side {
                    Side::First => (&self.first, first),
                    Side::Second => (&self.second, second),
                };
                let label = &place.label;
                if place.is_living {
                    format!("no container that runs now needs {what} in {label}: {removal}")
                } else {
                    format!("no daemon uses {label} any more: see the finding leftover")
                }
            }
            None if self.used.0 > 0 => format!(
                "containers of both are made of {what}: only one runtime for all of them would do \
                 without the second copy"
            ),
            None => format!("if one of the two is enough: {first}, or {second}"),
        }
    }

    fn removal(&self, side: Side) -> String {
        let place = match side {
            Side::First => &self.first,
            Side::Second => &self.second,
        };
        let image = self.only().map(|both| match side {
            Side::First => called(both.one),
            Side::Second => called(both.other),
        });
        place.removal(image.unwrap_or("IMAGE"))
    }

    /// The largest images, and how it is known that they are the same; a sentence each.
    pub(in crate::verdict) fn largest(&self, most: usize) -> Vec<String> {
        if let Some(only) = self.only() {
            return vec![sameness(only)];
        }
        // Of a copy as much as the smaller of the two takes.
        let twice = |both: &Both<'_>| Some(size(both.one)?.min(size(both.other)?));
        let sizes = self.images.iter().map(|both| (twice(both), both));
        let mut sizes: Vec<_> = sizes.collect();
        sizes.sort_by_key(|(bytes, both)| (Reverse(*bytes), &both.one.id));
        let named = sizes.iter().take(most).map(|(bytes, both)| {
            let bytes = bytes.map(|it| format!(" {}", words::bytes(it)));
            let bytes = bytes.unwrap_or_default();
            format!("{}{bytes}: {}", called(both.one), alike(both.by))
        });
        let mut evidence: Vec<_> = named.collect();
        let rest = sizes.len().saturating_sub(most);
        if rest > 0 {
            evidence.push(format!(
                "and {}",
                words::count(rest as u64, "smaller image")
            ));
        }
        evidence
    }

    /// The names that both stores have for different images, in a sentence.
    pub(in crate::verdict) fn namesakes(&self, inventory: &Inventory) -> Option<String> {
        let held = inventory.get(self.first.id())?;
        let common: BTreeSet<_> = self.images.iter().map(|it| &it.one.id).collect();
        let rest = held.images.values().filter(|it| !common.contains(&it.id));
        let tags = rest.flat_map(|image| &image.names);
        let tags = tags.filter(|name| !name.contains('@'));
        let both = tags.filter(|name| inventory.find(self.second.id(), name).is_some());
        let all = words::list(both);
        (!all.is_empty()).then(|| format!("no duplicates: {all} mean another image in each"))
    }

    /// What they take in each store, and how many containers are made of them: a sentence each.
    pub(in crate::verdict) fn evidence(&self) -> Vec<String> {
        let what = if self.images.len() > 1 { "them" } else { "it" };
        let sides = [
            (&self.first, self.costs.0, self.used.0),
            (&self.second, self.costs.1, self.used.1),
        ];
        let mut evidence = Vec::new();
        for (place, cost, used) in sides {
            let containers = match used {
                0 => "no container that runs now is".to_owned(),
                1 => "1 container that runs now is".to_owned(),
                more => format!("{more} containers that run now are"),
            };
            let keeps = keeps(cost);
            let label = &place.label;
            evidence.push(format!(
                "{label} keeps {what} in {keeps}; {containers} made of {what} there"
            ));
            if let Some((freed, total)) = cost.freed.zip(cost.total())
                && freed < total
            {
                let freed = words::bytes(freed);
                evidence.push(format!(
                    "removing {what} from {label} would free {freed}: the rest is of other images too"
                ));
            }
        }
        evidence
    }
}

/// `180 MB unpacked and 71 MB of archives`.
fn keeps(cost: Cost) -> String {
    let unpacked = cost
        .unpacked
        .map(|it| format!("{} unpacked", words::bytes(it)));
    let packed = cost
        .packed
        .map(|it| format!("{} of archives", words::bytes(it)));
    match (unpacked, packed) {
        (None, None) => "a size that its books do not tell".to_owned(),
        (one, other) => words::list(one.into_iter().chain(other)),
    }
}

/// What to call an image in a command or a sentence: a name, else its id.
pub(in crate::verdict) fn called(image: &StoredImage) -> &str {
    image.name().unwrap_or(&image.id)
}

const fn alike(by: SameBy) -> &'static str {
    match by {
        SameBy::Manifest => "the same manifest",
        SameBy::Config => "the same configuration",
        SameBy::Layers => "the same files",
    }
}

/// How it is known that two images are the same, a sentence.
pub(in crate::verdict) fn sameness(both: &Both<'_>) -> String {
    let digest = |pick: fn(&Variant) -> Option<&str>| {
        both.own_platforms()
            .find_map(pick)
            .unwrap_or_default()
            .to_owned()
    };
    match both.by {
        SameBy::Manifest => {
            format!(
                "both have the manifest {}",
                digest(|it| it.manifest.as_deref())
            )
        }
        SameBy::Config => {
            format!(
                "both have the configuration {}",
                digest(|it| it.config.as_deref())
            )
        }
        SameBy::Layers => format!(
            "the topmost layer of both is {}: the files are equal, the configurations differ",
            digest(Variant::chain_id)
        ),
    }
}
