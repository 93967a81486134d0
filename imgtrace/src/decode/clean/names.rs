//! Names that tell that what stands behind them is a secret: the one list for error messages and for
//! command lines. How a name and its value are found differs, and is theirs to know.

/// Names that nothing but a secret has, as they stand in longer ones (`DB_PASSWORD`,
/// `aws_secret_access_key`); compared as [`compact`] makes them.
pub(crate) const NAMES: [&str; 9] = [
    "password",
    "passwd",
    "passphrase",
    "credential",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "authorization",
];

/// The same, but also words of ordinary sentences (`unknown secret: no such file`).
pub(crate) const WORDS: [&str; 3] = ["secret", "token", "creds"];

/// HTTP headers that carry credentials, beside `X-…-Token`, `-Key`, `-Auth`, `-Secret`.
const HEADERS: [&str; 8] = [
    "authorization",
    "proxy-authorization",
    "x-registry-auth",
    "x-registry-config",
    "cookie",
    "set-cookie",
    "private-token",
    "job-token",
];

/// A name without case, `_`, `-` and `.`, by which its spellings differ.
pub(crate) fn compact(name: &str) -> String {
    name.chars()
        .filter(|c| !"_-.".contains(*c))
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// Whether the whole value of this HTTP header is a secret. The name may have an option in front of
/// it, as in `-HAuthorization`.
pub(crate) fn is_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    HEADERS.iter().any(|known| name.ends_with(known))
        || (name.contains("x-")
            && ["-token", "-key", "-auth", "-secret", "-password"]
                .iter()
                .any(|end| name.ends_with(end)))
}
