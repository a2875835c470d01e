//! Masks values that the gateway must not keep in memory: all others of the vault.
//!
//! A value is known by fingerprints only: for each way in which it may be spelled, its length, two short rolling hashes under a
//! secret seed (of its first and its last bytes) and a keyed hash that the vault makes. A rolling hash runs over the stream;
//! where it meets one of the first, and the other hash agrees too, the keyed hash decides. So a stream costs a few operations
//! for each byte, however many values there are, and the keyed hash is asked only where a value almost certainly stands.
//!
//! Spellings: plain, base16 in both cases, base64 (standard and URL-safe) at its three alignments without the characters that
//! a value shares with its neighbours, percent-encoded as URLs and forms do, JSON and HTML escaped. Unlike the masker of a
//! lease it does not know mixtures (one byte escaped that need not be).
//!
//! INVARIANT: the output depends on the bytes only, not on the chunks. Between chunks it holds back an occurrence that has
//! begun, and an end of fewer than [`WINDOW_BYTES`] bytes that could begin one; never anything else.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use zeroize::{Zeroize, Zeroizing};

/// What stands in the output for a value of the vault.
pub const VAULT_MASK: &[u8] = b"[masked:vault]";

/// Bytes that the rolling hash sees. No shorter value is masked.
const WINDOW_BYTES: usize = 12;
/// No longer spelling is masked, and so no more is held back.
const LONGEST_SPELLING_BYTES: usize = 16 << 10;
/// A value needs this many different bytes and this entropy: `test`, dates and words repeat in any text.
const FEWEST_DIFFERENT_BYTES: usize = 6;
const LEAST_ENTROPY_BITS: f32 = 2.5;
const BLOOM_BITS: usize = 1 << 18;

/// A keyed hash, which the vault provides. It must not be computable without the vault's key.
pub trait KeyedHash {
    /// The first sixteen bytes, or more that are cut, of the keyed hash.
    fn keyed_hash(&self, bytes: &[u8]) -> [u8; 16];
}

impl<F: Fn(&[u8]) -> [u8; 16]> KeyedHash for F {
    fn keyed_hash(&self, bytes: &[u8]) -> [u8; 16] {
        self(bytes)
    }
}

/// What may be known of one spelling of a value.
#[derive(Clone, Copy)]
struct Tail {
    last: u32,
    keyed: [u8; 16],
}

/// Why a value is not in the set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotMasked {
    /// Masking it would mask ordinary text.
    #[error("the value is shorter than 12 bytes; only calls that use it mask it")]
    TooShort,
    /// Masking it would mask ordinary text.
    #[error("the value repeats few characters; only calls that use it mask it")]
    TooPredictable,
    /// Recognising it would hold back too much of a stream.
    #[error("the value is longer than 16384 bytes; only calls that use it mask it")]
    TooLong,
}

/// Fingerprints of values. Build it when the vault opens, and again when a value changes; share it between streams.
///
/// Nothing in it is a value: a window hash has 32 bits, the alphabet says which bytes occur in any value.
pub struct FingerprintSet {
    table: Box<[u64; 256]>,
    multiplier: u64,
    /// The multiplier to the power of a window's length less one.
    leaving: u64,
    /// By the hash of the first window, then by length.
    heads: HashMap<u32, BTreeMap<usize, Vec<Tail>>>,
    bloom: Vec<u64>,
    /// Bytes that occur in the first window of a spelling.
    alphabet: [bool; 256],
    /// Bytes that a spelling starts with.
    first: [bool; 256],
    values: usize,
}

impl FingerprintSet {
    /// An empty set. `seed` is random and secret, made for this process.
    pub fn new(mut seed: [u64; 2]) -> Self {
        let [state, odd] = &mut seed;
        let mut table = Box::new([0; 256]);
        for entry in table.iter_mut() {
            *entry = mixed(state);
        }
        let multiplier = mixed(odd) | 1;
        seed.zeroize();
        let leaving = (1..WINDOW_BYTES).fold(1_u64, |power, _| power.wrapping_mul(multiplier));
        Self {
            table,
            multiplier,
            leaving,
            heads: HashMap::new(),
            bloom: vec![0; BLOOM_BITS / 64],
            alphabet: [false; 256],
            first: [false; 256],
            values: 0,
        }
    }

    /// Adds a value, which is not kept. The same `keyed` must be given to the maskers.
    ///
    /// # Errors
    /// If the value would be masked in ordinary text, or is too long.
    pub fn add(&mut self, value: &[u8], keyed: &dyn KeyedHash) -> Result<(), NotMasked> {
        if value.len() < WINDOW_BYTES {
            return Err(NotMasked::TooShort);
        }
        if value.len() > LONGEST_SPELLING_BYTES {
            return Err(NotMasked::TooLong);
        }
        let mut seen = [false; 256];
        for &byte in value {
            seen[usize::from(byte)] = true;
        }
        let different = seen.iter().filter(|&&seen| seen).count();
        if different < FEWEST_DIFFERENT_BYTES
            || crate::secret::entropy_bits(value) < LEAST_ENTROPY_BITS
        {
            return Err(NotMasked::TooPredictable);
        }
        for spelling in spellings(value) {
            self.add_spelling(&spelling, keyed);
        }
        self.values += 1;
        Ok(())
    }

    fn add_spelling(&mut self, spelling: &[u8], keyed: &dyn KeyedHash) {
        let (Some(head), Some(end)) = (
            spelling.first_chunk::<WINDOW_BYTES>(),
            spelling.last_chunk::<WINDOW_BYTES>(),
        ) else {
            return;
        };
        if spelling.len() > LONGEST_SPELLING_BYTES {
            return;
        }
        let hash = shortened(self.hash(head));
        let tail = Tail {
            last: shortened(self.hash(end)),
            keyed: keyed.keyed_hash(spelling),
        };
        let tails = self
            .heads
            .entry(hash)
            .or_default()
            .entry(spelling.len())
            .or_default();
        if tails.iter().any(|known| known.keyed == tail.keyed) {
            return;
        }
        tails.push(tail);
        let bit = bloom_bit(hash);
        if let Some(word) = self.bloom.get_mut(bit / 64) {
            *word |= 1 << (bit % 64);
        }
        for &byte in head {
            self.alphabet[usize::from(byte)] = true;
        }
        self.first[usize::from(head[0])] = true;
    }

    /// How many values are known.
    pub fn value_count(&self) -> usize {
        self.values
    }

    /// A masker of one stream.
    pub fn masker<'set>(&'set self, keyed: &'set dyn KeyedHash) -> VaultMasker<'set> {
        VaultMasker {
            set: self,
            keyed,
            held: Held::new(),
        }
    }

    /// Masks a complete text. Borrows if there is nothing to mask.
    pub fn mask_all<'text>(&self, text: &'text [u8], keyed: &dyn KeyedHash) -> Cow<'text, [u8]> {
        let mut out = Vec::new();
        let mut marks = 0;
        self.run(text, 0, true, keyed, &mut out, &mut marks);
        if marks == 0 {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(out)
        }
    }

    fn hash(&self, window: &[u8]) -> u64 {
        window
            .iter()
            .fold(0, |hash: u64, &byte| self.pushed(hash, byte))
    }

    fn pushed(&self, hash: u64, byte: u8) -> u64 {
        hash.wrapping_mul(self.multiplier)
            .wrapping_add(self.table[usize::from(byte)])
    }

    fn without(&self, hash: u64, byte: u8) -> u64 {
        hash.wrapping_sub(self.table[usize::from(byte)].wrapping_mul(self.leaving))
    }

    fn may_be_head(&self, hash: u32) -> bool {
        let bit = bloom_bit(hash);
        self.bloom
            .get(bit / 64)
            .is_some_and(|word| word >> (bit % 64) & 1 == 1)
    }

    /// The longest spelling that stands at `at`, or that more text is needed to tell.
    fn at(&self, text: &[u8], at: usize, hash: u32, last: bool, keyed: &dyn KeyedHash) -> Standing {
        let Some(lengths) = self.heads.get(&hash) else {
            return Standing::Nothing;
        };
        for (&length, tails) in lengths.iter().rev() {
            let Some(candidate) = text.get(at..at + length) else {
                if last {
                    continue;
                }
                return Standing::Open;
            };
            let end = candidate
                .last_chunk::<WINDOW_BYTES>()
                .map_or(0, |end| shortened(self.hash(end)));
            if tails.iter().any(|tail| tail.last == end) {
                let confirmed = keyed.keyed_hash(candidate);
                if tails.iter().any(|tail| tail.keyed == confirmed) {
                    return Standing::Value { end: at + length };
                }
            }
        }
        Standing::Nothing
    }

    /// Copies `text` to `out`, masked, but for its first `covered` bytes. Answers from where on it is undecided, and how far
    /// beyond that the last mark reaches.
    fn run(
        &self,
        text: &[u8],
        mut covered: usize,
        last: bool,
        keyed: &dyn KeyedHash,
        out: &mut Vec<u8>,
        marks: &mut u64,
    ) -> (usize, usize) {
        let mut undecided = None;
        if text.len() >= WINDOW_BYTES && !self.heads.is_empty() {
            let mut hash = self.hash(text.get(..WINDOW_BYTES).unwrap_or_default());
            for at in 0..=text.len() - WINDOW_BYTES {
                if at > 0
                    && let (Some(&old), Some(&new)) =
                        (text.get(at - 1), text.get(at + WINDOW_BYTES - 1))
                {
                    hash = self.pushed(self.without(hash, old), new);
                }
                let short = shortened(hash);
                if !self.may_be_head(short) {
                    continue;
                }
                match self.at(text, at, short, last, keyed) {
                    Standing::Nothing => {}
                    Standing::Open => {
                        undecided = Some(at);
                        break;
                    }
                    Standing::Value { end } => {
                        if at >= covered {
                            out.extend_from_slice(text.get(covered..at).unwrap_or_default());
                            out.extend_from_slice(VAULT_MASK);
                            *marks += 1;
                        }
                        covered = covered.max(end);
                    }
                }
            }
        }
        let until = undecided.unwrap_or_else(|| {
            if last {
                text.len()
            } else {
                self.open_end(text)
            }
        });
        out.extend_from_slice(text.get(covered..until).unwrap_or_default());
        (until, covered.saturating_sub(until))
    }

    /// Where the end of the text begins that could be the start of a spelling.
    fn open_end(&self, text: &[u8]) -> usize {
        let from = text.len().saturating_sub(WINDOW_BYTES - 1);
        let tail = text.get(from..).unwrap_or_default();
        let run = tail
            .iter()
            .rposition(|&byte| !self.alphabet[usize::from(byte)])
            .map_or(0, |place| place + 1);
        let skipped = tail
            .iter()
            .skip(run)
            .position(|&byte| self.first[usize::from(byte)])
            .unwrap_or(tail.len() - run);
        from + run + skipped
    }
}

enum Standing {
    Nothing,
    Open,
    Value { end: usize },
}

impl fmt::Debug for FingerprintSet {
    /// Counts only.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("FingerprintSet")
            .field("values", &self.values)
            .finish_non_exhaustive()
    }
}

impl Drop for FingerprintSet {
    fn drop(&mut self) {
        self.table.zeroize();
        self.multiplier.zeroize();
        self.leaving.zeroize();
        self.bloom.zeroize();
    }
}

/// What a stream has open between two chunks.
struct Held {
    bytes: Zeroizing<Vec<u8>>,
    covered: usize,
    marks: u64,
}

impl Held {
    fn new() -> Self {
        Self {
            bytes: Zeroizing::new(Vec::new()),
            covered: 0,
            marks: 0,
        }
    }

    fn advance(
        &mut self,
        set: &FingerprintSet,
        keyed: &dyn KeyedHash,
        chunk: &[u8],
        last: bool,
        out: &mut Vec<u8>,
    ) {
        let mut text = Zeroizing::new(Vec::new());
        let whole: &[u8] = if self.bytes.is_empty() {
            chunk
        } else {
            text = Zeroizing::new(Vec::with_capacity(self.bytes.len() + chunk.len()));
            text.extend_from_slice(&self.bytes);
            text.extend_from_slice(chunk);
            &text
        };
        let covered = self.covered.min(whole.len());
        let beyond = self.covered - covered;
        let (until, reach) = set.run(whole, covered, last, keyed, out, &mut self.marks);
        let rest = whole.get(until..).unwrap_or_default();
        let mut held = Zeroizing::new(Vec::with_capacity(rest.len()));
        held.extend_from_slice(rest);
        self.covered = if last { 0 } else { reach + beyond };
        self.bytes = held;
        drop(text);
    }
}

/// Masks the values of a [`FingerprintSet`] in one stream. Stands behind the masker of the call's lease.
pub struct VaultMasker<'set> {
    set: &'set FingerprintSet,
    keyed: &'set dyn KeyedHash,
    held: Held,
}

/// A [`VaultMasker`] that shares what it needs: for a stream that outlives the call that began it.
pub struct VaultStream {
    set: Arc<FingerprintSet>,
    keyed: Arc<dyn KeyedHash + Send + Sync>,
    held: Held,
}

impl VaultStream {
    /// A masker of one stream. `keyed` is the one that the set was made with.
    pub fn new(set: Arc<FingerprintSet>, keyed: Arc<dyn KeyedHash + Send + Sync>) -> Self {
        Self {
            set,
            keyed,
            held: Held::new(),
        }
    }

    /// What is decided after the next `chunk`.
    pub fn mask_chunk(&mut self, chunk: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(chunk.len() + self.held.bytes.len());
        self.held
            .advance(&self.set, &*self.keyed, chunk, false, &mut out);
        out
    }

    /// What was held back, now that the stream has ended.
    pub fn finish_chunk(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        self.held
            .advance(&self.set, &*self.keyed, &[], true, &mut out);
        out
    }

    /// Masks a complete text. Borrows if there is nothing to mask.
    pub fn mask_all<'text>(&self, text: &'text [u8]) -> Cow<'text, [u8]> {
        self.set.mask_all(text, &*self.keyed)
    }
}

impl fmt::Debug for VaultStream {
    /// Counts only.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("VaultStream")
            .field("held_bytes", &self.held.bytes.len())
            .field("marks", &self.held.marks)
            .finish_non_exhaustive()
    }
}

impl VaultMasker<'_> {
    /// Appends to `out` what is decided after the next `chunk`.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        self.advance(chunk, false, out);
    }

    /// Appends to `out` what was held back, now that the stream has ended. Afterwards another stream can start.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.advance(&[], true, out);
    }

    /// How many bytes are held back.
    pub fn held_bytes(&self) -> usize {
        self.held.bytes.len()
    }

    /// How many marks have been put into the stream.
    pub fn marks(&self) -> u64 {
        self.held.marks
    }

    fn advance(&mut self, chunk: &[u8], last: bool, out: &mut Vec<u8>) {
        self.held.advance(self.set, self.keyed, chunk, last, out);
    }
}

impl fmt::Debug for VaultMasker<'_> {
    /// Counts only.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("VaultMasker")
            .field("held_bytes", &self.held.bytes.len())
            .field("marks", &self.held.marks)
            .finish_non_exhaustive()
    }
}

/// The next number of a splitmix64 sequence.
fn mixed(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The high half: the low bits of such a hash depend on little.
fn shortened(hash: u64) -> u32 {
    let [a, b, c, d, ..] = hash.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

fn bloom_bit(hash: u32) -> usize {
    usize::try_from(hash).unwrap_or(0) % BLOOM_BITS
}

fn spellings(value: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut all: Vec<Zeroizing<Vec<u8>>> = vec![
        Zeroizing::new(value.to_vec()),
        escaped(value, |byte, out| hex(byte, b"0123456789abcdef", out)),
        escaped(value, |byte, out| hex(byte, b"0123456789ABCDEF", out)),
        escaped(value, |byte, out| {
            percent(byte, b"-_.~", b"0123456789ABCDEF", false, out);
        }),
        escaped(value, |byte, out| {
            percent(byte, b"-_.~", b"0123456789abcdef", false, out);
        }),
        escaped(value, |byte, out| {
            percent(byte, b"-_.!~*'()", b"0123456789ABCDEF", false, out);
        }),
        escaped(value, |byte, out| {
            percent(byte, b"-_.*", b"0123456789ABCDEF", true, out);
        }),
        json(value, false, false),
        json(value, true, false),
        json(value, false, true),
        escaped(value, html),
    ];
    for shared in 0..3_usize {
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let mut padded = Zeroizing::new(vec![0; shared]);
            padded.extend_from_slice(value);
            let text = Zeroizing::new(engine.encode(&*padded).into_bytes());
            // Whole characters of the value: not those that carry bits of what precedes or follows.
            let start = (shared * 8).div_ceil(6);
            let end = padded.len() * 8 / 6;
            all.push(Zeroizing::new(
                text.get(start..end).unwrap_or_default().to_vec(),
            ));
        }
    }
    all.sort_by(|left, right| left.as_slice().cmp(right.as_slice()));
    all.dedup_by(|left, right| left.as_slice() == right.as_slice());
    all
}

fn escaped(value: &[u8], mut write: impl FnMut(u8, &mut Vec<u8>)) -> Zeroizing<Vec<u8>> {
    // Room for the longest spelling of a byte, so that nothing is left behind by growing.
    let mut out = Zeroizing::new(Vec::with_capacity(value.len() * 6));
    for &byte in value {
        write(byte, &mut out);
    }
    out
}

fn hex(byte: u8, digits: &[u8; 16], out: &mut Vec<u8>) {
    out.push(digits[usize::from(byte >> 4)]);
    out.push(digits[usize::from(byte & 15)]);
}

fn percent(byte: u8, plain: &[u8], digits: &[u8; 16], form: bool, out: &mut Vec<u8>) {
    if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
        out.push(byte);
    } else if form && byte == b' ' {
        out.push(b'+');
    } else {
        out.push(b'%');
        hex(byte, digits, out);
    }
}

fn html(byte: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(match byte {
        b'&' => b"&amp;",
        b'<' => b"&lt;",
        b'>' => b"&gt;",
        b'"' => b"&quot;",
        b'\'' => b"&#39;",
        _ => return out.push(byte),
    });
}

/// As a JSON string writes it: other characters as they are or as `\u` escapes, slashes plain or not.
fn json(value: &[u8], ascii: bool, slashes: bool) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(value.len() * 6));
    let text = str::from_utf8(value).ok();
    if let (true, Some(text)) = (ascii, text) {
        for character in text.chars() {
            match u8::try_from(character) {
                Ok(byte) if byte.is_ascii() => json_byte(byte, slashes, &mut out),
                _ => {
                    let mut units = [0; 2];
                    for unit in character.encode_utf16(&mut units) {
                        let [high, low] = unit.to_be_bytes();
                        out.extend_from_slice(b"\\u");
                        hex(high, b"0123456789abcdef", &mut out);
                        hex(low, b"0123456789abcdef", &mut out);
                    }
                }
            }
        }
    } else {
        for &byte in value {
            json_byte(byte, slashes, &mut out);
        }
    }
    out
}

fn json_byte(byte: u8, slashes: bool, out: &mut Vec<u8>) {
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'/' if slashes => out.extend_from_slice(b"\\/"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        0x08 => out.extend_from_slice(b"\\b"),
        0x0c => out.extend_from_slice(b"\\f"),
        0..0x20 => {
            out.extend_from_slice(b"\\u00");
            hex(byte, b"0123456789abcdef", out);
        }
        _ => out.push(byte),
    }
}
