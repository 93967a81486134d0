//! Clients of other gRPC libraries than Go's: tonic, and the C core by way of Python. What they ask is told as it is of
//! others, whatever shape their headers and frames have.

mod cri;
mod messages;
mod native;

use anyhow::{Context as _, Result};
use imgtrace_tests::lab::{Generation, Image, Lab, RpcClient, RpcLibrary, missing, skip};
use imgtrace_tests::story::{Stage, Who, who};
use imgtrace_tests::tracer;

/// Says whether a test cannot run here, and lets it end there.
macro_rules! needs {
    ($test:literal $(, $reason:expr)*) => {
        if skip($test, [missing(), tracer::missing() $(, $reason)*]) {
            return Ok(());
        }
    };
}

#[test]
fn calls_of_cri() -> Result<()> {
    needs!(
        "calls_of_cri",
        Generation::Newest.missing(),
        RpcLibrary::Tonic.missing(),
        RpcLibrary::Grpcio.missing()
    );
    let lab = Lab::new("w-rpc-cri")?;
    let registry = lab.registry()?;
    let image = registry.reference(Image::Busybox);
    let containerd = lab.containerd_with_cri(Generation::Newest, &registry)?;
    for library in RpcLibrary::ALL {
        let socket = containerd.socket();
        let mut stage = Stage::open(&[("containerd", &socket)], lab.place())?;
        let (mut client, who) = start(library, &socket)?;
        let rows = cri::story(&mut client, &image, library.name())?;
        client.end()?;
        stage.expect(&who, rows);
        stage.close().context(library.name())?;
    }
    Ok(())
}

#[test]
fn calls_of_containerd() -> Result<()> {
    needs!(
        "calls_of_containerd",
        Generation::Newest.missing(),
        RpcLibrary::Tonic.missing(),
        RpcLibrary::Grpcio.missing()
    );
    let lab = Lab::new("w-rpc-native")?;
    let known = lab.registry()?.add_known(Image::Busybox)?;
    let containerd = lab.containerd(Generation::Newest)?;
    for library in RpcLibrary::ALL {
        let socket = containerd.socket();
        let mut stage = Stage::open(&[("containerd", &socket)], lab.place())?;
        let (mut client, who) = start(library, &socket)?;
        let rows = native::story(&mut client, &known, library.name())?;
        client.end()?;
        stage.expect(&who, rows);
        stage.close().context(library.name())?;
    }
    Ok(())
}

/// Starts a client, and says who it is.
fn start(library: RpcLibrary, socket: &std::path::Path) -> Result<(RpcClient, Who)> {
    let mut command = library.command(socket)?;
    let client = RpcClient::start(&mut command)?;
    let who = who(&command, client.pid())?;
    Ok((client, who))
}
