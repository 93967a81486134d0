use proptest::prelude::*;

use super::*;

/// Masks `words`, joined as the kernel joins them.
fn masked(words: &[&str]) -> Vec<String> {
    let mut raw = words.join("\0").into_bytes();
    raw.push(0);
    let arguments = mask(&raw, false);
    assert!(!arguments.cut);
    arguments.words
}

/// Checks one command line, given and expected with one blank between two words and `␣` for a
/// blank inside of one.
#[track_caller]
fn check(given: &str, expected: &str) {
    let words: Vec<_> = given
        .split(' ')
        .map(|word| word.replace('␣', " "))
        .collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let shown = masked(&words).join(" ");
    assert_eq!(shown, expected.replace('␣', " "));
}

#[test]
fn what_is_no_secret_stays() {
    for line in [
        "docker pull nginx:1.27",
        "docker run -d -p 80:80 -v /a:/b --name web nginx@sha256:00ff",
        "docker run -it -u 1000:1000 --user 5:5 --workdir /x alpine sh",
        "docker compose -p shop up -d --wait",
        "docker login -u go --password-stdin registry.example.com:5000",
        "docker run -e EDITOR --env-file a.env alpine",
        "docker -H unix:///run/docker.sock --tlskey=/etc/docker/key.pem ps",
        "docker build -t a:b --secret id=npm,src=/run/npm --build-arg VERSION .",
        "crictl --runtime-endpoint unix:///run/k3s/containerd/containerd.sock pull token:latest",
        "sh -c docker␣pull␣nginx␣&&␣echo␣\"it␣is␣done\"␣>␣/tmp/x",
        "/usr/bin/env PWD=/root HOME=/root make",
        "sed -e s/a/b/ file",
        "docker run -c 512 --memory=1g postgres -c max_connections=5",
        "podman run --tls-verify=false --authfile=/run/auth.json quay.io/a/b",
        "docker service create --secret source=a,target=b img",
        "docker buildx bake --set app.tags=a/b:1 --set=app.ssh=default app",
        "helm install --set image.tag=1.2 web ./chart",
        "docker service update --env-rm DB_PW --image a:2 web",
        "env POSTGRES_PASSWORD_FILE=/run/secrets/pw postgres",
    ] {
        check(line, line);
    }
}

#[test]
fn options_that_take_secrets() {
    check(
        "docker login -u go -p hunter2 r",
        "docker login -u go -p *** r",
    );
    check("docker login -phunter2 r", "docker login -p*** r");
    check(
        "docker login --password hunter2",
        "docker login --password ***",
    );
    check(
        "docker login --password=hunter2",
        "docker login --password=***",
    );
    check("podman pull --creds a:b img", "podman pull --creds *** img");
    check("crictl pull --auth YTpi img", "crictl pull --auth *** img");
    check("crictl pull --auth=YTpi img", "crictl pull --auth=*** img");
    check(
        "docker stack deploy --with-registry-auth web",
        "docker stack deploy --with-registry-auth web",
    );
    check(
        "skopeo copy --src-creds=a:b x",
        "skopeo copy --src-creds=*** x",
    );
    check(
        "docker swarm join --token S x",
        "docker swarm join --token *** x",
    );
    check(
        "trivy --registry-token abc img",
        "trivy --registry-token *** img",
    );
    check(
        "tool --client-secret x --api-key=y",
        "tool --client-secret *** --api-key=***",
    );
    check("mc --secret abc", "mc --secret ***");
    check("sshpass -p hunter2 ssh h", "sshpass -p *** ssh h");
    check(
        "docker exec db mysql -phunter2 -u root",
        "docker exec db mysql -p*** -u root",
    );
    check("redis-cli -a hunter2", "redis-cli -a ***");
    check("tool --password -leading", "tool --password ***");
}

#[test]
fn values_of_variables_and_build_arguments() {
    check("docker run -e A=b img", "docker run -e A=*** img");
    check("docker run -eA=b img", "docker run -eA=*** img");
    check("docker run -ite A=b img", "docker run -ite A=*** img");
    check("docker run -iteA=b img", "docker run -iteA=*** img");
    check("docker run --env A=b=c img", "docker run --env A=*** img");
    check("docker run --env=A=b img", "docker run --env=A=*** img");
    check("docker run -e A=b␣c␣d img", "docker run -e A=*** img");
    check(
        "docker build --build-arg A=b .",
        "docker build --build-arg A=*** .",
    );
    check(
        "docker build --build-arg=A=b .",
        "docker build --build-arg=A=*** .",
    );
    check(
        "buildctl build --opt build-arg:A=b",
        "buildctl build --opt build-arg:A=***",
    );
    check(
        "docker buildx bake --set app.args.DB_PW=hunter2 --set=*.args.A=b=c app",
        "docker buildx bake --set app.args.DB_PW=*** --set=*.args.A=*** app",
    );
    check(
        "docker service update --env-add DB_PW=x --env-add=A=b web",
        "docker service update --env-add DB_PW=*** --env-add=A=*** web",
    );
    check("env FOO_TOKEN=x␣y␣z make", "env FOO_TOKEN=*** make");
    check(
        "env AWS_ACCESS_KEY_ID=x DB_PASS=y A=b",
        "env AWS_ACCESS_KEY_ID=*** DB_PASS=*** A=b",
    );
    check(
        "docker run --log-opt splunk-token=x",
        "docker run --log-opt splunk-token=***",
    );
    check(
        "java -Djavax.net.ssl.keyStorePassword=x",
        "java -Djavax.net.ssl.keyStorePassword=***",
    );
    check(
        "env DOCKER_AUTH_CONFIG={\"auths\":{}} x",
        "env DOCKER_AUTH_CONFIG=*** x",
    );
}

#[test]
fn urls_and_their_queries() {
    check(
        "git clone https://go:pw@h/x.git",
        "git clone https://***@h/x.git",
    );
    check(
        "git clone https://tok@h/x.git",
        "git clone https://***@h/x.git",
    );
    check("docker -H ssh://go@h:22 ps", "docker -H ssh://***@h:22 ps");
    check(
        "app postgres://u:p%40@db/x?y=1",
        "app postgres://***@db/x?y=1",
    );
    check("app https://u:p@q@h/x", "app https://***@h/x");
    check(
        "curl http://d/images/pull?reference=a&password=x&username=y",
        "curl http://d/images/pull?reference=a&password=***&username=y",
    );
    check(
        "app http://h/a@b --url=http://u:p@h",
        "app http://h/a@b --url=http://***@h",
    );
}

#[test]
fn http_clients() {
    check(
        "ctr -n x images pull --user a:b h/i:1",
        "ctr -n x images pull --user *** h/i:1",
    );
    check(
        "ctr images push -u a:b h/i:1",
        "ctr images push -u *** h/i:1",
    );
    check(
        "k3s ctr i pull --user=a:b h/i",
        "k3s ctr i pull --user=*** h/i",
    );
    check("ctr i pull -ua:b h/i", "ctr i pull -u*** h/i");
    check("docker run --user 1:2 i", "docker run --user 1:2 i");
    check("curl -u a:b http://h", "curl -u *** http://h");
    check("curl -sSu a:b http://h", "curl -sSu *** http://h");
    check("curl -ua:b --user=c:d h", "curl -u*** --user=*** h");
    check(
        "curl -H Authorization:␣Bearer␣x -XPOST h",
        "curl -H Authorization:*** -XPOST h",
    );
    check(
        "curl -HX-Registry-Auth:abc h",
        "curl -HX-Registry-Auth:*** h",
    );
    check("curl --header=Cookie:␣a=b h", "curl --header=Cookie:*** h");
    check(
        "curl --unix-socket /run/docker.sock -d {\"Env\":[\"A=b\"]} h",
        "curl --unix-socket /run/docker.sock -d *** h",
    );
    check(
        "http POST h {\"password\":␣\"x␣y\"}",
        "http POST h {\"password\":***",
    );
}

#[test]
fn tokens_show_by_their_format() {
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln";
    check(&format!("app {jwt}"), "app ***");
    check(&format!("app x={jwt},y"), "app x=***,y");
    check("app dckr_pat_0123456789abcdefABCDEF", "app ***");
    check("app eyJshort", "app eyJshort");
}

#[test]
fn scripts_are_read_as_a_shell_reads_them() {
    check(
        "sh -c docker␣login␣-u␣go␣-p␣hunter2␣r␣&&␣docker␣run␣-p␣80:80␣x",
        "sh -c docker␣login␣-u␣go␣-p␣***␣r␣&&␣docker␣run␣-p␣80:80␣x",
    );
    check(
        "bash -lc FOO_TOKEN=\"a␣b\"␣docker␣run␣-e␣'K=v␣w'␣img;␣ls",
        "bash -lc FOO_TOKEN=***␣docker␣run␣-e␣'K=***␣img;␣ls",
    );
    check(
        "sh -c curl␣-H␣\"Authorization:␣Bearer␣x\"␣h",
        "sh -c curl␣-H␣\"Authorization:***␣h",
    );
    check(
        "ssh host docker␣login␣-p␣hunter2",
        "ssh host docker␣login␣-p␣***",
    );
    check(
        "sh -c ssh␣h␣\"docker␣login␣-p␣'x␣y'\"",
        "sh -c ssh␣h␣\"docker␣login␣-p␣***\"",
    );
    check(
        "sh -c sh␣-c␣\"curl␣-H␣\\\"Authorization:␣Bearer␣x\\\"␣h\"",
        "sh -c sh␣-c␣\"curl␣-H␣\"Authorization:***␣h\"",
    );
    check(
        "sh -c echo␣hunter2␣|␣docker␣login␣--password-stdin␣r",
        "sh -c echo␣***␣|␣docker␣login␣--password-stdin␣r",
    );
    check("sh -c a\\␣b␣--token␣x", "sh -c a\\␣b␣--token␣***");
    check(
        "sh -c echo␣Authorization:␣Bearer␣x;␣ls",
        "sh -c echo␣Authorization:␣***␣***;␣ls",
    );
}

#[test]
fn a_process_title_is_read_like_a_script() {
    assert_eq!(
        masked(&["worker: --token abc https://a:b@h/"]),
        ["worker: --token *** https://***@h/"]
    );
}

#[test]
fn bounds_and_broken_text() {
    assert_eq!(mask(b"", false), Arguments::default());
    assert!(mask(b"a\0", true).cut);
    assert_eq!(mask(b"a\0\0b\0", false).words, ["a", "", "b"]);
    assert_eq!(mask(b"\xff\xfe\0", false).words, ["\u{fffd}\u{fffd}"]);

    let long = vec![b'x'; TOTAL + 1];
    let arguments = mask(&long, false);
    assert!(arguments.cut);
    assert_eq!(arguments.words, ["x".repeat(TOTAL)]);

    // Broken bytes grow when they are replaced: the bound is on what is kept.
    let arguments = mask(&[0xff; TOTAL], false);
    assert!(arguments.cut);
    assert!(arguments.words.concat().len() <= TOTAL);
}

/// Ways to hand a secret to a program, `%` standing for the secret.
const CARRIERS: &[&[&str]] = &[
    &["docker", "login", "-p", "%", "r"],
    &["docker", "login", "--password=%"],
    &["podman", "pull", "--creds", "u:%", "img"],
    &["docker", "run", "-e", "NAME=%", "img"],
    &["docker", "build", "--build-arg=NAME=%", "."],
    &[
        "docker",
        "buildx",
        "bake",
        "--set",
        "app.args.NAME=%",
        "app",
    ],
    &["docker", "buildx", "bake", "--set=*.args.NAME=%"],
    &["docker", "service", "update", "--env-add", "NAME=%", "web"],
    &["sh", "-c", "docker buildx bake --set '*.args.NAME=%' app"],
    &["env", "MY_SECRET=%", "make"],
    &["git", "clone", "https://user:%@host/x"],
    &["curl", "-u", "user:%", "http://h"],
    &["curl", "-H", "Authorization: Bearer %", "http://h"],
    &["curl", "http://h/pull?a=b&password=%&c=d"],
    &["sh", "-c", "docker login -u x -p % r && ls"],
    &["sh", "-c", "X_TOKEN='%' docker run -e \"A=%\" img"],
    &["sh", "-c", "curl -H 'X-Registry-Auth: %' h"],
    &["ssh", "h", "sh -c 'docker login -p % r'"],
    &["sh", "-c", "sh -c \"sh -c 'docker login --password %'\""],
];

proptest! {
    #[test]
    fn no_carrier_lets_a_secret_through(
        secret in "[A-Za-z0-9_.~-]{8,40}",
        carrier in 0..CARRIERS.len(),
        cut in 0usize..200,
    ) {
        let secret = format!("S3kr1t{secret}");
        let mut raw = Vec::new();
        for word in CARRIERS[carrier] {
            raw.extend(word.replace('%', &secret).bytes());
            raw.push(0);
        }
        // A command line that the kernel cut anywhere hides it no worse.
        raw.truncate(raw.len().saturating_sub(cut).max(1));
        let shown = mask(&raw, true).words.join(" ");
        prop_assert!(!shown.contains("S3kr1t"), "{shown}");
    }

    #[test]
    fn any_bytes_are_masked_within_the_bound(raw in prop::collection::vec(any::<u8>(), 0..6000)) {
        let arguments = mask(&raw, false);
        prop_assert!(arguments.words.iter().map(String::len).sum::<usize>() <= TOTAL);
    }

    #[test]
    fn any_script_is_masked_in_time(script in "[-a-zA-Z=:/@'\"\\\\ ;|&]{0,4000}") {
        let raw = [b"sh\0-c\0".as_slice(), script.as_bytes(), b"\0"].concat();
        let words = mask(&raw, false).words;
        prop_assert!(words.len() >= 2);
    }
}
