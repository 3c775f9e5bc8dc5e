//! A sentence to the numbers of a language encoder.

use std::path::Path;

use tokenizers::{Encoding, PostProcessor, Tokenizer};

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
}

impl Tokens {
    /// Reads a `tokenizer.json`.
    pub fn load(path: &Path, max_tokens: usize) -> Result<Self, String> {
        let mut tokenizer = Tokenizer::from_file(path).map_err(|e| e.to_string())?;
        let padding = tokenizer
            .get_padding()
            .map_or(0, |padding| i64::from(padding.pad_id));
        let special_tokens = tokenizer
            .get_post_processor()
            .map_or(0, |processor| processor.added_tokens(false));
        if max_tokens <= special_tokens {
            return Err(format!(
                "encoder.max_tokens is {max_tokens}, and it puts {special_tokens} special tokens around a sentence; more are needed"
            ));
        }
        tokenizer.with_padding(None);
        // A sentence is never cut: a robot would do a part of what it was told. The file may ask for it.
        tokenizer.with_truncation(None).map_err(|e| e.to_string())?;
        Ok(Self {
            tokenizer,
            max_tokens,
            padding,
        })
    }

    /// The tokens of a sentence, however many; `None` when it has none.
    pub fn encode(&self, sentence: &str) -> Result<Option<Sentence>, String> {
        let bare = self
            .tokenizer
            .encode(sentence, false)
            .map_err(|e| e.to_string())?;
        if bare.is_empty() {
            return Ok(None);
        }
        self.mark(bare).map(Some)
    }

    /// The special tokens around no words at all, on which a model can be tried.
    pub fn blank(&self) -> Result<Sentence, String> {
        let mut sentence = self.mark(Encoding::default())?;
        if sentence.ids.is_empty() {
            sentence.fill_up(1, self.padding);
            sentence.mask.fill(1);
        }
        Ok(sentence)
    }

    /// Puts the special tokens around.
    fn mark(&self, bare: Encoding) -> Result<Sentence, String> {
        let marked = self
            .tokenizer
            .post_process(bare, None, true)
            .map_err(|e| e.to_string())?;
        let wide = |numbers: &[u32]| numbers.iter().map(|&n| i64::from(n)).collect();
        Ok(Sentence {
            ids: wide(marked.get_ids()),
            mask: wide(marked.get_attention_mask()),
            types: wide(marked.get_type_ids()),
        })
    }

    /// The most tokens of a sentence that the model takes.
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
