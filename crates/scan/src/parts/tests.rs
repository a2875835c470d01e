use super::*;

fn parts(name: &str, value: &str) -> Vec<String> {
    header_secret_parts(name, value.as_bytes())
        .iter()
        .map(|part| String::from_utf8(part.to_vec()).unwrap())
        .collect()
}

#[test]
fn a_value_without_separators_has_no_parts() {
    for value in ["", "abc", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln", "a/b+c-d_e"] {
        assert!(parts("authorization", value).is_empty(), "{value}");
    }
}

#[test]
fn what_stands_behind_a_scheme_is_a_part() {
    assert_eq!(parts("authorization", "Token SuperSecret"), ["SuperSecret"]);
    assert_eq!(parts("x-api-key", "Bearer  abcd"), ["abcd"]);
    // The first word may be half of the secret.
    assert_eq!(
        parts("x", "first-half second-half"),
        ["second-half", "first-half"]
    );
    assert_eq!(parts("x", "Negotiate YIIabc=="), ["YIIabc=="]);
}

#[test]
fn a_basic_pair_is_decoded_in_any_spelling() {
    for value in [
        "Basic YWRhOj8_Pz8-", // url-safe
        "basic YWRhOj8/Pz8+",
    ] {
        let parts = parts("authorization", value);
        assert!(parts.contains(&"ada:????>".to_owned()), "{parts:?}");
        assert!(parts.contains(&"????>".to_owned()), "{parts:?}");
    }
    for value in ["Basic YTpi", "BASIC YTpi"] {
        assert_eq!(parts("authorization", value), ["YTpi", "a:b", "b"]);
    }
    assert_eq!(parts("authorization", "Basic ????"), ["????"]);
}

#[test]
fn a_cookies_values_are_parts_and_its_names_are_not() {
    assert_eq!(
        parts(
            "COOKIE",
            "sessionid=abcd==; theme=dark;on=true; q=\"quoted\"; lone-value"
        ),
        ["abcd==", "dark", "\"quoted\"", "quoted", "lone-value"]
    );
    assert_eq!(
        parts("cookie", "user=id:0123456789&secret-half"),
        ["id:0123456789&secret-half", "0123456789", "secret-half"]
    );
}

#[test]
fn each_token_is_a_part_and_public_names_are_not() {
    let value = r#"Signature username="ada", signature="a \"b\", 12345678",unknown-name=abcdefgh"#;
    let found = parts("authorization", value);
    for part in [r#"a "b", 12345678"#, "12345678", "unknown-name", "abcdefgh"] {
        assert!(found.contains(&part.to_owned()), "{part}: {found:?}");
    }
    for public in ["Signature", "username", "signature"] {
        assert!(!found.contains(&public.to_owned()), "{public}");
    }
}

#[test]
fn broken_quotes_end_with_the_value() {
    for value in ["x \"abcdefgh", "x \"abcdefgh\\", "\"", "\\\"", "x=\"\\"] {
        let found = parts("x", value);
        assert!(
            !value.contains("abcdefgh") || found.iter().any(|part| part.contains("abcdefgh")),
            "{value}: {found:?}"
        );
    }
}
