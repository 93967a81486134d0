//! Makes the calls that it is told to make, by way of tonic, on one connection.
//!
//! Usage: tonic-client SOCKET. Each line of stdin is a call, `PATH HEX [KEY=VALUE]…`: the method, the request message
//! and metadata. Each is answered by a line, `ok HEX` or `error CODE MESSAGE`.

use std::error::Error;

use bytes::{Buf as _, BufMut as _};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::UnixStream;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::{Ascii, MetadataKey};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let socket = std::env::args().nth(1).ok_or("no socket")?;
    let connect = move |_| {
        let socket = socket.clone();
        async move { UnixStream::connect(socket).await.map(TokioIo::new) }
    };
    let endpoint = Endpoint::from_static("http://localhost");
    let channel = endpoint.connect_with_connector(tower::service_fn(connect)).await?;
    let mut client = Grpc::new(channel);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        match call(&mut client, &line).await? {
            Ok(answer) => println!("ok {}", hex(&answer)),
            Err(status) => println!("error {:?} {}", status.code(), status.message().replace('\n', " ")),
        }
    }
    Ok(())
}

async fn call(client: &mut Grpc<Channel>, line: &str) -> Outcome<Result<Vec<u8>, Status>> {
    let mut words = line.split(' ');
    let path = words.next().unwrap_or_default().parse()?;
    let mut request = Request::new(unhex(words.next().unwrap_or_default())?);
    for word in words {
        let (key, value) = word.split_once('=').ok_or("metadata without =")?;
        let key: MetadataKey<Ascii> = key.parse()?;
        request.metadata_mut().insert(key, value.parse()?);
    }
    client.ready().await?;
    Ok(client.unary(request, path, Raw).await.map(tonic::Response::into_inner))
}

/// Messages as they are on the wire.
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let length = buffer.remaining();
        Ok(Some(buffer.copy_to_bytes(length).to_vec()))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Outcome<Vec<u8>> {
    let byte = |at| u8::from_str_radix(text.get(at..at + 2).ok_or("an odd digit")?, 16).map_err(Into::into);
    (0..text.len()).step_by(2).map(byte).collect()
}
