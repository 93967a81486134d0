use super::*;
use crate::model::Stamp;

fn observed(what: Observation) -> Observed {
    Observed {
        at: Stamp { mono: 0, wall: 0 },
        what,
    }
}

fn endpoint(runtime: Runtime, state: EndpointState) -> Endpoint {
    Endpoint {
        runtime,
        state,
        ..crate::trace::scene::endpoint(1, Some(std::process::id()))
    }
}

#[test]
fn daemons_sockets_and_containers_are_looked_at_and_shims_are_not() {
    use EndpointState::{Gone, Watched};
    let order = |endpoint| order(&Observation::Endpoint(endpoint));
    assert!(matches!(
        order(endpoint(Runtime::Docker, Watched)),
        Some(Order::Socket(_))
    ));
    assert!(matches!(
        order(endpoint(Runtime::Docker, Gone)),
        Some(Order::Gone(EndpointId(1)))
    ));
    assert!(order(endpoint(Runtime::Shim, Watched)).is_none());
    let nobodys = Endpoint {
        server: None,
        ..endpoint(Runtime::Docker, Watched)
    };
    assert!(
        order(nobodys).is_none(),
        "where it lies is told when its server is"
    );
    let runs = Observation::ContainerRuns {
        container: "c".to_owned(),
        outer: vec!["o".to_owned()],
        process: ProcessKey { pid: 1, start: 2 },
        already: true,
    };
    let Some(Order::Container(chain, _)) = super::order(&runs) else {
        panic!("a container is looked at")
    };
    assert_eq!(chain, ["o", "c"]);
}

#[test]
fn that_all_was_looked_at_is_told_once() {
    let search = Search::begin().unwrap();
    let gone = ProcessKey {
        pid: u32::MAX,
        start: 1,
    };
    let runs = observed(Observation::ContainerRuns {
        container: "c".to_owned(),
        outer: Vec::new(),
        process: gone,
        already: true,
    });
    search.follow(std::slice::from_ref(&runs), true);
    search.follow(&[runs], false);
    search.follow(&[], false);
    let Search { orders, news } = search;
    drop(orders);
    let news: Vec<News> = news.iter().collect();
    let [News::Surveyed(crictl)] = news.as_slice() else {
        panic!("of a container that is gone nothing is told")
    };
    assert_eq!(crictl[0].file, "/etc/crictl.yaml");
}
