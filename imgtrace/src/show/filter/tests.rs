use super::super::samples::{container, denied, image, in_pod, operation, pull, start};
use super::*;
use crate::model::{Op, Subject};

fn filter(terms: &[&str]) -> Filter {
    Filter(terms.iter().map(|term| term.parse().unwrap()).collect())
}

fn shows(terms: &[&str], operation: &Operation) -> bool {
    filter(terms).shows(operation)
}

#[test]
fn without_terms_everything_is_shown() {
    assert!(shows(&[], &pull()));
}

#[test]
fn an_image_is_found_by_any_of_its_names() {
    let nginx = pull();
    for name in [
        "docker.io/library/nginx:1.27",
        "nginx:1.27",
        "nginx",
        "docker.io/library/nginx",
    ] {
        assert!(shows(&[&format!("image={name}")], &nginx), "{name}");
    }
    for name in ["ngin", "1.27", "library/nginx", ""] {
        assert!(!shows(&[&format!("image={name}")], &nginx), "{name}");
    }
    let registry = operation(Op::Push, image("127.0.0.1:5000/team/app"));
    assert!(shows(&["image=127.0.0.1:5000/team/*"], &registry));
    let loaded = Subject {
        images: vec!["a:1".to_owned(), "b:2".to_owned()],
        ..Subject::default()
    };
    assert!(shows(&["image=b"], &operation(Op::Load, loaded)));
}

#[test]
fn a_container_is_found_by_name_and_id() {
    for name in ["web", "3f9c2a71", "3f9c2a713f9c", "3f9c*"] {
        assert!(shows(&[&format!("container={name}")], &start()), "{name}");
    }
    let named = operation(Op::Stop, container("ünï", "é")); // no char boundary at 8 bytes
    assert!(shows(&["container=ünï"], &named));
}

#[test]
fn callers_are_found_by_name_program_and_those_above() {
    for name in [
        "docker-compose",
        "make",
        "/usr/libexec/docker/cli-plugins/*",
    ] {
        assert!(shows(&[&format!("caller={name}")], &start()), "{name}");
    }
    assert!(!shows(&["caller=kubelet"], &start()));
    assert!(shows(&["caller!=kubelet"], &start()));
    assert!(shows(&["user=go"], &pull()) && shows(&["user=1000"], &pull()));
    assert!(shows(&["pod=ci/*"], &start()) && shows(&["pod=runner-0"], &start()));
    let unseen = Operation {
        caller: None,
        ..pull()
    };
    assert!(shows(&["caller!=docker"], &unseen) && !shows(&["caller=*"], &unseen));
}

#[test]
fn one_key_is_or_and_several_are_and() {
    assert!(shows(&["op=push,pull"], &pull()));
    assert!(shows(&["op=push", "op=pull"], &pull()));
    assert!(!shows(&["op=pull", "outcome=error"], &pull()));
    assert!(!shows(&["op=pull", "op!=pull"], &pull()));
    assert!(shows(
        &["op=connect-denied", "runtime=docker", "outcome=error"],
        &denied()
    ));
}

#[test]
fn what_cannot_be_read_is_refused() {
    assert_eq!("pull".parse::<Term>(), Err(TermError::NoValue));
    let unknown = TermError::UnknownKey("colour".to_owned());
    assert_eq!("colour=red".parse::<Term>(), Err(unknown));
    assert_eq!("op!=pull".parse::<Term>().unwrap().to_string(), "op!=pull");
    // The last of several equal signs belongs to the value.
    assert!(shows(&["image=a=b"], &operation(Op::Pull, image("a=b"))));
}

#[test]
fn a_star_stands_for_any_text() {
    for (pattern, text, fits) in [
        ("", "", true),
        ("*", "", true),
        ("a*", "abc", true),
        ("*c", "abc", true),
        ("a*b*c", "a--b--b--c", true),
        ("a*b*c", "a--c", false),
        ("*b*", "abc", true),
        ("a*a", "a", false),
        ("**", "x", true),
        ("abc", "abcd", false),
    ] {
        assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
    }
    let place = in_pod();
    assert!(caller_names(&place).iter().any(|name| glob("d*-c*e", name)));
}
