//! The hashes of the model. They are part of the weights file's meaning: a change needs a new version of it.

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// The start of a word's hash.
pub(super) const START: u64 = OFFSET;

/// Adds a byte (FNV-1a).
#[inline]
pub(super) const fn add(hash: u64, byte: u8) -> u64 {
    (hash ^ byte as u64).wrapping_mul(PRIME)
}

/// Spreads a hash over all bits (the finaliser of `SplitMix64`).
#[inline]
pub(super) const fn finish(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// Joins two hashes in order.
#[inline]
pub(super) const fn join(left: u64, right: u64) -> u64 {
    finish(left.rotate_left(23).wrapping_mul(PRIME) ^ right)
}

/// The hash of a word.
pub(super) fn word(word: &str) -> u64 {
    word.bytes().fold(START, add)
}
