//! The words are the domain's.

use countersign_domain::{Effect, Urgency, Verdict};
use utoipa::PartialSchema;

fn words<T: PartialSchema>() -> Vec<String> {
    let schema = serde_json::to_value(T::schema()).unwrap();
    serde_json::from_value(schema["enum"].clone()).unwrap()
}

#[test]
fn every_word_is_one_of_the_domain() {
    for word in words::<super::Verdict>() {
        assert!(word.parse::<Verdict>().is_ok(), "{word}");
    }
    for word in words::<super::Effect>() {
        assert!(word.parse::<Effect>().is_ok(), "{word}");
    }
    for word in words::<super::Urgency>() {
        assert!(word.parse::<Urgency>().is_ok(), "{word}");
    }
    for word in words::<super::Role>() {
        assert!(word.parse::<countersign_domain::Role>().is_ok(), "{word}");
    }
    assert_eq!(words::<super::State>().len(), 11);
}
