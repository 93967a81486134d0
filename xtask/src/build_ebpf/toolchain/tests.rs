use std::os::unix::fs::PermissionsExt as _;

use super::*;

/// A sysroot whose rustc says that it is this version.
fn sysroot(version: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let says =
        format!("#!/bin/sh\necho 'rustc {version}\nrelease: {version}\nLLVM version: 22.1.8'");
    for program in ["rustc", "cargo"] {
        fs::write(bin.join(program), &says).unwrap();
        fs::set_permissions(bin.join(program), fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

#[test]
fn versions_of_rustc_and_of_packages_are_compared_by_number() {
    for (version, new_enough) in [
        (RUST_VERSION, true),
        ("1.97.0-nightly", true),
        ("1.100.0", true),
        ("1.96.0+dfsg1-1~deb12u2", true),
        ("1.9.0", false),
        ("1.85.1+dfsg1-1+deb13u1", false),
        ("unknown", false),
    ] {
        assert_eq!(is_new_enough(version), new_enough, "{version}");
    }
}

// One test, because a program that one thread writes cannot be run while another thread forks.
#[test]
fn a_sysroot_serves_that_is_new_enough_and_has_core() {
    let current = sysroot("1.99.0");
    let rustlib = current.path().join("lib/rustlib");
    assert!(Toolchain::inspect(current.path()).unwrap().is_none());

    fs::create_dir_all(rustlib.join("src/rust/library/core")).unwrap();
    let toolchain = Toolchain::inspect(current.path()).unwrap().unwrap();
    assert_eq!(toolchain.core, Core::Source);
    assert_eq!(toolchain.llvm(), Some(22));

    let prebuilt = rustlib.join(TARGET).join("lib");
    fs::create_dir_all(&prebuilt).unwrap();
    fs::write(prebuilt.join("libcore-0123.rlib"), "").unwrap();
    let toolchain = Toolchain::inspect(current.path()).unwrap().unwrap();
    assert_eq!(toolchain.core, Core::Prebuilt);

    let old = sysroot("1.80.0");
    fs::create_dir_all(old.path().join("lib/rustlib/src/rust/library/core")).unwrap();
    let error = Toolchain::inspect(old.path()).unwrap_err().to_string();
    assert!(error.contains("rustc 1.80.0"), "{error}");
    assert!(error.contains(RUST_VERSION), "{error}");
}
