//! Images and containers by containerd's own API, on one connection.

use anyhow::{Context as _, Result, anyhow};
use imgtrace_tests::lab::{Content, Refusal, RpcClient};
use imgtrace_tests::story::Row;
use prost::Message;

use super::messages::{
    Any, Container, CreateContainer, Id, Image, ImageStore, OciRegistry, OfImage, Resolver,
    Runtime, TransferRequest,
};

/// A namespace of its own.
const NAMESPACE: &str = "told";

fn ask(
    client: &mut RpcClient,
    method: &str,
    message: &impl Message,
) -> Result<Result<Vec<u8>, Refusal>> {
    let path = format!("/containerd.services.{method}");
    client.call(
        &path,
        &[("containerd-namespace", NAMESPACE)],
        &message.encode_to_vec(),
    )
}

/// Makes a call that must succeed.
fn done(client: &mut RpcClient, method: &str, message: &impl Message) -> Result<Vec<u8>> {
    let answer = ask(client, method, message)?;
    answer.map_err(|refusal| anyhow!("{method}: {refusal:?}"))
}

/// Has the client tell the story, and says what it must have made.
pub(super) fn story(client: &mut RpcClient, known: &Content, name: &str) -> Result<Vec<Row>> {
    let row = |row: Row| row.endpoint("containerd/containerd").namespace(NAMESPACE);
    let ok = |op: &str| row(Row::ok(op));
    let image = &known.reference;
    done(client, "version.v1.Version/Version", &Id::default())?;
    done(client, "transfer.v1.Transfer/Transfer", &pull(image))?;
    // Nothing is answered, and no progress was asked for.
    let mut rows = vec![ok("pull").image(image)];

    let about = |id: &str| Id { id: id.to_owned() };
    let read = done(client, "images.v1.Images/Get", &about(image))?;
    let target = OfImage::decode(&*read)?.image.context("no image")?.target;
    let other = format!("localhost/{name}:1");
    let create = OfImage {
        image: Some(Image {
            name: other.clone(),
            target,
        }),
    };
    done(client, "images.v1.Images/Create", &create)?;
    rows.push(ok("tag").image(image).target(&other).digest(&known.digest));
    done(client, "images.v1.Images/List", &Id::default())?;
    done(client, "images.v1.Images/Delete", &about(&other))?;
    rows.push(ok("remove-image").image(&other));
    let refused = ask(client, "images.v1.Images/Delete", &about(&other))?;
    refused.err().context("it was removed twice")?;
    rows.push(
        row(Row::error("remove-image"))
            .image(&other)
            .saying("not found"),
    );

    let of = |row: Row| row.container(name).image(image);
    done(
        client,
        "containers.v1.Containers/Create",
        &container(name, image),
    )?;
    rows.push(of(ok("create")));
    done(client, "containers.v1.Containers/Get", &about(name))?;
    let refused = ask(client, "tasks.v1.Tasks/Start", &about(name))?;
    refused
        .err()
        .context("a container without a task was started")?;
    rows.push(of(row(Row::error("start"))).saying("not found"));
    done(client, "containers.v1.Containers/Delete", &about(name))?;
    rows.push(of(ok("remove-container")));
    Ok(rows)
}

/// From a registry that speaks plain HTTP into the image store.
fn pull(image: &str) -> TransferRequest {
    let source = OciRegistry {
        reference: image.to_owned(),
        resolver: Some(Resolver {
            default_scheme: "http".to_owned(),
        }),
    };
    let destination = ImageStore {
        name: image.to_owned(),
    };
    let any = |name: &str, value: Vec<u8>| Any {
        type_url: format!("containerd.types.transfer.{name}"),
        value,
    };
    TransferRequest {
        source: Some(any("OCIRegistry", source.encode_to_vec())),
        destination: Some(any("ImageStore", destination.encode_to_vec())),
    }
}

/// A container that nobody could start: its specification is empty.
fn container(name: &str, image: &str) -> CreateContainer {
    let spec = Any {
        type_url: "types.containerd.io/opencontainers/runtime-spec/1/Spec".to_owned(),
        value: b"{}".to_vec(),
    };
    CreateContainer {
        container: Some(Container {
            id: name.to_owned(),
            image: image.to_owned(),
            runtime: Some(Runtime {
                name: "io.containerd.runc.v2".to_owned(),
            }),
            spec: Some(spec),
        }),
    }
}
