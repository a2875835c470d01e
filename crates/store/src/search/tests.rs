//! What a search becomes.

use countersign_domain::{RequestId, RequestState};
use proptest::prelude::*;
use uuid::Uuid;

use super::{Words, fts5_query, place_of, tsquery};
use crate::requests::RequestQuery;

#[test]
fn every_word_is_quoted_and_the_last_is_a_beginning() {
    let words = Words::of("POST /charges no_grant Émi").unwrap();
    let query = RequestQuery {
        states: vec![RequestState::Pending, RequestState::Denied],
        ..RequestQuery::default()
    };
    assert_eq!(
        fts5_query(&words, &query),
        "{body intent} : (\"post\" AND \"charges\" AND \"no\" AND \"grant\" AND \"émi\" *) AND tags : (\"spending\" OR \"sdenied\")"
    );
    assert_eq!(
        tsquery(&words, &query),
        "'post' & 'charges' & 'no' & 'grant' & 'émi':* & (':spending' | ':sdenied')"
    );
    assert_eq!(Words::of(" \"*'():{}^-+|&! "), None);
}

#[test]
fn a_beginning_that_is_too_short_is_a_whole_word() {
    let query = RequestQuery::default();
    for (text, fts5, tsquery_text) in [
        ("x a", "{body intent} : (\"x\" AND \"a\")", "'x' & 'a'"),
        ("x éé", "{body intent} : (\"x\" AND \"éé\")", "'x' & 'éé'"),
        (
            "a xyz",
            "{body intent} : (\"a\" AND \"xyz\" *)",
            "'a' & 'xyz':*",
        ),
    ] {
        let words = Words::of(text).unwrap().with_beginnings_from(3);
        assert_eq!(fts5_query(&words, &query), fts5);
        assert_eq!(tsquery(&words, &query), tsquery_text);
    }
}

proptest! {
    /// Whatever is typed, only letters and digits get between the quotes, and the search is short.
    #[test]
    fn no_operator_gets_through(text in "\\PC{0,400}") {
        if let Some(words) = Words::of(&text) {
            prop_assert!(words.words.len() <= 12);
            for word in &words.words {
                prop_assert!(word.chars().all(char::is_alphanumeric), "{word:?}");
                prop_assert!(!word.is_empty() && word.chars().count() <= 120);
            }
        }
    }

    #[test]
    fn places_are_in_the_order_of_time(millis in 0_u64..1 << 40, step in 1_u64..1_000, tail: [u8; 10]) {
        let id = |millis| RequestId::new(uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid());
        prop_assert!(place_of(id(millis)) >= 0);
        prop_assert!(place_of(id(millis)) < place_of(id(millis + step)));
    }
}

#[test]
fn the_largest_id_has_a_place_too() {
    assert!(place_of(RequestId::new(Uuid::max())) >= 0);
}
