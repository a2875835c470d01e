//! Claims about all inputs.

use base64::{Engine, engine::general_purpose::STANDARD};
use countersign_scan::{LeaseMasker, MASK};
use proptest::{collection::vec, prelude::*};

use crate::encode::{
    all, escapes, hexes, masked_in_buffers, masked_in_chunks, masker, reference, text,
};

/// Values made to overlap, to look escaped and to need escapes, and any others.
fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(prop::sample::select(b"ab%4\\u06/+ \"1".to_vec()), 4..12),
        vec(any::<u8>(), 4..40),
        "\\PC{4,20}".prop_map(String::into_bytes),
        "[A-Za-z0-9_-]{4,80}".prop_map(String::into_bytes),
    ]
}

/// Text made of parts of encoded values, so that near misses are common.
fn noise(values: &[Vec<u8>]) -> impl Strategy<Value = Vec<u8>> + use<> {
    let encoded: Vec<Vec<u8>> = values
        .iter()
        .flat_map(|value| all(value))
        .map(|(_, encoded)| encoded)
        .collect();
    let part = (
        prop::sample::select(encoded),
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        0..4_u8,
    )
        .prop_map(|(encoded, from, to, kind)| {
            let (from, to) = (from.index(encoded.len()), to.index(encoded.len() + 1));
            match kind {
                0 | 1 => encoded,
                2 => encoded[from.min(to)..from.max(to)].to_vec(),
                _ => b" \\%=Ab"[..from % 7].to_vec(),
            }
        });
    vec(part, 0..12).prop_map(|parts| parts.concat())
}

fn values_and_noise() -> impl Strategy<Value = (Vec<Vec<u8>>, Vec<u8>)> {
    vec(value(), 1..4).prop_flat_map(|values| {
        let noise = noise(&values);
        (Just(values), noise)
    })
}

fn masker_of(values: &[Vec<u8>]) -> LeaseMasker {
    LeaseMasker::new(
        &values
            .iter()
            .map(|value| ("value", value.as_slice()))
            .collect::<Vec<_>>(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The output never depends on the chunks, and nothing is held at the end.
    #[test]
    fn chunks_make_no_difference((values, stream) in values_and_noise(), sizes in vec(1_usize..65, 1..20)) {
        let mut masker = masker_of(&values);
        let whole = masker.mask_all(&stream).into_owned();
        prop_assert_eq!(text(&masked_in_chunks(&mut masker, &stream, &sizes)), text(&whole));
        prop_assert_eq!(text(&masked_in_buffers(&mut masker, &stream, sizes[0])), text(&whole));
        prop_assert_eq!(masker.is_match(&stream), whole != stream);
    }

    /// Plain, percent, JSON and base16 spellings and mixtures, whole and cut, against a masker that tries everything.
    #[test]
    fn agrees_with_the_reference(
        values in vec(vec(prop::sample::select(b"abc %25\"/\\".to_vec()), 4..8), 1..4),
        choices in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<bool>()), 0..10),
        sizes in vec(1_usize..20, 1..5),
    ) {
        let needles: Vec<Vec<u8>> = values.iter()
            .flat_map(|value| escapes(value).into_iter().chain(hexes(value)))
            .map(|(_, encoded)| encoded)
            .collect();
        let stream: Vec<u8> = choices.iter().flat_map(|(which, length, whole)| {
            let needle = &needles[which.index(needles.len())];
            let length = if *whole { needle.len() } else { length.index(needle.len()) };
            needle[..length].to_vec()
        }).collect();
        let out = masked_in_chunks(&mut masker_of(&values), &stream, &sizes);
        prop_assert_eq!(text(&out), text(&reference(&stream, &values)));
    }

    /// Requirement 21: wherever a value is put, in whatever encoding, no trace of it comes out.
    #[test]
    fn requirement_21_no_placement_survives(
        value in value(), before in "[~^;<> ]{0,20}", after in "[~^;<> ]{0,20}", sizes in vec(1_usize..65, 1..6),
    ) {
        prop_assume!(!value.iter().any(|byte| b"~^;<> ".contains(byte)));
        for (name, encoded) in all(&value) {
            let stream = [before.as_bytes(), &encoded, after.as_bytes()].concat();
            let out = masked_in_chunks(&mut masker(&value), &stream, &sizes);
            prop_assert_eq!(text(&out), text(&[before.as_bytes(), MASK, after.as_bytes()].concat()), "{}", name);
        }
    }

    /// Requirement 21: inside a longer base64 text, all whole characters of the value go.
    #[test]
    fn requirement_21_no_embedded_base64_survives(
        value in vec(any::<u8>(), 4..40), before in vec(any::<u8>(), 0..9), after in vec(any::<u8>(), 0..9), size in 1_usize..65,
    ) {
        let encoded = STANDARD.encode([&before[..], &value, &after].concat());
        let first = (before.len() * 8).div_ceil(6);
        let end = (before.len() + value.len()) * 8 / 6;
        let out = masked_in_chunks(&mut masker(&value), encoded.as_bytes(), &[size]);
        prop_assert!(!out.windows(end - first).any(|window| window == &encoded.as_bytes()[first..end]));
        prop_assert!(out.starts_with(&encoded.as_bytes()[..first]) || out.len() < first + MASK.len());
    }

    /// What holds no value passes unchanged, byte for byte.
    #[test]
    fn other_bytes_pass_unchanged(stream in vec(any::<u8>(), 0..2000), sizes in vec(1_usize..200, 1..6)) {
        let mut masker = masker(b"a value of 27 bytes, no less");
        prop_assert_eq!(&masked_in_chunks(&mut masker, &stream, &sizes), &stream);
        prop_assert_eq!(&masked_in_buffers(&mut masker, &stream, sizes[0]), &stream);
        prop_assert_eq!(masker.marks(), 0);
    }

    /// Never more is held than the longest spelling less one byte: six bytes for a byte, or for each base64 character
    /// that can itself be escaped.
    #[test]
    fn what_is_held_is_bounded((values, stream) in values_and_noise(), sizes in vec(1_usize..65, 1..20)) {
        let longest = values.iter().map(|value| {
            let base64 = (0..3).map(|lead| {
                let encoded = STANDARD.encode([&[b'x'; 2][..lead], value].concat());
                encoded.bytes().map(|byte| if b"+/=".contains(&byte) { 6 } else { 1 }).sum::<usize>()
            });
            base64.chain([value.len() * 6]).max().unwrap()
        }).max().unwrap();
        let mut masker = masker_of(&values);
        let mut out = Vec::new();
        let mut rest = &stream[..];
        for &size in sizes.iter().cycle() {
            if rest.is_empty() { break }
            let (chunk, after) = rest.split_at(size.min(rest.len()));
            masker.push(chunk, &mut out);
            prop_assert!(masker.held_bytes() < longest, "{} of {}", masker.held_bytes(), longest);
            rest = after;
        }
        masker.finish(&mut out);
        prop_assert_eq!(masker.held_bytes(), 0);
    }
}
