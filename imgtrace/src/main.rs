//! Who pulled this image, who started this container, and why is it on this disk twice?
fn main() {}
