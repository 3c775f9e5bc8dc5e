//! The files beside a model in which weights of it lie, as PyTorch's exporter writes them.

use std::collections::BTreeSet;

use super::protobuf::{MOST_LEVELS, fields};

/// The messages on the way to the name of a file (onnx.proto).
#[derive(Clone, Copy)]
enum Message {
    Model,
    TrainingInfo,
    Function,
    Graph,
    Node,
    Attribute,
    SparseTensor,
    Tensor,
    /// A key and its value.
    Entry,
}

impl Message {
    /// What a field of this number holds, where it leads to a tensor.
    fn field(self, number: u64) -> Option<Self> {
        Some(match (self, number) {
            (Self::Model, 7) => Self::Graph,
            (Self::Model, 20) => Self::TrainingInfo,
            (Self::Model, 25) => Self::Function,
            (Self::TrainingInfo, 1 | 2) => Self::Graph,
            (Self::Function, 7) => Self::Node,
            (Self::Function, 11) => Self::Attribute,
            (Self::Graph, 1) => Self::Node,
            (Self::Graph, 5) => Self::Tensor,
            (Self::Graph, 15) => Self::SparseTensor,
            (Self::Node, 5) => Self::Attribute,
            (Self::Attribute, 5 | 10) => Self::Tensor,
            (Self::Attribute, 6 | 11) => Self::Graph,
            (Self::Attribute, 22 | 23) => Self::SparseTensor,
            (Self::SparseTensor, 1 | 2) => Self::Tensor,
            // Whether `data_location` says that it counts or not.
            (Self::Tensor, 13) => Self::Entry,
            _ => return None,
        })
    }
}

/// The more files, the longer a start takes; exporters that give each tensor a file of its own make some hundreds.
const MOST_FILES: usize = 10_000;

/// The locations of the external data of a model, as the model names them.
///
/// # Errors
/// Why the bytes are no ONNX model.
pub(super) fn external_files(model: &[u8]) -> Result<BTreeSet<String>, String> {
    let mut found = BTreeSet::new();
    walk(Message::Model, model, 0, &mut found)?;
    Ok(found)
}

fn walk(
    message: Message,
    bytes: &[u8],
    level: usize,
    found: &mut BTreeSet<String>,
) -> Result<(), String> {
    if level > MOST_LEVELS {
        return Err(format!(
            "it has more than {MOST_LEVELS} messages within each other"
        ));
    }
    let (mut key, mut value) = (&[][..], &[][..]);
    for field in fields(bytes) {
        let field = field?;
        let Some(content) = field.content else {
            continue;
        };
        match (message, field.number) {
            (Message::Entry, 1) => key = content,
            (Message::Entry, 2) => value = content,
            (message, number) => {
                if let Some(inner) = message.field(number) {
                    walk(inner, content, level + 1, found)?;
                }
            }
        }
    }
    if key == b"location" {
        let file = std::str::from_utf8(value).map_err(|_| "the name of a file is not UTF-8")?;
        found.insert(file.to_owned());
        if found.len() > MOST_FILES {
            return Err(format!("its weights lie in more than {MOST_FILES} files"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::protobuf::write;
    use super::*;

    /// A field that holds bytes.
    fn field(number: u64, content: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(number, content, &mut bytes);
        bytes
    }

    /// A message that lies within others, from the outermost.
    fn within(fields: &[u64], content: &[u8]) -> Vec<u8> {
        let outward = fields.iter().rev();
        outward.fold(content.to_vec(), |inner, number| field(*number, &inner))
    }

    /// A tensor's external data.
    fn tensor(file: &str) -> Vec<u8> {
        let entry = |key: &str, value: &str| {
            let pair = [field(1, key.as_bytes()), field(2, value.as_bytes())];
            field(13, &pair.concat())
        };
        [
            entry("offset", "4096"),
            entry("location", file),
            entry("length", "8"),
        ]
        .concat()
    }

    fn files(model: &[u8]) -> Vec<String> {
        external_files(model).unwrap().into_iter().collect()
    }

    #[test]
    fn a_file_is_found_wherever_a_model_can_have_a_tensor() {
        let (graph, node, attribute) = (7, 1, 5);
        for way in [
            &[graph, 5][..],
            &[graph, 15, 1],
            &[graph, 15, 2],
            &[graph, node, attribute, 5],
            &[graph, node, attribute, 10],
            &[graph, node, attribute, 22, 1],
            &[graph, node, attribute, 23, 2],
            &[graph, node, attribute, 6, 5],
            &[graph, node, attribute, 11, node, attribute, 6, 5],
            &[20, 1, 5],
            &[20, 2, node, attribute, 5],
            &[25, 7, attribute, 5],
            &[25, 11, 5],
        ] {
            assert_eq!(
                files(&within(way, &tensor("w.data"))),
                ["w.data"],
                "{way:?}"
            );
        }
    }

    #[test]
    fn each_file_counts_once_and_what_only_looks_like_one_does_not() {
        let two = [tensor("b"), tensor("a"), tensor("b")].map(|t| within(&[7, 5], &t));
        assert_eq!(files(&two.concat()), ["a", "b"]);
        // The same bytes as the raw data of a tensor, or as a text for people.
        for other in [9, 12] {
            assert!(files(&within(&[7, 5, other], &tensor("w"))).is_empty());
        }
        assert!(files(b"").is_empty());
    }

    #[test]
    fn what_cannot_be_read_to_its_end_is_an_error_and_never_a_panic() {
        let whole = within(&[7, 5], &tensor("w.data"));
        for cut in 1..whole.len() {
            assert!(external_files(&whole[..cut]).is_err(), "cut at {cut}");
        }
        assert!(external_files(b"a picture of a cat").is_err());
        assert!(external_files(&[0xff; 12]).is_err());
        let deep = within(
            &[[7].as_slice(), &[1, 5, 6].repeat(60)].concat(),
            &tensor("w"),
        );
        assert!(external_files(&deep).unwrap_err().contains("100 messages"));
    }
}
