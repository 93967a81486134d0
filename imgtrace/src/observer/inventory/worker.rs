//! The thread: finds roots, lists the stores below them, and looks at them again and again.
//!
//! A root is reached by its path each time. A descriptor that is kept would hinder whoever unmounts
//! what it is on.

use std::time::{Duration, Instant};

use tokio::sync::mpsc::Sender;

use super::News;
use super::orders::{Order, Orders};
use super::shelves::Shelves;
use crate::host::mount_tree::MountTree;
use crate::host::process;
use crate::model::{Store, StoreKind, StoreUser};
use crate::store::containers_storage::index::Guide;
use crate::store::discover::{self, Candidate, Daemon, User};
use crate::store::{Anchor, Folder, View, inventory};

/// How often it looks whether a store's index has changed.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How often it looks where the daemons keep their stores.
const FIND_EVERY: Duration = Duration::from_secs(5);

/// The same for a while after a daemon has come: it makes its folders and opens its books then.
const FIND_SOON: Duration = Duration::from_secs(1);
const SOON: Duration = Duration::from_secs(10);

/// How often it looks at the places where stores are by default.
const PLACES_EVERY: Duration = Duration::from_mins(1);

/// Roots that are looked at; a node has a handful, and some for each daemon in a container.
const ROOTS_MAX: usize = 256;

/// What the thread has.
pub(super) struct Worker {
    orders: Orders,
    news: Sender<News>,
    indexes: Option<Guide>,
    /// When the run began, in seconds since 1970: what is younger was not there already.
    began: u64,
    view: View,
    pid: u32,
    namespace: u32,
    roots: Vec<Root>,
    is_first: bool,
    found: Option<Instant>,
    placed: Option<Instant>,
    lively: Instant,
}

/// A data root.
struct Root {
    identity: (u64, u64),
    /// Its path as the anchor sees it.
    path: String,
    anchor: Anchor,
    /// A process that sees it, at the path before it.
    seen_by: (u32, String),
    users: Vec<User>,
    shelves: Shelves,
    /// Whether the thread that waits for images was pointed to it.
    is_shown: bool,
}

/// Nobody listens any more, or it is to end.
struct Closed;

impl Worker {
    /// None if imgtrace cannot look at its own file tree.
    pub(super) fn new(
        orders: Orders,
        news: Sender<News>,
        indexes: Option<Guide>,
        began: u64,
    ) -> Option<Self> {
        let pid = std::process::id();
        Some(Self {
            orders,
            news,
            indexes,
            began,
            view: View::of(pid)?,
            pid,
            namespace: process::mount_namespace(pid),
            roots: Vec::new(),
            is_first: true,
            found: None,
            placed: None,
            lively: Instant::now(),
        })
    }

    /// Works until it is told to stop.
    pub(super) fn run(mut self) {
        let mut rest = Duration::ZERO;
        loop {
            match self.orders.wait(rest) {
                Order::Stop => return,
                Order::Look { daemons, seen } => {
                    self.lively = Instant::now();
                    self.find(&daemons);
                    for candidate in seen {
                        self.root(&candidate);
                    }
                }
                Order::Again => {
                    let is_lively = self.lively.elapsed() < SOON;
                    let every = if is_lively { FIND_SOON } else { FIND_EVERY };
                    if self.found.is_none_or(|found| found.elapsed() >= every) {
                        self.find(&self.orders.living());
                    }
                }
            }
            if self.round().is_err() {
                return;
            }
            rest = LOOK_EVERY;
        }
    }

    /// Looks where stores are.
    fn find(&mut self, daemons: &[Daemon]) {
        self.found = Some(Instant::now());
        let mut candidates = discover::used(daemons);
        if self
            .placed
            .is_none_or(|placed| placed.elapsed() >= PLACES_EVERY)
        {
            self.placed = Some(Instant::now());
            candidates.extend(discover::places(&self.view, self.pid));
        }
        for root in &mut self.roots {
            root.users.clear();
        }
        for candidate in candidates {
            let user = candidate.user.clone();
            if let Some(at) = self.root(&candidate)
                && let (Some(root), Some(user)) = (self.roots.get_mut(at), user)
            {
                root.users.push(user);
            }
        }
    }

    /// The root that a candidate is, as its place among them; none if there is nothing.
    fn root(&mut self, candidate: &Candidate) -> Option<usize> {
        let is_own =
            candidate.pid == self.pid || process::mount_namespace(candidate.pid) == self.namespace;
        let folder = if is_own {
            self.view.folder(&candidate.path)
        } else {
            View::of(candidate.pid)?.folder(&candidate.path)
        };
        let identity = folder?.identity().ok()?;
        let known = self.roots.iter().position(|root| root.identity == identity);
        if known.is_some() {
            return known;
        }
        if self.roots.len() >= ROOTS_MAX {
            tracing::warn!(
                path = candidate.path,
                "too many stores: this is not looked at"
            );
            return None;
        }
        let (anchor, path) = if is_own {
            (Anchor::Own, candidate.path.clone())
        } else {
            self.reached(candidate, identity)
        };
        self.roots.push(Root {
            identity,
            path,
            anchor,
            seen_by: (candidate.pid, candidate.path.clone()),
            users: Vec::new(),
            shelves: Shelves::default(),
            is_shown: false,
        });
        Some(self.roots.len() - 1)
    }

    /// How a folder of another mount namespace is reached: on the machine where that has it.
    fn reached(&self, candidate: &Candidate, identity: (u64, u64)) -> (Anchor, String) {
        let on_machine = || {
            let (seen, machine) = (MountTree::of(candidate.pid)?, MountTree::of_machine()?);
            let path = seen.path_in(&candidate.path, &machine)?;
            let folder = self.view.folder(&path)?;
            (folder.identity().as_ref() == Ok(&identity)).then_some(path)
        };
        on_machine().map_or_else(
            || {
                let anchor = Anchor::of(candidate.pid, &candidate.path, identity);
                (anchor, candidate.path.clone())
            },
            |path| (Anchor::Own, path),
        )
    }

    /// Looks at each root once.
    fn round(&mut self) -> Result<(), Closed> {
        let mut roots = std::mem::take(&mut self.roots);
        if self.is_first {
            let found = roots.iter_mut().map(|root| self.count(root)).sum();
            self.send(News::Found(found))?;
        }
        let mut gone = Vec::new();
        for (at, root) in roots.iter_mut().enumerate() {
            if self.orders.is_stopped() {
                return Err(Closed);
            }
            if let Some(folder) = self.reach(root) {
                self.look(root, &folder)?;
            } else {
                gone.push(at);
                self.send_all(root.shelves.vanish(&root.path))?;
            }
        }
        let mut at = 0..;
        roots.retain(|_| !at.next().is_some_and(|at| gone.contains(&at)));
        self.roots = roots;
        if std::mem::take(&mut self.is_first) {
            if let Some(indexes) = &self.indexes {
                indexes.mark();
            }
            self.send(News::FirstRound)?;
        }
        Ok(())
    }

    /// How many stores there are at a root that nothing is known of yet.
    fn count(&self, root: &mut Root) -> usize {
        if let Some(folder) = self.reach(root) {
            let stores = inventory::stores(&self.view, &folder);
            root.shelves.stand(stores, &root.path);
        }
        root.shelves.each().count()
    }

    /// The folder of a root, if it is the same as ever.
    fn reach(&self, root: &Root) -> Option<Folder> {
        let folder = match root.anchor {
            Anchor::Own => self.view.folder(&root.path),
            other => other.folder(&root.path),
        };
        folder.filter(|folder| folder.identity().as_ref() == Ok(&root.identity))
    }

    /// Tells what is new below a root.
    fn look(&self, root: &mut Root, folder: &Folder) -> Result<(), Closed> {
        if root.shelves.poll(folder) {
            let stores = inventory::stores(&self.view, folder);
            self.send_all(root.shelves.stand(stores, &root.path))?;
        }
        for shelf in root.shelves.each() {
            let users = users_of(&root.users, shelf.store());
            if let Some(users) = shelf.used_by(users) {
                self.send(News::Store(shelf.store().clone(), users))?;
            }
            if shelf.store().kind == StoreKind::ContainersStorage {
                self.point_to(&mut root.is_shown, &root.seen_by);
            } else if let Some(news) = shelf.look(folder, self.began) {
                self.send(news)?;
            }
        }
        Ok(())
    }

    /// Lets the thread that waits for images know of a store, which lists it.
    fn point_to(&self, is_shown: &mut bool, (pid, path): &(u32, String)) {
        if let Some(indexes) = self.indexes.as_ref().filter(|_| !*is_shown) {
            indexes.store(*pid, path);
            *is_shown = true;
        }
    }

    fn send_all(&self, news: Vec<News>) -> Result<(), Closed> {
        news.into_iter().try_for_each(|news| self.send(news))
    }

    fn send(&self, news: News) -> Result<(), Closed> {
        self.news.blocking_send(news).map_err(|_| Closed)
    }
}

/// The living daemons that use a store, each with the first evidence of it.
fn users_of(users: &[User], store: &Store) -> Vec<StoreUser> {
    let mut found: Vec<StoreUser> = Vec::new();
    for user in users.iter().filter(|user| user.part.has(store)) {
        let is_known = found.iter().any(|known| known.process == user.process);
        if !is_known && process::is_alive(user.process) {
            found.push(StoreUser {
                process: user.process,
                evidence: user.evidence.clone(),
            });
        }
    }
    found
}
