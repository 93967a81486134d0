//! Which Go programs the lab builds, by the go.mod that pins them.

/// One program and how it is built.
#[derive(Debug)]
pub(super) struct Program {
    /// The file that it becomes.
    pub(super) name: &'static str,
    pub(super) package: &'static str,
    /// Linked against C libraries; without it the program is static.
    pub(super) cgo: bool,
    /// Build tags.
    pub(super) tags: &'static str,
    /// Module whose version in go.mod is written to a variable, which upstream's Makefile does.
    pub(super) version: Option<(&'static str, &'static str)>,
}

/// Programs that one go.mod pins; they share its modules and are built together.
#[derive(Debug)]
pub(in crate::lab::peers) struct Set {
    /// Where its go.mod and go.sum are, below `tests/peers`.
    pub(super) folder: &'static str,
    pub(super) programs: &'static [Program],
    /// A program beside them that is no Go.
    pub(super) c: Option<InC>,
}

/// A program in C that a module carries along.
#[derive(Debug)]
pub(super) struct InC {
    /// The file that it becomes.
    pub(super) name: &'static str,
    pub(super) module: &'static str,
    /// The folder of its sources in the module.
    pub(super) sources: &'static str,
}

/// [`Peers::Newest`](crate::lab::Peers::Newest), in the order in which they are built: one shares packages with the next.
pub(in crate::lab::peers) const NEWEST: Set = Set {
    folder: "newest",
    programs: &[
        Program {
            name: "containerd",
            package: "github.com/containerd/containerd/v2/cmd/containerd",
            cgo: false,
            tags: "",
            version: None,
        },
        Program {
            name: "ctr",
            package: "github.com/containerd/containerd/v2/cmd/ctr",
            cgo: false,
            tags: "",
            version: None,
        },
        Program {
            name: "containerd-shim-runc-v2",
            package: "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
            cgo: false,
            tags: "",
            version: None,
        },
        Program {
            name: "dockerd",
            package: "github.com/moby/moby/v2/cmd/dockerd",
            cgo: true,
            // It would link with libnftables, which the lab's daemons have no use for.
            tags: "no_libnftables",
            version: Some((
                "github.com/moby/moby/v2",
                "github.com/moby/moby/v2/dockerversion.Version",
            )),
        },
        Program {
            name: "runc",
            package: "github.com/opencontainers/runc",
            cgo: true,
            // dockerd's default profile is refused by a runc without it.
            tags: "seccomp",
            version: None,
        },
        Program {
            name: "docker",
            package: "github.com/docker/cli/cmd/docker",
            cgo: false,
            tags: "",
            version: Some((
                "github.com/docker/cli",
                "github.com/docker/cli/cli/version.Version",
            )),
        },
        Program {
            name: "docker-compose",
            package: "github.com/docker/compose/v5/cmd",
            cgo: false,
            tags: "",
            version: Some((
                "github.com/docker/compose/v5",
                "github.com/docker/compose/v5/internal.Version",
            )),
        },
    ],
    c: None,
};

/// [`Peers::BuildKit`](crate::lab::Peers::BuildKit).
pub(in crate::lab::peers) const BUILDKIT: Set = Set {
    folder: "buildkit",
    programs: &[
        Program {
            name: "buildkitd",
            package: "github.com/moby/buildkit/cmd/buildkitd",
            cgo: false,
            tags: "",
            version: Some((
                "github.com/moby/buildkit",
                "github.com/moby/buildkit/version.Version",
            )),
        },
        Program {
            name: "buildctl",
            package: "github.com/moby/buildkit/cmd/buildctl",
            cgo: false,
            tags: "",
            version: Some((
                "github.com/moby/buildkit",
                "github.com/moby/buildkit/version.Version",
            )),
        },
        Program {
            name: "docker-buildx",
            package: "github.com/docker/buildx/cmd/buildx",
            cgo: false,
            tags: "",
            version: Some((
                "github.com/docker/buildx",
                "github.com/docker/buildx/version.Version",
            )),
        },
    ],
    c: None,
};

/// [`Peers::Nerdctl`](crate::lab::Peers::Nerdctl).
pub(in crate::lab::peers) const NERDCTL: Set = Set {
    folder: "nerdctl",
    programs: &[Program {
        name: "nerdctl",
        package: "github.com/containerd/nerdctl/v2/cmd/nerdctl",
        cgo: false,
        tags: "",
        version: Some((
            "github.com/containerd/nerdctl/v2",
            "github.com/containerd/nerdctl/v2/pkg/version.Version",
        )),
    }],
    c: None,
};

/// [`Peers::CriO`](crate::lab::Peers::CriO).
pub(in crate::lab::peers) const CRI_O: Set = Set {
    folder: "cri-o",
    programs: &[Program {
        name: "crio",
        package: "github.com/cri-o/cri-o/cmd/crio",
        cgo: true,
        // Without them it links with gpgme, btrfs and device mapper.
        tags: "containers_image_openpgp exclude_graphdriver_btrfs exclude_graphdriver_devicemapper seccomp",
        version: None,
    }],
    c: Some(InC {
        name: "pinns",
        module: "github.com/cri-o/cri-o",
        sources: "pinns/src",
    }),
};

/// [`Peers::Kubernetes`](crate::lab::Peers::Kubernetes).
pub(in crate::lab::peers) const KUBERNETES: Set = Set {
    folder: "k8s",
    programs: &[
        Program {
            name: "crictl",
            package: "sigs.k8s.io/cri-tools/cmd/crictl",
            cgo: false,
            tags: "",
            version: Some((
                "sigs.k8s.io/cri-tools",
                "sigs.k8s.io/cri-tools/pkg/version.Version",
            )),
        },
        Program {
            name: "kubelet",
            package: "k8s.io/kubernetes/cmd/kubelet",
            cgo: false,
            tags: "",
            version: None,
        },
    ],
    c: None,
};

/// [`Peers::CriDockerd`](crate::lab::Peers::CriDockerd).
pub(in crate::lab::peers) const CRI_DOCKERD: Set = Set {
    folder: "cri-dockerd",
    programs: &[Program {
        name: "cri-dockerd",
        package: "github.com/Mirantis/cri-dockerd",
        cgo: false,
        tags: "",
        version: None,
    }],
    c: None,
};
