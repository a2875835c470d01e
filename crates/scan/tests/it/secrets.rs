//! What the secret scanner finds, leaves alone, and how it redacts.
//!
//! Tokens are put together when the test runs, so that no file holds one.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::LazyLock;

use countersign_scan::{Confidence, SecretCase, SecretScanner, evaluate_secrets};
use proptest::prelude::*;

/// One for all tests of this process: its patterns are compiled when they are first needed.
fn scanner() -> &'static SecretScanner {
    static SCANNER: LazyLock<SecretScanner> = LazyLock::new(|| SecretScanner::builtin().unwrap());
    &SCANNER
}

/// Text of an alphabet that looks random and is the same in every run.
fn random(alphabet: &str, length: usize, seed: u64) -> String {
    let letters: Vec<char> = alphabet.chars().collect();
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            letters[usize::try_from(state >> 33).unwrap() % letters.len()]
        })
        .collect()
}

const HEX: &str = "0123456789abcdef";
const BASE36: &str = "0123456789abcdefghijklmnopqrstuvwxyz";
const BASE62: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "0123456789";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn hex(length: usize) -> String {
    random(HEX, length, 11)
}

fn base62(length: usize) -> String {
    random(BASE62, length, 7)
}

/// Every kind that matters most (security requirement 21): the rule and a value.
#[expect(clippy::too_many_lines, reason = "a table")]
fn kinds() -> Vec<(&'static str, String)> {
    let jwt = ["eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiIxMDQyIn0", &base62(43)].join(".");
    vec![
        (
            "openai-key",
            format!(
                "sk-{}{}{}",
                base62(20),
                "T3Blbk".to_owned() + "FJ",
                base62(20)
            ),
        ),
        (
            "openai-key",
            format!(
                "sk-proj-{}{}{}",
                base62(74),
                "T3Blbk".to_owned() + "FJ",
                base62(74)
            ),
        ),
        (
            "openai-key",
            format!(
                "sk-svcacct-{}{}{}",
                base62(74),
                "T3Blbk".to_owned() + "FJ",
                base62(74)
            ),
        ),
        (
            "anthropic-key",
            format!("sk-ant-{}-{}AA", "api03", base62(93)),
        ),
        (
            "anthropic-key",
            format!("sk-ant-{}-{}AA", "admin01", base62(93)),
        ),
        ("openrouter-key", format!("sk-or-v1-{}", hex(64))),
        ("google-api-key", format!("AIza{}", base62(35))),
        ("google-oauth-secret", format!("GOCSPX-{}", base62(28))),
        ("google-oauth-token", format!("ya29.{}", base62(120))),
        ("aws-access-key", format!("AKIA{}", random(UPPER, 16, 3))),
        ("aws-access-key", format!("ASIA{}", random(UPPER, 16, 4))),
        ("github-token", format!("ghp_{}", base62(36))),
        ("github-token", format!("gho_{}", base62(36))),
        ("github-token", format!("ghu_{}", base62(36))),
        ("github-token", format!("ghs_{}", base62(36))),
        ("github-token", format!("ghr_{}", base62(36))),
        (
            "github-fine-grained-token",
            format!("github_pat_{}_{}", base62(22), base62(59)),
        ),
        ("gitlab-token", format!("glpat-{}", base62(20))),
        (
            "gitlab-token",
            format!("glpat-{}.{}", base62(27), base62(9)),
        ),
        ("gitlab-token", format!("gldt-{}", base62(20))),
        ("gitlab-token", format!("glptt-{}", hex(40))),
        ("gitlab-token", format!("glrt-{}", base62(20))),
        ("gitlab-token", format!("glcbt-{}", base62(25))),
        ("gitlab-token", format!("glft-{}", base62(20))),
        ("gitlab-token", format!("glsoat-{}", base62(20))),
        ("gitlab-token", format!("glffct-{}", base62(20))),
        ("gitlab-token", format!("gloas-{}", base62(64))),
        ("gitlab-token", format!("glagent-{}", base62(50))),
        ("gitlab-token", format!("glimt-{}", random(BASE36, 25, 2))),
        (
            "gitlab-runner-registration-token",
            format!("GR1348941{}", base62(20)),
        ),
        (
            "slack-token",
            format!(
                "xoxb-{}-{}-{}",
                random(DIGITS, 12, 1),
                random(DIGITS, 12, 2),
                base62(24)
            ),
        ),
        (
            "slack-token",
            format!(
                "xoxp-{}-{}-{}-{}",
                random(DIGITS, 12, 1),
                random(DIGITS, 12, 2),
                random(DIGITS, 12, 5),
                hex(32)
            ),
        ),
        (
            "slack-token",
            format!(
                "xapp-1-A{}-{}-{}",
                random(UPPER, 10, 2),
                random(DIGITS, 13, 2),
                hex(64)
            ),
        ),
        ("slack-token", format!("xoxe.xoxp-1-{}", base62(163))),
        ("slack-token", format!("xoxe-1-{}", base62(146))),
        (
            "discord-bot-token",
            format!("MT{}.{}.{}", base62(24), base62(6), base62(38)),
        ),
        (
            "telegram-token",
            format!("{}:AA{}", random(DIGITS, 10, 9), base62(33)),
        ),
        ("stripe-key", format!("sk_{}_{}", "live", base62(24))),
        ("stripe-key", format!("rk_{}_{}", "live", base62(24))),
        ("stripe-key", format!("sk_{}_{}", "test", base62(99))),
        ("stripe-webhook-secret", format!("whsec_{}", base62(32))),
        ("sendgrid-key", format!("SG.{}.{}", base62(22), base62(43))),
        ("twilio-key", format!("SK{}", hex(32))),
        ("npm-token", format!("npm_{}", base62(36))),
        ("pypi-token", format!("pypi-AgEIcHlwaS5vcmc{}", base62(120))),
        ("jwt", jwt),
    ]
}

#[test]
fn tokens_of_the_kinds_that_matter_are_found_in_any_surroundings() {
    let scanner = scanner();
    for (rule, value) in kinds() {
        for text in [
            value.clone(),
            format!("see {value}, thanks"),
            format!("X={value}\nY=1"),
            format!("{{\"key\": \"{value}\"}}"),
            format!("{{\"log\": \"a\\n{value}\\nb\"}}"),
            format!("https://x.example/?a=1&k={value}&b=2"),
            format!("x%3D{value}%26"),
            format!("<v>{value}</v>"),
            format!("`{value}`"),
        ] {
            let spans = scanner.scan(text.as_bytes());
            let found = spans.iter().any(|span| text[span.range.clone()] == value);
            assert!(found, "{rule} in {text}: {spans:?}");
            assert!(
                spans.iter().any(|span| span.rule == rule),
                "{rule} in {text}: {spans:?}"
            );
        }
        let redacted = scanner
            .redact(&format!("before {value} after"))
            .into_owned();
        assert_eq!(redacted, format!("before [secret:{rule}] after"));
    }
}

#[test]
fn credentials_in_calls_headers_and_addresses_are_found_and_nothing_else_is_touched() {
    let scanner = scanner();
    let word = base62(24);
    let pair = "YWxpY2U6czNjcjN0IQ=="; // alice:s3cr3t!
    for (text, expected) in [
        (
            format!("Authorization: Bearer {word}"),
            "Authorization: Bearer [secret:authorization-header]".to_owned(),
        ),
        (
            format!("Authorization: Basic {pair}"),
            "Authorization: Basic [secret:authorization-header]".to_owned(),
        ),
        (
            format!("{{\"authorization\": \"token {word}\"}}"),
            "{\"authorization\": \"token [secret:authorization-header]\"}".to_owned(),
        ),
        (
            format!("curl -H 'X-Api-Key: {word}' https://a.example"),
            "curl -H 'X-Api-Key: [secret:curl-header]' https://a.example".to_owned(),
        ),
        (
            "curl -u alice:wonder-4-land https://a.example".to_owned(),
            "curl -u [secret:curl-user] https://a.example".to_owned(),
        ),
        (
            "curl --user 'alice:wonder 4 land' x".to_owned(),
            "curl --user '[secret:curl-user]' x".to_owned(),
        ),
        (
            "curl --user alice:'wonder4land' x".to_owned(),
            "curl --user alice:'[secret:curl-user]' x".to_owned(),
        ),
        (
            "https://alice:wonder4land@a.example/x".to_owned(),
            "https://alice:[secret:url-basic-auth]@a.example/x".to_owned(),
        ),
        (
            "postgres://app:w0nder-land@db:5432/x".to_owned(),
            "postgres://app:[secret:url-credential]@db:5432/x".to_owned(),
        ),
        (
            "mongodb+srv://app:w0nder@land@db/x".to_owned(),
            "mongodb+srv://app:[secret:url-credential]@db/x".to_owned(),
        ),
        (
            "redis://:w0nderland@cache:6379".to_owned(),
            "redis://:[secret:url-credential]@cache:6379".to_owned(),
        ),
        (
            format!("aws_secret_access_key = {}", base62(40)),
            "aws_secret_access_key = [secret:aws-secret-key]".to_owned(),
        ),
        (
            format!("db_password: \"{}\"", base62(16)),
            "db_password: \"[secret:generic-secret]\"".to_owned(),
        ),
        (
            format!("const apiToken: string = \"{word}\";"),
            "const apiToken: string = \"[secret:generic-secret]\";".to_owned(),
        ),
        (
            format!("--api-key {word} --verbose"),
            "--api-key [secret:generic-secret] --verbose".to_owned(),
        ),
        (
            format!("the secret is {word}."),
            "the secret is [secret:generic-secret].".to_owned(),
        ),
    ] {
        assert_eq!(scanner.redact(&text), expected, "{text}");
    }
}

#[test]
fn a_private_key_is_redacted_to_its_last_line_and_the_text_around_it_stays() {
    let scanner = scanner();
    let body: String = (0..20)
        .map(|line| random(BASE62, 64, line + 1) + "\n")
        .collect();
    for kind in ["RSA ", "EC ", "OPENSSH ", "ENCRYPTED ", ""] {
        let text = format!(
            "a\n-----BEGIN {kind}PRIVATE KEY-----\n{body}-----END {kind}PRIVATE KEY-----\nb"
        );
        let redacted = scanner.redact(&text);
        assert_eq!(
            redacted,
            format!("a\n-----BEGIN {kind}PRIVATE KEY-----[secret:private-key]\nb")
        );
    }
    let cut = format!("-----BEGIN RSA PRIVATE KEY-----\n{body}");
    assert!(!scanner.redact(&cut).contains(&body[..64]));
    let code = "assert!(pem.starts_with(\"-----BEGIN PRIVATE KEY-----\"));\nlet other = make_another(b\"key\");\n";
    assert_eq!(scanner.redact(code), code);
    let public = format!("-----BEGIN PUBLIC KEY-----\n{body}-----END PUBLIC KEY-----");
    assert!(scanner.scan(public.as_bytes()).is_empty());
}

#[test]
fn stand_ins_and_code_are_left_alone() {
    let scanner = scanner();
    for text in [
        "token = os.environ[\"API_TOKEN\"]",
        "password: ${DB_PASSWORD}",
        "api_key = \"YOUR_API_KEY_HERE_1234\"",
        "curl -u \"$USER:$PASS\" https://a.example",
        "curl --user username:password x",
        "postgres://user:${PASSWORD}@db/x",
        "mysql://mysql:mysql@localhost/x",
        "primary_key = \"customer_id_2\"",
        "public_key = \"9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit\"",
        "if (event.key === \"ArrowDown\") return;",
        "keyword_file=words2.txt",
        "the token expired at 2026-11-20T10:00:00Z",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "cache_key = \"user:1042:profile\"",
        "session timeout: 3600000000",
        "tokenizer = \"cl100k_base\"",
        "max_tokens: 4096000000",
        "authorization: Bearer <token>",
        "The secret of success is simple12345 but long.",
    ] {
        assert!(
            scanner.scan(text.as_bytes()).is_empty(),
            "{text}: {:?}",
            scanner.scan(text.as_bytes())
        );
    }
}

#[test]
fn a_value_is_redacted_where_it_stands_again_without_its_name() {
    let scanner = scanner();
    let value = base62(24);
    let text = format!("api_token = \"{value}\"\nlater, {value} is used; {value}x");
    let redacted = scanner.redact(&text);
    assert!(!redacted.contains(&value));
    assert_eq!(redacted.matches("[secret:generic-secret]").count(), 3);
}

#[test]
fn spans_carry_the_kind_and_how_sure_the_rule_is() {
    let scanner = scanner();
    let text = format!("stripe: sk_{}_{}", "live", base62(24));
    let spans = scanner.scan(text.as_bytes());
    assert_eq!(spans.len(), 1);
    assert_eq!((spans[0].rule, spans[0].kind), ("stripe-key", "Stripe key"));
    assert_eq!(spans[0].confidence, Confidence::High);
    assert!(scanner.rules().count() > 200);
}

#[test]
fn odd_bytes_and_lines_of_ten_megabytes_are_no_trouble() {
    let scanner = scanner();
    let value = format!("ghp_{}", base62(36));
    let mut bytes = vec![0xff, 0xfe, 0x80, b' '];
    bytes.extend_from_slice(value.as_bytes());
    bytes.extend_from_slice(&[0xc3, 0x28, 0]);
    assert_eq!(
        scanner.redact_bytes(&bytes).as_ref(),
        [
            &[0xff, 0xfe, 0x80, b' '][..],
            b"[secret:github-token]",
            &[0xc3, 0x28, 0]
        ]
        .concat()
    );
    let mut line = "lorem ipsum ".repeat(850_000);
    line.push_str(&value);
    let spans = scanner.scan(line.as_bytes());
    assert_eq!(spans.len(), 1);
    assert_eq!(&line[spans[0].range.clone()], value);
}

#[test]
fn an_evaluation_counts_by_rule_and_source() {
    let scanner = scanner();
    let token = format!("ghp_{}", base62(36));
    let case = |text, expect, rule| SecretCase {
        text,
        expect,
        rule,
        source: "own",
    };
    let report = evaluate_secrets(
        scanner,
        [
            case(&token, true, "a"),
            case("nothing", true, "a"),
            case("nothing", false, "b"),
        ],
    );
    assert_eq!((report.overall.positives, report.overall.found), (2, 1));
    assert_eq!((report.overall.negatives, report.overall.flagged), (1, 0));
    let (share, low, high) = report.by_rule["a"].recall().unwrap();
    assert!(
        (share - 0.5).abs() < 1e-9 && low > 0.09 && low < 0.1 && high > 0.9,
        "{low} {high}"
    );
    assert_eq!(report.by_rule["a"].false_positives(), None);
    assert_eq!(report.by_source["own"], report.overall);
}

/// Pieces of which hostile and ordinary texts are made.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9 =:\"'\\\\/.@_-]{0,24}",
        "\\PC{0,8}",
        Just("api_key=\"".to_owned()),
        Just("Authorization: Bearer ".to_owned()),
        Just("https://u:".to_owned()),
        Just("@h/".to_owned()),
        Just("[secret:generic-secret]".to_owned()),
        Just("[secret:".to_owned()),
        Just("-----BEGIN PRIVATE KEY-----".to_owned()),
        Just("kind: Secret\ndata:\n  a: ".to_owned()),
        Just("curl -u ".to_owned()),
        (0..1000_u64, 8..60_usize).prop_map(|(seed, length)| random(BASE62, length, seed)),
        (0..46_usize).prop_map(|index| kinds()[index].1.clone()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Security requirement 21: what was found is gone, and redacting again changes nothing.
    #[test]
    fn a_redacted_text_contains_no_value_and_stays_as_it_is(pieces in prop::collection::vec(piece(), 0..12)) {
        let scanner = scanner();
        let text = pieces.concat();
        let spans = scanner.scan(text.as_bytes());
        let redacted = scanner.redact(&text).into_owned();
        for span in &spans {
            let value = &text.as_bytes()[span.range.clone()];
            prop_assert!(!value.is_empty());
            let mark = format!("[secret:{}]", span.rule);
            let is_public = mark.as_bytes().windows(value.len()).any(|window| window == value);
            if value.len() >= 8 && !is_public {
                let stays = redacted.as_bytes().windows(value.len()).any(|window| window == value);
                prop_assert!(!stays, "{text:?} -> {redacted:?}");
            }
        }
        for pair in spans.windows(2) {
            prop_assert!(pair[0].range.end <= pair[1].range.start);
        }
        let again = scanner.redact(&redacted).into_owned();
        prop_assert_eq!(&again, &redacted);
    }

    #[test]
    fn any_bytes_can_be_scanned(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let scanner = scanner();
        for span in scanner.scan(&bytes) {
            prop_assert!(span.range.start < span.range.end && span.range.end <= bytes.len());
        }
        let _redacted = scanner.redact_bytes(&bytes);
    }
}
