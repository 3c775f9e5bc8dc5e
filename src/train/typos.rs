//! Typing errors: what is learned from sentences hangs less on their spelling.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// Puts typing errors into sentences.
#[derive(Clone, Copy, Debug)]
pub struct Typos {
    /// The most words of a sentence that have one.
    pub most_words: usize,
}

/// Changes whenever the same sentence gets other copies than before.
pub(super) const SLIPS: &str = "typos 1";

/// A word is recognised by its beginning and its length; of shorter ones little would be left.
const SHORTEST: usize = 4;

impl Typos {
    /// How many copies of a sentence are encoded beside it. Sentences are few and quickly encoded.
    pub const COPIES: usize = 16;

    /// The copies of a sentence: always the same ones, so that a second training hears what the first one heard.
    pub fn copies(self, sentence: &str) -> impl Iterator<Item = String> {
        let mut random = StdRng::from_seed(Sha256::digest(sentence).into());
        let sentence = sentence.to_owned();
        (0..Self::COPIES).map(move |_| self.copy(&sentence, &mut random))
    }

    /// None to [`Typos::most_words`] words, each number as likely, are mistyped.
    fn copy(self, sentence: &str, random: &mut StdRng) -> String {
        let mut words: Vec<String> = sentence
            .split_inclusive(|letter: char| !letter.is_alphabetic())
            .map(str::to_owned)
            .collect();
        let letters = |word: &String| word.chars().filter(|letter| letter.is_alphabetic()).count();
        let long: Vec<usize> = (0..words.len())
            .filter(|place| letters(&words[*place]) >= SHORTEST)
            .collect();
        let count = random.random_range(0..=self.most_words.min(long.len()));
        for place in rand::seq::index::sample(random, long.len(), count) {
            let word = &mut words[long[place]];
            *word = mistyped(word, letters(word), random);
        }
        words.concat()
    }
}

/// A word with one slip behind its first letter, where people seldom slip: two letters swapped, one left out, one twice, or
/// another one in its place. The word has so many letters, and nothing before them.
fn mistyped(word: &str, letters: usize, random: &mut StdRng) -> String {
    let mut typed: Vec<char> = word.chars().collect();
    let at = random.random_range(1..letters);
    match random.random_range(0..4) {
        0 if at + 1 < letters => typed.swap(at, at + 1),
        0 | 1 => drop(typed.remove(at)),
        2 => typed.insert(at, typed[at]),
        _ => typed[at] = random.random_range('a'..='z'),
    }
    typed.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn as_many_words_as_allowed_are_mistyped_and_short_ones_never() {
        let sentence = "slide the drawer open, please - now";
        for most_words in 0..4 {
            let changed = |copy: String| {
                let pairs = copy
                    .split(' ')
                    .zip(sentence.split(' '))
                    .map(|(a, b)| (a.to_owned(), b));
                let changed = pairs.filter(|(a, b)| a != b);
                changed.map(|(_, word)| word).collect::<Vec<_>>()
            };
            let copies = Typos { most_words }.copies(sentence).map(changed);
            let copies: Vec<Vec<&str>> = copies.collect();
            assert_eq!(copies.len(), Typos::COPIES);
            let most = copies.iter().map(Vec::len).max();
            assert_eq!(most, Some(most_words), "{copies:?}");
            let words: BTreeSet<&str> = copies.concat().into_iter().collect();
            assert!(
                !words.contains("the") && !words.contains("now"),
                "{words:?}"
            );
        }
    }

    #[test]
    fn a_slip_is_small_and_of_every_kind_and_always_the_same_ones_come() {
        let typos = Typos { most_words: 1 };
        let copies: Vec<String> = typos.copies("faucet").collect();
        assert_eq!(copies, typos.copies("faucet").collect::<Vec<_>>());
        let lengths: BTreeSet<usize> = copies.iter().map(String::len).collect();
        assert_eq!(lengths, BTreeSet::from([5, 6, 7]));
        assert!(
            copies.iter().all(|copy| copy.starts_with('f')),
            "{copies:?}"
        );
        assert!(copies.contains(&"faucet".to_owned()), "{copies:?}");
    }

    #[test]
    fn every_alphabet_is_mistyped_and_what_has_no_long_word_stays() {
        let typos = Typos { most_words: 8 };
        let copies: BTreeSet<String> = typos.copies("öffne die Schublade").collect();
        assert!(copies.len() > 5, "{copies:?}");
        for sentence in ["", "go", "  ", "1234567 !!"] {
            assert!(
                typos.copies(sentence).all(|copy| copy == sentence),
                "{sentence:?}"
            );
        }
    }
}
