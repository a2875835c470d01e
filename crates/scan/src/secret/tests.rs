//! Rule files: every built-in pattern compiles, and a broken file is refused whole, with its line.

use super::{
    rule::Finder,
    rules::{OURS, compile, read},
    scanner::SecretScanner,
    shape,
};

const BUILTIN: &str = include_str!("builtin.rules");

#[test]
fn every_built_in_rule_compiles() {
    let rules = read(BUILTIN, OURS).unwrap();
    assert!(rules.len() >= 200, "{} rules", rules.len());
    compile(&rules).unwrap();
    for rule in &rules {
        if let Finder::Token {
            keywords,
            within,
            before,
            ..
        } = &rule.finder
        {
            assert!(!keywords.is_empty(), "{}", rule.id);
            assert!(*within + *before <= 65536 + 64, "{}", rule.id);
        }
    }
}

#[test]
fn a_rule_file_with_an_error_is_refused_whole_and_the_line_is_named() {
    for (file, line, part) in [
        ("", 1, "version"),
        ("version 2\n", 1, "version 1"),
        ("# a comment\nrule a\n", 2, "version 1"),
        ("version 1\nkind x\n", 2, "rule IDENTIFIER"),
        ("version 1\nrule Not-Good\n", 2, "identifier"),
        (
            "version 1\n\nrule a\nkind A\nkeyword abc\ntoken abc(\n",
            6,
            "regular expression",
        ),
        (
            "version 1\nrule a\nkind A\nkeyword abc\ntoken abc(?=x)\n",
            5,
            "regular expression",
        ),
        (
            "version 1\nrule a\nkind A\nkeyword abc\ntoken (a)\\1\n",
            5,
            "regular expression",
        ),
        (
            "version 1\nrule a\nkind A\nkeyword abc\ntoken a*\n",
            5,
            "empty",
        ),
        (
            "version 1\nrule a\nkind A\ntoken abc.*\n",
            4,
            "without a keyword",
        ),
        (
            "version 1\nrule a\nkind A\ntoken abc.{1,5000}\n",
            4,
            "without a keyword",
        ),
        (
            "version 1\nrule a\nkind A\nkeyword abc\n",
            2,
            "needs either",
        ),
        (
            "version 1\nrule a\nkeyword abc\ntoken abc\n",
            2,
            "no `kind`",
        ),
        ("version 1\nrule a\nkind A\nentropy nine\n", 4, "entropy"),
        ("version 1\nrule a\nkind A\ncolour red\n", 4, "no field"),
        (
            "version 1\nrule a\nkind A\nkeyword abc\ntoken abc\nrule a\n",
            6,
            "already",
        ),
        (
            "version 1\nrule a\nkind A\nkeyword abc\ntoken abc(?:[a-z]{900}){900}\n",
            2,
            "too large",
        ),
        (
            "version 1\nrule github-token\nkind A\nkeyword abc\ntoken abcd\n",
            2,
            "built-in",
        ),
        ("version 1\nrule a\nkind A\ncheck magic\n", 4, "no check"),
    ] {
        let error = SecretScanner::with_custom(file).unwrap_err();
        assert_eq!(error.line, line, "{file:?}: {error}");
        assert!(error.reason.contains(part), "{file:?}: {error}");
    }
}

/// Five hundred rules of the largest patterns would take gigabytes.
#[test]
fn a_rule_file_takes_bounded_memory_and_the_line_that_is_too_much_is_named() {
    let file = |count: usize, fields: &str| {
        let rules = (0..count).map(|number| {
            let fields = fields.replace('#', &number.to_string());
            format!("rule own-{number}\nkind Own\n{fields}\n")
        });
        format!("version 1\n{}", rules.collect::<String>())
    };
    let ordinary = file(500, "keyword own#_\ntoken own#_[A-Za-z0-9]{32}\nnot ^own0");
    let scanner = SecretScanner::with_custom(&ordinary).unwrap();
    assert_eq!(
        scanner.redact("own499_d2na7yc7g965w62uyd2na7yc7g965w62"),
        "[secret:own-499]"
    );
    let large = file(100, "keyword own#_\ntoken own#_(?:[a-z]{90}){500}");
    let error = SecretScanner::with_custom(&large).unwrap_err();
    assert!(error.reason.contains("together"), "{error}");
    assert!(
        (6..400).contains(&error.line) && error.line % 4 == 2,
        "{error}"
    );

    let keyword = "k".repeat(60);
    let many = file(
        200,
        &format!("keyword {keyword}#\ntoken {keyword}#[a-z]{{8}}"),
    );
    let error = SecretScanner::with_custom(&many).unwrap_err();
    assert!(error.reason.contains("8192 bytes together"), "{error}");
    assert_eq!(error.line % 4, 0, "the line of the keyword: {error}");

    let wide = file(1, "keyword own#_\ntoken own#_[a-z]{8}\nwithin 9000");
    assert_eq!(SecretScanner::with_custom(&wide).unwrap_err().line, 6);
}

#[test]
fn a_custom_rule_finds_its_value_with_and_without_a_keyword() {
    let file = "version 1\nrule acme\nkind Acme token\nkeyword acme_\ntoken acme_(?P<secret>[a-z0-9]{8})\nentropy 0\nrule staff\nkind staff number\ntoken S-\\d{4}\nentropy 0\nconfidence low\n";
    let scanner = SecretScanner::with_custom(file).unwrap();
    assert_eq!(
        scanner.redact("acme_abcd1234, S-1234; S-12345"),
        "acme_[secret:acme], [secret:staff]; S-12345"
    );
}

#[test]
fn words_are_told_from_random_text() {
    for worded in ["KeyPressHandler", "some_field_name", "TestSourcePassword"] {
        assert!(shape::is_worded(worded.as_bytes()), "{worded}");
    }
    for random in ["q8vtz0pxkw3m", "Zf3D0LXCM3EIMbgJpUNn", "d2na7yc7g965w62uy"] {
        assert!(!shape::is_worded(random.as_bytes()), "{random}");
    }
}

/// Coloured output of tools: the last letter of a colour code is no part of the token after it, and the colour stays where it was.
#[test]
fn a_colour_code_before_a_token_hides_nothing() {
    let scanner = SecretScanner::builtin().unwrap();
    let token = format!("sk_live_{}", "4eC39HqLyjWDarjtT1zdp7dc");
    for text in [
        format!("key: \x1b[1m{token}\x1b[0m done"),
        format!("\x1b[38;5;196m{token}\x1b[m"),
        format!("\x1b\x1b[{token}"),
    ] {
        let redacted = scanner.redact(&text);
        assert!(!redacted.contains(&token), "{redacted:?}");
    }
    let text = format!("\x1b[1m{token}\x1b[0m");
    assert_eq!(scanner.redact(&text), "\x1b[1m[secret:stripe-key]\x1b[0m");
}
