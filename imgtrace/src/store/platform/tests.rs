use super::*;

#[test]
fn one_machine_has_one_spelling() {
    for (said, written) in [
        (["linux", "amd64", ""], "linux/amd64"),
        (["Linux", "x86_64", "v1"], "linux/amd64"),
        (["linux", "amd64", "v3"], "linux/amd64/v3"),
        (["linux", "arm64", "v8"], "linux/arm64"),
        (["linux", "aarch64", ""], "linux/arm64"),
        (["linux", "arm64", "9.0"], "linux/arm64/v9"),
        (["linux", "arm", ""], "linux/arm/v7"),
        (["linux", "arm", "6"], "linux/arm/v6"),
        (["linux", "arm", "v5"], "linux/arm/v5"),
        (["linux", "armhf", "v6"], "linux/arm/v7"),
        (["linux", "armel", ""], "linux/arm/v6"),
        (["linux", "i386", "x"], "linux/386"),
        (["", "s390x", ""], "linux/s390x"),
        (["windows", "amd64", ""], "windows/amd64"),
    ] {
        let [os, architecture, variant] = said;
        let platform = platform(os, architecture, variant);
        assert_eq!(platform.as_deref(), Some(written), "{said:?}");
    }
}

#[test]
fn what_is_no_word_is_no_platform() {
    let long = "a".repeat(WORD_MOST + 1);
    for said in [
        ["linux", "", ""],
        ["linux", "amd64\u{1b}[2J", ""],
        ["a/b", "amd64", ""],
        ["linux", "amd64", "v 1"],
        ["linux", &long, ""],
    ] {
        let [os, architecture, variant] = said;
        assert_eq!(platform(os, architecture, variant), None, "{said:?}");
    }
}
