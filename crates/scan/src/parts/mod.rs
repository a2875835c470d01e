//! The secrets inside of a credential that has a structure.
//!
//! A header's value is often more than its secret: `Token abc`, `sid=abc; lang=en`, `Digest response="abc"`. A target that answers
//! with `abc` alone has given the secret away, so each such part has to be masked too.
//!
//! What it never does: take a scheme, the name of a parameter or a word of JSON for a secret, where the syntax is certain or the
//! word is a known one. In doubt a part is a secret: a mark too many damages a reply, one too few a target.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

/// The shortest part, in bytes, where the syntax says that it is a value: behind a scheme, in a cookie.
const SHORTEST_VALUE_BYTES: usize = 4;

/// The shortest part, in bytes, that is one by its separators alone.
const SHORTEST_TOKEN_BYTES: usize = 8;

/// Schemes of at least [`SHORTEST_TOKEN_BYTES`] (IANA's registry of HTTP authentication schemes, and vendors').
const SCHEMES: [&str; 8] = [
    "AWS4-HMAC-SHA256",
    "GoogleLogin",
    "Negotiate",
    "PrivateToken",
    "SCRAM-SHA-256",
    "SharedKey",
    "SharedKeyLite",
    "Signature",
];

/// Names of parameters of at least [`SHORTEST_TOKEN_BYTES`].
const PARAMETERS: [&str; 16] = [
    "access_token",
    "algorithm",
    "client_id",
    "client_secret",
    "credential",
    "oauth_consumer_key",
    "oauth_nonce",
    "oauth_signature",
    "oauth_signature_method",
    "oauth_timestamp",
    "oauth_token",
    "oauth_version",
    "response",
    "signature",
    "signedheaders",
    "username",
];

/// Words that replies are full of.
const WORDS: [&str; 4] = ["true", "false", "null", "none"];

/// A part of a secret, zeroised when it is dropped.
pub type SecretPart = Zeroizing<Vec<u8>>;

/// The secrets inside of a header's value, without the value itself. Empty for a value without separators, at no cost.
pub fn header_secret_parts(name: &str, value: &[u8]) -> Vec<SecretPart> {
    let mut parts = Parts {
        whole: value,
        found: Vec::new(),
    };
    if !value.iter().any(|&byte| is_separator(byte) || byte == b'"') {
        return parts.found;
    }
    if is_cookie(name) {
        for pair in value.split(|&byte| byte == b';') {
            // A pair without a name is a value (RFC 6265bis section 5.6).
            let value = split_at_byte(pair, b'=').map_or(pair, |(_, value)| value);
            parts.value(value.trim_ascii());
        }
        return parts.found;
    }
    if let Some((scheme, rest)) = split_at_byte(value.trim_ascii(), b' ') {
        let rest = rest.trim_ascii();
        parts.value(rest);
        if scheme.eq_ignore_ascii_case(b"basic") {
            parts.basic(rest);
        }
    }
    parts.tokens(value, true);
    parts.found
}

struct Parts<'value> {
    whole: &'value [u8],
    found: Vec<SecretPart>,
}

impl Parts<'_> {
    fn add(&mut self, part: &[u8], shortest_bytes: usize) {
        let is_word = WORDS
            .iter()
            .any(|word| part.eq_ignore_ascii_case(word.as_bytes()));
        let is_known = part == self.whole || self.found.iter().any(|known| known[..] == *part);
        if part.len() >= shortest_bytes && !is_word && !is_known {
            self.found.push(Zeroizing::new(part.to_vec()));
        }
    }

    /// What is certainly a value: as it is, without its quotes, and the tokens in it.
    fn value(&mut self, value: &[u8]) {
        self.add(value, SHORTEST_VALUE_BYTES);
        if let [b'"', inner @ .., b'"'] = value {
            self.add(&unescaped(inner), SHORTEST_VALUE_BYTES);
        }
        self.tokens(value, false);
    }

    /// The pair behind `Basic` and the password in it (RFC 7617).
    fn basic(&mut self, encoded: &[u8]) {
        let Some(pair) = decoded(encoded) else { return };
        self.add(&pair, 1);
        if let Some((_, password)) = split_at_byte(&pair, b':') {
            self.add(password, 1);
        }
    }

    /// Everything between separators. `leading`: the first token may be a scheme.
    fn tokens(&mut self, text: &[u8], leading: bool) {
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            let rest = &text[at..];
            if byte == b'"' {
                let inner = &rest[1..];
                let length = quoted_length(inner);
                let inner = unescaped(&inner[..length]);
                self.add(&inner, SHORTEST_TOKEN_BYTES);
                for token in inner.split(|&byte| is_separator(byte)) {
                    self.add(token, SHORTEST_TOKEN_BYTES);
                }
                at += length + 2;
            } else if is_separator(byte) {
                at += 1;
            } else {
                let length = rest
                    .iter()
                    .position(|&byte| is_separator(byte) || byte == b'"')
                    .unwrap_or(rest.len());
                let (token, behind) = rest.split_at(length);
                let is_scheme = leading && at == 0 && behind.first() == Some(&b' ');
                let is_public = (is_scheme && is_one_of(&SCHEMES, token))
                    || (behind.first() == Some(&b'=') && is_one_of(&PARAMETERS, token));
                if !is_public {
                    self.add(token, SHORTEST_TOKEN_BYTES);
                }
                at += length;
            }
        }
    }
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b',' | b';' | b'=' | b':' | b'&')
}

fn is_one_of(list: &[&str], token: &[u8]) -> bool {
    list.iter()
        .any(|known| token.eq_ignore_ascii_case(known.as_bytes()))
}

/// `Cookie` has no separator, so folding its name is folding its case.
fn is_cookie(name: &str) -> bool {
    name.eq_ignore_ascii_case("cookie")
}

fn split_at_byte(text: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|&found| found == byte)?;
    Some((&text[..at], &text[at + 1..]))
}

/// How many bytes stand before the closing quote; without one, all.
fn quoted_length(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

/// A quoted string's text (RFC 9110 section 5.6.4).
fn unescaped(quoted: &[u8]) -> SecretPart {
    let mut text = Zeroizing::new(Vec::with_capacity(quoted.len()));
    let mut bytes = quoted.iter();
    while let Some(&byte) = bytes.next() {
        match (byte, bytes.as_slice().first()) {
            (b'\\', Some(&escaped)) => {
                text.push(escaped);
                bytes.next();
            }
            _ => text.push(byte),
        }
    }
    text
}

/// Base64 of either alphabet, padded or not.
fn decoded(encoded: &[u8]) -> Option<SecretPart> {
    let alphabet = if encoded.iter().any(|byte| matches!(byte, b'-' | b'_')) {
        &alphabet::URL_SAFE
    } else {
        &alphabet::STANDARD
    };
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    // All of the room at once, so that no half of the secret stays behind in freed memory.
    let mut plain = Zeroizing::new(vec![0; encoded.len() / 4 * 3 + 3]);
    let length = GeneralPurpose::new(alphabet, config)
        .decode_slice(encoded, &mut plain)
        .ok()?;
    plain.truncate(length);
    Some(plain)
}
