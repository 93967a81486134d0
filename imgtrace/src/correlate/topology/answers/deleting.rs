//! Would deleting an image at one socket delete it at another? It would where both lead to one
//! store.

use super::{Facts, Said, list};
use crate::model::{AnswerValue, EndpointId, KnownStore, Runtime, Socket, StoreId, StoreKind};

/// The namespace in which containerd's CRI keeps its images.
const CRI_NAMESPACE: &str = "k8s.io";

impl Facts<'_> {
    pub(super) fn deleting(&self) -> Said {
        let with_images = self.living().filter(|socket| keeps_images(socket));
        let (known, unknown): (Vec<&Socket>, Vec<&Socket>) =
            with_images.partition(|socket| !socket.leads.stores.is_empty());
        if known.is_empty() {
            return match unknown.len() {
                0 => Said::new(
                    AnswerValue::Shared(Vec::new()),
                    "no: no socket leads to images",
                ),
                _ => Said::unknown(format!(
                    "it was not found out where the images of {} lie",
                    self.names(&unknown)
                )),
            };
        }
        let shared = self.shared(&known);
        let text = match shared.as_slice() {
            [] if known.len() == 1 => format!("no: {} alone leads to a store", self.names(&known)),
            [] => "no: every socket leads to a store of its own".to_owned(),
            groups => {
                let sentences = groups.iter().map(|group| self.share(group));
                let sentences: Vec<String> = sentences.collect();
                format!("yes: {}", sentences.join("; "))
            }
        };
        let ways = known.iter().map(|socket| self.way(socket));
        let rest = (!unknown.is_empty()).then(|| {
            format!(
                "where the images of {} lie was not found out",
                self.names(&unknown)
            )
        });
        let halves = self.halves();
        let one_list = self.two_clients(&known);
        Said::new(AnswerValue::Shared(shared), text)
            .with(ways.chain(one_list).chain(halves).chain(rest))
    }

    /// The stores to which sockets of several daemons lead.
    fn shared(&self, sockets: &[&Socket]) -> Vec<(StoreId, Vec<EndpointId>)> {
        let stores = self.stores.iter().filter_map(|known| {
            let its = sockets
                .iter()
                .filter(|socket| socket.leads.stores.contains(&known.id));
            let mut servers = Vec::new();
            let mut endpoints = Vec::new();
            for socket in its {
                let server = socket.endpoint.server.as_ref()?.process;
                if !servers.contains(&server) {
                    servers.push(server);
                }
                endpoints.push(socket.endpoint.id);
            }
            (servers.len() > 1).then_some((known.id, endpoints))
        });
        stores.collect()
    }

    /// `e1 and e2 lead to s1 docker:/var/lib/docker, so what is deleted at one is gone at the other`.
    fn share(&self, (store, endpoints): &(StoreId, Vec<EndpointId>)) -> String {
        let all = list(endpoints.iter().map(|id| self.by_its_tools(*id, *store)));
        format!(
            "{all} lead to {}: there is one copy, and what is deleted at one is gone at the other",
            self.store(*store)
        )
    }

    /// `e2 /run/containerd/containerd.sock (ctr -n moby)`: at containerd's own socket a client chooses
    /// the namespace, and with it the store.
    fn by_its_tools(&self, endpoint: EndpointId, store: StoreId) -> String {
        let address = self.address(endpoint);
        let socket = self.socket(endpoint);
        let is_containerd = socket.is_some_and(|it| it.endpoint.runtime == Runtime::Containerd);
        let known = self.stores.iter().find(|known| known.id == store);
        match known.and_then(|known| known.store.namespace.as_deref()) {
            Some(CRI_NAMESPACE) if is_containerd => {
                format!("{address} (crictl, ctr -n {CRI_NAMESPACE})")
            }
            Some(namespace) if is_containerd => format!("{address} (ctr -n {namespace})"),
            _ => address,
        }
    }

    /// `e2 /run/cri-dockerd.sock → e1 → s1 docker:/var/lib/docker`.
    fn way(&self, socket: &Socket) -> String {
        let mut steps = vec![self.address(socket.endpoint.id)];
        steps.extend(socket.leads.through.iter().map(ToString::to_string));
        steps.push(self.store_names(&socket.leads.stores));
        steps.join(" → ")
    }

    /// The stores of what the CRI at a socket keeps: of containerd's the one of its namespace, none
    /// if nothing has been kept there yet.
    pub(super) fn cri_stores(&self, socket: &Socket) -> Vec<StoreId> {
        let stores = &socket.leads.stores;
        let of_cri = stores.iter().filter(|id| {
            let known = self.stores.iter().find(|known| known.id == **id);
            known.is_some_and(|known| known.store.namespace.as_deref() == Some(CRI_NAMESPACE))
        });
        let of_cri: Vec<StoreId> = of_cri.copied().collect();
        if socket.endpoint.runtime == Runtime::Containerd {
            of_cri
        } else {
            stores.clone()
        }
    }

    /// One socket with two clients' lists: crictl and `ctr -n k8s.io`.
    fn two_clients(&self, sockets: &[&Socket]) -> Vec<String> {
        let is_cri = |socket: &&&Socket| {
            let stores = self.cri_stores(socket);
            let is_it = |known: &&KnownStore| {
                stores.contains(&known.id)
                    && known.store.namespace.as_deref() == Some(CRI_NAMESPACE)
            };
            socket.endpoint.runtime == Runtime::Containerd
                && !is_for_shims(&socket.endpoint.path)
                && self.stores.iter().any(|known| is_it(&known))
        };
        let of_cri = sockets.iter().filter(is_cri);
        of_cri
            .map(|socket| {
                format!(
                    "crictl and ctr -n {CRI_NAMESPACE} at {} list one store, {}",
                    socket.endpoint.id,
                    self.store_names(&self.cri_stores(socket))
                )
            })
            .collect()
    }

    /// Namespaces of one containerd: not the same list, but the same archives.
    fn halves(&self) -> Vec<String> {
        let mut said: Vec<(u64, u64)> = Vec::new();
        let mut sentences = Vec::new();
        for known in self.stores {
            let root = (known.store.device, known.store.inode);
            let beside: Vec<StoreId> = self
                .stores
                .iter()
                .filter(|other| {
                    other.store.kind == StoreKind::Containerd
                        && (other.store.device, other.store.inode) == root
                })
                .map(|other| other.id)
                .collect();
            if beside.len() > 1 && !said.contains(&root) {
                said.push(root);
                sentences.push(format!(
                    "{} are namespaces of one containerd: deleting in one leaves the image in the \
                     other, and the compressed layers that both have stay until neither needs them",
                    list(beside.iter().map(ToString::to_string))
                ));
            }
        }
        sentences
    }

    fn names(&self, sockets: &[&Socket]) -> String {
        list(
            sockets
                .iter()
                .map(|socket| self.address(socket.endpoint.id)),
        )
    }
}

/// False for what keeps no images: BuildKit's own cache is no list of images.
fn keeps_images(socket: &Socket) -> bool {
    !is_for_shims(&socket.endpoint.path)
        && !matches!(socket.endpoint.runtime, Runtime::BuildKit | Runtime::Shim)
}

/// True for the socket at which shims tell containerd what has happened (`containerd.sock.ttrpc`).
fn is_for_shims(path: &str) -> bool {
    path.rsplit('.').next() == Some("ttrpc")
}
