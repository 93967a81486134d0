//! Images in one store, in two, in a forgotten one: in each situation imgtrace says what must be said of it and nothing
//! else, live and from its recording. What happens in each is in `imgtrace_tests::stores`; `cargo xtask lab run NAME`
//! shows it.

use anyhow::Result;
use imgtrace_tests::lab::{Lab, missing, skip};
use imgtrace_tests::stores::{ALL, Situation};
use imgtrace_tests::tracer;

/// A test for each situation, and the list of their names.
macro_rules! situations {
    ($($test:ident $name:literal)*) => {
        $(#[test]
        fn $test() -> Result<()> {
            play(stringify!($test), $name)
        })*

        #[test]
        fn every_situation_has_its_test() {
            let names: Vec<_> = ALL.iter().map(|situation| situation.name).collect();
            assert_eq!(names, [$($name),*]);
        }
    };
}

situations! {
    an_agent_and_what_it_starts_lie_in_two_stores "dood-split"
    one_image_gets_into_two_stores "double-pull"
    two_command_lines_show_one_store "same-store"
    two_namespaces_of_one_containerd "half-duplicate"
    a_refused_agent_learns_what_would_help "agent"
    what_a_docker_that_is_off_has_left "leftover"
    docker_in_docker_pulls_what_is_there "dind-double"
    habits_of_clients_are_worth_a_word "habits"
    a_machine_is_what_topology_says_it_is "topology"
    a_node_with_nothing_wrong "nothing-wrong"
    bad_stores_are_named_and_hide_no_others "damaged-stores"
}

fn play(test: &str, name: &str) -> Result<()> {
    let situation = Situation::named(name)?;
    if skip(test, [missing(), tracer::missing(), situation.missing()]) {
        return Ok(());
    }
    situation.play(&Lab::in_memory(&format!("w-s-{name}"))?)?;
    Ok(())
}
