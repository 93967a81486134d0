//! A pod's life by CRI, on one connection.

use anyhow::{Context as _, Result, anyhow};
use imgtrace_tests::lab::{Refusal, RpcClient};
use imgtrace_tests::story::Row;
use prost::Message;

use super::messages::{
    AuthConfig, ContainerConfig, CreateContainerRequest, Id, ImageRequest, ImageSpec, LinuxSandbox,
    Metadata, Namespaces, PodSandboxConfig, RunPodSandboxRequest, SecurityContext,
};

/// An id that no container has.
const NOBODY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
/// `NamespaceMode.NODE`: any other network would need CNI plug-ins.
const NODE: i32 = 2;

fn ask(
    client: &mut RpcClient,
    method: &str,
    message: &impl Message,
) -> Result<Result<Vec<u8>, Refusal>> {
    client.call(
        &format!("/runtime.v1.{method}"),
        &[],
        &message.encode_to_vec(),
    )
}

/// Makes a call that must succeed; gives the first field of its answer.
fn done(client: &mut RpcClient, method: &str, message: &impl Message) -> Result<String> {
    let answer = ask(client, method, message)?;
    let answer = answer.map_err(|refusal| anyhow!("{method}: {refusal:?}"))?;
    Ok(Id::decode(&*answer)
        .map(|answer| answer.id)
        .unwrap_or_default())
}

/// Has the client tell the story, and says what it must have made.
pub(super) fn story(client: &mut RpcClient, image: &str, name: &str) -> Result<Vec<Row>> {
    let row = |row: Row| row.endpoint("containerd/cri");
    let ok = |op: &str| row(Row::ok(op));
    done(client, "RuntimeService/Version", &Id::default())?;
    let digest = done(client, "ImageService/PullImage", &request(image, true))?;
    let mut rows = vec![ok("pull").image(image).digest(&digest)];
    let missing = format!("{image}-missing");
    let refused = ask(client, "ImageService/PullImage", &request(&missing, false))?;
    refused.err().context("the pull of nothing worked")?;
    rows.push(row(Row::error("pull")).image(&missing).saying("not found"));
    done(client, "ImageService/ImageStatus", &request(image, false))?;

    let (namespace, uid) = ("lab", format!("uid-of-{name}"));
    let sandbox = sandbox(namespace, name, &uid);
    let run = RunPodSandboxRequest {
        config: Some(sandbox.clone()),
    };
    let pod = done(client, "RuntimeService/RunPodSandbox", &run)?;
    let in_pod = |row: Row| row.pod(namespace, name, &uid);
    let of = |row: Row| in_pod(row).sandbox(&pod);
    rows.push(of(ok("run-sandbox")));
    let create = CreateContainerRequest {
        pod_sandbox_id: pod.clone(),
        config: Some(ContainerConfig {
            metadata: Some(Metadata {
                name: "says".to_owned(),
                ..Metadata::default()
            }),
            image: Some(ImageSpec {
                image: image.to_owned(),
            }),
            command: vec!["sleep".to_owned(), "1000".to_owned()],
        }),
        sandbox_config: Some(sandbox.clone()),
    };
    let id = done(client, "RuntimeService/CreateContainer", &create)?;
    let own = |row: Row| row.container(&id).name("says").image(image);
    // Of the requests about it, this one alone names its sandbox.
    rows.push(own(of(ok("create"))));
    let about = |id: &str| Id { id: id.to_owned() };
    done(client, "RuntimeService/StartContainer", &about(&id))?;
    rows.push(own(in_pod(ok("start"))).hops(&["shim start ok"]));
    let refused = ask(client, "RuntimeService/StartContainer", &about(NOBODY))?;
    refused.err().context("the start of nothing worked")?;
    rows.push(
        row(Row::error("start"))
            .container(NOBODY)
            .saying("not found"),
    );
    for (method, op) in [
        ("StopContainer", "stop"),
        ("RemoveContainer", "remove-container"),
    ] {
        done(client, &format!("RuntimeService/{method}"), &about(&id))?;
        rows.push(own(in_pod(ok(op))));
    }
    for (method, op) in [
        ("StopPodSandbox", "stop-sandbox"),
        ("RemovePodSandbox", "remove-sandbox"),
    ] {
        done(client, &format!("RuntimeService/{method}"), &about(&pod))?;
        rows.push(of(ok(op)));
    }
    done(client, "ImageService/RemoveImage", &request(image, false))?;
    rows.push(ok("remove-image").image(image));
    Ok(rows)
}

fn request(image: &str, with_credentials: bool) -> ImageRequest {
    let auth = || AuthConfig {
        username: "somebody".to_owned(),
        password: "secret".to_owned(),
    };
    ImageRequest {
        image: Some(ImageSpec {
            image: image.to_owned(),
        }),
        auth: with_credentials.then(auth),
    }
}

fn sandbox(namespace: &str, name: &str, uid: &str) -> PodSandboxConfig {
    let security_context = SecurityContext {
        namespace_options: Some(Namespaces { network: NODE }),
    };
    PodSandboxConfig {
        metadata: Some(Metadata {
            name: name.to_owned(),
            uid: uid.to_owned(),
            namespace: namespace.to_owned(),
        }),
        linux: Some(LinuxSandbox {
            security_context: Some(security_context),
        }),
    }
}
