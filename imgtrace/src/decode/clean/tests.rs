use proptest::prelude::*;

use super::*;

/// Real messages of dockerd, Podman and registries, which hold no secret.
#[test]
fn messages_stay_as_they_are() {
    for text in [
        "No such image: nosuch:latest",
        "pull access denied for nosuch, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
        "Get \"https://registry-1.docker.io/v2/\": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
        "Head \"https://registry.example.com:5000/v2/a/b/manifests/1\": no basic auth credentials",
        "failed to fetch oauth token: unexpected status from POST request to https://auth.docker.io/token: 401 Unauthorized",
        "Get https://localhost:5000: dial tcp [::1]:5000: connect: connection refused",
        "unauthorized: incorrect username or password",
        "unauthorized: authentication required",
        "manifest for localhost:5000/a:1@sha256:86e0e091 not found: manifest unknown",
        "basic authentication failed, bearer token rejected",
        "WWW-Authenticate: Bearer realm=\"https://auth.docker.io/token\"",
        "cloning git@github.com/a/b",
        "what? = no query",
        "Conflict. The container name \"/web\" is already in use by container \"3f9c\".",
        "useradd -u 1000 failed",
        "environment variable HTTP_PROXY is not a URL",
    ] {
        assert_eq!(clean(text), text);
    }
}

#[test]
fn secrets_are_replaced() {
    for (text, wanted) in [
        (
            "Get https://user:S3CR3T@r.io/v2/: EOF",
            "Get https://***@r.io/v2/: EOF",
        ),
        (
            "Get \"https://u:S3CR3T/x@r.io/v2/\"",
            "Get \"https://***@r.io/v2/\"",
        ),
        ("https://S3CR3T@r.io", "https://***@r.io"),
        ("https://u:S3CR3T?", "https://***"),
        (
            "pinging admin:S3CR3T@r.io/x: refused",
            "pinging ***@r.io/x: refused",
        ),
        ("admin:S3C/R3T@r.io", "***@r.io"),
        (
            "for /v4.0.0/libpod/images/pull?reference=a&password=S3CR3T: invalid",
            "for /v4.0.0/libpod/images/pull?***: invalid",
        ),
        (
            "GET https://b.io/layer?X-Amz-Signature=S3CR3T&x=1 500",
            "GET https://b.io/layer?*** 500",
        ),
        ("password=S3CR3T, next", "password=***, next"),
        ("password: S3CR3T", "password: ***"),
        ("DB_PASSWORD='S3CR3T' run", "DB_PASSWORD='***' run"),
        ("api-key:S3CR3T", "api-key:***"),
        ("password%3DS3CR3T", "password%3D***"),
        (
            r#"{"username":"S3CR3T","password":"S3CR3T","serveraddress":"r.io"}"#,
            r#"{"username":"***","password":"***","serveraddress":"r.io"}"#,
        ),
        (
            r#"{\"identitytoken\": \"S3CR3T\"}"#,
            r#"{\"identitytoken\": \"***\"}"#,
        ),
        (
            "login --password S3CR3T -u me:S3CR3T r.io",
            "login --password *** -u *** r.io",
        ),
        ("curl --token=S3CR3T)", "curl --token=***)"),
        ("sent Bearer S3CR3T== to r.io", "sent Bearer *** to r.io"),
        (
            "sent Basic dXNlcjpTM0NSM1Q= to r.io",
            "sent Basic *** to r.io",
        ),
        (
            "Authorization: Basic S3CR3T\nHost: r.io",
            "Authorization:*** Host: r.io",
        ),
        ("X-Registry-Auth: S3CR3T", "X-Registry-Auth:***"),
        (
            "bad auth config eyJ1c2VybmFtZSI6IlMzQ1IzVCJ9 here",
            "bad auth config *** here",
        ),
        ("token dckr_pat_S3CR3T-1 revoked", "token *** revoked"),
        (
            "environment variable \"S3CR3T S3CR3T\" badly formed, must be key=value",
            "environment variable \"***\" badly formed, must be key=value",
        ),
        (
            "invalid environment variable: =S3CR3T S3CR3T",
            "invalid environment variable: ***",
        ),
    ] {
        assert_eq!(clean(text), wanted, "{text}");
    }
}

/// What CRI-O, the builders and the runtimes say, and what of it is shown.
#[test]
fn commands_and_their_output_are_replaced() {
    for (text, wanted) in [
        (
            "command error: command timed out, stdout: a\nS3CR3T, exit code 3 S3CR3T, stderr: S3CR3T, exit code -1",
            "command error: command timed out, stdout: ***, exit code -1",
        ),
        (
            "command error: exit status 1, stdout: S3CR3T, stderr: S3CR3T, exit code 7 S3CR3T",
            "command error: exit status 1, stdout: ***",
        ),
        (
            "failed to solve: process \"/bin/sh -c docker login -u \\\"go\\\" -p S3CR3T r\" did not complete successfully: exit code: 1",
            "failed to solve: process \"***\" did not complete successfully: exit code: 1",
        ),
        (
            "executor failed running [/bin/sh -c [ S3CR3T ]: x]: exit code: 1",
            "executor failed running [***]: exit code: 1",
        ),
        (
            "The command '/bin/sh -c x 'S3CR3T' S3CR3T' returned a non-zero code: 1",
            "The command '***' returned a non-zero code: 1",
        ),
        (
            "building at STEP \"RUN echo '{\"a\": \"S3CR3T\"}'\": while running runtime: exit status 1",
            "building at STEP \"RUN ***\": while running runtime: exit status 1",
        ),
        (
            "Syntax error - can't find = in \"S3CR3T\". Must be of the form: name=value",
            "Syntax error - can't find = in \"***\". Must be of the form: name=value",
        ),
        (
            "create failed: exec: \"bash\": not found, exec: \"mysql -p S3CR3T\": not found",
            "create failed: exec: \"bash\": not found, exec: \"mysql ***\": not found",
        ),
        (
            "OCI runtime exec failed: exec failed: exec: \"S3CR3T\": not found in $PATH",
            "OCI runtime exec failed: exec failed: exec: \"***\": not found in $PATH",
        ),
        (
            "process \"run S3CR3T\" did not complete successfully; building at STEP \"RUN S3CR3T\": while running runtime",
            "process \"***\" did not complete successfully; building at STEP \"RUN ***\": while running runtime",
        ),
    ] {
        assert_eq!(clean(text), wanted, "{text}");
        for cut in (0..=text.len()).filter(|cut| text.is_char_boundary(*cut)) {
            let cleaned = clean(&text[..cut]);
            assert!(!cleaned.contains("S3C"), "{cleaned}");
        }
        let long = text.replace("S3CR3T", &format!("S3CR3T {}", "x ".repeat(MAX_RAW)));
        assert!(!clean(&long).contains("S3CR3T"), "{text}");
    }
}

#[test]
fn text_is_printable_and_short() {
    assert_eq!(
        clean("  a\u{1b}[31mb\r\nc\u{202e}d\u{7f}\n"),
        "a [31mb  c d"
    );
    assert_eq!(clean(&"é".repeat(400)), "é".repeat(256));
    assert_eq!(clean(&"x".repeat(511)), "x".repeat(511));
    assert_eq!(clean(&format!("{}é", "x".repeat(511))), "x".repeat(511));
}

#[test]
fn a_secret_at_the_end_of_a_long_text_is_not_shown_in_part() {
    let userinfo = format!(
        "{} https://user:S3CR3T{}@r.io",
        "x ".repeat(10),
        "S".repeat(MAX_RAW)
    );
    assert_eq!(clean(&userinfo), "x x x x x x x x x x");
    assert_eq!(clean(&"S".repeat(MAX_RAW)), "");
}

proptest! {
    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        let cleaned = clean(&text);
        prop_assert!(cleaned.len() <= MAX_CLEAN);
        prop_assert!(!cleaned.contains(is_unprintable));
    }

    #[test]
    fn credentials_in_urls_never_show(before in "[a-z:/@? ]{0,12}", user in "[a-z]{1,6}", rest in "[ -~]{0,20}") {
        let text = format!("{before} https://{user}:S3CR3T@r.io/{rest}");
        prop_assert!(!clean(&text).contains("S3CR3T"), "{}", text);
    }

    #[test]
    fn values_of_keys_never_show(
        before in "[ -~é]{0,20}",
        key in prop::sample::select(vec!["password", "PASSWD", "api_key", "--password", "registrytoken", "auth"]),
        between in prop::sample::select(vec!["=", "\":\"", "=\"", "%3D"]),
    ) {
        let text = format!("{before} {key}{between}S3CR3T");
        prop_assert!(!clean(&text).contains("S3CR3T"), "{}", text);
    }
}

#[test]
fn no_rule_hides_an_id() {
    let id = "3f9c2a71b0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5c6d7e8f9012";
    for len in 0..=id.len() {
        let id = &id[..len];
        assert_eq!(clean(id), id);
        assert_eq!(
            super::secret::mask(id),
            id,
            "what is passed over would pass"
        );
    }
}

#[test]
fn what_is_a_secret_on_a_command_line_is_one_in_an_error() {
    for header in [
        "Cookie",
        "Set-Cookie",
        "PRIVATE-TOKEN",
        "Proxy-Authorization",
        "X-Vault-Token",
    ] {
        let text = format!("bad header: {header}: s=hunter2; path=/");
        let told = clean(&text);
        assert!(!told.contains("hunter2"), "{told}");
        assert!(told.contains(header), "{told}");
    }
}
