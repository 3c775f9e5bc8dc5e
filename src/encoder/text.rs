//! A language encoder: an instruction to a feature.

use std::path::Path;
use std::time::Instant;

use super::file::{verified, verified_model};
use super::image::encoder_failed;
use super::onnx::{Element, Input, Model, Numbers, Port, list};
use super::pooling::{Pool, Recipe};
use super::provider::SessionOptions;
use super::runtime::Runtime;
use super::summary::Summary;
use super::tokens::{Sentence, Tokens};
use crate::errors::ConfigErrors;
use crate::message::MessageError;
use crate::spec::{MAX_TOKENS, Pooling, TextEncoderSpec, Weights};

/// A loaded language encoder.
pub(super) struct TextEncoder {
    tokens: Tokens,
    feed: Feed,
    model: Model,
    pool: Pool,
    summary: Summary,
    last: Option<Encoded>,
}

/// The last instruction: it is often sent again, and need not be encoded again.
struct Encoded {
    text: String,
    feature: Option<Vec<f32>>,
}

impl TextEncoder {
    /// Loads model and tokenizer, checks that the model takes tokens, and runs it once on an empty sentence.
    pub fn load(
        spec: &TextEncoderSpec,
        folder: &Path,
        runtime: &Runtime,
        options: &SessionOptions,
    ) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        let tokens = load_tokens(spec, folder).map_err(|found| errors.extend(found));
        let model = verified_model(folder, &spec.model, &spec.sha256, &spec.external_data)
            .map_err(|found| errors.extend(found));
        let (Ok(tokens), Ok((path, content))) = (tokens, model) else {
            return Err(errors);
        };
        let in_file = |why: String| format!("encoder.model {}: {why}", path.display());
        let mut model = Model::load(runtime.library(), &path, content, &spec.output, options)
            .map_err(in_file)?;
        let mut feed = Feed::new(model.inputs(), &tokens, spec.pooling).map_err(in_file)?;
        let summary = Summary::of_model(&path, &model, list(model.inputs()));
        let blank = tokens.blank().map_err(in_file)?;
        feed.set(blank);
        let recipe = Recipe {
            pooling: spec.pooling,
            normalize: spec.normalize,
            cells: 1,
            mixtures: 1,
            modality: "",
            weights: &Weights::default(),
        };
        let pool = model
            .run(&feed.inputs(), |shape, _| {
                Pool::new(&recipe, shape).map_err(|found| found.to_string())
            })
            .map_err(|why| in_file(format!("it cannot run on an empty sentence: {why}")))?
            .map_err(in_file)?;
        Ok(Self {
            tokens,
            feed,
            model,
            summary: Summary {
                width: pool.width(),
                ..summary
            },
            pool,
            last: None,
        })
    }

    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// When the model last began to run.
    pub fn model_entered(&self) -> Option<Instant> {
        self.model.entered()
    }

    /// Encodes an instruction; false when it is blank, which means that there is none.
    pub fn encode(&mut self, text: &str, feature: &mut [f32]) -> Result<bool, MessageError> {
        if self.last.as_ref().is_none_or(|last| last.text != text) {
            let encoded = self.run(text)?;
            self.last = Some(Encoded {
                text: text.to_owned(),
                feature: encoded,
            });
        }
        let known = self.last.as_ref().and_then(|last| last.feature.as_deref());
        if let Some(known) = known {
            feature.copy_from_slice(known);
        }
        Ok(known.is_some())
    }

    fn run(&mut self, text: &str) -> Result<Option<Vec<f32>>, MessageError> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let (length, enough) = (text.len(), BYTES_PER_TOKEN * self.tokens.max());
        if length > enough {
            return Err(MessageError::invalid(
                "the instruction",
                format_args!("{:?}…, {length} bytes long", beginning(text)),
                format_args!(
                    "this encoder takes at most {} tokens, for which {enough} bytes are enough",
                    self.tokens.max()
                ),
            ));
        }
        let sentence = self.tokens.encode(text).map_err(|why| {
            MessageError::invalid(
                "the instruction",
                format_args!("{:?} ({why})", beginning(text)),
                "the tokenizer must be able to read it",
            )
        })?;
        let Some(sentence) = sentence else {
            return Ok(None);
        };
        if sentence.ids.len() > self.tokens.max() {
            return Err(MessageError::invalid(
                "the instruction",
                format_args!("{:?}…, {} tokens long", beginning(text), sentence.ids.len()),
                format_args!(
                    "this encoder takes at most {} tokens, and a part of a sentence is not what was meant",
                    self.tokens.max()
                ),
            ));
        }
        self.feed.set(sentence);
        let (pool, mask) = (&mut self.pool, &self.feed.sentence.mask);
        let mut feature = vec![0.0; pool.width()];
        self.model
            .run(&self.feed.inputs(), |_, output| {
                pool.pool(output, mask, &mut feature)
            })
            .map_err(|why| encoder_failed(&why))??;
        Ok(Some(feature))
    }
}

/// No sentence has as many bytes to a token. Counting the tokens of a megabyte takes most of a second, in which the robot
/// would go on with the instruction before.
const BYTES_PER_TOKEN: usize = 64;

/// Enough of a text to recognise it by.
fn beginning(text: &str) -> &str {
    text.char_indices()
        .nth(40)
        .map_or(text, |(end, _)| &text[..end])
}

/// The largest `tokenizer.json`, in bytes: ten times one with the words of a hundred languages.
const MOST_TOKENIZER: u64 = 256 << 20;

fn load_tokens(spec: &TextEncoderSpec, folder: &Path) -> Result<Tokens, ConfigErrors> {
    let (path, content) = verified(
        "encoder.tokenizer",
        folder,
        &spec.tokenizer,
        &spec.tokenizer_sha256,
        MOST_TOKENIZER,
    )?;
    Tokens::read(&content, spec.max_tokens).map_err(|why| {
        ConfigErrors::from(format!(
            "encoder.tokenizer {} is not a usable tokenizer.json: {why}",
            path.display()
        ))
    })
}

/// The tensors that a language model asks for.
struct Feed {
    ports: Vec<(Port, Field)>,
    fixed_length: Option<usize>,
    padding: i64,
    shape: [i64; 2],
    sentence: Sentence,
    narrow: [Vec<i32>; 3],
}

/// What an input carries.
#[derive(Clone, Copy)]
enum Field {
    Ids,
    Mask,
    Types,
}

impl Field {
    fn of(name: &str) -> Option<Self> {
        match name {
            "input_ids" => Some(Self::Ids),
            "attention_mask" => Some(Self::Mask),
            "token_type_ids" => Some(Self::Types),
            _ => None,
        }
    }
}

impl Feed {
    fn new(inputs: &[Port], tokens: &Tokens, pooling: Pooling) -> Result<Self, String> {
        let mut ports = Vec::with_capacity(inputs.len());
        let mut fixed_length = None;
        for port in inputs {
            let typed = matches!(port.element, Element::I32 | Element::I64);
            match (Field::of(&port.name), port.shape.as_slice()) {
                (Some(field), &[batch, length]) if typed && (batch < 0 || batch == 1) => {
                    fixed_length = fixed_length.max(usize::try_from(length).ok());
                    ports.push((port.clone(), field));
                }
                _ => {
                    return Err(format!(
                        "input {port} cannot be fed; a text encoder has input_ids and, where it wants them, attention_mask \
                         and token_type_ids, each i64 or i32 [1, tokens]; the inputs of this model are: {}",
                        list(inputs)
                    ));
                }
            }
        }
        if !ports.iter().any(|(_, field)| matches!(field, Field::Ids)) {
            return Err(format!(
                "it has no input_ids, which a text encoder needs; the inputs of this model are: {}",
                list(inputs)
            ));
        }
        if let Some(length) = fixed_length {
            if length > MAX_TOKENS {
                return Err(format!(
                    "it takes exactly {length} tokens; at most {MAX_TOKENS} are supported"
                ));
            }
            if tokens.max() > length {
                return Err(format!(
                    "encoder.max_tokens is {}, and this model takes exactly {length} tokens; at most that many are allowed",
                    tokens.max()
                ));
            }
            if pooling == Pooling::Mean {
                return Err(format!(
                    "encoder.pooling is mean, and this model takes exactly {length} tokens, most of them padding; \
                     masked_mean leaves the padding out"
                ));
            }
        }
        Ok(Self {
            ports,
            fixed_length,
            padding: tokens.padding(),
            shape: [1, 0],
            sentence: Sentence::default(),
            narrow: Default::default(),
        })
    }

    fn set(&mut self, sentence: Sentence) {
        self.sentence = sentence;
        if let Some(length) = self.fixed_length {
            self.sentence.fill_up(length, self.padding);
        }
        self.shape[1] = self.sentence.ids.len() as i64;
        for (port, field) in &self.ports {
            if port.element == Element::I32 {
                let narrow = &mut self.narrow[*field as usize];
                narrow.clear();
                // Token ids are u32 in the tokenizer and far below i32::MAX in every vocabulary.
                narrow.extend(self.sentence.of(*field).iter().map(|&id| id as i32));
            }
        }
    }

    fn inputs(&self) -> Vec<Input<'_>> {
        self.ports
            .iter()
            .map(|(port, field)| Input {
                name: &port.name,
                shape: &self.shape,
                numbers: match port.element {
                    Element::I32 => Numbers::I32(&self.narrow[*field as usize]),
                    _ => Numbers::I64(self.sentence.of(*field)),
                },
            })
            .collect()
    }
}

impl Sentence {
    fn of(&self, field: Field) -> &[i64] {
        match field {
            Field::Ids => &self.ids,
            Field::Mask => &self.mask,
            Field::Types => &self.types,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_of_a_length_that_no_sentence_has_is_refused_before_it_is_filled_up() {
        let json = include_bytes!("../../tests/models/tokenizer.json");
        let tokens = Tokens::read(json, 16).unwrap();
        let port = |length| Port {
            name: "input_ids".into(),
            element: Element::I64,
            shape: vec![1, length],
            text: String::new(),
        };
        let feed = |length| Feed::new(&[port(length)], &tokens, Pooling::MaskedMean).err();
        assert_eq!(feed(MAX_TOKENS as i64), None);
        for length in [MAX_TOKENS as i64 + 1, 1 << 40, i64::MAX] {
            let why = feed(length).unwrap();
            assert!(why.contains(&format!("exactly {length} tokens")), "{why}");
        }
    }
}
