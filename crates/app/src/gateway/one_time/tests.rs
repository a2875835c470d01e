//! Requirement 4: single use, few tries, a short life.

use std::time::{Duration, Instant};

use countersign_server::SetupError;
use countersign_vault::Token;

use super::{LIFETIME, OneTimeAddress};

#[test]
fn the_right_token_is_right_until_it_is_used() {
    let now = Instant::now();
    let (mut address, token) = OneTimeAddress::new(now);
    assert!(address.check(token.expose(), now).is_ok());
    // A draft that was refused uses nothing up.
    assert!(address.check(token.expose(), now).is_ok());
    address.close();
    assert!(!address.is_open(now));
    assert!(matches!(
        address.check(token.expose(), now),
        Err(SetupError::Closed)
    ));
}

#[test]
fn five_wrong_tokens_close_it_for_the_right_one() {
    let now = Instant::now();
    let (mut address, token) = OneTimeAddress::new(now);
    let other = Token::generate();
    let wrong = ["", "nonsense", other.expose(), &token.expose()[..45], " "];
    for (presented, left) in wrong.into_iter().zip((0..5).rev()) {
        match address.check(presented, now) {
            Err(SetupError::WrongToken { tries_left }) => assert_eq!(tries_left, left),
            other => panic!("{presented}: {other:?}"),
        }
    }
    assert!(matches!(
        address.check(token.expose(), now),
        Err(SetupError::Closed)
    ));
}

#[test]
fn it_dies_of_age() {
    let now = Instant::now();
    let (mut address, token) = OneTimeAddress::new(now);
    assert_eq!(LIFETIME, Duration::from_mins(15));
    let last = now + LIFETIME.saturating_sub(Duration::from_millis(1));
    assert!(address.check(token.expose(), last).is_ok());
    let late = now + LIFETIME;
    assert!(!address.is_open(late));
    assert!(matches!(
        address.check(token.expose(), late),
        Err(SetupError::Closed)
    ));
}

#[test]
fn no_two_addresses_are_the_same() {
    let now = Instant::now();
    let (mut one, _) = OneTimeAddress::new(now);
    let (_, other) = OneTimeAddress::new(now);
    assert!(one.check(other.expose(), now).is_err());
}
