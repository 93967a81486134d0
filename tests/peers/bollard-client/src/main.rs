//! Pulls an image, creates a container of it, starts it, waits for it and removes it, by way of bollard.
//! Usage: `DOCKER_HOST=unix://SOCKET bollard-client IMAGE NAME`

use std::env;
use std::error::Error;

use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, CreateImageOptionsBuilder, RemoveContainerOptions, StartContainerOptions,
    WaitContainerOptions,
};
use bollard::{API_DEFAULT_VERSION, Docker};
use futures_util::TryStreamExt as _;

/// Seconds until a request is given up.
const PATIENCE: u64 = 60;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let usage = "usage: DOCKER_HOST=unix://SOCKET bollard-client IMAGE NAME";
    let mut words = env::args().skip(1);
    let (image, name) = words.next().zip(words.next()).ok_or(usage)?;
    let host = env::var("DOCKER_HOST").map_err(|_| usage)?;
    let docker = Docker::connect_with_unix(&host, PATIENCE, API_DEFAULT_VERSION)?.negotiate_version().await?;

    let pull = CreateImageOptionsBuilder::new().from_image(&image).build();
    docker.create_image(Some(pull), None, None).try_collect::<Vec<_>>().await?;
    let named = CreateContainerOptionsBuilder::new().name(&name).build();
    let body =
        ContainerCreateBody { image: Some(image), cmd: Some(vec!["true".to_owned()]), ..Default::default() };
    let created = docker.create_container(Some(named), body).await?;
    docker.start_container(&name, None::<StartContainerOptions>).await?;
    docker.wait_container(&name, None::<WaitContainerOptions>).try_collect::<Vec<_>>().await?;
    docker.remove_container(&name, None::<RemoveContainerOptions>).await?;
    println!("{}", created.id);
    Ok(())
}
