//! What a value looks like: random, worded, or a stand-in for a value.

/// Pairs of letters that words are made of. Of a random text's pairs about a third are here, of a word's nearly all.
const PAIRS: &str = "ab ac ad af ag ai ak al am an ap ar as at au av aw ay ba be bi bl bo br bs ca ce ch ci ck cl co cr ct da de di ea ec ed ee ef eg ei el em en ep er es et ev ex ey fa fe ff fi fo ft fu ge gh gi gn gr ha he hi ho ic id ie if ig il im in io ir is it ja jo ju ke ki kn ks la ld le lf li ll lo ls lt lu lv ly ma mb me mi mm mo mp mu my na nc nd ne nf ng ni nk nn no ns nt nu oa ob od of og oi ok ol om on oo op or os ot ou ov ow ox pa pe ph pi pl po pp pr pt pu qu ra rc rd re ri rk rl rm rn ro rr rs rt ru rv ry sa sc se sh si sk sl sm sn so sp ss st su sw ta tc te th ti tl to tr tt tu tw ty ub uc ud ue ug ui ul um un up ur us ut va ve vi wa we wh wi wo xp xt ya yo yp ys ze";

/// What stands in documents where a secret would stand. Lower case.
const STAND_INS: [&str; 34] = [
    "example",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "your_",
    "your-",
    "yourapi",
    "yourtoken",
    "yourkey",
    "yoursecret",
    "yourpass",
    "my_secret",
    "my-secret",
    "mysecret",
    "insert",
    "replace",
    "redacted",
    "xxxx",
    "****",
    "....",
    "${",
    "{{",
    "$(",
    "%(",
    "#{",
    "dummy",
    "sample",
    "fake",
    "not-real",
    "not_real",
    "undefined",
    "foobar",
    "<%",
];

/// Shannon entropy of the bytes, in bits for each.
pub(crate) fn entropy_bits(value: &[u8]) -> f32 {
    let mut counts = [0_u16; 256];
    let value = value.get(..4096).unwrap_or(value);
    for &byte in value {
        counts[usize::from(byte)] += 1;
    }
    let total = f32::from(u16::try_from(value.len()).unwrap_or(u16::MAX));
    counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| {
            let share = f32::from(count) / total;
            -share * share.log2()
        })
        .sum()
}

/// Whether the text is one of our own marks.
pub(super) fn is_mark(value: &[u8]) -> bool {
    [b"[secret:".as_slice(), b"[masked:"]
        .iter()
        .any(|start| value.starts_with(start))
        && value.iter().position(|&byte| byte == b']') == Some(value.len() - 1)
}

/// Whether the value stands for a secret instead of being one.
pub(super) fn is_stand_in(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    if STAND_INS
        .iter()
        .any(|word| contains(&lower, word.as_bytes()))
    {
        return true;
    }
    if matches!(
        (value.first(), value.last()),
        (Some(b'<'), Some(b'>')) | (Some(b'['), Some(b']')) | (Some(b'{'), Some(b'}'))
    ) {
        return true;
    }
    // A variable: `$NAME`, `%NAME%`, `$1`.
    match value {
        [b'$', rest @ ..] => rest
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_'),
        [b'%', rest @ .., b'%'] => rest
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_'),
        _ => false,
    }
}

pub(super) fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(haystack, needle).is_some()
}

/// Whether the letters of the value mostly follow each other as they do in words.
pub(super) fn is_worded(value: &[u8]) -> bool {
    let mut pairs = 0_usize;
    let mut common = 0_usize;
    for &[left, right] in value.array_windows::<2>() {
        if !left.is_ascii_alphabetic() || !right.is_ascii_alphabetic() {
            continue;
        }
        pairs += 1;
        common += usize::from(is_common_pair(
            left.to_ascii_lowercase(),
            right.to_ascii_lowercase(),
        ));
    }
    pairs >= 5 && pairs * 3 >= value.len() && common * 10 >= pairs * 7
}

/// For each first letter, the second letters of [`PAIRS`] as bits.
const PAIR_TABLE: [u32; 26] = pair_table();

const fn pair_table() -> [u32; 26] {
    let pairs = PAIRS.as_bytes();
    let mut table = [0; 26];
    let mut at = 0;
    while at + 1 < pairs.len() {
        table[(pairs[at] - b'a') as usize] |= 1 << (pairs[at + 1] - b'a');
        at += 3;
    }
    table
}

/// Both in lower case.
fn is_common_pair(left: u8, right: u8) -> bool {
    PAIR_TABLE
        .get(usize::from(left.wrapping_sub(b'a')))
        .is_some_and(|seconds| seconds >> (right.wrapping_sub(b'a') & 31) & 1 == 1)
}

/// How often a letter and a digit stand next to each other.
pub(super) fn alternations(value: &[u8]) -> usize {
    value
        .array_windows::<2>()
        .filter(|[left, right]| {
            (left.is_ascii_digit() && right.is_ascii_alphabetic())
                || (left.is_ascii_alphabetic() && right.is_ascii_digit())
        })
        .count()
}

/// `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` in base16.
pub(super) fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// A character of a name.
pub(super) fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
