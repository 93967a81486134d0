//! Starts at a shim.

use crate::decode::api::rpc::tests::proto::Proto;
use crate::decode::api::rpc::tests::script::{Script, ok, refused};
use crate::model::{Api, Op, Outcome};

/// A word that must never be seen again.
const SECRET: &str = "hunter2-secret";
const CREATE: &str = "/containerd.task.v3.Task/Create";
const START: &str = "/containerd.task.v3.Task/Start";

fn bundle(namespace: &str) -> String {
    format!("/run/containerd/io.containerd.runtime.v2.task/{namespace}/web")
}

/// `CreateTaskRequest` with an overlay, as containerd sends it.
fn create(id: &str, bundle: &str) -> Proto {
    let mount = Proto::new()
        .text(1, "overlay")
        .text(2, "overlay")
        .text(4, "upperdir=/var/lib/containerd/snapshots/7/fs");
    Proto::new()
        .text(1, id)
        .text(2, bundle)
        .message(3, &mount)
        .text(5, SECRET)
        .any(
            10,
            "containerd.runc.v1.Options",
            &Proto::new().text(1, SECRET),
        )
}

fn id(id: &str) -> Proto {
    Proto::new().text(1, id)
}

#[test]
fn create_and_start_are_one_start() {
    for version in ["v2", "v3"] {
        let mut script = Script::new();
        script.namespace = Some("moby".to_owned());
        let path = |method: &str| format!("/containerd.task.{version}.Task/{method}");
        script.wait_ms(3);
        script.unary(
            &path("Create"),
            &create("web", &bundle("moby")),
            &Proto::new().number(1, 77),
        );
        assert!(
            script.take().is_empty(),
            "a task that is created may never start"
        );
        script.wait_ms(50);
        script.unary(&path("Start"), &id("web"), &Proto::new().number(1, 77));
        let told = script.operations();
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].api, told[0].op), (Api::Shim, Op::Start));
        assert_eq!(told[0].outcome, Some(Outcome::Ok));
        assert_eq!(told[0].at, 3_000_001, "from Create");
        assert_eq!(told[0].subject.container.as_deref(), Some("web"));
        assert_eq!(told[0].subject.namespace.as_deref(), Some("moby"));
        assert!(!format!("{told:?}").contains(SECRET));
    }
}

#[test]
fn the_bundle_names_the_namespace_where_nothing_else_does() {
    let k3s = "/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/web";
    let longest = "x".repeat(76);
    let cases = [
        (None, bundle("default"), Some("default")),
        (None, k3s.to_owned(), Some("k8s.io")),
        (Some("moby"), bundle("default"), Some("moby")),
        (None, "/somewhere/else/web".to_owned(), None),
        (None, "/io.containerd.runtime.v2.task//web".to_owned(), None),
        (None, String::new(), None),
        (None, bundle(&"x".repeat(76)), Some(&longest)),
        (None, bundle(&"x".repeat(77)), None),
        (None, bundle("a b"), None),
    ];
    for (given, bundle, expected) in cases {
        let mut script = Script::new();
        script.namespace = given.map(str::to_owned);
        script.unary(CREATE, &create("web", &bundle), &Proto::new());
        script.unary(START, &id("web"), &Proto::new());
        script.fails(CREATE, &create("web", &bundle), 2, "failed");
        for told in script.operations() {
            assert_eq!(told.subject.namespace.as_deref(), expected, "{bundle}");
        }
    }
}

#[test]
fn a_create_that_fails_is_a_start_that_failed() {
    let mut script = Script::new();
    let message = "OCI runtime create failed: unable to start container process";
    script.fails(CREATE, &create("web", &bundle("moby")), 2, message);
    let told = script.operations();
    assert_eq!(
        (told[0].op, told[0].outcome),
        (Op::Start, Some(Outcome::Error))
    );
    assert_eq!(told[0].error.as_deref(), Some(message));
    assert_eq!(told[0].subject.container.as_deref(), Some("web"));
    // What follows has a begin of its own.
    script.wait_ms(10);
    script.unary(START, &id("web"), &Proto::new());
    assert!(script.operations()[0].at > 10_000_000);
}

#[test]
fn a_start_without_its_create_begins_with_itself() {
    let mut script = Script::new();
    script.unary(CREATE, &create("other", &bundle("moby")), &Proto::new());
    script.wait_ms(10);
    script.unary(START, &id("web"), &Proto::new());
    script.fails(START, &id("web"), 9, "cannot start a stopped process");
    let told = script.operations();
    assert_eq!(told.len(), 2);
    assert!(told[0].at > 10_000_000);
    assert_eq!(told[1].outcome, Some(Outcome::Error));
}

#[test]
fn what_makes_none() {
    let exec = id("web").text(2, "exec-1");
    for (method, ask) in [
        ("Start", &exec),
        ("Kill", &id("web")),
        ("Delete", &id("web")),
        ("Exec", &exec),
        ("State", &id("web")),
        ("Connect", &id("web")),
        ("Shutdown", &id("web")),
    ] {
        let mut script = Script::new();
        script.unary(CREATE, &create("web", &bundle("moby")), &Proto::new());
        script.unary(
            &format!("/containerd.task.v3.Task/{method}"),
            ask,
            &Proto::new(),
        );
        script.close();
        assert!(script.take().is_empty(), "{method}");
    }
}

#[test]
fn an_exec_takes_nothing_from_the_start() {
    let mut script = Script::new();
    script.unary(CREATE, &create("web", &bundle("moby")), &Proto::new());
    script.unary(START, &id("web").text(2, "exec-1"), &Proto::new());
    script.wait_ms(10);
    script.unary(START, &id("web"), &Proto::new());
    let told = script.operations();
    assert_eq!((told.len(), told[0].at), (1, 1));
    assert_eq!(told[0].subject.namespace.as_deref(), Some("moby"));
}

#[test]
fn a_create_that_was_none_is_forgotten() {
    let mut script = Script::new();
    let exchange = script.call(CREATE);
    script.ask(exchange, &create("web", &bundle("moby")));
    script.withdraw(exchange);
    script.end(exchange, refused(2, "failed"));
    assert!(script.take().is_empty());
    script.wait_ms(10);
    let exchange = script.call(START);
    script.ask(exchange, &id("web"));
    script.end(exchange, ok());
    let told = script.operations();
    assert!(told[0].at > 10_000_000);
    assert_eq!(told[0].subject.namespace, None);
}

#[test]
fn a_start_whose_request_is_cut_may_be_an_exec() {
    let mut script = Script::new();
    let exchange = script.call(START);
    script.ask_bytes(exchange, &id("web").bytes(), false);
    script.end(exchange, ok());
    assert!(script.take().is_empty());
}

#[test]
fn tasks_that_wait_are_bounded() {
    let mut script = Script::new();
    for number in 0..200 {
        script.unary(
            CREATE,
            &create(&format!("c{number}"), &bundle("moby")),
            &Proto::new(),
        );
    }
    let long = "x".repeat(4_000);
    script.unary(CREATE, &create(&long, &bundle("moby")), &Proto::new());
    script.wait_ms(10);
    for id_of in ["c0", "c199", &long] {
        script.unary(START, &id(id_of), &Proto::new());
    }
    let told = script.operations();
    let from_create: Vec<_> = told.iter().map(|told| told.at < 10_000_000).collect();
    assert_eq!(from_create, [false, true, false]);
}
