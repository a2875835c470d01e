//! How the masker treats a stream: what it copies, holds, counts and shows.

use std::borrow::Cow;

use bytes::Bytes;
use countersign_scan::{LeaseMasker, MASK};

use crate::encode::{masked_in_chunks, masker, text};

const TOKEN: &[u8] = b"tok_4fQ9zR7bXw2LkV8m";

#[test]
fn a_clean_chunk_is_passed_on_without_a_copy() {
    let mut masker = masker(TOKEN);
    let chunk = Bytes::from(b"nothing to see here".to_vec());
    let out = masker.mask_chunk(chunk.clone());
    assert_eq!(out.as_ptr(), chunk.as_ptr());
    assert_eq!(out, chunk);

    let open = Bytes::from(b"the end may be a tok_4f".to_vec());
    let out = masker.mask_chunk(open.clone());
    assert_eq!(out.as_ptr(), open.as_ptr());
    assert_eq!(out, b"the end may be a "[..]);
    assert_eq!(masker.held_bytes(), 6);
    assert_eq!(masker.mask_chunk(Bytes::from_static(b"X")), b"tok_4fX"[..]);
    assert_eq!(masker.held_bytes(), 0);
}

#[test]
fn only_what_may_become_an_occurrence_is_held() {
    let mut masker = masker(TOKEN);
    let mut out = Vec::new();
    for (chunk, held) in [
        ("event: message\n\n", 0),
        ("data: \\", 1),
        ("n", 0),
        ("to", 2),
        ("to", 2),
        ("k_%34f", 8),
        ("!", 0),
    ] {
        masker.push(chunk.as_bytes(), &mut out);
        assert_eq!(masker.held_bytes(), held, "after {chunk:?}");
    }
    assert_eq!(text(&out), text(b"event: message\n\ndata: \\ntotok_%34f!"));
}

#[test]
fn what_is_held_at_the_end_comes_out_and_the_masker_can_start_again() {
    let mut masker = masker(TOKEN);
    let mut out = Vec::new();
    masker.push(b"cut off: tok_4fQ9", &mut out);
    masker.finish(&mut out);
    assert_eq!(text(&out), "cut off: tok_4fQ9");
    assert_eq!(masker.held_bytes(), 0);
    out.clear();
    // The rest of the value, in another stream, is no occurrence.
    masker.push(b"zR7bXw2LkV8m", &mut out);
    masker.finish(&mut out);
    assert_eq!(text(&out), "zR7bXw2LkV8m");
    assert_eq!(masker.marks(), 0);
}

#[test]
fn occurrences_that_touch_have_a_mark_each_and_those_that_overlap_share_one() {
    let values: &[(&'static str, &[u8])] = &[
        ("first", b"abcdef"),
        ("second", b"defghi"),
        ("prefix", b"abcd"),
    ];
    for (input, expected) in [
        ("abcdefabcdef", "[masked:credential][masked:credential]"),
        ("abcdefdefghi", "[masked:credential][masked:credential]"),
        ("-abcdefghi-", "-[masked:credential]-"),
        ("abcde", "[masked:credential]e"),
        ("abcdxabcdefg", "[masked:credential]x[masked:credential]g"),
        ("ababcdefgh", "ab[masked:credential]gh"),
    ] {
        let mut masker = LeaseMasker::new(values);
        assert_eq!(
            text(&masker.mask_all(input.as_bytes())),
            expected,
            "{input}"
        );
        for size in 1..=input.len() {
            assert_eq!(
                text(&masked_in_chunks(&mut masker, input.as_bytes(), &[size])),
                expected,
                "{input}, {size}"
            );
        }
    }
}

#[test]
fn a_value_that_overlaps_itself_is_covered_to_its_end() {
    let mut masker = masker(b"abab");
    for size in 1..8 {
        assert_eq!(
            text(&masked_in_chunks(&mut masker, b"xababababx", &[size])),
            "x[masked:credential]x"
        );
    }
}

#[test]
fn a_value_inside_another_does_not_shorten_the_mark() {
    let mut masker = LeaseMasker::new(&[("outer", b"user:pass:tail"), ("inner", b"pass")]);
    for size in 1..20 {
        assert_eq!(
            text(&masked_in_chunks(&mut masker, b"<user:pass:tail>", &[size])),
            "<[masked:credential]>"
        );
    }
}

#[test]
fn marks_and_labels_tell_what_was_found() {
    let mut masker = LeaseMasker::new(&[
        ("password", b"hunter2hunter2"),
        ("pair", b"user:hunter2hunter2"),
        ("other", b"not there"),
    ]);
    masked_in_chunks(&mut masker, b"user:hunter2hunter2", &[4]);
    assert_eq!(masker.marks(), 1);
    // The password inside the pair was seen as well.
    assert_eq!(
        masker.seen_labels().collect::<Vec<_>>(),
        ["password", "pair"]
    );
}

#[test]
fn no_values_or_empty_values_change_nothing() {
    for mut masker in [LeaseMasker::new(&[]), LeaseMasker::new(&[("empty", b"")])] {
        assert_eq!(
            masked_in_chunks(&mut masker, b"any \\u0000 %00 text", &[3]),
            b"any \\u0000 %00 text"
        );
        assert!(matches!(masker.mask_all(b"text"), Cow::Borrowed(b"text")));
        assert!(!masker.is_match(b""));
    }
}

#[test]
fn more_values_than_the_filter_has_buckets() {
    let values: Vec<Vec<u8>> = (0..40_u8)
        .map(|index| format!("value-{index:02}-{}", index ^ 0x55).into_bytes())
        .collect();
    let labelled: Vec<(&'static str, &[u8])> = values
        .iter()
        .map(|value| ("value", value.as_slice()))
        .collect();
    let masker = LeaseMasker::new(&labelled);
    for value in &values {
        for (name, encoded) in crate::encode::all(value) {
            assert_eq!(
                text(&masker.mask_all(&encoded)),
                text(MASK),
                "{name} of {}",
                text(value)
            );
        }
    }
}

/// Requirement 20: not in a log either.
#[test]
fn requirement_20_debug_output_shows_counts_only() {
    let mut masker = masker(TOKEN);
    masker.push(b"tok_4fQ9", &mut Vec::new());
    let shown = format!("{masker:?}");
    assert_eq!(
        shown,
        "LeaseMasker { values: 1, held_bytes: 8, marks: 0, .. }"
    );
}

#[test]
fn the_masker_can_move_to_another_thread() {
    fn assert_send_sync<T: Send + Sync>() {}
    assert_send_sync::<LeaseMasker>();
}
