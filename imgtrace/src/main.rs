//! Who pulled this image, who started this container, and why is it on this disk twice?

fn main() -> std::process::ExitCode {
    imgtrace::command::run(std::env::args_os())
}
