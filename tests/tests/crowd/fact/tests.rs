use serde_json::json;

use super::*;

fn line(pid: i32, op: &str, image: &str, outcome: &str) -> Value {
    json!({
        "kind": "operation", "op": op, "image": image, "outcome": outcome,
        "caller": { "pid": pid, "ancestors": [] }, "endpoint": { "path": "/lab/docker.sock" },
    })
}

fn pulled(pid: i32, image: &str, failure: Option<&str>) -> Deed {
    Deed {
        pid,
        facts: vec![Fact::image("pull", image)],
        sure: failure.is_none(),
        failure: failure.map(str::to_owned),
    }
}

fn differ(deeds: &[Deed], lines: &[Value]) -> Option<String> {
    difference(deeds, lines, Path::new("/lab"))
}

#[test]
fn what_was_done_must_be_told_and_nothing_else() {
    let deeds = [pulled(1, "a", None)];
    assert_eq!(differ(&deeds, &[line(1, "pull", "a", "ok")]), None);
    assert!(differ(&deeds, &[]).is_some());
    assert!(differ(&deeds, &[line(1, "pull", "a", "error")]).is_some());
    let another = [line(1, "pull", "a", "ok"), line(2, "pull", "a", "ok")];
    assert!(differ(&deeds, &another).is_some());
}

#[test]
fn what_failed_may_be_told_or_not_but_only_as_it_was_asked() {
    let deeds = [pulled(1, "a", Some("reset by peer"))];
    assert_eq!(differ(&deeds, &[]), None);
    assert_eq!(differ(&deeds, &[line(1, "pull", "a", "ok")]), None);
    assert_eq!(differ(&deeds, &[line(1, "pull", "a", "error")]), None);
    assert!(differ(&deeds, &[line(1, "pull", "b", "ok")]).is_some());
    assert!(differ(&deeds, &[line(1, "save", "a", "error")]).is_some());
    assert!(differ(&deeds, &[line(2, "pull", "a", "ok")]).is_some());
}
