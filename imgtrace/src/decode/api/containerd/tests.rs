//! Every row of operations.md's table of containerd's API.

mod edges;
mod facts;
mod fetches;
mod imports;
mod secrets;
mod tags;
mod transfers;

use crate::decode::Exchange;
use crate::decode::api::rpc::tests::proto::Proto;
use crate::decode::api::rpc::tests::script::{Script, Told, ok, refused};
use crate::model::{Api, DigestKind, Op, Outcome};

/// A word that must never be seen again.
const SECRET: &str = "hunter2-secret";

const WRITE: &str = "/containerd.services.content.v1.Content/Write";
const INFO: &str = "/containerd.services.content.v1.Content/Info";
const UPDATE_INFO: &str = "/containerd.services.content.v1.Content/Update";
const CREATE: &str = "/containerd.services.images.v1.Images/Create";
const UPDATE: &str = "/containerd.services.images.v1.Images/Update";
const GET: &str = "/containerd.services.images.v1.Images/Get";
const LIST: &str = "/containerd.services.images.v1.Images/List";
const DELETE: &str = "/containerd.services.images.v1.Images/Delete";
const DELETE_LEASE: &str = "/containerd.services.leases.v1.Leases/Delete";
const ALREADY_EXISTS: u32 = 6;
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const BUSYBOX: &str = "docker.io/library/busybox:1.36";

/// A digest, told apart by a number.
fn digest(number: u32) -> String {
    format!("sha256:{number:064x}")
}

/// `Image`: its name and what it stands for.
fn image(name: &str, media_type: &str, digest: &str) -> Proto {
    let target = Proto::new()
        .text(1, media_type)
        .text(2, digest)
        .number(3, 610)
        .entry(5, "annotation", SECRET);
    Proto::new()
        .text(1, name)
        .entry(2, "label", SECRET)
        .message(3, &target)
        .message(7, &Proto::new().number(1, 1))
}

/// A message with an image in its first field.
fn of_image(name: &str, digest: &str) -> Proto {
    Proto::new().message(1, &image(name, INDEX, digest))
}

/// `Info` in a message, with a label.
fn info(digest: &str, label: &str) -> Proto {
    let info = Proto::new()
        .text(1, digest)
        .number(2, 610)
        .entry(5, label, SECRET);
    Proto::new().message(1, &info)
}

/// The label of content that came from a registry.
const SOURCE: &str = "containerd.io/distribution.source.docker.io";

/// The whole write of so many bytes, as containerd's client does it
/// (`core/content/proxy/content_writer.go`).
fn write(script: &mut Script, reference: &str, expected: &str, bytes: u64) {
    let exchange = script.call(WRITE);
    let open = Proto::new()
        .text(2, reference)
        .number(3, bytes)
        .text(4, expected);
    script.ask(exchange, &open);
    script.answer(exchange, &Proto::new().number(5, bytes));
    let data = Proto::new().number(1, 1).raw(6, SECRET.as_bytes());
    // Only the beginning of bulk is known.
    script.ask_bytes(exchange, &data.bytes()[..6], false);
    script.answer(exchange, &Proto::new().number(1, 1).number(4, bytes / 2));
    let rest = Proto::new()
        .number(1, 1)
        .number(5, bytes / 2)
        .raw(6, SECRET.as_bytes());
    script.ask(exchange, &rest);
    script.answer(exchange, &Proto::new().number(1, 1).number(4, bytes));
    let commit = Proto::new()
        .number(1, 2)
        .number(3, bytes)
        .text(4, expected)
        .number(5, bytes);
    script.ask(
        exchange,
        &commit.entry(7, "containerd.io/gc.ref.content.0", SECRET),
    );
    script.answer(
        exchange,
        &Proto::new().number(1, 2).number(4, bytes).text(6, expected),
    );
    script.end(exchange, ok());
}

/// A write of what is there already.
fn check(script: &mut Script, reference: &str, expected: &str) {
    let open = Proto::new().text(2, reference).text(4, expected);
    script.fails(
        WRITE,
        &open,
        ALREADY_EXISTS,
        "content sha256:… already exists",
    );
}

/// A whole call that gives an image a name.
fn name(script: &mut Script, path: &str, name: &str, digest: &str) -> Exchange {
    let image = of_image(name, digest);
    script.unary(path, &image, &image)
}

fn name_exists(script: &mut Script, name: &str, digest: &str) {
    let message = format!("image {name:?}: already exists");
    script.fails(CREATE, &of_image(name, digest), ALREADY_EXISTS, &message);
}

/// Something that is said, and why.
type Case = (&'static str, fn(&mut Script));

/// The one operation that was told.
fn only(script: &mut Script) -> Told {
    let told = script.operations();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].api, Api::Containerd);
    told[0].clone()
}

/// The operations of one call that works.
fn unary(path: &str, ask: &Proto) -> Vec<Told> {
    let mut script = Script::new();
    script.namespace = Some("default".to_owned());
    script.unary(path, ask, &Proto::new());
    let told = script.operations();
    for told in &told {
        assert_eq!(told.subject.namespace.as_deref(), Some("default"));
        assert_eq!(told.outcome, Some(Outcome::Ok));
        assert!(!format!("{told:?}").contains(SECRET));
    }
    told
}

#[test]
fn images_delete() {
    let told = unary(DELETE, &Proto::new().text(1, BUSYBOX).number(2, 1));
    assert_eq!(told[0].op, Op::RemoveImage);
    assert_eq!(told[0].subject.image.as_deref(), Some(BUSYBOX));
    assert_eq!(told[0].subject.digest, None);
    let told = unary(DELETE, &Proto::new().text(1, &digest(1)));
    assert_eq!(
        (
            told[0].subject.image.clone(),
            told[0].subject.digest.clone()
        ),
        (None, Some(digest(1)))
    );
    let dangling = format!("moby-dangling@{}", digest(1));
    assert!(unary(DELETE, &Proto::new().text(1, &dangling)).is_empty());
}

/// `Container` with an environment.
fn container(id: &str, image: &str) -> Proto {
    let spec = format!("{{\"process\":{{\"env\":[\"PASSWORD={SECRET}\"]}}}}");
    Proto::new()
        .text(1, id)
        .entry(2, "label", SECRET)
        .text(3, image)
        .message(4, &Proto::new().text(1, "io.containerd.runc.v2"))
        .any(
            5,
            "types.containerd.io/opencontainers/runtime-spec/1/Spec",
            &Proto::new().text(1, &spec),
        )
        .text(6, "overlayfs")
        .text(7, id)
}

#[test]
fn containers_create_and_delete() {
    const SERVICE: &str = "/containerd.services.containers.v1.Containers";
    let path = format!("{SERVICE}/Create");
    let told = unary(&path, &Proto::new().message(1, &container("web", BUSYBOX)));
    assert_eq!(told[0].op, Op::Create);
    assert_eq!(told[0].subject.container.as_deref(), Some("web"));
    assert_eq!(told[0].subject.image.as_deref(), Some(BUSYBOX));
    let classic = unary(&path, &Proto::new().message(1, &container("web", "")));
    assert_eq!(classic[0].subject.image, None);

    let told = unary(&format!("{SERVICE}/Delete"), &Proto::new().text(1, "web"));
    assert_eq!(
        (told[0].op, told[0].subject.container.as_deref()),
        (Op::RemoveContainer, Some("web"))
    );
    for method in ["Get", "List", "ListStream", "Update"] {
        let ask = Proto::new().message(1, &container("web", BUSYBOX));
        assert!(
            unary(&format!("{SERVICE}/{method}"), &ask).is_empty(),
            "{method}"
        );
    }
}

#[test]
fn tasks() {
    const SERVICE: &str = "/containerd.services.tasks.v1.Tasks";
    let of = |exec: &str| match exec {
        "" => Proto::new().text(1, "web"),
        exec => Proto::new().text(1, "web").text(2, exec),
    };
    let cases = [
        ("Start", "", Some(Op::Start)),
        ("Start", "exec-1", Some(Op::Exec)),
        ("Kill", "", Some(Op::Kill)),
        ("Kill", "exec-1", None),
        ("Create", "", None),
        ("Delete", "", None),
        ("Exec", "", None),
        ("Wait", "", None),
    ];
    for (method, exec, op) in cases {
        let told = unary(&format!("{SERVICE}/{method}"), &of(exec));
        assert_eq!(told.first().map(|told| told.op), op, "{method} {exec}");
        if let Some(told) = told.first() {
            assert_eq!(told.subject.container.as_deref(), Some("web"));
            let named = told.subject.exec.as_deref().unwrap_or_default();
            assert_eq!(named, exec, "{method}");
        }
    }
}

#[test]
fn a_task_that_cannot_be_created_is_a_start_that_failed() {
    const PATH: &str = "/containerd.services.tasks.v1.Tasks/Create";
    let mut script = Script::new();
    let message = "failed to create shim task: OCI runtime create failed: exec: \"sh\": not found";
    script.fails(PATH, &Proto::new().text(1, "web"), 2, message);
    let told = only(&mut script);
    assert_eq!((told.op, told.outcome), (Op::Start, Some(Outcome::Error)));
    assert_eq!(told.error.as_deref(), Some(message));
    assert_eq!(told.subject.container.as_deref(), Some("web"));
    let exchange = script.call(PATH);
    script.ask(exchange, &Proto::new().text(1, "web"));
    script.withdraw(exchange);
    script.end(exchange, refused(2, message));
    assert!(script.take().is_empty());
}

#[test]
fn a_start_whose_request_is_cut_may_be_an_exec() {
    let mut script = Script::new();
    let exchange = script.call("/containerd.services.tasks.v1.Tasks/Start");
    let bytes = Proto::new().text(1, "web").text(2, "exec-1").bytes();
    script.ask_bytes(exchange, &bytes[..7], false);
    script.end(exchange, ok());
    assert!(script.take().is_empty());
}
