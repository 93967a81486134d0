//! Names for images that are there.

use super::*;

const OTHER: &str = "docker.io/library/mine:1";

/// The image was read, by `Get` or in a list.
fn read(script: &mut Script, path: &str) {
    script.unary(
        path,
        &Proto::new().text(1, BUSYBOX),
        &of_image(BUSYBOX, &digest(1)),
    );
    script.take();
}

#[test]
fn of_an_image_that_was_just_read() {
    for path in [GET, LIST] {
        let mut script = Script::new();
        script.namespace = Some("moby".to_owned());
        read(&mut script, path);
        name(&mut script, CREATE, OTHER, &digest(1));
        let told = only(&mut script);
        assert_eq!((told.op, told.outcome), (Op::Tag, Some(Outcome::Ok)));
        assert_eq!(told.subject.image.as_deref(), Some(BUSYBOX));
        assert_eq!(told.subject.target.as_deref(), Some(OTHER));
        assert_eq!(told.subject.digest, Some(digest(1)));
        assert_eq!(told.subject.namespace.as_deref(), Some("moby"));
    }
}

#[test]
fn a_name_that_is_taken_is_tried_twice() {
    let mut script = Script::new();
    read(&mut script, GET);
    name_exists(&mut script, OTHER, &digest(1));
    script.unary(DELETE, &Proto::new().text(1, OTHER), &Proto::new());
    name(&mut script, CREATE, OTHER, &digest(1));
    let told = script.operations();
    let told: Vec<_> = told.iter().map(|told| (told.op, told.outcome)).collect();
    assert_eq!(
        told,
        [
            (Op::Tag, Some(Outcome::Error)),
            (Op::RemoveImage, Some(Outcome::Ok)),
            (Op::Tag, Some(Outcome::Ok)),
        ]
    );
}

#[test]
fn what_is_none() {
    let cases: [Case; 7] = [
        ("nothing was read", |script| {
            name(script, CREATE, OTHER, &digest(1));
        }),
        ("another image was read", |script| {
            read(script, GET);
            name(script, CREATE, OTHER, &digest(2));
        }),
        ("it has the name already", |script| {
            read(script, GET);
            name(script, CREATE, BUSYBOX, &digest(1));
        }),
        ("it was read long ago", |script| {
            read(script, GET);
            script.wait_ms(11_000);
            name(script, CREATE, OTHER, &digest(1));
        }),
        ("it was read in another namespace", |script| {
            read(script, GET);
            script.namespace = Some("k8s.io".to_owned());
            name(script, CREATE, OTHER, &digest(1));
        }),
        ("labels are changed", |script| {
            read(script, GET);
            name(script, UPDATE, OTHER, &digest(1));
        }),
        ("dockerd keeps an image without a name", |script| {
            read(script, GET);
            name(
                script,
                CREATE,
                &format!("moby-dangling@{}", digest(1)),
                &digest(1),
            );
        }),
    ];
    for (why, say) in cases {
        let mut script = Script::new();
        say(&mut script);
        script.close();
        assert!(script.operations().is_empty(), "{why}");
    }
}
