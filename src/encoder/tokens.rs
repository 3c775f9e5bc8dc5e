//! A sentence to the numbers of a language encoder.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokenizers::{Encoding, PostProcessor, Tokenizer};

use super::vocabulary;
use crate::shutdown::panic_message;

/// A tokenizer without the padding that its file may ask for: padding would change a mean over all tokens.
pub struct Tokens {
    tokenizer: Tokenizer,
    max_tokens: usize,
    padding: i64,
}

/// The tokens of one sentence.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sentence {
    /// What the model looks up.
    pub ids: Vec<i64>,
    /// 1 for every token that counts.
    pub mask: Vec<i64>,
    /// Which of two sentences each belongs to.
    pub types: Vec<i64>,
}

impl Tokens {
    /// Reads a `tokenizer.json`.
    pub fn read(json: &[u8], max_tokens: usize) -> Result<Self, String> {
        vocabulary::check(json)?;
        let mut tokenizer = contained(|| Tokenizer::from_bytes(json))?;
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
        let bare = contained(|| self.tokenizer.encode(sentence, false))?;
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
        let marked = contained(|| self.tokenizer.post_process(bare, None, true))?;
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

/// Asks the library for something. A file may ask it for what it has not thought of, which makes it panic.
fn contained<T>(ask: impl FnOnce() -> tokenizers::Result<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(ask)) {
        Ok(answer) => answer.map_err(|e| e.to_string()),
        Err(panic) => Err(format!(
            "the library that reads it panicked ({})",
            panic_message(panic.as_ref())
        )),
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

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &[u8] = include_bytes!("../../tests/models/tokenizer.json");

    #[test]
    fn a_file_that_was_cut_off_is_refused_before_the_library_panics() {
        assert!(Tokens::read(SMALL, 16).is_ok());
        let end = SMALL.trim_ascii_end().len();
        for cut in (0..end).step_by(7) {
            let why = Tokens::read(&SMALL[..cut], 16).err().unwrap();
            assert!(!why.contains("panicked"), "cut at {cut}: {why}");
        }
    }

    #[test]
    fn a_panic_of_the_library_is_an_error() {
        let why = contained::<()>(|| panic!("of its own")).unwrap_err();
        assert!(why.contains("panicked (of its own)"), "{why}");
    }
}
