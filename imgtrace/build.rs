//! Hands the kernel object that `cargo xtask build-ebpf` made to the crate, as the configuration
//! `bpf_object` and the file `$OUT_DIR/imgtrace.bpf.o`. Without it the crate builds all the same:
//! everything but tracing works.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Overrides where the object is.
const VARIABLE: &str = "IMGTRACE_BPF_OBJECT";

/// Where xtask puts it, below the target folder.
const FOLDER: &str = "bpf";
const NAME: &str = "imgtrace.bpf.o";

fn main() -> io::Result<()> {
    println!("cargo::rustc-check-cfg=cfg(bpf_object)");
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    let Some(object) = find(&out)? else {
        return Ok(());
    };
    println!("cargo::rerun-if-changed={}", object.display());
    fs::copy(&object, out.join(NAME))?;
    println!("cargo::rustc-cfg=bpf_object");
    Ok(())
}

/// The object, or `None` where there is none yet: then its folder is watched for it.
fn find(out: &Path) -> io::Result<Option<PathBuf>> {
    if let Some(path) = env::var_os(VARIABLE) {
        return Ok(Some(path.into()));
    }
    // OUT_DIR is <target>/[<triple>/]<profile>/build/<package>/out, and cargo marks both the target
    // folder and the triple's.
    let marked = |folder: &&Path| folder.join("CACHEDIR.TAG").is_file();
    let folders = || out.ancestors().filter(marked).map(|it| it.join(FOLDER));
    if let Some(object) = folders().map(|it| it.join(NAME)).find(|it| it.is_file()) {
        return Ok(Some(object));
    }
    let Some(folder) = folders().next() else {
        return Ok(None);
    };
    // A path that does not exist would have cargo build the crate again every time. A new folder
    // is dated back, because one younger than this run would, once.
    if !folder.is_dir() {
        fs::create_dir(&folder)?;
        fs::File::open(&folder)?.set_modified(SystemTime::UNIX_EPOCH)?;
    }
    println!("cargo::rerun-if-changed={}", folder.display());
    Ok(None)
}
