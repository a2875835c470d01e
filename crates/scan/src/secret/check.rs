//! Checks that a pattern can't express.

use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::shape;

/// Base64 that a lenient reader accepts: with or without pads, with bits left over.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);

/// Values that stand in documents and code for a user or a password.
const TOY_WORDS: [&str; 22] = [
    "user",
    "username",
    "password",
    "passwd",
    "pass",
    "pwd",
    "secret",
    "token",
    "key",
    "apikey",
    "api_key",
    "api-key",
    "login",
    "admin",
    "credentials",
    "usr",
    "pw",
    "mypassword",
    "my_password",
    "xxx",
    "foo",
    "bar",
];

/// A named check of a rule's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// The first part decodes to a JSON object.
    Jwt,
    /// Decodes to a [`Check::Jwt`].
    JwtBase64,
    /// Base64 of `user:password`.
    BasicPair,
    /// Not a stand-in for a header value.
    HeaderValue,
    /// What curl sends as a header.
    CurlValue,
    /// `user:password` as curl takes it.
    CurlUser,
    /// A password between `user:` and `@` of a web address, where even `password` may be one.
    UrlPassword,
    /// The same in another address. Documents are full of `user:password` here.
    ConnectionPassword,
    /// Base64 lines, with or without headers.
    KeyMaterial,
}

impl Check {
    /// The check of this name in a rule file.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "jwt" => Self::Jwt,
            "jwt-base64" => Self::JwtBase64,
            "basic-pair" => Self::BasicPair,
            "header-value" => Self::HeaderValue,
            "curl-value" => Self::CurlValue,
            "curl-user" => Self::CurlUser,
            "url-password" => Self::UrlPassword,
            "connection-password" => Self::ConnectionPassword,
            "key-material" => Self::KeyMaterial,
            _ => return None,
        })
    }

    /// Whether the value passes, which is part of what the rule's pattern matched.
    pub(super) fn accepts(self, value: &[u8], matched: &[u8]) -> bool {
        match self {
            Self::Jwt => is_jwt(value),
            Self::JwtBase64 => is_encoded_jwt(value),
            Self::BasicPair => is_basic_pair(value),
            Self::HeaderValue => is_header_value(value),
            Self::CurlValue => is_curl_value(value),
            Self::CurlUser => is_curl_user(value),
            Self::UrlPassword => {
                (is_url_password(value) || value.eq_ignore_ascii_case(b"password"))
                    && !is_own_user(value, matched)
            }
            Self::ConnectionPassword => is_url_password(value) && !is_own_user(value, matched),
            Self::KeyMaterial => is_key_material(value),
        }
    }
}

fn is_jwt(value: &[u8]) -> bool {
    let header = value.split(|&byte| byte == b'.').next().unwrap_or_default();
    let Ok(decoded) = URL_SAFE.decode(header) else {
        return false;
    };
    let decoded = decoded.trim_ascii();
    decoded.is_ascii()
        && decoded.starts_with(b"{")
        && decoded.ends_with(b"}")
        && [
            "\"alg\"", "\"typ\"", "\"enc\"", "\"kid\"", "\"zip\"", "\"cty\"",
        ]
        .iter()
        .any(|field| shape::contains(decoded, field.as_bytes()))
}

fn is_encoded_jwt(value: &[u8]) -> bool {
    // The header is in the first kilobyte.
    let start = value.get(..1024).unwrap_or(value);
    let whole = start.get(..start.len() / 4 * 4).unwrap_or_default();
    let Ok(decoded) = STANDARD.decode(whole).or_else(|_| URL_SAFE.decode(whole)) else {
        return false;
    };
    shape::contains(&decoded, b".") && is_jwt(&decoded)
}

fn is_basic_pair(value: &[u8]) -> bool {
    let Ok(decoded) = STANDARD.decode(value).or_else(|_| URL_SAFE.decode(value)) else {
        return false;
    };
    decoded.contains(&b':')
        && decoded
            .iter()
            .all(|byte| *byte >= 0x80 || byte.is_ascii_graphic() || *byte == b' ')
}

fn is_header_value(value: &[u8]) -> bool {
    let random = value.len() >= 10
        && value.iter().any(u8::is_ascii_digit)
        && !shape::is_worded(value)
        && shape::entropy_bits(value) >= 2.8;
    (random || is_basic_pair(value)) && !shape::is_stand_in(value)
}

fn is_curl_value(value: &[u8]) -> bool {
    if is_toy(value) || value.contains(&b'$') || value.contains(&b'{') || value.contains(&b'[') {
        return false;
    }
    is_basic_pair(value) || (value.len() >= 8 && shape::entropy_bits(value) >= 2.75)
}

fn is_curl_user(value: &[u8]) -> bool {
    let Some(at) = value.iter().position(|&byte| byte == b':') else {
        return is_url_password(value);
    };
    let (user, password) = value.split_at(at);
    is_url_password(password.get(1..).unwrap_or_default())
        && user != password.get(1..).unwrap_or_default()
}

fn is_url_password(value: &[u8]) -> bool {
    if value.len() < 3 || is_toy(value) {
        return false;
    }
    let first = value.first().copied().unwrap_or_default();
    // A variable in any of its spellings; a port; a template.
    !matches!(first, b'$' | b'{' | b'<' | b'%' | b'[' | b'(' | b'#' | b':')
        && !shape::contains(value, b"${")
        && !shape::contains(value, b"://")
        && !value
            .iter()
            .all(|byte| *byte == b'*' || *byte == b'x' || *byte == b'.' || *byte == b'X')
        && shape::entropy_bits(value) >= 1.5
}

/// Whether the user that a URL names before the password has the same text: `postgres://postgres:postgres@`.
fn is_own_user(password: &[u8], matched: &[u8]) -> bool {
    memchr::memmem::find(matched, b"://")
        .and_then(|at| matched.get(at + 3..)?.strip_prefix(password))
        .is_some_and(|rest| rest.starts_with(b":"))
}

fn is_toy(value: &[u8]) -> bool {
    if shape::is_stand_in(value) {
        return true;
    }
    let lower = value.to_ascii_lowercase();
    TOY_WORDS.iter().any(|word| lower == word.as_bytes()) || is_name_of_a_value(value)
}

/// `YOUR_TOKEN`, `MY_PASSWORD`, `apiKey`, `the-password`: words and nothing else, one of which names a secret.
fn is_name_of_a_value(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    value
        .iter()
        .all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-' | b'.'))
        && [
            "pass", "token", "secret", "key", "your", "user", "cred", "value", "here", "auth",
        ]
        .iter()
        .any(|word| shape::contains(&lower, word.as_bytes()))
}

fn is_key_material(value: &[u8]) -> bool {
    let start = value.get(..2048).unwrap_or(value);
    let characters = start
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
        .count();
    let stand_ins = start
        .iter()
        .filter(|byte| matches!(byte, b'x' | b'X' | b'*' | b'.'))
        .count();
    characters >= 40 && stand_ins * 2 < characters && shape::entropy_bits(start) >= 3.0
}
