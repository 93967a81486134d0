//! The programs of container runtimes that serve no API: which mount root file systems, which make
//! containers. By the last component of their path, or by their `comm`.

/// Programs in whose mount namespaces containers' root file systems are mounted.
///
/// A name stands for itself and for what begins with it and goes on with `-` or `.`:
/// `containerd-shim-runc-v2`, `dockerd-rootless.sh`, `k3s-server`.
const MOUNTING: &[&str] = &[
    "dockerd",
    "docker-mountfrom",
    "balenad",
    "balena-engine",
    "containerd",
    "podman",
    "buildah",
    // Mounts nothing, and stores images.
    "skopeo",
    "fuse-overlayfs",
    "conmon",
    "conmonrs",
    "crio",
    "buildkitd",
    "k3s",
    "rke2",
    "k0s",
    "rootlesskit",
    "nerdctl",
    "ctr",
    "cri-dockerd",
];

/// OCI runtimes with runc's command line, and those that pass it on.
const OCI: &[&str] = &[
    "runc",
    "crun",
    "youki",
    "runsc",
    "krun",
    "kata-runtime",
    "nvidia-container-runtime",
];

/// Whether `program` mounts root file systems, or lives where they are mounted.
pub fn mounts_root_file_systems(program: &str) -> bool {
    let name = file_name(program);
    MOUNTING.iter().any(|known| is_kind_of(name, known))
}

/// Whether `program` is an OCI runtime: `runc`, `crun-1.14`, `docker-runc`, `buildkit-runc`,
/// `nvidia-container-runtime.cdi`.
pub fn is_oci_runtime(program: &str) -> bool {
    let name = file_name(program);
    OCI.iter().any(|known| {
        is_kind_of(name, known)
            || name
                .strip_suffix(known)
                .is_some_and(|before| before.ends_with('-'))
    })
}

fn file_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

fn is_kind_of(name: &str, known: &str) -> bool {
    name.strip_prefix(known)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_that_mount_are_known_by_their_names() {
        for name in [
            "/usr/sbin/dockerd",
            "dockerd-rootless.sh",
            "containerd-shim-runc-v2",
            "containerd-shim",
            "podman",
            "k3s-server",
            "/proc/1/root/usr/bin/conmon",
        ] {
            assert!(mounts_root_file_systems(name), "{name}");
        }
        for name in ["docker", "docker-compose", "kubelet", "runc", "k3sup", ""] {
            assert!(!mounts_root_file_systems(name), "{name}");
        }
    }

    #[test]
    fn oci_runtimes_are_known_by_their_names() {
        for name in [
            "/usr/sbin/runc",
            "runc.amd64",
            "docker-runc",
            "buildkit-runc",
            "crun",
            "nvidia-container-runtime.cdi",
        ] {
            assert!(is_oci_runtime(name), "{name}");
        }
        for name in ["containerd-shim-runc-v2", "runcvm", "truncate", "prunc", ""] {
            assert!(!is_oci_runtime(name), "{name}");
        }
    }
}
