//! The methods that can be concluded, and their paths.

#[cfg(test)]
mod tests;

/// Which of CRI's two sets of paths is spoken: their messages have the same field numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum CriVersion {
    /// `runtime.v1`, the only one since Kubernetes 1.26; what is assumed.
    #[default]
    V1,
    /// `runtime.v1alpha2`.
    V1alpha2,
}

macro_rules! methods {
    ($($service:literal { $($method:ident),* $(,)? })*) => {
        /// A method that can be concluded.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(super) enum Method {
            $($($method),*),*
        }

        impl Method {
            #[cfg(test)]
            pub(super) const ALL: &[Self] = &[$($(Self::$method),*),*];

            /// Its service, and the variant's name.
            const fn parts(self) -> (&'static str, &'static str) {
                match self {
                    $($(Self::$method => ($service, stringify!($method))),*),*
                }
            }

            fn of_parts(service: &str, name: &str) -> Option<Self> {
                match service {
                    $($service => {
                        $(if Self::$method.name() == name { return Some(Self::$method); })*
                        None
                    })*
                    _ => None,
                }
            }
        }
    };
}

methods! {
    "runtime.v1.RuntimeService" {
        Version, Status, RunPodSandbox, StopPodSandbox, RemovePodSandbox, PodSandboxStatus,
        ListPodSandbox, CreateContainer, StartContainer, StopContainer, RemoveContainer,
        ListContainers, ContainerStatus, ContainerStats, ListContainerStats, PodSandboxStats,
        ListPodSandboxStats, ExecSync, Exec,
    }
    "runtime.v1.ImageService" { ListImages, ImageStatus, PullImage, RemoveImage, ImageFsInfo }
    "containerd.services.containers.v1.Containers" { ContainersCreate }
    "containerd.services.images.v1.Images" { ImagesGet, ImagesCreate, ImagesUpdate }
    "containerd.services.content.v1.Content" { ContentInfo, ContentUpdate, ContentWrite }
    "containerd.services.tasks.v1.Tasks" { TasksCreate, TasksStart, TasksKill }
    "containerd.services.transfer.v1.Transfer" { Transfer }
}

impl Method {
    /// The method that a path names, and CRI's version where it is CRI's.
    pub(super) fn of_path(path: &str) -> Option<(Self, CriVersion)> {
        let (service, name) = path.strip_prefix('/')?.split_once('/')?;
        match service.strip_prefix("runtime.v1alpha2.") {
            None => Some((Self::of_parts(service, name)?, CriVersion::V1)),
            Some(rest) => {
                let service = format!("runtime.v1.{rest}");
                Some((Self::of_parts(&service, name)?, CriVersion::V1alpha2))
            }
        }
    }

    /// Its path.
    pub(super) fn path(self, version: CriVersion) -> String {
        let (service, name) = (self.parts().0, self.name());
        match (version, service.strip_prefix("runtime.v1.")) {
            (CriVersion::V1alpha2, Some(rest)) => format!("/runtime.v1alpha2.{rest}/{name}"),
            _ => format!("/{service}/{name}"),
        }
    }

    /// True for CRI's.
    pub(super) fn is_cri(self) -> bool {
        self.parts().0.starts_with("runtime.")
    }

    /// True if it makes no operation.
    pub(super) fn only_looks(self) -> bool {
        let name = self.name();
        let look = ["List", "Get", "Info", "Version"]
            .iter()
            .any(|word| name.starts_with(word));
        look || ["Status", "Stats", "FsInfo"]
            .iter()
            .any(|word| name.ends_with(word))
    }

    /// True if each side sends exactly one message when all goes well.
    pub(super) fn is_unary(self) -> bool {
        self != Self::ContentWrite
    }

    /// The method's name as the service has it: variants of containerd's begin with the service's
    /// last word where the bare name would not tell them apart.
    fn name(self) -> &'static str {
        let (service, variant) = self.parts();
        let word = service.rsplit('.').next().unwrap_or_default();
        match variant.strip_prefix(word) {
            Some(name) if !name.is_empty() && !self.is_cri() => name,
            _ => variant,
        }
    }
}
