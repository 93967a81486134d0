use super::*;

#[test]
fn both_ways_of_writing_are_read() {
    let log = r#"time="2026-11-21T18:10:17Z" level=info msg="PullImage \"127.0.0.1:39/b:1\""
time="2026-11-21T18:10:17Z" level=info msg="PullImage \"127.0.0.1:39/b:1\" returns image reference \"sha256:5f\""
time="2026-11-21T18:10:17Z" level=info msg="RunPodSandbox for &PodSandboxMetadata{Name:hello,Uid:0d2c,Namespace:lab,Attempt:0,} returns sandbox id \"dd14\""
time="2026-11-21T18:10:17Z" level=info msg="CreateContainer within sandbox \"dd14\" for &ContainerMetadata{Name:says,Attempt:0,} returns container id \"fdd8\"" runtime=runc
time="2026-11-21T18:10:17Z" level=info msg="StartContainer for \"fdd8\" returns successfully"
time="2026-11-21T18:10:20Z" level=info msg="RunPodSandbox for name:\"hello\"  uid:\"0d2c\"  namespace:\"lab\" returns sandbox id \"72cb\""
time="2026-11-21T18:10:20Z" level=info msg="CreateContainer within sandbox \"72cb\" for name:\"says\" returns container id \"2007\""
time="2026-11-21T18:10:20Z" level=info msg="RemovePodSandbox \"72cb\" returns successfully"
"#;
    let some = |word: &str| Some(word.to_owned());
    let of = |method: &str| Done {
        method: method.to_owned(),
        ..Done::default()
    };
    let expected = [
        Done {
            image: some("127.0.0.1:39/b:1"),
            digest: some("sha256:5f"),
            ..of("PullImage")
        },
        Done {
            sandbox: some("dd14"),
            uid: some("0d2c"),
            ..of("RunPodSandbox")
        },
        Done {
            sandbox: some("dd14"),
            container: some("fdd8"),
            name: some("says"),
            ..of("CreateContainer")
        },
        Done {
            container: some("fdd8"),
            ..of("StartContainer")
        },
        Done {
            sandbox: some("72cb"),
            uid: some("0d2c"),
            ..of("RunPodSandbox")
        },
        Done {
            sandbox: some("72cb"),
            container: some("2007"),
            name: some("says"),
            ..of("CreateContainer")
        },
        Done {
            sandbox: some("72cb"),
            ..of("RemovePodSandbox")
        },
    ];
    assert_eq!(read(log), expected);
}
