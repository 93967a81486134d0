//! Secrets with a mark, sent by real clients in every place that can carry one, and looked for in all that imgtrace
//! writes.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use imgtrace_tests::lab::{Client, Docker, Ran};
use imgtrace_tests::run::Run;
use rustix::process::Signal;

use super::images::Known;
use super::stage::program;

/// How long a line may take after the client has ended.
const PATIENCE: Duration = Duration::from_secs(30);
/// In every secret. Long enough to be nowhere else, of letters and digits so that nothing escapes it.
const MARK: &str = "Zq7xMarkedW9v";

/// Says everything, to imgtraces with every kind of output.
pub(super) fn tell(docker: &Docker, known: &Known, folder: &Path) -> Result<()> {
    let recording = folder.join(format!("{}.jsonl", docker.generation().name()));
    let endpoint = format!("docker={}", docker.socket().display());
    let recorded = recording.display().to_string();
    let mut runs = ["json", "text", "wide"]
        .map(|output| {
            let mut args = vec!["-vvv", "--endpoint", &endpoint, "--output", output];
            if output == "json" {
                args.extend(["--record", &recorded]);
            }
            Run::start(&args)
        })
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
    for run in &mut runs {
        run.prints(PATIENCE, &docker.socket().display().to_string())?;
    }
    libraries(docker, known, folder)?;
    commands(docker, known, folder)?;
    // The last of all, at each of them.
    docker.cli(&["tag", &known.image, "secrets-were:told"])?;
    for mut run in runs {
        run.prints(PATIENCE, "secrets-were:told")?;
        run.signal(Signal::INT)?;
        let ended = run.ended(Duration::from_secs(15))?;
        let stdout = ended.text();
        for op in ["pull", "create", "exec", "build", "commit", "push"] {
            ensure!(stdout.contains(op), "no {op} was seen in\n{stdout}");
        }
        ensure!(ended.stderr.lines().count() > 3, "no log: {}", ended.stderr);
        clean("stdout", &stdout)?;
        clean("stderr", &ended.stderr)?;
    }
    let text = std::fs::read_to_string(&recording)?;
    ensure!(text.contains("secrets-were:told"), "nothing was recorded");
    clean("the recording", &text)
}

/// docker-py and dockerode; the mark is seen to have reached the daemon.
fn libraries(docker: &Docker, known: &Known, folder: &Path) -> Result<()> {
    // As a program's argument it is a secret too.
    let mark = format!("--secret={MARK}");
    for (client, file, script) in [
        (Client::DockerPy, "secrets.py", include_str!("secrets.py")),
        (Client::Dockerode, "secrets.js", include_str!("secrets.js")),
    ] {
        let file = folder.join(file);
        std::fs::write(&file, script)?;
        let (file, folder) = (file.display().to_string(), folder.display().to_string());
        let args = [&file, &mark, &known.image, &known.repository, &folder];
        let ran = Ran::ok(&mut program(docker, client, &args)?)?;
        ensure!(
            ran.stdout.contains(MARK),
            "the daemon did not get it: {}",
            ran.stdout
        );
    }
    Ok(())
}

/// Both docker commands, and curl, with secrets in their arguments.
fn commands(docker: &Docker, known: &Known, folder: &Path) -> Result<()> {
    let image = &known.image;
    let (registry, _) = known.repository.split_once('/').context("no registry")?;
    let context = folder.join("context").display().to_string();
    for (number, client) in [Client::DockerDebian, Client::DockerNewest]
        .into_iter()
        .enumerate()
    {
        let name = format!("marked-by-{number}");
        let lines = [
            format!(
                "run --detach --name {name} -e SECRET={MARK}31 --env NAME={MARK}32 --label token={MARK}33 {image} sleep 1000"
            ),
            format!("exec -e NAME={MARK}34 {name} echo --password {MARK}35 --token={MARK}36"),
            format!("exec {name} sh -c export{}PASSWORD={MARK}37", '\u{a0}'),
            format!(
                "build --build-arg NAME={MARK}38 --label password={MARK}39 --tag marked:5 {context}"
            ),
            format!("login --username somebody --password {MARK}40 {registry}"),
            format!("login -u somebody -p {MARK}41 {registry}"),
            // With what the login left in the configuration.
            format!("pull {image}"),
            format!("build --tag marked:6 {context}"),
            format!("pull https://somebody:{MARK}42@{registry}/x"),
        ];
        for line in lines {
            let mut command = docker.command(client)?;
            // A word of a script may hold a space.
            command
                .env("DOCKER_BUILDKIT", "0")
                .args(line.split(' ').map(|word| word.replace('\u{a0}', " ")));
            // Some are refused; what was asked has gone by all the same.
            Ran::of(&mut command)?;
        }
    }
    let body = format!("{{\"Image\":\"{image}\",\"Env\":[\"NAME={MARK}51\"]}}");
    let header = format!(
        "X-Registry-Auth: {}",
        base64(format!("{{\"password\":\"{MARK}52\"}}").as_bytes())
    );
    let libpod =
        format!("/v4.0.0/libpod/images/pull?reference={image}&username={MARK}53&password={MARK}54");
    for (target, more) in [
        (
            "/containers/create?name=marked-by-curl",
            ["-H", "Content-Type: application/json", "--data", &body],
        ),
        (
            &format!("/images/create?fromImage={image}"),
            ["-X", "POST", "-H", &header],
        ),
        (
            "/images/json",
            ["-X", "GET", "--user", &format!("somebody:{MARK}55")],
        ),
        (
            "/auth",
            [
                "-X",
                "POST",
                "--json",
                &format!("{{\"username\":\"{MARK}56\",\"password\":\"{MARK}57\"}}"),
            ],
        ),
    ] {
        let mut command = docker.command(Client::Curl)?;
        command
            .arg("--silent")
            .arg("--unix-socket")
            .arg(docker.socket())
            .args(more);
        Ran::ok(command.arg(format!("http://localhost{target}")))?;
    }
    let config = folder.join("libpod.config");
    std::fs::write(
        &config,
        format!("request = POST\nurl = \"http://localhost{libpod}\"\n"),
    )?;
    let mut command = docker.command(Client::Curl)?;
    Ran::ok(
        command
            .arg("--silent")
            .arg("--unix-socket")
            .arg(docker.socket())
            .arg("--config")
            .arg(config),
    )?;
    Ok(())
}

/// Whether the mark is nowhere in a text, as it is or in base64.
fn clean(place: &str, text: &str) -> Result<()> {
    let mut forms = vec![MARK.to_owned()];
    for before in 0..3 {
        let whole = base64(&[vec![b' '; before], MARK.as_bytes().to_vec()].concat());
        // What its neighbours have no part in: whole groups of three bytes.
        let groups = (before + MARK.len()) / 3;
        forms.extend(
            whole
                .get(if before == 0 { 0 } else { 4 }..groups * 4)
                .map(str::to_owned),
        );
    }
    for form in forms {
        if let Some(at) = text.find(&form) {
            let line = text.get(..at).unwrap_or_default().lines().count();
            let near: String = text
                .get(at.saturating_sub(200)..)
                .unwrap_or(text)
                .chars()
                .take(260)
                .collect();
            anyhow::bail!("a secret stands in {place}, line {line}: …{near}…");
        }
    }
    Ok(())
}

/// RFC 4648 section 5, which is Docker's for headers; section 4 differs in two signs that no mark has.
fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, at| {
            bits << 8 | u32::from(group.get(at).copied().unwrap_or(0))
        });
        for sign in 0..4 {
            if sign > group.len() {
                text.push('=');
            } else {
                text.push(char::from(SIGNS[(bits >> (18 - 6 * sign) & 63) as usize]));
            }
        }
    }
    text
}

#[test]
fn base64_is_that_of_the_rfc() {
    for (bytes, text) in [
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foobar", "Zm9vYmFy"),
    ] {
        assert_eq!(base64(bytes.as_bytes()), text);
    }
    assert!(clean("here", &base64(format!("x{MARK}y").as_bytes())).is_err());
    assert!(clean("here", &base64(format!("xy{MARK}").as_bytes())).is_err());
    assert!(clean("here", "nothing").is_ok());
}
