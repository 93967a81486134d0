//! A build agent, as `GoCD`'s: an ordinary user's script that runs docker. The socket refuses it, and imgtrace says which
//! group would help and what that means; then it is let in, first with that group, then by way of sudo.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{Situation, Told, Watch};
use crate::lab::{Generation, Image, Lab, Ran, say};

pub(super) const SITUATION: Situation = Situation {
    name: "agent",
    peers: &[],
    play,
};

/// The agent's user, who is known in its own mount namespace alone.
const UID: u32 = 1000;
/// The agent. As a real one does, it outlives what it runs: why a caller was refused is read where the caller stood, and of
/// a mount namespace that is gone with it nothing can be read.
const AGENT: &str = "\"$@\"\ncode=$?\nsleep 1\nexit $code\n";
/// Gives it users and rules for sudo of its own, and becomes it without any right of root's.
const SETTING: &str = r#"
mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/sudoers" /etc/sudoers || exit
folder=$1 groups=$2
shift 2
exec setpriv --reuid=1000 --regid=1000 "$groups" sh "$folder/go-agent" "$@"
"#;

/// The agent's files.
#[derive(Debug)]
struct Agent {
    folder: PathBuf,
    socket: PathBuf,
}

fn play(lab: &Lab) -> Result<Told> {
    let registry = lab.registry()?;
    let docker = lab.docker(Generation::Debian)?;
    let image = registry.add(Image::Own)?;
    let agent = Agent::new(lab, docker.socket())?;
    let group = docker.socket().metadata()?.gid();
    let watch = Watch::begin(lab, &[("docker", &docker.socket())])?;
    let refused = agent.pull(None, &[], &image)?;
    let is_refused = refused.stderr.contains("permission denied");
    ensure!(is_refused, "uid {UID} was not refused: {refused:?}");
    let socket = docker.socket().display().to_string();
    let denied = watch.finding("denied", &socket)?;
    agent.pulls(Some(group), &[], &image)?;
    let by_group = watch.line(|line| is_pull(line, &socket))?;
    agent.pulls(None, &["sudo"], &image)?;
    let by_sudo = watch.line(|line| is_pull(line, &socket) && line["id"] != by_group["id"])?;
    let told = watch.end()?;
    told.only(&["denied"])?;
    let text = denied.to_string();
    for part in [&*format!("{UID}"), &*format!("{group}"), "root"] {
        ensure!(text.contains(part), "no {part} in {denied:#}");
    }
    ensure!(
        denied["severity"] == "warning" && denied["remedy"].is_string(),
        "{denied:#}"
    );
    chain(&by_group, UID, &["sh"])?;
    chain(&by_sudo, 0, &["sudo", "sh"])?;
    Ok(told)
}

/// The caller is a docker of this user, with these above it.
fn chain(pull: &Value, uid: u32, above: &[&str]) -> Result<()> {
    let caller = &pull["caller"];
    let ancestors = caller["ancestors"].as_array().context("no ancestors")?;
    let nearest = ancestors.iter().zip(above);
    ensure!(
        caller["comm"] == "docker"
            && caller["uid"] == uid
            && ancestors.len() >= above.len()
            && nearest
                .clone()
                .all(|(ancestor, comm)| ancestor["comm"] == **comm),
        "docker of uid {uid} below {above:?} is expected: {pull:#}"
    );
    let words = caller["args"].as_array().context("no command line")?.iter();
    let words: Vec<_> = words.filter_map(Value::as_str).collect();
    say(&format!(
        "uid {uid}: {} below {}",
        words.join(" "),
        above.join(" below ")
    ));
    Ok(())
}

fn is_pull(line: &Value, socket: &str) -> bool {
    line["kind"] == "operation" && line["op"] == "pull" && line["endpoint"]["path"] == *socket
}

impl Agent {
    fn new(lab: &Lab, socket: PathBuf) -> Result<Self> {
        let folder = lab.place().data_dir("agent")?;
        let file = |name: &str, mode: u32, text: &str| -> Result<()> {
            let path = folder.join(name);
            fs::write(&path, text)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
            Ok(())
        };
        file("go-agent", 0o755, AGENT)?;
        file(
            "passwd",
            0o644,
            "root:x:0:0::/root:/bin/sh\ngo:*:1000:1000::/:/bin/sh\n",
        )?;
        file("sudoers", 0o440, "go ALL=(root) NOPASSWD: ALL\n")?;
        Ok(Self { folder, socket })
    }

    /// Has the agent pull an image, its user being in this group or in none but its own, through these words.
    fn pull(&self, group: Option<u32>, through: &[&str], image: &str) -> Result<Ran> {
        Ran::of(&mut self.command(group, through, image))
    }

    /// As [`Agent::pull`], which must succeed.
    fn pulls(&self, group: Option<u32>, through: &[&str], image: &str) -> Result<Ran> {
        Ran::ok(&mut self.command(group, through, image))
    }

    fn command(&self, group: Option<u32>, through: &[&str], image: &str) -> Command {
        let none = "--clear-groups".to_owned();
        let groups = group.map_or(none, |group| format!("--groups={group}"));
        let mut command = Command::new("unshare");
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", &self.folder)
            .args(["--mount", "--propagation=private"])
            .args(["sh", "-c", SETTING, "sh"])
            .arg(&self.folder)
            .arg(groups)
            .args(through)
            // sudo keeps no DOCKER_HOST.
            .args(["docker", "--host"])
            .arg(format!("unix://{}", self.socket.display()))
            .args(["pull", "--quiet", image]);
        command
    }
}
