//! The rule of no provider: a random-looking value that is assigned to a name which says "secret".
//!
//! It decides by the words of the name (what the last words are about) and by the value's shape. It prefers to miss a value
//! that looks like a word over marking code: the provider rules and the masker hold what matters most.

use super::{assignment::Assignment, shape};

pub(super) const ID: &str = "generic-secret";
pub(super) const KIND: &str = "secret value";

/// Parts of names at which an assignment is looked at. Lower case.
pub(super) const TRIGGERS: [&str; 10] = [
    "token", "secret", "key", "pass", "pwd", "auth", "cred", "login", "session", "webhook",
];

const LONGEST_VALUE_BYTES: usize = 160;

/// What a name says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// Chosen by a human, maybe.
    Password,
    /// A credential.
    Strong,
    /// A credential or something else of that name.
    Weak,
}

/// Words after which a name is about something else. Lower case.
const OTHER_SUBJECTS: &[&str] = &[
    "id",
    "ids",
    "name",
    "names",
    "length",
    "len",
    "size",
    "count",
    "type",
    "path",
    "file",
    "files",
    "filename",
    "dir",
    "url",
    "uri",
    "urls",
    "host",
    "endpoint",
    "version",
    "format",
    "algorithm",
    "algo",
    "alg",
    "provider",
    "store",
    "keystore",
    "ring",
    "code",
    "codes",
    "press",
    "event",
    "frame",
    "point",
    "map",
    "word",
    "words",
    "set",
    "space",
    "field",
    "fields",
    "column",
    "index",
    "prefix",
    "suffix",
    "pattern",
    "regex",
    "expiry",
    "expires",
    "expiration",
    "ttl",
    "timeout",
    "date",
    "time",
    "at",
    "class",
    "handler",
    "manager",
    "service",
    "source",
    "mode",
    "policy",
    "min",
    "max",
    "hint",
    "label",
    "placeholder",
    "input",
    "validator",
    "alias",
    "arn",
    "reference",
    "ref",
    "meshing",
    "distance",
    "keys",
    "tokens",
    "usage",
    "limit",
    "enabled",
    "required",
    "method",
    "methods",
    "group",
    "groups",
    "schema",
    "table",
    "message",
    "error",
    "tag",
    "issuer",
    "audience",
    "scope",
    "scopes",
    "role",
    "user",
    "username",
    "email",
    "account",
    "status",
    "state",
    "title",
    "description",
    "fingerprint",
    "thumbprint",
    "identifier",
    "sequence",
    "builder",
    "factory",
    "client",
    "server",
    "config",
    "storage",
    "rotation",
    "strength",
    "bits",
    "bytes",
    "bit",
];

/// Words that make a key something that is no credential. Lower case.
const HARMLESS: &[&str] = &[
    "public",
    "pub",
    "primary",
    "foreign",
    "sort",
    "partition",
    "cache",
    "hot",
    "keyboard",
    "tokenizer",
    "row",
    "map",
    "dict",
    "author",
    "authors",
    "idempotency",
    "shortcut",
    "object",
    "lookup",
    "translation",
    "i18n",
    "locale",
    "license",
    "revision",
    "commit",
    "sha",
    "checksum",
    "digest",
    "hash",
    "css",
    "integrity",
];

/// Whether the value that is assigned is a secret.
pub(super) fn is_secret(text: &[u8], assignment: &Assignment) -> bool {
    let (Some(name), Some(value)) = (
        text.get(assignment.name.clone()),
        text.get(assignment.value.clone()),
    ) else {
        return false;
    };
    value.len() <= LONGEST_VALUE_BYTES
        && assignment.direct
        && meaning(name).is_some_and(|meaning| is_secret_value(value, meaning, assignment.quoted))
}

/// Splits a name at its separators and humps, lower case.
fn words(name: &[u8]) -> Vec<Vec<u8>> {
    let mut words: Vec<Vec<u8>> = vec![Vec::new()];
    let mut previous = 0_u8;
    for (index, &byte) in name.iter().enumerate() {
        if byte.is_ascii_alphabetic() {
            let next_is_lower = name.get(index + 1).is_some_and(u8::is_ascii_lowercase);
            let hump = byte.is_ascii_uppercase()
                && (previous.is_ascii_lowercase()
                    || (previous.is_ascii_uppercase() && next_is_lower));
            if hump {
                words.push(Vec::new());
            }
            if let Some(word) = words.last_mut() {
                word.push(byte.to_ascii_lowercase());
            }
        } else {
            words.push(Vec::new());
        }
        previous = byte;
    }
    words.retain(|word| !word.is_empty());
    words
}

fn meaning(name: &[u8]) -> Option<Meaning> {
    let words = words(name);
    let is_any = |list: &[&str], word: &[u8]| list.iter().any(|entry| entry.as_bytes() == word);
    if words.iter().any(|word| is_any(HARMLESS, word)) {
        return None;
    }
    let place = words
        .iter()
        .rposition(|word| word_meaning(word).is_some())?;
    if words
        .iter()
        .skip(place + 1)
        .any(|word| is_any(OTHER_SUBJECTS, word))
    {
        return None;
    }
    let meaning = word_meaning(words.get(place)?)?;
    let before = place
        .checked_sub(1)
        .and_then(|place| words.get(place))
        .map_or(&b""[..], Vec::as_slice);
    let named_key = words.get(place).is_some_and(|word| word == b"key")
        && is_any(
            &[
                "api",
                "secret",
                "access",
                "private",
                "auth",
                "encryption",
                "encrypt",
                "signing",
                "master",
                "app",
                "client",
                "account",
                "service",
                "admin",
                "shared",
                "storage",
                "jwt",
            ],
            before,
        );
    Some(if named_key { Meaning::Strong } else { meaning })
}

fn word_meaning(word: &[u8]) -> Option<Meaning> {
    let word = str::from_utf8(word).ok()?;
    Some(match word {
        "password" | "passwd" | "passphrase" | "pwd" | "pass" | "passcode" | "passwort" => {
            Meaning::Password
        }
        "token" | "secret" | "secrets" | "apikey" | "credential" | "credentials" | "creds"
        | "cred" | "apitoken" | "authtoken" | "accesstoken" | "secretkey" | "accesskey"
        | "privatekey" | "bearer" => Meaning::Strong,
        "key" | "auth" | "authorization" | "login" | "session" | "sessionid" | "cookie"
        | "webhook" => Meaning::Weak,
        _ if word.ends_with("password") || word.ends_with("passwd") => Meaning::Password,
        _ if word.ends_with("token") || word.ends_with("secret") || word.ends_with("apikey") => {
            Meaning::Strong
        }
        _ => return None,
    })
}

fn is_secret_value(value: &[u8], meaning: Meaning, quoted: bool) -> bool {
    if value.len() < 8
        || !value.iter().all(u8::is_ascii_graphic)
        || shape::is_stand_in(value)
        || shape::is_mark(value)
        || is_location(value)
        || is_number(value)
        || is_constant(value)
    {
        return false;
    }
    match meaning {
        Meaning::Password => is_password(value, quoted),
        Meaning::Strong => (quoted || !shape::is_uuid(value)) && is_random(value, 3.0, 2),
        Meaning::Weak => !shape::is_uuid(value) && is_random(value, 3.3, 3),
    }
}

fn is_location(value: &[u8]) -> bool {
    shape::contains(value, b"://")
        || [
            b"/".as_slice(),
            b"./",
            b"../",
            b"~/",
            b"//",
            b"@",
            b"#",
            b"&",
            b"*",
            b"(",
            b"arn:",
            b"$",
            b"%",
        ]
        .iter()
        .any(|start| {
            value.starts_with(start)
                && !(value.len() > 30 && *start == b"/" && !shape::is_worded(value))
        })
        || [
            b".pem".as_slice(),
            b".p12",
            b".json",
            b".key",
            b".crt",
            b".txt",
            b".yml",
            b".yaml",
            b".jks",
            b".pfx",
            b".com",
            b".js",
            b".py",
            b".go",
            b".test",
        ]
        .iter()
        .any(|end| value.to_ascii_lowercase().ends_with(end))
}

fn is_number(value: &[u8]) -> bool {
    value.iter().all(|byte| {
        byte.is_ascii_digit()
            || matches!(byte, b'.' | b'-' | b':' | b'+' | b'/' | b'T' | b'Z' | b'_')
    })
}

/// `SOME_CONSTANT_2`, `some.field.name`, `some-name`.
fn is_constant(value: &[u8]) -> bool {
    let letters_only = value.iter().all(|byte| {
        byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'.' | b'-' | b':' | b'/' | b'!' | b'?')
    });
    letters_only
        && (value.len() < 20
            || value.iter().any(|byte| !byte.is_ascii_alphabetic())
            || shape::is_worded(value))
}

fn is_password(value: &[u8], quoted: bool) -> bool {
    let digit = value.iter().any(u8::is_ascii_digit);
    let lower = value.iter().any(u8::is_ascii_lowercase);
    let upper = value.iter().any(u8::is_ascii_uppercase);
    let symbol = value.iter().any(u8::is_ascii_punctuation);
    let classes =
        usize::from(digit) + usize::from(lower) + usize::from(upper) + usize::from(symbol);
    if shape::entropy_bits(value) < 2.5 || classes < 2 || !(digit || symbol) {
        return false;
    }
    // `user.password2`, `self._password1`, `value=fail`: code and configuration, not a password.
    let reads_field = !quoted && value.contains(&b'.') && shape::is_worded(value);
    !reads_field && (classes >= 3 || !shape::is_worded(value) || value.len() >= 12 && digit)
}

/// Whether the value has the shape of a generated one: entropy, digits among the letters, no words.
fn is_random(value: &[u8], least_bits: f32, least_alternations: usize) -> bool {
    let length = value.len();
    if length < 10 {
        return false;
    }
    let entropy = shape::entropy_bits(value);
    let least_bits = if length < 16 {
        least_bits - 0.2
    } else {
        least_bits
    };
    if entropy < least_bits || shape::is_worded(value) {
        return false;
    }
    let hexadecimal = value.iter().all(u8::is_ascii_hexdigit);
    if hexadecimal && length < 16 {
        return false;
    }
    let alternations = shape::alternations(value);
    if alternations >= least_alternations.max(length / 12) {
        return true;
    }
    // No digits to speak of: then both cases, mixed.
    let swaps = value
        .array_windows::<2>()
        .filter(|[left, right]| left.is_ascii_lowercase() && right.is_ascii_uppercase())
        .count();
    length >= 20 && swaps >= length / 8 && entropy >= 4.0
}
