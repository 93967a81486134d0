use super::*;
use crate::lab::peers::{Peers, Recipe, sources};

#[test]
fn versions_come_from_the_requirements() {
    let pins = "module x\n\ntool (\n\texample.com/cli/cmd\n)\n\nrequire (\n\
                \texample.com/cli v29.9.3+incompatible // indirect\n\texample.com/cli/v2 v2.0.0-beta.24\n)\n\
                require example.com/single v1.2.3\n";
    assert_eq!(pinned(pins, "example.com/cli"), Some("29.9.3"));
    assert_eq!(pinned(pins, "example.com/cli/v2"), Some("2.0.0-beta.24"));
    assert_eq!(pinned(pins, "example.com/absent"), None);
}

#[test]
fn every_program_is_a_tool_of_its_pins() {
    for peers in Peers::ALL {
        let Recipe::Go(set) = peers.recipe() else {
            continue;
        };
        let pins = read(&sources().join(set.folder).join("go.mod")).unwrap();
        for program in set.programs {
            let named = pins
                .lines()
                .any(|line| line.trim().trim_start_matches("tool ") == program.package);
            assert!(named, "{} is not pinned", program.package);
            let go = Path::new("go");
            assert!(
                program.command(go, &pins, go).is_ok(),
                "{} has no version",
                program.name
            );
        }
    }
}
