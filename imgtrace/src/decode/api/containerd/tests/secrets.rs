//! Nothing of what is secret is told, whatever is said.

use super::*;

/// All that a message of a container's or image's could hide, under every number.
fn all() -> Proto {
    let inner = (20..30).fold(Proto::new(), |inner, tag| inner.text(tag, SECRET));
    (40..60).fold(
        Proto::new().text(1, "web").message(2, &inner),
        |all, tag| all.text(tag, SECRET).entry(tag, SECRET, SECRET),
    )
}

#[test]
fn of_no_call() {
    let containers = "/containerd.services.containers.v1.Containers/Create";
    let create = Proto::new().message(1, &container("web", BUSYBOX));
    let exec = "/containerd.services.tasks.v1.Tasks/Exec";
    let spec = Proto::new()
        .text(1, "web")
        .any(6, "Process", &Proto::new().text(1, SECRET));
    for (path, ask) in [
        (containers, &create),
        (exec, &spec),
        (WRITE, &all()),
        (CREATE, &Proto::new().message(1, &all())),
        (UPDATE_INFO, &info(&digest(1), SECRET)),
        (DELETE, &all()),
        ("/containerd.services.tasks.v1.Tasks/Start", &all()),
        ("/containerd.services.transfer.v1.Transfer/Transfer", &all()),
        ("/containerd.services.streaming.v1.Streaming/Stream", &all()),
    ] {
        let mut script = Script::new();
        let exchange = script.call(path);
        script.ask(exchange, ask);
        script.answer(exchange, ask);
        let debug = script.debug();
        script.end(exchange, ok());
        script.close();
        let events = format!("{:?}", script.take());
        assert!(!events.contains(SECRET), "{path}: {events}");
        assert!(!debug.contains(SECRET), "{path} is kept: {debug}");
    }
}
