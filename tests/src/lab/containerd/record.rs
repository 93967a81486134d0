//! What CRI did, by containerd's own account: its log names every request that went well.

/// A request of CRI that containerd has answered well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// CRI's method: `PullImage`.
    pub method: String,
    /// The reference, for those about images.
    pub image: Option<String>,
    /// What a pulled reference resolved to.
    pub digest: Option<String>,
    /// The full id, for those about containers.
    pub container: Option<String>,
    /// The container's name in its pod, of a new one.
    pub name: Option<String>,
    /// The full id, for those about sandboxes, and of a new container.
    pub sandbox: Option<String>,
    /// The uid of the pod, of a new sandbox.
    pub uid: Option<String>,
}

/// All of them, in the order in which they ended.
pub(super) fn read(log: &str) -> Vec<Done> {
    log.lines()
        .filter_map(message)
        .filter_map(|message| done(&message))
        .collect()
}

/// The message of a line in logrus' text format.
fn message(line: &str) -> Option<String> {
    let (_, rest) = line.split_once(" msg=\"")?;
    // The closing quote; what follows are fields.
    let text = rest.replace("\\\"", "\u{0}");
    let (text, _) = text.split_once('"')?;
    Some(text.replace('\u{0}', "\""))
}

/// As containerd 1.6 (`pkg/cri/server/instrumented_service.go`) and 2.3 (`internal/cri/instrument`) write it.
fn done(message: &str) -> Option<Done> {
    let (asked, answered) = message.split_once(" returns ")?;
    let (method, _) = asked.split_once(' ')?;
    let first = between(asked, "\"", "\"").map(str::to_owned);
    let answer = between(answered, "\"", "\"").map(str::to_owned);
    let done = Done {
        method: method.to_owned(),
        ..Done::default()
    };
    Some(match method {
        "PullImage" => Done {
            image: first,
            digest: answer,
            ..done
        },
        "RemoveImage" => Done {
            image: first,
            ..done
        },
        "RunPodSandbox" => Done {
            sandbox: answer,
            uid: between(asked, "Uid:", ",")
                .or_else(|| between(asked, "uid:\"", "\""))
                .map(str::to_owned),
            ..done
        },
        "CreateContainer" => {
            let (_, named) = asked.split_once(" for ")?;
            Done {
                sandbox: first,
                container: answer,
                name: between(named, "Name:", ",")
                    .or_else(|| between(named, "name:\"", "\""))
                    .map(str::to_owned),
                ..done
            }
        }
        "StartContainer" | "StopContainer" | "RemoveContainer" => Done {
            container: first,
            ..done
        },
        "StopPodSandbox" | "RemovePodSandbox" => Done {
            sandbox: first,
            ..done
        },
        _ => return None,
    })
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(word, _)| word)
}

#[cfg(test)]
mod tests;
