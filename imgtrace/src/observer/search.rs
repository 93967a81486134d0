//! Which containers have a runtime's socket in them, and where crictl points: a thread that looks,
//! and what of it is observed.
//!
//! To read what a container has mounted may take the kernel long, so nothing waits for it. The
//! thread learns of sockets and containers from what is observed.

use std::{
    collections::BTreeMap,
    io,
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    time::{Duration, Instant},
};

use super::{Observer, containers::Chain};
use crate::{
    correlate::Bounded,
    host::{
        crictl,
        held_socket::{self, Located, Within},
        mount_tree::View,
    },
    model::{CrictlConfig, Endpoint, EndpointId, EndpointState, Listener, ProcessKey, Runtime},
    observation::{Observation, Observed},
};

/// Lists of orders that wait for the thread, at most; what comes on top is not looked at, and the
/// log says so.
const ORDERS_MAX: usize = 256;
/// What the thread has found and the main loop has not taken, at most; then it waits.
const NEWS_MAX: usize = 1_024;
/// Containers that are searched when a socket comes.
const CONTAINERS_MAX: usize = 16_384;
/// How long the thread may take, at the end, for what it was to look at.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the thread is told.
enum Order {
    /// A socket is there.
    Socket(Socket),
    /// It is gone.
    Gone(EndpointId),
    /// A container runs.
    Container(Chain, ProcessKey),
}

/// A socket that containers may have.
struct Socket {
    id: EndpointId,
    path: String,
    listener: Listener,
    server: u32,
}

/// What the thread has found.
enum News {
    /// A container has a socket.
    Seen(EndpointId, Chain, ProcessKey, View),
    /// Everything that was there at the beginning has been looked at.
    Surveyed(Vec<CrictlConfig>),
}

/// The thread, as the main loop has it.
pub(super) struct Search {
    orders: SyncSender<Vec<Order>>,
    news: Receiver<News>,
}

impl Search {
    /// Starts the thread. The first that [`follow`](Self::follow) is given was there at the
    /// beginning.
    pub(super) fn begin() -> io::Result<Self> {
        let (orders, ordered) = sync_channel(ORDERS_MAX);
        let (sender, news) = sync_channel(NEWS_MAX);
        let seeker = Seeker {
            sockets: BTreeMap::new(),
            containers: Bounded::new(CONTAINERS_MAX),
            news: sender,
        };
        let thread = std::thread::Builder::new().name("sockets".to_owned());
        thread.spawn(move || seeker.run(&ordered))?;
        Ok(Self { orders, news })
    }

    /// Takes note of sockets and containers that were observed.
    pub(super) fn follow(&self, observed: &[Observed], is_first: bool) {
        let orders: Vec<Order> = observed.iter().filter_map(|it| order(&it.what)).collect();
        if orders.is_empty() && !is_first {
            return;
        }
        if let Err(TrySendError::Full(orders)) = self.orders.try_send(orders) {
            let lost = orders.len();
            tracing::warn!(
                lost,
                "too many containers at once: not all are searched for sockets"
            );
        }
    }
}

fn order(what: &Observation) -> Option<Order> {
    match what {
        Observation::Endpoint(endpoint) if endpoint.runtime != Runtime::Shim => of_socket(endpoint),
        Observation::ContainerRuns {
            container,
            outer,
            process,
            ..
        } => {
            let chain = outer.iter().chain([container]).cloned().collect();
            Some(Order::Container(chain, *process))
        }
        _ => None,
    }
}

fn of_socket(endpoint: &Endpoint) -> Option<Order> {
    if endpoint.state == EndpointState::Gone {
        return Some(Order::Gone(endpoint.id));
    }
    let server = endpoint.server.as_ref()?.process.pid;
    Some(Order::Socket(Socket {
        id: endpoint.id,
        path: endpoint.path.clone(),
        listener: endpoint.listener,
        server,
    }))
}

/// What the thread has.
struct Seeker {
    /// Sockets that are there; none of those of which it cannot be told where they lie.
    sockets: BTreeMap<EndpointId, Option<Located>>,
    containers: Bounded<Chain, ProcessKey>,
    news: SyncSender<News>,
}

/// Nobody listens any more.
struct Closed;

impl Seeker {
    fn run(mut self, orders: &Receiver<Vec<Order>>) {
        let mut is_first = true;
        while let Ok(orders) = orders.recv() {
            let mut done = self.look(orders);
            if std::mem::take(&mut is_first) && done.is_ok() {
                done = self.send(News::Surveyed(crictl::configurations()));
            }
            if done.is_err() {
                return;
            }
        }
    }

    /// Looks at what has come: each new container is searched for all sockets, and each container
    /// that was known for the new sockets.
    fn look(&mut self, orders: Vec<Order>) -> Result<(), Closed> {
        let (mut sockets, mut containers) = (Vec::new(), Vec::new());
        for order in orders {
            match order {
                Order::Socket(socket) => {
                    if !self.sockets.contains_key(&socket.id) {
                        let Socket {
                            id,
                            path,
                            listener,
                            server,
                        } = socket;
                        self.sockets
                            .insert(id, held_socket::locate(server, &path, listener));
                        sockets.push(id);
                    }
                }
                Order::Gone(id) => {
                    self.sockets.remove(&id);
                }
                Order::Container(chain, process) => containers.push((chain, process)),
            }
        }
        if !sockets.is_empty() {
            let known: Vec<_> = self
                .containers
                .iter()
                .map(|(chain, process)| (chain.clone(), *process))
                .collect();
            for (chain, process) in known {
                self.search(&chain, process, &sockets)?;
            }
        }
        let all: Vec<EndpointId> = self.sockets.keys().copied().collect();
        for (chain, process) in containers {
            self.search(&chain, process, &all)?;
            self.containers.insert(chain, process);
        }
        Ok(())
    }

    /// Searches a container for sockets; forgets it if it is gone.
    fn search(
        &mut self,
        chain: &Chain,
        process: ProcessKey,
        sockets: &[EndpointId],
    ) -> Result<(), Closed> {
        let Some(within) = Within::of(process) else {
            self.containers.remove(chain);
            return Ok(());
        };
        for id in sockets {
            let Some(Some(located)) = self.sockets.get(id) else {
                continue;
            };
            for view in within.views(located) {
                self.send(News::Seen(*id, chain.clone(), process, view))?;
            }
        }
        Ok(())
    }

    fn send(&self, news: News) -> Result<(), Closed> {
        self.news.send(news).map_err(|_| Closed)
    }
}

impl Observer {
    /// Begins to search containers for sockets.
    pub(super) fn begin_search(&mut self) {
        match Search::begin() {
            Ok(search) => self.search = Some((search, true)),
            Err(error) => {
                tracing::warn!(%error, "which containers have a socket in them is not seen");
            }
        }
    }

    /// Has the thread take note of what was observed since the last time.
    pub(super) fn search_observed(&mut self) {
        if let Some((search, is_first)) = &mut self.search {
            search.follow(&self.out, std::mem::take(is_first));
        }
    }

    /// Observes what the thread has found.
    pub(super) fn hear_search(&mut self) {
        let Some((search, _)) = &self.search else {
            return;
        };
        let news: Vec<News> = search.news.try_iter().take(NEWS_MAX).collect();
        for news in news {
            self.found(news);
        }
    }

    /// Ends the thread, and observes what it has found of what was there by now.
    pub(super) fn end_search(&mut self) {
        self.search_observed();
        let Some((Search { orders, news }, _)) = self.search.take() else {
            return;
        };
        drop(orders);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match news.recv_timeout(left) {
                Ok(news) => self.found(news),
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    tracing::warn!("not all containers were searched for sockets");
                    return;
                }
            }
        }
    }

    fn found(&mut self, news: News) {
        let at = self.clock.now();
        let what = match news {
            News::Surveyed(crictl) => Observation::Surveyed { crictl },
            News::Seen(endpoint, mut outer, process, view) => {
                let Some(container) = outer.pop() else {
                    return;
                };
                self.processes.say(process, at, &mut self.out);
                Observation::SocketSeen {
                    endpoint,
                    container,
                    outer,
                    process,
                    path: view.path,
                    read_only: view.read_only,
                }
            }
        };
        self.out.push(Observed { at, what });
    }
}

#[cfg(test)]
mod tests;
