//! Builds, runs and tests imgtrace. One command per file.
fn main() {}
