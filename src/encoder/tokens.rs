//! A sentence to the numbers of a language encoder.

use std::path::Path;

use tokenizers::{Encoding, Tokenizer, TruncationParams};

/// A tokenizer without the padding that its file may ask for: padding would change a mean over all tokens.
pub(super) struct Tokens {
    tokenizer: Tokenizer,
    max_tokens: usize,
    padding: i64,
}

/// The tokens of one sentence.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sentence {
    pub ids: Vec<i64>,
    pub mask: Vec<i64>,
    pub types: Vec<i64>,
    /// How many tokens there were before the sentence was cut at the model's limit; as many as are left if it was not.
    pub before_cut: usize,
}

impl Tokens {
    /// Reads a `tokenizer.json`.
    pub fn load(path: &Path, max_tokens: usize) -> Result<Self, String> {
        let mut tokenizer = Tokenizer::from_file(path).map_err(|e| e.to_string())?;
        let padding = tokenizer
            .get_padding()
            .map_or(0, |padding| i64::from(padding.pad_id));
        tokenizer.with_padding(None);
        tokenizer
            .with_truncation(Some(TruncationParams {
                max_length: max_tokens,
                ..TruncationParams::default()
            }))
            .map_err(|e| e.to_string())?;
        Ok(Self {
            tokenizer,
            max_tokens,
            padding,
        })
    }

    /// The tokens of a sentence; `None` when nothing is left of it but the tokenizer's own marks.
    pub fn encode(&self, sentence: &str) -> Result<Option<Sentence>, String> {
        let encoding = self
            .tokenizer
            .encode(sentence, true)
            .map_err(|e| e.to_string())?;
        let special = encoding.get_special_tokens_mask();
        if special.iter().all(|&mark| mark == 1) {
            return Ok(None);
        }
        Ok(Some(to_sentence(&encoding)))
    }

    /// The marks around no words at all, on which a model can be tried.
    pub fn blank(&self) -> Result<Sentence, String> {
        let encoding = self.tokenizer.encode("", true).map_err(|e| e.to_string())?;
        let mut sentence = to_sentence(&encoding);
        if sentence.ids.is_empty() {
            sentence.fill_up(1, self.padding);
            sentence.mask.fill(1);
        }
        Ok(sentence)
    }

    /// The most tokens of a sentence.
    pub fn max(&self) -> usize {
        self.max_tokens
    }

    /// The token that fills up a sentence for a model of fixed length.
    pub fn padding(&self) -> i64 {
        self.padding
    }
}

impl Sentence {
    /// Fills up with tokens that the attention mask leaves out.
    pub fn fill_up(&mut self, length: usize, padding: i64) {
        self.ids.resize(length, padding);
        self.mask.resize(length, 0);
        self.types.resize(length, 0);
    }
}

fn to_sentence(encoding: &Encoding) -> Sentence {
    let wide = |numbers: &[u32]| numbers.iter().map(|&n| i64::from(n)).collect::<Vec<_>>();
    // Every overflowing part carries the tokenizer's marks again.
    let marks = encoding
        .get_special_tokens_mask()
        .iter()
        .filter(|&&m| m == 1)
        .count();
    let cut: usize = encoding
        .get_overflowing()
        .iter()
        .map(|part| part.len() - marks.min(part.len()))
        .sum();
    Sentence {
        ids: wide(encoding.get_ids()),
        mask: wide(encoding.get_attention_mask()),
        types: wide(encoding.get_type_ids()),
        before_cut: encoding.len() + cut,
    }
}
