//! A bolt file as bbolt would have written it, for tests and benches: pages half full, small buckets
//! inside of their values, and each larger one on pages of its own.

use std::collections::BTreeMap;

const PAGE: usize = 4096;
const BRANCH: u16 = 1;
const LEAF: u16 = 2;
/// Bytes of a page's header, and of an element.
const HEADER: usize = 16;
/// The largest bucket that is kept in its value (bbolt `bucket.go maxInlineBucketSize`).
const INLINE: usize = PAGE / 4;

/// A bucket.
pub type Tree = BTreeMap<Vec<u8>, Value>;

/// What a key of a bucket stands for.
#[derive(Clone, Debug)]
pub enum Value {
    /// A value.
    Bytes(Vec<u8>),
    /// A bucket.
    Tree(Tree),
}

/// Puts a value where these names lead, making the buckets on the way.
pub fn put(tree: &mut Tree, path: &[&str], value: &[u8]) {
    let Some((name, way)) = path.split_last() else {
        return;
    };
    let mut at = tree;
    for name in way {
        let inner = at
            .entry(name.as_bytes().to_vec())
            .or_insert_with(|| Value::Tree(Tree::new()));
        let Value::Tree(inner) = inner else {
            return;
        };
        at = inner;
    }
    at.insert(name.as_bytes().to_vec(), Value::Bytes(value.to_vec()));
}

/// The file.
pub fn file(root: &Tree) -> Vec<u8> {
    // Two meta pages and an empty list of free ones.
    let mut bytes = vec![0; 3 * PAGE];
    let top = pages(root, &mut bytes);
    let count = (bytes.len() / PAGE) as u64;
    for txid in [0, 1] {
        let mut meta = Vec::new();
        for word in [0xED0C_DAED_u32, 2, PAGE as u32, 0] {
            meta.extend(word.to_le_bytes());
        }
        for word in [top, 0, 2, count, txid] {
            meta.extend(word.to_le_bytes());
        }
        let sum = meta.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        meta.extend(sum.to_le_bytes());
        let at = txid as usize * PAGE + HEADER;
        bytes[at..at + meta.len()].copy_from_slice(&meta);
    }
    bytes
}

/// An element before it is written: its flags, or the page of a child, with key and value.
struct Element {
    number: u64,
    key: Vec<u8>,
    value: Vec<u8>,
}

/// Writes a bucket to pages of its own; gives the number of the topmost.
fn pages(tree: &Tree, bytes: &mut Vec<u8>) -> u64 {
    let mut level = elements(tree, bytes);
    let mut kind = LEAF;
    loop {
        let mut above = Vec::new();
        for part in parts(level) {
            let page = (bytes.len() / PAGE) as u64;
            let key = part.first().map(|first| first.key.clone());
            let mut node = node(kind, &part);
            let overflow = node.len().div_ceil(PAGE) - 1;
            node[..8].copy_from_slice(&page.to_le_bytes());
            node[12..16].copy_from_slice(&(overflow as u32).to_le_bytes());
            node.resize((overflow + 1) * PAGE, 0);
            bytes.extend(node);
            above.push(Element {
                number: page,
                key: key.unwrap_or_default(),
                value: Vec::new(),
            });
        }
        if let [only] = above.as_slice() {
            return only.number;
        }
        (level, kind) = (above, BRANCH);
    }
}

fn elements(tree: &Tree, bytes: &mut Vec<u8>) -> Vec<Element> {
    let entries = tree.iter().map(|(key, value)| {
        let (number, value) = match value {
            Value::Bytes(value) => (0, value.clone()),
            Value::Tree(inner) => (1, bucket(inner, bytes)),
        };
        let key = key.clone();
        Element { number, key, value }
    });
    entries.collect()
}

/// A bucket's value: the page of its root and a sequence number, or 0 twice and its only node.
fn bucket(tree: &Tree, bytes: &mut Vec<u8>) -> Vec<u8> {
    let has_buckets = tree.values().any(|value| matches!(value, Value::Tree(_)));
    if !has_buckets {
        let inline = node(LEAF, &elements(tree, bytes));
        if inline.len() <= INLINE {
            return [vec![0; 16], inline].concat();
        }
    }
    let mut value = pages(tree, bytes).to_le_bytes().to_vec();
    value.extend([0; 8]);
    value
}

/// As many elements a page as fill half of it, and at least two.
fn parts(elements: Vec<Element>) -> Vec<Vec<Element>> {
    let (mut parts, mut size) = (vec![Vec::new()], 0);
    for element in elements {
        let bytes = HEADER + element.key.len() + element.value.len();
        if let Some(last) = parts.last_mut()
            && (last.len() < 2 || size + bytes <= PAGE / 2)
        {
            last.push(element);
            size += bytes;
        } else {
            parts.push(vec![element]);
            size = bytes;
        }
    }
    parts
}

fn node(kind: u16, elements: &[Element]) -> Vec<u8> {
    let mut node = vec![0; 8];
    node.extend(kind.to_le_bytes());
    node.extend((elements.len() as u16).to_le_bytes());
    node.extend([0; 4]);
    let mut at = elements.len() * HEADER;
    let mut data = Vec::new();
    for element in elements {
        let (key, value) = (element.key.len() as u32, element.value.len() as u32);
        if kind == LEAF {
            for word in [element.number as u32, at as u32, key, value] {
                node.extend(word.to_le_bytes());
            }
        } else {
            node.extend((at as u32).to_le_bytes());
            node.extend(key.to_le_bytes());
            node.extend(element.number.to_le_bytes());
        }
        at = at + element.key.len() + element.value.len() - HEADER;
        data.extend(&element.key);
        data.extend(&element.value);
    }
    [node, data].concat()
}
