use std::collections::HashSet;

use countersign_vault::{InvalidToken, SecretString, Token, TokenHash, random_bytes, sha256};

fn parse(text: &str) -> Result<Token, InvalidToken> {
    Token::parse(SecretString::new(text.to_owned()))
}

/// Requirement 5: 256 bits, stored as a hash.
#[test]
fn requirement_5_tokens_are_random_and_stored_as_hash() {
    let token = Token::generate();
    assert_eq!(token.expose().len(), 46);
    assert!(token.expose().starts_with("cs_"));
    assert_eq!(token.display_prefix(), token.expose()[..11]);
    assert_eq!(token.hash(), TokenHash(sha256(token.expose().as_bytes())));
    assert_eq!(TokenHash::of_presented(token.expose()), Ok(token.hash()));
    assert!(parse(token.expose()).unwrap().hash().equals(&token.hash()));
    assert!(!Token::generate().hash().equals(&token.hash()));
    let tokens: HashSet<String> = (0..1000)
        .map(|_| Token::generate().expose().to_owned())
        .collect();
    assert_eq!(tokens.len(), 1000);
    assert_ne!(random_bytes::<32>(), random_bytes::<32>());
}

#[test]
fn other_texts_are_no_tokens() {
    let token = Token::generate();
    let good = token.expose();
    let body = &good[3..];
    // The last character holds two bits that must be zero: another spelling of the same 256 bits is refused.
    let twin = format!(
        "{}{}",
        &good[..45],
        if good.ends_with('A') { 'B' } else { '_' }
    );
    for bad in [
        "",
        "cs_",
        body,
        &good[..45],
        &format!("{good}A"),
        &format!("CS_{body}"),
        &format!(" {good}"),
        &format!("cs_{}+", &body[..42]),
        &twin,
    ] {
        assert!(parse(bad).is_err(), "{bad}");
        assert!(TokenHash::of_presented(bad).is_err());
    }
}
