//! Values that are known by fingerprints only (security requirement 21).

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::cell::Cell;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use countersign_scan::{FingerprintSet, KeyedHash, NotMasked, VAULT_MASK};
use proptest::prelude::*;

/// Stands for the vault's keyed hash.
fn keyed(bytes: &[u8]) -> [u8; 16] {
    let mut hash = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128;
    for &byte in bytes {
        hash = (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    hash.to_be_bytes()
}

fn set(values: &[&[u8]]) -> FingerprintSet {
    let mut set = FingerprintSet::new([0x1234_5678, 0x9abc_def0]);
    for value in values {
        set.add(value, &keyed).unwrap();
    }
    set
}

fn in_chunks(set: &FingerprintSet, text: &[u8], size: usize) -> Vec<u8> {
    let mut masker = set.masker(&keyed);
    let mut out = Vec::new();
    for chunk in text.chunks(size) {
        masker.push(chunk, &mut out);
    }
    masker.finish(&mut out);
    assert_eq!(masker.held_bytes(), 0);
    out
}

const VALUE: &[u8] = "pä55/w0rd+\"quoted\" & <long>".as_bytes();
const TOKEN: &[u8] = b"tok_4fQ9zR7bXw2LkV8mNc3T";

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[test]
fn every_listed_spelling_is_masked_over_all_chunk_sizes() {
    let set = set(&[VALUE, TOKEN]);
    let text = std::str::from_utf8(VALUE).unwrap();
    let spellings = [
        text.to_owned(),
        hex(VALUE),
        hex(VALUE).to_uppercase(),
        STANDARD.encode(VALUE),
        URL_SAFE.encode(VALUE),
        "p%C3%A455%2Fw0rd%2B%22quoted%22%20%26%20%3Clong%3E".to_owned(),
        "p%C3%A455%2Fw0rd%2B%22quoted%22+%26+%3Clong%3E".to_owned(),
        "pä55/w0rd+\\\"quoted\\\" & <long>".to_owned(),
        "p\\u00e455/w0rd+\\\"quoted\\\" & <long>".to_owned(),
        "pä55\\/w0rd+\\\"quoted\\\" & <long>".to_owned(),
        "pä55/w0rd+&quot;quoted&quot; &amp; &lt;long&gt;".to_owned(),
    ];
    for spelling in spellings {
        let input = format!("a{spelling}b");
        let whole = set.mask_all(input.as_bytes(), &keyed).into_owned();
        let shown = String::from_utf8_lossy(&whole).into_owned();
        assert!(shown.contains("[masked:vault]"), "{spelling}: {shown}");
        assert!(
            shown.len() <= VAULT_MASK.len() + 2 + 4,
            "{spelling}: {shown}"
        );
        for size in 1..=64 {
            assert_eq!(
                in_chunks(&set, input.as_bytes(), size),
                whole,
                "{spelling} in chunks of {size}"
            );
        }
    }
}

#[test]
fn a_value_inside_a_longer_base64_text_is_masked_at_each_alignment() {
    let set = set(&[TOKEN]);
    for before in 0..3 {
        let mut text = vec![b'u'; before];
        text.extend_from_slice(TOKEN);
        text.extend_from_slice(b"!end");
        let encoded = STANDARD.encode(&text);
        let masked = set.mask_all(encoded.as_bytes(), &keyed);
        assert!(
            masked
                .windows(VAULT_MASK.len())
                .any(|window| window == VAULT_MASK),
            "{encoded}"
        );
    }
}

#[test]
fn short_and_plain_values_are_refused() {
    let mut set = FingerprintSet::new([1, 2]);
    assert_eq!(set.add(b"test", &keyed), Err(NotMasked::TooShort));
    assert_eq!(
        set.add(b"aaaaaaaaaaaaaaaa", &keyed),
        Err(NotMasked::TooPredictable)
    );
    assert_eq!(
        set.add(b"abababababababab", &keyed),
        Err(NotMasked::TooPredictable)
    );
    assert_eq!(
        set.add(&vec![b'a'; 20_000], &keyed),
        Err(NotMasked::TooLong)
    );
    assert_eq!(set.value_count(), 0);
    assert_eq!(
        set.mask_all(b"test aaaaaaaaaaaaaaaa", &keyed).as_ref(),
        b"test aaaaaaaaaaaaaaaa"
    );
}

#[test]
fn only_what_may_become_a_value_is_held() {
    let set = set(&[TOKEN]);
    let mut masker = set.masker(&keyed);
    let mut out = Vec::new();
    // A line feed occurs in no spelling, so an event is passed on whole.
    masker.push(b"data: {}\n\n", &mut out);
    assert_eq!(out, b"data: {}\n\n");
    masker.push(b"tok_4f", &mut out);
    assert_eq!(masker.held_bytes(), 6);
    masker.push(b" no", &mut out);
    assert_eq!(out, b"data: {}\n\ntok_4f no");
    masker.push(&TOKEN[..20], &mut out);
    assert_eq!(masker.held_bytes(), 20);
    masker.push(&TOKEN[20..], &mut out);
    assert_eq!(masker.marks(), 1);
    masker.finish(&mut out);
    assert_eq!(out, b"data: {}\n\ntok_4f no[masked:vault]");
}

#[test]
fn a_value_that_begins_as_another_is_covered_to_its_end() {
    let mut longer = TOKEN.to_vec();
    longer.extend_from_slice(b"-and-more");
    let set = set(&[TOKEN, &longer]);
    for size in 1..=64 {
        let text = [b"x ", longer.as_slice(), b" y ", TOKEN, b"-and-less"].concat();
        assert_eq!(
            in_chunks(&set, &text, size),
            b"x [masked:vault] y [masked:vault]-and-less"
        );
    }
}

#[test]
fn the_keyed_hash_is_asked_only_where_a_value_stands() {
    let calls = Cell::new(0_u32);
    let counting = |bytes: &[u8]| {
        calls.set(calls.get() + 1);
        keyed(bytes)
    };
    let mut set = FingerprintSet::new([5, 6]);
    for index in 0..500_u32 {
        // All begin alike, as the tokens of one provider do.
        let value = format!(
            "provider_tok_{:08x}{:08x}",
            index.wrapping_mul(2_654_435_761),
            index.wrapping_mul(40_503) ^ 0x5bd1
        );
        set.add(value.as_bytes(), &counting as &dyn KeyedHash)
            .unwrap();
    }
    calls.set(0);
    let hostile = "provider_tok_00000000".repeat(2000);
    let masked = set.mask_all(hostile.as_bytes(), &counting);
    assert_eq!(masked.as_ref(), hostile.as_bytes());
    assert!(calls.get() < 20, "{} calls", calls.get());
}

proptest! {
    /// The output depends on the bytes, not on the chunks, and holds no value.
    #[test]
    fn chunks_do_not_matter(
        pieces in prop::collection::vec(prop_oneof![
            Just(TOKEN.to_vec()), Just(VALUE.to_vec()), Just(TOKEN[..12].to_vec()), Just(TOKEN[..18].to_vec()),
            Just(STANDARD.encode(TOKEN).into_bytes()), Just(hex(VALUE).into_bytes()),
            prop::collection::vec(any::<u8>(), 0..20),
        ], 0..10),
        size in 1..65_usize,
    ) {
        let set = set(&[TOKEN, VALUE]);
        let text = pieces.concat();
        let whole = set.mask_all(&text, &keyed).into_owned();
        prop_assert_eq!(&in_chunks(&set, &text, size), &whole);
        for value in [TOKEN, VALUE] {
            prop_assert!(!whole.windows(value.len()).any(|window| window == value));
        }
    }
}
