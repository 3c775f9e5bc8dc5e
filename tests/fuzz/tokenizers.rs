//! Tokenizers, and the sentences that they read.

use std::sync::OnceLock;

use late_fusion::encoder::Tokens;

use crate::MB;
use crate::document::Document;
use crate::memory::bounded;
use crate::mutate::{Edit, spoil, try_out};

/// Beside the one of the small test models one of each family, with the parts that they are made of.
const WORD_PIECE: &str = r###"{
"version": "1.0",
"truncation": {"direction": "Right", "max_length": 8, "strategy": "LongestFirst", "stride": 2},
"padding": {"strategy": "BatchLongest", "direction": "Left", "pad_to_multiple_of": 4, "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"},
"added_tokens": [{"id": 2, "content": "[SEP]", "single_word": true, "lstrip": true, "rstrip": true, "normalized": true, "special": false}],
"normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
"pre_tokenizer": {"type": "BertPreTokenizer"},
"post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]},
"decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
"model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
"vocab": {"[PAD]": 0, "[CLS]": 1, "[SEP]": 2, "[UNK]": 3, "open": 4, "##ing": 5, "the": 6, "dr": 7, "##aw": 8, "##er": 9}}}"###;

const BYTE_PAIRS: &str = r###"{
"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
"normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "}, {"type": "StripAccents"}]},
"pre_tokenizer": {"type": "Sequence", "pretokenizers": [
{"type": "Split", "pattern": {"Regex": "'s|\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)"}, "behavior": "Isolated", "invert": false},
{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}]},
"post_processor": {"type": "RobertaProcessing", "sep": ["e", 1], "cls": ["o", 0], "trim_offsets": true, "add_prefix_space": true},
"decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
"model": {"type": "BPE", "dropout": null, "unk_token": "e", "continuing_subword_prefix": "", "end_of_word_suffix": "", "fuse_unk": true,
"byte_fallback": false, "ignore_merges": false, "vocab": {"o": 0, "e": 1, "p": 2, "n": 3, "op": 4, "en": 5, "open": 6, "d": 7, "r": 8},
"merges": [["o", "p"], ["e", "n"], ["op", "en"]]}}"###;

const UNIGRAM: &str = r###"{
"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
"normalizer": {"type": "Sequence", "normalizers": [{"type": "Strip", "strip_left": true, "strip_right": false}, {"type": "Prepend", "prepend": "▁"}, {"type": "Nmt"}, {"type": "NFKC"}, {"type": "Lowercase"}]},
"pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": true}, {"type": "Punctuation", "behavior": "MergedWithPrevious"},
{"type": "CharDelimiterSplit", "delimiter": "-"}, {"type": "FixedLength", "length": 5}, {"type": "UnicodeScripts"}, {"type": "Whitespace"},
{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": true}]},
"post_processor": {"type": "Sequence", "processors": [{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true}]},
"decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}, {"type": "CTC", "pad_token": "p", "word_delimiter_token": "|", "cleanup": true}]},
"model": {"type": "Unigram", "unk_id": 0, "byte_fallback": false, "vocab": [["<unk>", 0.0], ["▁", -1.0], ["o", -2.5], ["pen", -3.0], ["▁open", -1.5], ["d", -9.0]]}}"###;

const SENTENCES: [&str; 4] = [
    "open the drawer",
    "Close it, then press button 3 — don't wait!",
    "機器人 abre la \u{301}e\u{301}cran \u{200d}👩\u{200d}🔧",
    "[SEP] [CLS]##ing\tx\u{0}\n",
];

fn samples() -> &'static [Document] {
    static SAMPLES: OnceLock<Vec<Document>> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let small = Document::shipped("tests/models/tokenizer.json");
        let others = [WORD_PIECE, BYTE_PAIRS, UNIGRAM].map(Document::new);
        [small].into_iter().chain(others).collect()
    })
}

const MAX_TOKENS: usize = 16;

/// Reads a tokenizer and a sentence with it; how many tokens there were.
fn encode(json: &[u8], sentence: &str) -> Option<usize> {
    bounded(32 * MB, || {
        let tokens = Tokens::read(json, MAX_TOKENS).ok()?;
        read(&tokens, sentence)
    })
}

fn read(tokens: &Tokens, sentence: &str) -> Option<usize> {
    if let Ok(blank) = tokens.blank() {
        assert!(!blank.ids.is_empty());
    }
    let sentence = tokens.encode(sentence).ok()??;
    let lengths = [
        sentence.ids.len(),
        sentence.mask.len(),
        sentence.types.len(),
    ];
    assert_eq!(lengths, [lengths[0]; 3]);
    Some(lengths[0])
}

/// With a few places changed, as JSON; every fourth time its text is spoilt instead.
fn spoilt(which: u8, edits: &[Edit]) -> Vec<u8> {
    let sample = &samples()[usize::from(which) % samples().len()];
    if which >= 192 {
        return spoil(sample.text().as_bytes().to_vec(), edits);
    }
    serde_json::to_vec(&sample.changed(edits)).unwrap_or_default()
}

fn spoilt_sentence(which: u8, edits: &[Edit]) -> String {
    let sentence = SENTENCES[usize::from(which) / 8 % SENTENCES.len()];
    let bytes = match edits.first() {
        Some(edit) if which & 4 != 0 => spoil(sentence.into(), &[*edit]),
        _ => sentence.into(),
    };
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn what_is_spoilt_here_reads_sentences() {
    for sample in samples() {
        for sentence in SENTENCES {
            let json = serde_json::to_vec(&sample.changed(&[])).unwrap();
            let count = encode(&json, sentence).unwrap_or_default();
            assert!(count > 0, "{sentence:?} by {}", sample.text());
            assert_eq!(encode(sample.text().as_bytes(), sentence), Some(count));
        }
    }
}

#[test]
fn no_tokenizer_panics_or_costs_memory() {
    try_out(3_000, |which, edits| {
        encode(&spoilt(which, edits), &spoilt_sentence(which, edits));
    });
}

#[test]
fn no_sentence_panics_or_costs_memory() {
    let path = "models/encoders/minilm_l6/tokenizer.json";
    let json = std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let tokens = Tokens::read(&json, 256).unwrap();
    try_out(3_000, |which, edits| {
        let sentence = SENTENCES[usize::from(which) % SENTENCES.len()];
        let sentence = spoil(sentence.repeat(1 + usize::from(which) / 16).into(), edits);
        let sentence = String::from_utf8_lossy(&sentence);
        // It keeps what it has seen of words, up to some number of them.
        bounded(16 * MB, || read(&tokens, &sentence));
    });
}
