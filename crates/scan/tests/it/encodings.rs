//! Requirement 21: known values are masked in every listed encoding.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use countersign_scan::{LeaseMasker, MASK};

use crate::encode::{all, escapes, masked_in_buffers, masked_in_chunks, masker, text};

/// Values with everything that an encoding treats specially.
const VALUES: [&[u8]; 10] = [
    b"tok_4fQ9zR7bXw2LkV8mNc3TyHs6PdJgEa1UuoQ5",
    b"s3cret/with+signs and \"quotes\"\\ 100%25 = 50%",
    b"line one\nline two\r\n\ttabbed \x08\x0c\x00 end",
    "pässwörd-密码-😀-ÿÃ".as_bytes(),
    b"user:pa ss/word",
    b"\xff\xfe\xfb\xf0\x00\x01binary\x80",
    b"\\\\\\\\u0041%%%%41",
    b"aaaaaaaaaaaaaaaa",
    b"????>>>>~~~~",
    b"abcd",
];

/// Text around an occurrence which neither extends nor starts one.
const BEFORE: &[u8] = b"<head> ";
const AFTER: &[u8] = b" </tail>";

fn around(middle: &[u8]) -> Vec<u8> {
    [BEFORE, middle, AFTER].concat()
}

#[test]
fn requirement_21_every_encoding_is_masked_across_every_chunk_border() {
    let expected = around(MASK);
    for value in VALUES {
        let mut masker = masker(value);
        for (name, encoded) in all(value) {
            let stream = around(&encoded);
            assert_eq!(
                text(&masker.mask_all(&stream)),
                text(&expected),
                "{name} of {}",
                text(value)
            );
            assert!(masker.is_match(&encoded));
            for size in 1..=64 {
                let out = masked_in_chunks(&mut masker, &stream, &[size]);
                assert_eq!(
                    text(&out),
                    text(&expected),
                    "{name} of {} in chunks of {size}",
                    text(value)
                );
            }
            for border in 1..stream.len() {
                let out = masked_in_chunks(&mut masker, &stream, &[border, stream.len()]);
                assert_eq!(
                    text(&out),
                    text(&expected),
                    "{name} of {}, cut at {border}",
                    text(value)
                );
                let out = masked_in_buffers(&mut masker, &stream, border);
                assert_eq!(
                    text(&out),
                    text(&expected),
                    "{name} of {}, buffers of {border}",
                    text(value)
                );
            }
        }
    }
}

#[test]
fn requirement_21_an_occurrence_is_the_whole_stream_its_start_or_its_end() {
    for value in VALUES {
        let masker = masker(value);
        for (name, encoded) in all(value) {
            for (before, after) in [(&b""[..], &b""[..]), (b"", b"\n"), (b"\n", b"")] {
                let out = masker
                    .mask_all(&[before, &encoded, after].concat())
                    .into_owned();
                assert_eq!(
                    text(&out),
                    text(&[before, MASK, after].concat()),
                    "{name} of {}",
                    text(value)
                );
            }
        }
    }
}

/// The base64 characters of `before + value + after` of which no bit belongs to a neighbour are masked, no others.
#[test]
fn requirement_21_base64_is_masked_at_every_alignment_and_neighbours_keep_their_characters() {
    for value in VALUES {
        let mut masker = masker(value);
        for before in [&b""[..], b"B", b"Be", b"Bearer ", b"user:", b"u:1234"] {
            for after in [
                &b"\xaa"[..],
                b"\xaa\xaa",
                b"\xaa\xaa\xaa",
                b"\xaa more text",
            ] {
                let whole = [before, value, after].concat();
                for encoded in [
                    STANDARD.encode(&whole),
                    STANDARD_NO_PAD.encode(&whole),
                    URL_SAFE_NO_PAD.encode(&whole),
                ] {
                    let first = (before.len() * 8).div_ceil(6);
                    let end = (before.len() + value.len()) * 8 / 6;
                    let expected = [
                        &encoded.as_bytes()[..first],
                        MASK,
                        &encoded.as_bytes()[end..],
                    ]
                    .concat();
                    for size in [1, 2, 3, 5, 7, 64, 1000] {
                        let out = masked_in_chunks(&mut masker, encoded.as_bytes(), &[size]);
                        assert_eq!(text(&out), text(&expected), "{encoded} in chunks of {size}");
                    }
                }
            }
        }
    }
}

#[test]
fn requirement_21_an_echoed_authorization_header_is_masked_to_its_last_character() {
    let password = b"hunter2hunter2";
    let masker = LeaseMasker::new(&[("password", password), ("pair", b"user:hunter2hunter2")]);
    for (header, expected) in [
        (
            format!("Basic {}", STANDARD.encode("user:hunter2hunter2")),
            "Basic [masked:credential]".to_owned(),
        ),
        (
            "Bearer hunter2hunter2".to_owned(),
            "Bearer [masked:credential]".to_owned(),
        ),
        // The header itself in base64: `Bearer ` takes 9 characters and a third.
        (
            STANDARD.encode("Bearer hunter2hunter2"),
            "QmVhcmVyIG[masked:credential]".to_owned(),
        ),
    ] {
        assert_eq!(text(&masker.mask_all(header.as_bytes())), expected);
    }
}

#[test]
fn escapes_may_be_mixed_within_a_value() {
    let masker = masker("a/b c\"é".as_bytes());
    for mixed in [
        "\\u0061\\/b%20c\\\"%c3%A9",
        "a%2Fb+c%22\\u00E9",
        "a/\\u0062 c\\u0022é",
        "%61\\/b c\\\"\\u00c3\\u00a9",
    ] {
        assert_eq!(
            text(&masker.mask_all(mixed.as_bytes())),
            "[masked:credential]",
            "{mixed}"
        );
    }
}

/// A percent sign in the value may be left alone by a lenient encoder, or be encoded.
#[test]
fn a_value_that_looks_escaped_is_found_both_ways() {
    let masker = masker(b"key%41 \\u0042");
    for spelled in [
        "key%41 \\u0042",
        "key%41%20\\u0042",
        "key%2541+%5Cu0042",
        "key%41 \\\\u0042",
    ] {
        assert_eq!(
            text(&masker.mask_all(spelled.as_bytes())),
            "[masked:credential]",
            "{spelled}"
        );
    }
    assert!(!masker.is_match(b"keyA \\u0042"));
}

#[test]
fn very_short_values_are_masked_plain_and_escaped_but_not_in_codes_that_occur_by_chance() {
    for value in [&b"k"[..], b"k7", b"k7#"] {
        let masker = masker(value);
        for (name, encoded) in escapes(value) {
            assert_eq!(
                text(&masker.mask_all(&around(&encoded))),
                text(&around(MASK)),
                "{name} of {}",
                text(value)
            );
        }
    }
    assert!(!masker(b"k7").is_match(b"6b37 azc= azc"));
    // Three bytes are four whole base64 characters at one alignment, and no more than three at the others.
    assert!(masker(b"k7#").is_match(STANDARD.encode(b"k7#").as_bytes()));
    assert!(!masker(b"k7#").is_match(STANDARD.encode(b"1k7#").as_bytes()));
    assert!(!masker(b"k7#").is_match(b"6b3723"));
}

#[test]
fn look_alikes_are_left_alone() {
    let value = b"tok_4fQ9zR7bXw2L";
    let masker = masker(value);
    for (name, encoded) in all(value) {
        // Cut at the last pad: what is left of a padded base64 text is still the value.
        if name.starts_with("base64") {
            continue;
        }
        let short = &encoded[..encoded.len() - 1];
        assert_eq!(
            text(&masker.mask_all(short)),
            text(short),
            "{name}, one byte short"
        );
        let mut other = encoded.clone();
        let last = other.len() - 1;
        other[last] = if other[last] == b'9' { b'8' } else { b'9' };
        assert_eq!(
            text(&masker.mask_all(&other)),
            text(&other),
            "{name}, last byte differs"
        );
    }
    for other in [
        "TOK_4FQ9ZR7BXW2L",
        "tok_4fQ9zR7bXw2",
        "tok_ 4fQ9zR7bXw2L",
        "tok%4fQ9zR7bXw2L",
        "tok_4fQ9zR7bXw2%4",
    ] {
        assert_eq!(text(&masker.mask_all(other.as_bytes())), other);
    }
}

#[test]
fn the_character_after_a_base64_text_is_not_swallowed() {
    let masker = masker(b"abcdefgh");
    for (input, expected) in [
        ("YWJjZGVmZ2g=", "[masked:credential]"),
        ("YWJjZGVmZ2g==", "[masked:credential]="),
        ("YWJjZGVmZ2g", "[masked:credential]"),
        ("YWJjZGVmZ2g&b=1", "[masked:credential]&b=1"),
        // `g` carries four bits of `h`, and here perhaps two bits of what follows.
        ("YWJjZGVmZ2gx", "[masked:credential]gx"),
        ("YWJjZGVmZ2h4", "[masked:credential]h4"),
        ("YWJjZGVmZ2g%3D%3D", "[masked:credential]%3D"),
        ("YWJjZGVmZ2g%3", "[masked:credential]%3"),
        ("YWJjZGVmZ2g\\u003d\"", "[masked:credential]\""),
    ] {
        assert_eq!(
            text(&masker.mask_all(input.as_bytes())),
            text(expected.as_bytes()),
            "{input}"
        );
        let mut stream = crate::encode::masker(b"abcdefgh");
        assert_eq!(
            text(&masked_in_chunks(&mut stream, input.as_bytes(), &[1])),
            text(expected.as_bytes()),
            "{input}, byte by byte"
        );
    }
}

#[test]
fn html_entities_are_found_where_html_needs_them() {
    for spelling in [
        "a&amp;b&lt;c&gt;d&quot;e&#39;f",
        "a&#38;b&#60;c&#x3e;d&#34;e&apos;f",
        "a&b&lt;c>d&#x22;e&#x27;f",
    ] {
        assert_eq!(
            text(&masked_in_chunks(
                &mut masker(b"a&b<c>d\"e'f"),
                format!("-{spelling}-").as_bytes(),
                &[1]
            )),
            "-[masked:credential]-",
            "{spelling}"
        );
    }
}
