//! Every row of operations.md's table of the CRI, and what answers tell.

mod cut;
mod facts;

use crate::decode::api::rpc::tests::proto::Proto;
use crate::decode::api::rpc::tests::script::{Script, Told, operations};
use crate::model::{Api, Bind, DigestKind, Op, Outcome, Pod};

const HEX: &str = "cbb60b12af1e1d3b9c8fb0cbbc2ad1b9a3fa8d0fbf6bd6ba2a8a6e3a0e5c9a11";
const CONTAINER: &str = "9f2c0b12af1e1d3b9c8fb0cbbc2ad1b9a3fa8d0fbf6bd6ba2a8a6e3a0e5c9a22";
const SANDBOX: &str = "5a2c0b12af1e1d3b9c8fb0cbbc2ad1b9a3fa8d0fbf6bd6ba2a8a6e3a0e5c9a33";

/// A word that must never be seen again.
const SECRET: &str = "hunter2-secret";

fn image(name: &str) -> Proto {
    Proto::new().text(1, name).entry(2, "annotation", SECRET)
}

/// `PodSandboxMetadata`.
fn metadata() -> Proto {
    Proto::new()
        .text(1, "web-0")
        .text(2, "3f1e-uid")
        .text(3, "shop")
        .number(4, 2)
}

/// `PodSandboxConfig`.
fn sandbox_config() -> Proto {
    Proto::new()
        .message(1, &metadata())
        .text(2, "host")
        .text(3, "/var/log/pods")
        .entry(6, "label", SECRET)
        .entry(
            7,
            "kubectl.kubernetes.io/last-applied-configuration",
            SECRET,
        )
        .message(8, &Proto::new().text(1, "/kubepods"))
}

fn pod() -> Pod {
    Pod {
        namespace: Some("shop".to_owned()),
        name: Some("web-0".to_owned()),
        uid: Some("3f1e-uid".to_owned()),
    }
}

/// The one operation of a call that works.
fn told(method: &str, ask: &Proto, answer: &Proto) -> Told {
    let service = if method.ends_with("Image") {
        "ImageService"
    } else {
        "RuntimeService"
    };
    let mut all = Vec::new();
    for version in ["v1", "v1alpha2"] {
        let mut script = Script::new();
        // Namespaces are containerd's alone.
        script.namespace = Some("k8s.io".to_owned());
        script.unary(
            &format!("/runtime.{version}.{service}/{method}"),
            ask,
            answer,
        );
        let events = script.take();
        let said = format!("{events:?}");
        assert!(!said.contains(SECRET), "{said}");
        all.push(operations(events));
    }
    let [v1, v1alpha2] = &all[..] else {
        panic!("two versions");
    };
    assert_eq!(v1[0].subject, v1alpha2[0].subject);
    assert_eq!((v1.len(), v1[0].api), (1, Api::Cri));
    assert_eq!(v1[0].outcome, Some(Outcome::Ok));
    assert_eq!(v1[0].subject.namespace, None);
    v1[0].clone()
}

/// `PullImageRequest` with credentials of every kind.
fn pull(name: &str) -> Proto {
    let auth = (1..=6).fold(Proto::new(), |auth, tag| auth.text(tag, SECRET));
    Proto::new()
        .message(1, &image(name))
        .message(2, &auth)
        .message(3, &sandbox_config())
}

fn pulled(image_ref: &str) -> Told {
    told(
        "PullImage",
        &pull("busybox:1.36"),
        &Proto::new().text(1, image_ref),
    )
}

#[test]
fn pull_image() {
    let containerd = pulled(&format!("sha256:{HEX}"));
    assert_eq!(containerd.op, Op::Pull);
    let subject = containerd.subject;
    assert_eq!(
        subject.image.as_deref(),
        Some("docker.io/library/busybox:1.36")
    );
    assert_eq!(subject.digest, Some(format!("sha256:{HEX}")));
    assert_eq!(subject.digest_kind, Some(DigestKind::Config));
    assert_eq!(subject.pod, Some(pod()));

    let cri_o = pulled(HEX).subject;
    assert_eq!(cri_o.digest, Some(format!("sha256:{HEX}")));
    assert_eq!(cri_o.digest_kind, Some(DigestKind::Config));

    for image_ref in [
        format!("busybox@sha256:{HEX}"),
        format!("r.example:5000/a/b@sha256:{HEX}"),
    ] {
        let named = pulled(&image_ref).subject;
        assert_eq!(named.digest, Some(format!("sha256:{HEX}")), "{image_ref}");
        assert_eq!(named.digest_kind, Some(DigestKind::Unknown));
        assert_eq!(
            named.image.as_deref(),
            Some("docker.io/library/busybox:1.36")
        );
    }
    for image_ref in ["", "busybox", "sha256:abc", "not a reference"] {
        assert_eq!(pulled(image_ref).subject.digest, None, "{image_ref}");
    }
}

#[test]
fn pull_image_by_digest_and_without_a_pod() {
    let name = format!("r.example/a@sha256:{HEX}");
    let ask = Proto::new().message(1, &Proto::new().text(1, &name));
    let subject = told("PullImage", &ask, &Proto::new()).subject;
    assert_eq!((subject.image, subject.pod), (Some(name), None));
    let typed = Proto::new().message(1, &Proto::new().text(18, "alpine"));
    let subject = told("PullImage", &typed, &Proto::new()).subject;
    assert_eq!(
        subject.image.as_deref(),
        Some("docker.io/library/alpine:latest")
    );
}

#[test]
fn remove_image() {
    let by_name = told(
        "RemoveImage",
        &Proto::new().message(1, &image("busybox")),
        &Proto::new(),
    );
    assert_eq!(by_name.op, Op::RemoveImage);
    assert_eq!(
        by_name.subject.image.as_deref(),
        Some("docker.io/library/busybox:latest")
    );
    assert_eq!(by_name.subject.digest, None);
    for id in [format!("sha256:{HEX}"), HEX.to_owned()] {
        let by_id = told(
            "RemoveImage",
            &Proto::new().message(1, &image(&id)),
            &Proto::new(),
        )
        .subject;
        assert_eq!(
            (by_id.image, by_id.digest),
            (None, Some(format!("sha256:{HEX}")))
        );
        assert_eq!(by_id.digest_kind, Some(DigestKind::Unknown));
    }
}

#[test]
fn sandboxes() {
    let ask = Proto::new().message(1, &sandbox_config()).text(2, "runc");
    let run = told("RunPodSandbox", &ask, &Proto::new().text(1, SANDBOX));
    assert_eq!(run.op, Op::RunSandbox);
    assert_eq!(run.subject.sandbox.as_deref(), Some(SANDBOX));
    assert_eq!(
        (run.subject.pod, run.subject.container),
        (Some(pod()), None)
    );

    for (method, op) in [
        ("StopPodSandbox", Op::StopSandbox),
        ("RemovePodSandbox", Op::RemoveSandbox),
    ] {
        let told = told(method, &Proto::new().text(1, SANDBOX), &Proto::new());
        assert_eq!(
            (told.op, told.subject.sandbox.as_deref()),
            (op, Some(SANDBOX))
        );
    }
}

/// `CreateContainerRequest`.
fn create(image: &Proto) -> Proto {
    let config = Proto::new()
        .message(1, &Proto::new().text(1, "app").number(2, 1))
        .message(2, image)
        .text(3, SECRET)
        .text(4, SECRET)
        .text(5, "/")
        .message(6, &Proto::new().text(1, "PASSWORD").text(2, SECRET))
        .message(7, &Proto::new().text(1, "/etc").text(2, "/host/etc"))
        .message(
            7,
            &Proto::new()
                .text(1, "/d.sock")
                .text(2, "/run/docker.sock")
                .number(3, 1),
        )
        .message(7, &Proto::new().text(1, "/data").message(9, image))
        .entry(9, "label", SECRET)
        .entry(10, "annotation", SECRET)
        .text(11, "app/0.log");
    Proto::new()
        .text(1, SANDBOX)
        .message(2, &config)
        .message(3, &sandbox_config())
}

#[test]
fn create_container() {
    let answer = Proto::new().text(1, CONTAINER);
    let create_of = |image: &Proto| told("CreateContainer", &create(image), &answer);
    let named = create_of(&image("busybox"));
    assert_eq!(named.op, Op::Create);
    let subject = named.subject;
    assert_eq!(
        subject.image.as_deref(),
        Some("docker.io/library/busybox:latest")
    );
    assert_eq!(subject.container.as_deref(), Some(CONTAINER));
    assert_eq!(subject.container_name.as_deref(), Some("app"));
    assert_eq!(subject.sandbox.as_deref(), Some(SANDBOX));
    assert_eq!((subject.pod, subject.digest), (Some(pod()), None));
    let bind = |source: &str, target: &str, read_only| Bind {
        source: source.to_owned(),
        target: target.to_owned(),
        read_only,
    };
    let binds = [
        bind("/host/etc", "/etc", false),
        bind("/run/docker.sock", "/d.sock", true),
    ];
    assert_eq!(subject.binds, binds, "a volume that is an image is no path");

    let by_digest = format!("docker.io/library/busybox@sha256:{HEX}");
    assert_eq!(create_of(&image(&by_digest)).subject.image, Some(by_digest));

    let id = format!("sha256:{HEX}");
    let kubelet = create_of(&image(&id).text(18, "busybox:1.36")).subject;
    assert_eq!(
        kubelet.image.as_deref(),
        Some("docker.io/library/busybox:1.36")
    );
    assert_eq!(
        (kubelet.digest, kubelet.digest_kind),
        (Some(id.clone()), Some(DigestKind::Unknown))
    );

    let older = create_of(&image(&id)).subject;
    assert_eq!((older.image, older.digest), (None, Some(id)));
}

#[test]
fn containers() {
    for (method, op) in [
        ("StartContainer", Op::Start),
        ("StopContainer", Op::Stop),
        ("RemoveContainer", Op::RemoveContainer),
    ] {
        let told = told(
            method,
            &Proto::new().text(1, CONTAINER).number(2, 30),
            &Proto::new(),
        );
        assert_eq!(
            (told.op, told.subject.container.as_deref()),
            (op, Some(CONTAINER))
        );
    }
}

#[test]
fn exec_says_nothing_of_its_command_and_what_it_prints() {
    let ask = Proto::new()
        .text(1, CONTAINER)
        .text(2, "sh")
        .text(2, SECRET);
    let url = Proto::new().text(1, &format!("http://127.0.0.1:1/exec/{SECRET}"));
    let printed = Proto::new().text(1, SECRET).text(2, SECRET).number(3, 1);
    for (method, answer) in [("Exec", url), ("ExecSync", printed)] {
        let told = told(method, &ask, &answer);
        assert_eq!(
            (told.op, told.subject.container.as_deref()),
            (Op::Exec, Some(CONTAINER))
        );
    }
}

#[test]
fn a_pull_that_is_refused() {
    let mut script = Script::new();
    let message = format!("failed to resolve: https://go:{SECRET}@r.example/v2/: 401 Unauthorized");
    script.fails(
        "/runtime.v1.ImageService/PullImage",
        &pull("r.example/a"),
        2,
        &message,
    );
    let events = script.take();
    assert!(!format!("{events:?}").contains(SECRET));
    let told = operations(events);
    assert_eq!(told[0].outcome, Some(Outcome::Error));
    assert!(
        told[0]
            .error
            .as_deref()
            .unwrap()
            .contains("401 Unauthorized")
    );
    assert_eq!(told[0].subject.digest, None);
}

#[test]
fn fields_of_later_versions_do_no_harm() {
    let later = Proto::new()
        .message(1, &image("busybox").text(90, "new").number(91, 7))
        .message(60, &Proto::new().text(1, "new"))
        .number(2000, 5);
    let subject = told("PullImage", &later, &Proto::new().text(9, "new")).subject;
    assert_eq!(
        subject.image.as_deref(),
        Some("docker.io/library/busybox:latest")
    );
}
