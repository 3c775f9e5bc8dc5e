//! The part of a model that one of its outputs rests on. ONNX Runtime computes everything in a file, whichever output is read:
//! behind the inner map of a vision encoder, for example, lie the last third of its work and four fifths of its weights.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::protobuf::{MOST_LEVELS, fields, write};

/// Numbers of fields in onnx.proto.
mod field {
    /// Of a model.
    pub const GRAPH: u64 = 7;
    /// Of a graph.
    pub const NODE: u64 = 1;
    pub const INITIALIZER: u64 = 5;
    pub const INPUT: u64 = 11;
    pub const OUTPUT: u64 = 12;
    /// Of a node.
    pub const NODE_INPUT: u64 = 1;
    pub const NODE_OUTPUT: u64 = 2;
    pub const NODE_ATTRIBUTE: u64 = 5;
    /// Of an attribute.
    pub const ATTRIBUTE_GRAPH: u64 = 6;
    pub const ATTRIBUTE_GRAPHS: u64 = 11;
    /// Of a tensor.
    pub const TENSOR_NAME: u64 = 8;
    /// Of an input or output.
    pub const VALUE_NAME: u64 = 1;
}

/// How many messages a graph lies deeper than the one that it is in: it is in an attribute of a node of that.
const LEVELS_PER_GRAPH: usize = 3;

type Name<'a> = &'a [u8];

/// The model without the other outputs, and without the nodes and weights that only they rest on. Its inputs stay. A model that
/// has no such output stays as it is.
///
/// # Errors
/// Why the bytes are no ONNX model.
pub(super) fn needed_for(output: &str, model: Vec<u8>) -> Result<Vec<u8>, String> {
    let output = output.as_bytes();
    let (mut others, mut parts) = (Vec::new(), Vec::new());
    for found in fields(&model) {
        let found = found?;
        match found.content {
            Some(part) if found.number == field::GRAPH => parts.push(part),
            _ => others.extend_from_slice(found.whole),
        }
    }
    // A message that comes in parts is these one after the other.
    let graph = match parts[..] {
        [whole] => Cow::Borrowed(whole),
        _ => Cow::Owned(parts.concat()),
    };
    if !names(&graph, field::OUTPUT, field::VALUE_NAME)?.contains(output) {
        return Ok(model);
    }
    let reduced = reduced(&graph, output)?;
    if reduced.len() == graph.len() {
        return Ok(model);
    }
    write(field::GRAPH, &reduced, &mut others);
    Ok(others)
}

/// The graph, as far as this output rests on it.
fn reduced(graph: &[u8], output: Name) -> Result<Vec<u8>, String> {
    let mut nodes = Vec::new();
    let mut maker_of = HashMap::new();
    for found in fields(graph) {
        let found = found?;
        if let (field::NODE, Some(node)) = (found.number, found.content) {
            let node = Node::of(node, 0)?;
            // An output that is not wanted has no name, nor has an optional input that is not given.
            let named = node.outputs.iter().filter(|name| !name.is_empty());
            maker_of.extend(named.map(|name| (*name, nodes.len())));
            nodes.push(node);
        }
    }
    let mut is_needed = vec![false; nodes.len()];
    let mut needed = HashSet::from([output]);
    let mut open = vec![output];
    while let Some(name) = open.pop() {
        let Some(maker) = maker_of.get(name).filter(|maker| !is_needed[**maker]) else {
            continue;
        };
        is_needed[*maker] = true;
        open.extend(
            nodes[*maker]
                .inputs
                .iter()
                .filter(|name| needed.insert(name)),
        );
    }
    let initializers = names(graph, field::INITIALIZER, field::TENSOR_NAME)?;
    let mut is_needed = is_needed.into_iter();
    let mut reduced = Vec::new();
    for found in fields(graph) {
        let found = found?;
        let Some(content) = found.content else {
            reduced.extend_from_slice(found.whole);
            continue;
        };
        let named = |number| name_of(content, number);
        let stays = match found.number {
            field::NODE => is_needed.next().unwrap_or(true),
            field::INITIALIZER => named(field::TENSOR_NAME)?.is_none_or(|n| needed.contains(n)),
            field::OUTPUT => named(field::VALUE_NAME)? == Some(output),
            // Old exporters list weights among the inputs; without its weight such an input would have to be fed.
            field::INPUT => named(field::VALUE_NAME)?
                .is_none_or(|n| needed.contains(n) || !initializers.contains(n)),
            _ => true,
        };
        if stays {
            reduced.extend_from_slice(found.whole);
        }
    }
    Ok(reduced)
}

/// What a node reads and what it makes.
#[derive(Default)]
struct Node<'a> {
    inputs: Vec<Name<'a>>,
    outputs: Vec<Name<'a>>,
}

impl<'a> Node<'a> {
    fn of(node: &'a [u8], level: usize) -> Result<Self, String> {
        let mut made = Self::default();
        for found in fields(node) {
            let found = found?;
            let Some(content) = found.content else {
                continue;
            };
            match found.number {
                field::NODE_INPUT => made.inputs.push(content),
                field::NODE_OUTPUT => made.outputs.push(content),
                field::NODE_ATTRIBUTE => made.read_graphs(content, level)?,
                _ => {}
            }
        }
        Ok(made)
    }

    /// The graphs within a node, the branches of an `If` for example, read what is around it by name. Names of their own do no
    /// harm: nothing around has these.
    fn read_graphs(&mut self, attribute: &'a [u8], level: usize) -> Result<(), String> {
        if level > MOST_LEVELS {
            return Err(format!(
                "it has more than {MOST_LEVELS} messages within each other"
            ));
        }
        for found in fields(attribute) {
            let found = found?;
            let (field::ATTRIBUTE_GRAPH | field::ATTRIBUTE_GRAPHS, Some(graph)) =
                (found.number, found.content)
            else {
                continue;
            };
            self.inputs
                .extend(names(graph, field::OUTPUT, field::VALUE_NAME)?);
            for inner in fields(graph) {
                let inner = inner?;
                if let (field::NODE, Some(node)) = (inner.number, inner.content) {
                    self.inputs
                        .extend(Node::of(node, level + LEVELS_PER_GRAPH)?.inputs);
                }
            }
        }
        Ok(())
    }
}

/// The names of all that a message has under one number.
fn names(message: &[u8], number: u64, name: u64) -> Result<HashSet<Name<'_>>, String> {
    let mut names = HashSet::new();
    for found in fields(message) {
        let found = found?;
        if let (true, Some(content)) = (found.number == number, found.content) {
            names.extend(name_of(content, name)?);
        }
    }
    Ok(names)
}

/// The name in a message; the last one, where it has several.
fn name_of(message: &[u8], number: u64) -> Result<Option<Name<'_>>, String> {
    let mut name = None;
    for found in fields(message) {
        let found = found?;
        if found.number == number && found.content.is_some() {
            name = found.content;
        }
    }
    Ok(name)
}

#[cfg(test)]
mod tests;
