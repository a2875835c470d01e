use base64::{Engine as _, engine::general_purpose::STANDARD};
use countersign_domain::{DeliveryId, SignatureStyle, Timestamp};
use countersign_vault::{SecretBytes, SecretString};

use super::{
    secret::{check, new_secret},
    signature::{headers, hexadecimal, standard},
};

fn secret(text: &str) -> SecretBytes {
    SecretBytes::copy_of(text.as_bytes())
}

/// The example of the Standard Webhooks specification and of its libraries' tests.
#[test]
fn the_specification_s_vector_comes_out() {
    let signature = standard(
        &secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "1614265330",
        br#"{"test": 2432232314}"#,
    );
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

/// RFC 4231, test case 2, over the whole path of the compatible signature.
#[test]
fn the_compatible_signature_is_the_hmac_of_the_body_under_the_text_of_the_secret() {
    let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    let at = Timestamp::from_micros(1_614_265_330_999_999);
    let id: DeliveryId = "0198c5a0-5d5e-7000-8000-000000000000".parse().unwrap();
    let body = b"what do ya want for nothing?";
    let of = |style| headers(id, at, body, style, &[secret("Jefe")]);
    let value = |headers: &[(&str, String)], name: &str| {
        let found = headers.iter().find(|(field, _)| *field == name);
        found.unwrap().1.clone()
    };
    let hex = of(SignatureStyle::Hex);
    assert_eq!(value(&hex, "x-agentgate-signature"), expected);
    let prefixed = of(SignatureStyle::Prefixed);
    assert_eq!(
        value(&prefixed, "x-agentgate-signature"),
        format!("sha256={expected}")
    );
    assert_eq!(value(&hex, "webhook-id"), id.to_string());
    assert_eq!(value(&hex, "webhook-timestamp"), "1614265330");
    assert!(value(&hex, "webhook-signature").starts_with("v1,"));
}

#[test]
fn the_secret_before_a_rotation_signs_beside_the_new_one() {
    let at = Timestamp::from_micros(1_000_000);
    let id = DeliveryId::from_bytes([7; 16]);
    let (new, old) = (secret("new-new-new-new-new-new-new-new-"), secret("old"));
    let headers = headers(id, at, b"{}", SignatureStyle::Hex, &[new, old]);
    let (_, both) = headers
        .iter()
        .find(|(name, _)| *name == "webhook-signature")
        .unwrap();
    let id = id.to_string();
    let expected = format!(
        "{} {}",
        standard(&secret("new-new-new-new-new-new-new-new-"), &id, "1", b"{}"),
        standard(&secret("old"), &id, "1", b"{}")
    );
    assert_eq!(*both, expected);
}

#[test]
fn a_made_secret_is_one_of_the_standard_and_short_or_odd_ones_are_refused() {
    let made = new_secret();
    check(&made).unwrap();
    let key = made.expose().strip_prefix("whsec_").unwrap();
    assert_eq!(STANDARD.decode(key).unwrap().len(), 32);
    assert_ne!(made.expose(), new_secret().expose());
    for wrong in [
        "x".repeat(31),
        "x".repeat(257),
        format!("{} ", "x".repeat(32)),
        format!("{}\n", "x".repeat(32)),
        format!("whsec_{}", "%".repeat(40)),
    ] {
        let error = check(&SecretString::new(wrong.clone())).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("secret"), "{wrong}");
        assert!(!error.to_string().contains(&wrong));
    }
    check(&SecretString::new("x".repeat(32))).unwrap();
}

#[test]
fn bytes_are_written_in_lower_case() {
    assert_eq!(hexadecimal(&[0, 0x0a, 0xff]), "000aff");
}

/// The example of the documentation, whose signatures were made with another implementation (Python's `hmac`).
#[test]
fn the_documentation_s_example_holds() {
    let document = include_str!("../../../../docs/webhooks.md");
    let cell = |name: &str| {
        let row = document.lines().find(|line| {
            line.strip_prefix("| ")
                .is_some_and(|line| line.starts_with(name))
        });
        let (_, value) = row.unwrap().split_once(" | `").unwrap();
        value.strip_suffix("` |").unwrap()
    };
    let seconds: i64 = cell("`webhook-timestamp`").parse().unwrap();
    let headers = headers(
        cell("`webhook-id`").parse().unwrap(),
        Timestamp::from_micros(seconds * 1_000_000),
        cell("body").as_bytes(),
        SignatureStyle::Hex,
        &[secret(cell("secret"))],
    );
    for name in ["x-agentgate-signature", "webhook-signature"] {
        let (_, value) = headers.iter().find(|(field, _)| *field == name).unwrap();
        assert_eq!(value, cell(&format!("`{name}`")), "{name}");
    }
}
