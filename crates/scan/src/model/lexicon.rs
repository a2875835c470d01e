//! The lexicon: words and phrases of many languages, and the ideas that they carry.

use std::collections::HashMap;

use super::{
    hash,
    tokens::{Token, split},
};
use crate::normal::fold_word;

const SOURCE: &str = include_str!("lexicon.txt");

/// Bits of the filters in front of the tables: 16 KiB each, so that they stay in the first cache.
const FILTER_BITS: u64 = 1 << 17;

/// Longest phrase, in tokens.
const LONGEST_PHRASE: usize = 4;

/// Words, stems and phrases with their ideas.
#[derive(Debug)]
pub struct Lexicon {
    words: Table,
    stems: Table,
    phrases: Table,
    phrase_starts: Filter,
    /// Letters of a word that is worth finding misspelt, in any order.
    shuffled: Table,
    /// The same with one letter missing.
    shortened: Table,
    names: Vec<(String, String)>,
    fuzzy: u64,
}

#[derive(Debug)]
struct Filter(Vec<u64>);

impl Filter {
    fn new() -> Self {
        Self(vec![0; usize::try_from(FILTER_BITS / 64).unwrap_or(0)])
    }

    #[inline]
    fn place(hash: u64) -> (usize, u64) {
        let bit = (hash ^ (hash >> 29)) % FILTER_BITS;
        (usize::try_from(bit / 64).unwrap_or(0), 1 << (bit % 64))
    }

    fn insert(&mut self, hash: u64) {
        let (word, bit) = Self::place(hash);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    #[inline]
    fn may_have(&self, hash: u64) -> bool {
        let (word, bit) = Self::place(hash);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }
}

#[derive(Debug)]
struct Table {
    filter: Filter,
    map: HashMap<u64, u64>,
}

impl Table {
    fn new() -> Self {
        Self {
            filter: Filter::new(),
            map: HashMap::new(),
        }
    }

    fn insert(&mut self, hash: u64, concepts: u64) {
        self.filter.insert(hash);
        *self.map.entry(hash).or_default() |= concepts;
    }

    #[inline]
    fn get(&self, hash: u64) -> u64 {
        if self.filter.may_have(hash) {
            self.map.get(&hash).copied().unwrap_or_default()
        } else {
            0
        }
    }
}

impl Default for Lexicon {
    fn default() -> Self {
        Self::new()
    }
}

impl Lexicon {
    /// The lexicon that is built in.
    pub fn new() -> Self {
        let mut lexicon = Self {
            words: Table::new(),
            stems: Table::new(),
            phrases: Table::new(),
            phrase_starts: Filter::new(),
            shuffled: Table::new(),
            shortened: Table::new(),
            names: Vec::new(),
            fuzzy: 0,
        };
        let empty = Self {
            words: Table::new(),
            stems: Table::new(),
            phrases: Table::new(),
            phrase_starts: Filter::new(),
            shuffled: Table::new(),
            shortened: Table::new(),
            names: Vec::new(),
            fuzzy: 0,
        };
        let mut concept = 0_u64;
        for line in SOURCE.lines() {
            if line.starts_with('#') {
                continue;
            }
            if let Some(heading) = line.strip_prefix('@') {
                let (name, words) = heading.split_once(' ').unwrap_or((heading, heading));
                concept = 1 << lexicon.names.len().min(62);
                lexicon.names.push((name.to_owned(), words.to_owned()));
                continue;
            }
            for entry in line.split_whitespace() {
                lexicon.add(entry, concept, &empty);
            }
        }
        lexicon.fuzzy = 1 << lexicon.names.len().min(63);
        lexicon
            .names
            .push(("misspelt".to_owned(), "misspells a telling word".to_owned()));
        lexicon
    }

    fn add(&mut self, entry: &str, concept: u64, empty: &Self) {
        let (entry, misspelt) = entry
            .strip_prefix('~')
            .map_or((entry, false), |rest| (rest, true));
        let (entry, stem) = entry
            .strip_suffix('*')
            .map_or((entry, false), |rest| (rest, true));
        let folded = fold_word(&entry.replace('_', " "));
        let mut tokens = Vec::new();
        split(&folded, empty, &mut tokens);
        match tokens.as_slice() {
            [] => {}
            [token] => {
                let word = hash::word(&folded);
                let hash = if token.end as usize == folded.len()
                    && !matches!(
                        token.kind,
                        super::tokens::Kind::Number | super::tokens::Kind::Sign(_)
                    ) {
                    token.hash
                } else {
                    word
                };
                self.words.insert(hash, concept);
                if stem {
                    self.stems.insert(hash, concept);
                }
                if misspelt {
                    self.add_misspelt(folded.as_bytes(), concept);
                }
            }
            several => {
                let Some(first) = several.first() else { return };
                self.phrase_starts.insert(first.hash);
                let joined = several
                    .iter()
                    .take(LONGEST_PHRASE)
                    .fold(0, |joined, token| hash::join(joined, token.hash));
                self.phrases.insert(joined, concept);
            }
        }
    }

    fn add_misspelt(&mut self, word: &[u8], concept: u64) {
        self.shuffled.insert(shuffled(word), concept);
        for index in 1..word.len() {
            let rest: Vec<u8> = word
                .iter()
                .enumerate()
                .filter(|(at, _)| *at != index)
                .map(|(_, byte)| *byte)
                .collect();
            self.shortened.insert(shuffled(&rest), concept);
        }
    }

    #[inline]
    pub(super) fn word(&self, hash: u64) -> u64 {
        self.words.get(hash)
    }

    #[inline]
    pub(super) fn stem(&self, hash: u64) -> u64 {
        self.stems.get(hash)
    }

    /// The ideas of the telling word that this one misspells by one letter or by order, with the mark for that.
    pub(super) fn misspelt(&self, word: &[u8]) -> u64 {
        let all = shuffled(word);
        let mut found = self.shuffled.get(all) | self.shortened.get(all);
        if found == 0 && word.len() >= 6 {
            for byte in word.iter().skip(1) {
                let without = all.wrapping_sub(letter(*byte | 0x20));
                // One letter too many, or one letter wrong.
                found |= self.shuffled.get(without);
                if word.len() >= 8 {
                    found |= self.shortened.get(without);
                }
            }
        }
        if found == 0 { 0 } else { found | self.fuzzy }
    }

    /// Adds the ideas of phrases to the first token of each.
    pub(super) fn mark_phrases(&self, tokens: &mut [Token]) {
        for index in 0..tokens.len() {
            let Some(first) = tokens.get(index).map(|token| token.hash) else {
                break;
            };
            if !self.phrase_starts.may_have(first) {
                continue;
            }
            let mut joined = hash::join(0, first);
            let mut found = 0;
            for token in tokens.iter().skip(index + 1).take(LONGEST_PHRASE - 1) {
                joined = hash::join(joined, token.hash);
                found |= self.phrases.get(joined);
            }
            if let Some(token) = tokens.get_mut(index) {
                token.concepts |= found;
            }
        }
    }

    /// How many ideas there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// An idea's name.
    pub fn name(&self, concept: usize) -> &str {
        self.names.get(concept).map_or("", |(name, _)| name)
    }

    /// An idea in words for an operator.
    pub fn words_of(&self, concept: usize) -> &str {
        self.names.get(concept).map_or("", |(_, words)| words)
    }
}

fn letter(byte: u8) -> u64 {
    hash::finish(u64::from(byte) + 0x5bd1_e995)
}

/// A hash of a word's letters in any order, with its first letter.
fn shuffled(word: &[u8]) -> u64 {
    let first = word.first().map_or(0, |byte| *byte | 0x20);
    word.iter()
        .fold(letter(first).rotate_left(17), |sum, byte| {
            sum.wrapping_add(letter(*byte | 0x20))
        })
}
