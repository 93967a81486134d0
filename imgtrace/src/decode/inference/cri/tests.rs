//! Each rule, and what looks like it.

use crate::decode::inference::method::Method;
use crate::decode::inference::rule::{by_answer, by_error};
use crate::decode::inference::shape::Shape;
use crate::decode::inference::tests::wire::{
    bytes, container, create, digest, id, image_spec, image_status, message, number, pod,
    pod_config, sandbox, text,
};

/// The method that alone has this request and this answer.
fn told(request: &[u8], answer: &[u8]) -> Option<Method> {
    let request = Shape::read(request, true)?;
    by_answer(request, Shape::read(answer, true)?).map(|recognised| recognised.method)
}

fn failed(request: &[u8]) -> Option<Method> {
    by_error(Shape::read(request, true)?).map(|recognised| recognised.method)
}

#[test]
fn run_pod_sandbox() {
    let request = [pod_config(1), text(2, "runc")].concat();
    assert_eq!(
        told(&request, &text(1, &id(1))),
        Some(Method::RunPodSandbox)
    );
    assert_eq!(failed(&request), Some(Method::RunPodSandbox));
    assert_eq!(told(&request, b""), None);
    assert_eq!(told(&request, &text(1, "web")), None);
    let update = message(1, &[message(1, &[text(1, "10.0.0.0/8")])]);
    assert_eq!((told(&update, b""), failed(&update)), (None, None));
    let filter = message(1, &[text(1, &id(1)), message(2, &[number(1, 1)])]);
    assert_eq!(
        (told(&filter, &text(1, &id(1))), failed(&filter)),
        (None, None)
    );
    let restore = [text(1, "/var/checkpoint"), pod_config(2)].concat();
    assert_eq!(
        (told(&restore, &text(1, &id(1))), failed(&restore)),
        (None, None)
    );
}

#[test]
fn create_container() {
    let request = create(&id(1));
    assert_eq!(
        told(&request, &text(1, &id(2))),
        Some(Method::CreateContainer)
    );
    assert_eq!(failed(&request), Some(Method::CreateContainer));
    let update = [text(1, &id(1)), message(2, &[number(1, 100_000)])].concat();
    assert_eq!((told(&update, b""), failed(&update)), (None, None));
}

#[test]
fn of_a_large_container_the_beginning_is_enough() {
    let request = create(&id(1));
    let cut = Shape::read(&request[..request.len() - 60], false).unwrap();
    let answer = text(1, &id(2));
    let answer = Shape::read(&answer, true).unwrap();
    assert_eq!(
        by_answer(cut, answer).unwrap().method,
        Method::CreateContainer
    );
    assert!(by_error(cut).is_none());
}

#[test]
fn pull_image() {
    let request = [image_spec(1, "busybox"), pod_config(3)].concat();
    for answer in [
        digest(7),
        id(7),
        format!("localhost:5000/busybox@{}", digest(7)),
    ] {
        assert_eq!(told(&request, &text(1, &answer)), Some(Method::PullImage));
        assert_eq!(
            told(&image_spec(1, "busybox"), &text(1, &answer)),
            Some(Method::PullImage)
        );
    }
    assert_eq!(failed(&request), Some(Method::PullImage));
    assert_eq!(failed(&image_spec(1, "busybox")), None);
    assert_eq!(told(&image_spec(1, "busybox"), b""), None);
    assert_eq!(told(&image_spec(1, "busybox"), &text(1, "done")), None);
}

#[test]
fn image_status_and_remove_image() {
    let request = image_spec(1, "busybox");
    assert_eq!(told(&request, &image_status()), Some(Method::ImageStatus));
    let verbose = [image_spec(1, "busybox"), number(2, 1)].concat();
    assert_eq!(told(&verbose, &image_status()), Some(Method::ImageStatus));
    assert_eq!(told(&request, b""), None);
    assert_eq!(failed(&request), None);
}

#[test]
fn list_images() {
    assert_eq!(told(b"", &image_status()), Some(Method::ListImages));
    let filter = message(1, &[image_spec(1, "busybox")]);
    assert_eq!(told(&filter, &image_status()), Some(Method::ListImages));
    assert_eq!(told(b"", b""), None);
    let of_containerd = message(1, &[text(1, "docker.io/library/busybox:1")]);
    assert_eq!(told(b"", &of_containerd), None);
}

#[test]
fn image_fs_info() {
    let usage = [
        number(1, 9),
        message(2, &[text(1, "/var/lib")]),
        message(3, &[number(1, 5)]),
    ];
    assert_eq!(told(b"", &message(1, &usage)), Some(Method::ImageFsInfo));
    let descriptor = message(1, &[text(1, "container_cpu"), text(2, "help")]);
    assert_eq!(told(b"", &descriptor), None);
}

#[test]
fn lists() {
    let containers = [container(&id(2), 1), container(&id(3), 0)].concat();
    assert_eq!(told(b"", &containers), Some(Method::ListContainers));
    assert_eq!(
        told(&message(1, &[number(2, 1)]), &containers),
        Some(Method::ListContainers)
    );
    assert_eq!(told(b"", &sandbox(&id(1), 0)), Some(Method::ListPodSandbox));
    let mixed = [container(&id(2), 1), sandbox(&id(1), 0)].concat();
    assert_eq!(told(b"", &mixed), None);
    let metric = [text(1, "cpu"), number(2, 5), number(3, 1)];
    let metrics = message(1, &[text(1, &id(1)), message(2, &metric)]);
    assert_eq!(told(b"", &metrics), None);
}

#[test]
fn statuses() {
    let request = text(1, &id(2));
    let created = number(4, 1_700_000_000);
    let metadata = message(2, &[text(1, "web"), number(2, 3)]);
    let status = message(
        1,
        &[text(1, &id(2)), metadata, number(3, 1), created.clone()],
    );
    assert_eq!(told(&request, &status), Some(Method::ContainerStatus));
    assert_eq!(told(&text(1, &id(3)), &status), None, "of another id");
    let of_pod = message(1, &[text(1, &id(2)), pod(2), created]);
    assert_eq!(told(&request, &of_pod), Some(Method::PodSandboxStatus));
    let label = message(2, &[text(1, "key"), text(2, "value")]);
    let runtime = message(4, &[text(1, "io.containerd.runc.v2")]);
    let get = message(1, &[text(1, &id(2)), label, text(3, "busybox"), runtime]);
    assert_eq!(told(&request, &get), None, "containerd's Containers/Get");
    let process = message(
        1,
        &[text(1, &id(2)), text(2, "exec"), number(3, 7), number(4, 2)],
    );
    assert_eq!(told(&request, &process), None, "containerd's Tasks/Get");
}

#[test]
fn stats() {
    let of = |field, metadata: Vec<u8>| message(field, &[text(1, &id(2)), metadata]);
    let container = message(1, &[of(1, message(2, &[text(1, "web")]))]);
    let pod = message(1, &[of(1, pod(2))]);
    let request = text(1, &id(2));
    assert_eq!(told(&request, &container), Some(Method::ContainerStats));
    assert_eq!(told(&request, &pod), Some(Method::PodSandboxStats));
    assert_eq!(told(b"", &container), Some(Method::ListContainerStats));
    assert_eq!(told(b"", &pod), Some(Method::ListPodSandboxStats));
}

#[test]
fn status_and_version() {
    let condition = message(1, &[text(1, "RuntimeReady"), number(2, 1)]);
    assert_eq!(told(b"", &message(1, &[condition])), Some(Method::Status));
    let other = message(1, &[text(1, "Ready"), number(2, 1)]);
    assert_eq!(told(b"", &message(1, &[other])), None);
    let version = [
        text(1, "0.1.0"),
        text(2, "containerd"),
        text(3, "v2.3.4"),
        text(4, "v1"),
    ];
    assert_eq!(
        told(&text(1, "0.1.0"), &version.concat()),
        Some(Method::Version)
    );
    assert_eq!(
        told(b"", &[text(1, "v2.3.4"), text(2, "revision")].concat()),
        None
    );
}

#[test]
fn exec_sync() {
    let shell = [
        text(1, &id(2)),
        text(2, "sh"),
        text(2, "-c"),
        text(2, "true"),
        number(3, 10),
    ];
    assert_eq!(told(&shell.concat(), b""), Some(Method::ExecSync));
    assert_eq!(failed(&shell.concat()), Some(Method::ExecSync));
    let word = [text(1, &id(2)), text(2, "true"), number(3, 10)].concat();
    assert_eq!(told(&word, b""), None, "it may be CheckpointContainer");
    assert_eq!(failed(&word), None);
    let get = [text(1, &id(2)), text(2, "exec")].concat();
    let process = message(1, &[text(1, &id(2)), text(2, "exec"), number(3, 7)]);
    assert_eq!(told(&get, &process), None, "containerd's Tasks/Get");
}

#[test]
fn exec() {
    let request = [text(1, &id(2)), text(2, "sh"), number(5, 1)].concat();
    let url = text(1, "http://127.0.0.1:4100/exec/x");
    assert_eq!(told(&request, &url), Some(Method::Exec));
    assert_eq!(told(&request, b""), None);
    let attach = [text(1, &id(2)), number(2, 1), number(4, 1)].concat();
    assert_eq!(told(&attach, &url), None);
    let forward = [text(1, &id(1)), bytes(2, &[80, 90])].concat();
    assert_eq!(told(&forward, &url), None);
}

#[test]
fn one_id_answered_by_nothing_is_no_method() {
    assert_eq!(told(&text(1, &id(2)), b""), None);
    assert_eq!(failed(&text(1, &id(2))), None);
    assert_eq!(told(&[text(1, &id(2)), number(2, 30)].concat(), b""), None);
}
