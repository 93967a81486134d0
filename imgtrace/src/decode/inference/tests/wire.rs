//! Protobuf by hand: fields of messages, and the messages of CRI and containerd that rules are for.

pub(in crate::decode::inference) fn number(field: u32, value: u64) -> Vec<u8> {
    let mut bytes = varint(u64::from(field) << 3);
    bytes.extend(varint(value));
    bytes
}

pub(in crate::decode::inference) fn text(field: u32, value: &str) -> Vec<u8> {
    bytes(field, value.as_bytes())
}

pub(in crate::decode::inference) fn bytes(field: u32, value: &[u8]) -> Vec<u8> {
    let mut bytes = varint(u64::from(field) << 3 | 2);
    bytes.extend(varint(value.len() as u64));
    bytes.extend_from_slice(value);
    bytes
}

/// A message in a field, of these fields.
pub(in crate::decode::inference) fn message(field: u32, fields: &[Vec<u8>]) -> Vec<u8> {
    bytes(field, &fields.concat())
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    bytes.push(u8::try_from(value).unwrap());
    bytes
}

/// An id of 64 hex digits.
pub(in crate::decode::inference) fn id(seed: u8) -> String {
    format!("{seed:02x}").repeat(32)
}

pub(in crate::decode::inference) fn digest(seed: u8) -> String {
    format!("sha256:{}", id(seed))
}

/// `PodSandboxMetadata`.
pub(in crate::decode::inference) fn pod(field: u32) -> Vec<u8> {
    message(
        field,
        &[
            text(1, "web-node"),
            text(2, &"ab".repeat(16)),
            text(3, "shop"),
        ],
    )
}

/// `PodSandboxConfig`.
pub(in crate::decode::inference) fn pod_config(field: u32) -> Vec<u8> {
    message(
        field,
        &[pod(1), text(2, "host"), text(3, "/var/log/pods/x")],
    )
}

/// `ImageSpec`.
pub(in crate::decode::inference) fn image_spec(field: u32, name: &str) -> Vec<u8> {
    message(field, &[text(1, name), text(18, name)])
}

/// `CreateContainerRequest`.
pub(in crate::decode::inference) fn create(sandbox: &str) -> Vec<u8> {
    let config = [
        message(1, &[text(1, "web"), number(2, 1)]),
        image_spec(2, &digest(7)),
        text(3, "/bin/web"),
        message(6, &[text(1, "PATH"), text(2, "/bin")]),
    ];
    [text(1, sandbox), message(2, &config), pod_config(3)].concat()
}

/// An item of `ListContainersResponse`.
pub(in crate::decode::inference) fn container(id: &str, state: u64) -> Vec<u8> {
    let mut fields = vec![
        text(1, id),
        text(2, &self::id(1)),
        message(3, &[text(1, "web")]),
        image_spec(4, "busybox"),
        text(5, &digest(7)),
    ];
    if state > 0 {
        fields.push(number(6, state));
    }
    fields.push(number(7, 1_700_000_000_000_000_000));
    message(1, &fields)
}

/// An item of `ListPodSandboxResponse`.
pub(in crate::decode::inference) fn sandbox(id: &str, state: u64) -> Vec<u8> {
    let mut fields = vec![text(1, id), pod(2)];
    if state > 0 {
        fields.push(number(3, state));
    }
    fields.push(number(4, 1_700_000_000_000_000_000));
    message(1, &fields)
}

/// `ImageStatusResponse`.
pub(in crate::decode::inference) fn image_status() -> Vec<u8> {
    message(
        1,
        &[
            text(1, &digest(7)),
            text(2, "docker.io/library/busybox:1"),
            number(4, 4321),
        ],
    )
}

/// `google.protobuf.Timestamp`.
pub(in crate::decode::inference) fn time(field: u32, seconds: u64) -> Vec<u8> {
    message(field, &[number(1, seconds), number(2, 5)])
}
