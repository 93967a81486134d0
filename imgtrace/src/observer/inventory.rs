//! What lies in which store: a thread that finds the stores, lists them and looks at them again, and
//! what of that is observed.
//!
//! A store may hold thousands of images, so what the thread tells is observed some hundred at a
//! time, between what is seen live.

mod daemons;
mod numbers;
mod orders;
mod shelves;
mod worker;

use std::collections::VecDeque;

use tokio::sync::mpsc::{Receiver, channel};

use super::Observer;
use super::mounts::Doer;
use crate::model::{Listing, ProcessKey, Stamp, Store, StoreId, StoreKind, StoreUser, StoredImage};
use crate::observation::{Observation, Observed};
use crate::store::containers_storage::index::{self, Guide};
use crate::store::discover::Daemon;
use crate::store::shelf::Change;
pub(super) use numbers::Numbers;
pub(super) use orders::Orders;
use worker::Worker;

/// Observations of stores that are made in one turn of the main loop: so few that a line that waits
/// is not seen to wait.
const TURN_MAX: usize = 256;

/// What the thread has told and the main loop has not taken, at most; each may hold a store's
/// images.
const NEWS_MAX: usize = 16;

/// How much the thread lets others go before, as nice(1) counts.
const NICE: i32 = 10;

/// What the thread tells.
#[derive(Debug)]
pub(super) enum News {
    /// So many stores were found at first.
    Found(usize),
    /// A store was found, or other daemons use it than before.
    Store(Store, Vec<StoreUser>),
    /// What a store held when it was first looked at; with those that have come since the run
    /// began.
    Listed {
        store: Store,
        already: Vec<StoredImage>,
        since: Vec<StoredImage>,
        listing: Listing,
    },
    /// What has changed in it since.
    Changed {
        store: Store,
        changes: Vec<Change>,
        listing: Listing,
    },
    /// All stores that were found have been listed once.
    FirstRound,
}

/// How far the first round is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Stores that were listed.
    pub listed: usize,
    /// Stores that were found.
    pub found: usize,
    /// Images in them.
    pub images: u64,
    /// True once it is over.
    pub is_over: bool,
}

/// What is to be observed of stores, in this order.
enum Next {
    /// Known since a moment, with who changed it.
    Change(Stamp, Store, Change, Option<Doer>),
    Image(Store, Change, Option<Doer>, bool),
    Listed(Store, Listing),
}

/// The stores of this run.
#[derive(Default)]
pub(super) struct Stores {
    pub(super) numbers: Numbers,
    orders: Orders,
    news: Option<Receiver<News>>,
    /// What it has told last.
    heard: Option<News>,
    /// What the thread that waits for images is pointed to stores by; none where there is none.
    has_indexes: bool,
    next: VecDeque<Next>,
    /// What is left of the first round: the thread's part, and that of the thread that waits for
    /// images.
    listed: bool,
    indexed: bool,
    progress: Progress,
    /// When the run began, in seconds since 1970: what is younger was not there already.
    began: u64,
    /// Those that the thread knows of.
    daemons: Vec<Daemon>,
}

impl Stores {
    /// What the thread is told of stores by.
    pub(super) fn orders(&self) -> Orders {
        self.orders.clone()
    }

    /// Waits until the thread has told something.
    pub(super) async fn hear(&mut self) {
        let Some(news) = &mut self.news else {
            return std::future::pending().await;
        };
        self.heard = news.recv().await;
        if self.heard.is_none() {
            self.news = None;
        }
    }

    fn take(&mut self) -> Option<News> {
        let heard = self.heard.take();
        heard.or_else(|| self.news.as_mut()?.try_recv().ok())
    }
}

impl Observer {
    /// Starts the thread. `indexes` is what the thread that waits for images is pointed to stores by.
    pub(super) fn begin_inventory(&mut self, indexes: Option<Guide>, at: Stamp) {
        let (sender, news) = channel(NEWS_MAX);
        self.stores.has_indexes = indexes.is_some();
        let began = u64::try_from(at.wall / 1_000_000).unwrap_or(0);
        self.stores.began = began;
        let orders = self.stores.orders.clone();
        self.stores.daemons = self.daemons();
        orders.daemons(self.stores.daemons.clone());
        let Some(worker) = Worker::new(orders.clone(), sender, indexes, began) else {
            return;
        };
        let thread = std::thread::Builder::new().name("inventory".to_owned());
        let spawned = thread.spawn(move || {
            // setpriority(2): for Linux "this process" is the calling thread.
            let _ = rustix::process::setpriority_process(None, NICE);
            worker.run();
        });
        match spawned {
            Ok(_) => self.stores.news = Some(news),
            Err(error) => tracing::warn!(%error, "what lies in the stores is not looked at"),
        }
    }

    /// Observes what was told of stores, as much as fits in a turn.
    pub fn take_stock(&mut self) {
        for _ in 0..TURN_MAX {
            if let Some(next) = self.stores.next.pop_front() {
                self.observe_store(next);
            } else if let Some(told) = self.stores.take() {
                self.take_in(told);
            } else {
                return self.round_over();
            }
        }
    }

    /// Whether something was told of stores that is not observed yet.
    pub fn has_stock(&self) -> bool {
        self.stores.heard.is_some() || !self.stores.next.is_empty()
    }

    /// How far the first round is.
    pub fn progress(&self) -> Progress {
        self.stores.progress
    }

    /// Ends the thread. What it had not listed by now is not known, which is said.
    pub(super) fn stop_inventory(&mut self) {
        self.stores.orders.stop();
        if !self.stores.progress.is_over {
            let text =
                "the run ended before all stores were listed: what is said of them is not all"
                    .to_owned();
            let at = self.clock.now();
            self.notice("inventory-incomplete", text, at);
        }
    }

    /// Takes in what a store held when the thread that waits for images found it.
    pub(super) fn index_found(&mut self, store: Store, contents: crate::store::Contents) {
        let listing = contents.listing();
        let began = self.stores.began;
        let came = |image: &StoredImage| image.stored.is_some_and(|stored| stored > began);
        let (since, already) = contents.images.into_iter().partition(came);
        self.shelve(store, already, since, listing);
    }

    /// Takes in what an index says in all since it has changed.
    pub(super) fn index_listed(&mut self, store: Store, listing: Listing) {
        self.stores.next.push_back(Next::Listed(store, listing));
    }

    /// Takes in that the thread that waits for images has listed all that it was pointed to at first.
    pub(super) fn index_marked(&mut self) {
        self.stores.indexed = true;
    }

    /// Takes in a change of an index.
    pub(super) fn index_changed(&mut self, event: index::Event, by: Option<Doer>) {
        let at = self.clock.stamp(event.at);
        self.stores
            .next
            .push_back(Next::Change(at, event.store, event.change, by));
    }

    fn take_in(&mut self, news: News) {
        match news {
            News::Store(store, users) => {
                let at = self.clock.now();
                self.used(store, users, at);
            }
            News::Listed {
                store,
                already,
                since,
                listing,
            } => self.shelve(store, already, since, listing),
            News::Changed {
                store,
                changes,
                listing,
            } => {
                let by = self.only_user(&store);
                let images = changes
                    .into_iter()
                    .map(|change| Next::Image(store.clone(), change, by, false));
                self.stores.next.extend(images);
                self.stores.next.push_back(Next::Listed(store, listing));
            }
            News::Found(stores) => self.stores.progress.found = stores,
            News::FirstRound => self.stores.listed = true,
        }
    }

    fn shelve(
        &mut self,
        store: Store,
        already: Vec<StoredImage>,
        since: Vec<StoredImage>,
        listing: Listing,
    ) {
        let already = already.into_iter().map(|image| (image, true));
        let images = already.chain(since.into_iter().map(|image| (image, false)));
        let images = images
            .map(|(image, there)| Next::Image(store.clone(), Change::Appeared(image), None, there));
        self.stores.next.extend(images);
        self.stores.next.push_back(Next::Listed(store, listing));
    }

    /// The daemon that writes a store, where it is the only one that can: dockerd its own.
    fn only_user(&self, store: &Store) -> Option<Doer> {
        let id = self.stores.numbers.find(store)?;
        match self.stores.numbers.users(id) {
            [user] if store.kind == StoreKind::Docker => Some(Doer {
                pid: user.process.pid,
                key: Some(user.process),
            }),
            _ => None,
        }
    }

    fn used(&mut self, store: Store, users: Vec<StoreUser>, at: Stamp) {
        let Some((id, is_new)) = self.stores.numbers.number(&store) else {
            return;
        };
        if !is_new && self.stores.numbers.users(id) == users {
            return;
        }
        for user in &users {
            self.processes.say(user.process, at, &mut self.out);
        }
        self.stores.numbers.use_by(id, users.clone());
        let store = self.stores.numbers.get(id).cloned().unwrap_or(store);
        let what = Observation::Store { id, store, users };
        self.out.push(Observed { at, what });
    }

    fn observe_store(&mut self, next: Next) {
        let at = self.clock.now();
        match next {
            Next::Change(at, store, change, by) => {
                let Some(store) = self.store(store, at) else {
                    return;
                };
                let writer = by.and_then(|by| self.doer(by));
                self.observe_image(store, change, writer, false, at);
            }
            Next::Image(store, change, by, already) => {
                let Some(store) = self.store(store, at) else {
                    return;
                };
                let writer = by.and_then(|by| self.doer(by));
                self.observe_image(store, change, writer, already, at);
            }
            Next::Listed(store, listing) => {
                let Some(store) = self.store(store, at) else {
                    return;
                };
                if !self.stores.progress.is_over {
                    self.stores.progress.listed += 1;
                    let images = &mut self.stores.progress.images;
                    *images = images.saturating_add(listing.images);
                }
                let what = Observation::StoreListed { store, listing };
                self.out.push(Observed { at, what });
            }
        }
    }

    fn observe_image(
        &mut self,
        store: StoreId,
        change: Change,
        writer: Option<ProcessKey>,
        already: bool,
        at: Stamp,
    ) {
        if let Some(writer) = writer {
            self.processes.say(writer, at, &mut self.out);
        }
        let renamed = matches!(change, Change::Named(_));
        let already = already || matches!(change, Change::Renewed(_));
        let what = match change {
            Change::Appeared(image) | Change::Named(image) | Change::Renewed(image) => {
                Observation::ImageAppeared {
                    store,
                    image,
                    renamed,
                    already,
                    writer,
                }
            }
            Change::Vanished(image) => Observation::ImageVanished {
                store,
                image,
                writer,
            },
        };
        self.out.push(Observed { at, what });
    }

    /// Observes that the first round is over, once it is.
    fn round_over(&mut self) {
        let indexed = self.stores.indexed || !self.stores.has_indexes;
        if self.stores.listed && indexed && !self.stores.progress.is_over {
            self.stores.progress.is_over = true;
            let at = self.clock.now();
            self.out.push(Observed {
                at,
                what: Observation::Inventoried,
            });
        }
    }

    /// The number of a store, which is observed if it is new.
    pub(super) fn store(&mut self, store: Store, at: Stamp) -> Option<StoreId> {
        let (id, is_new) = self.stores.numbers.number(&store)?;
        if is_new {
            let users = Vec::new();
            let what = Observation::Store { id, store, users };
            self.out.push(Observed { at, what });
        }
        Some(id)
    }
}
