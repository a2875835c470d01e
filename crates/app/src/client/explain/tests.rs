use serde_json::{Value, json};

use super::{Missing, in_flags};
use crate::failure::Failure;

fn told(message: &str, path: &str, body: Option<&Value>, known: Option<&[Value]>) -> Failure {
    let failure = Failure::usage(message);
    match Missing::of(&failure, path, body) {
        Some(missing) => missing.tell(failure, known),
        None => failure,
    }
}

#[test]
fn what_was_typed_is_repeated_and_the_nearest_is_named() {
    let known = [
        json!({ "id": "1", "name": "payments" }),
        json!({ "id": "2", "name": "mail" }),
    ];
    let by_path = told(
        "there is no such target",
        "/api/v1/targets/paymnts",
        None,
        Some(&known),
    );
    assert_eq!(by_path.message, "there is no such target: `paymnts`");
    let next = by_path.next.unwrap();
    assert!(
        next.contains("`payments`") && next.contains("countersign target list"),
        "{next}"
    );

    let body = json!({ "agent": "ci", "target": "nothing like it" });
    let by_body = told(
        "there is no such target",
        "/api/v1/grants",
        Some(&body),
        Some(&known),
    );
    assert_eq!(
        by_body.message,
        "there is no such target: `nothing like it`"
    );
    assert_eq!(
        by_body.next.unwrap(),
        "`countersign target list` lists what there is"
    );

    let by_query = told(
        "agent: there is no such agent",
        "/api/v1/actions?agent=a%20b&limit=50",
        None,
        Some(&[]),
    );
    assert_eq!(by_query.message, "there is no such agent: `a b`");

    let kill = json!({ "scope": "agent", "name": "nope", "reason": "" });
    let by_kill = told(
        "there is no such agent",
        "/api/v1/kills",
        Some(&kill),
        Some(&[]),
    );
    assert_eq!(by_kill.message, "there is no such agent: `nope`");

    let request = told(
        "there is no such request",
        "/api/v1/approvals/nope/deny",
        None,
        None,
    );
    assert_eq!(request.message, "there is no such request: `nope`");
    assert!(request.next.unwrap().contains("countersign list"));

    let key = told(
        "there is no such key",
        "/api/v1/keys/mail",
        None,
        Some(&known),
    );
    assert!(key.next.unwrap().ends_with("its id: 2"));
}

/// An agent's key may list nothing: it is told of nothing.
#[test]
fn whoever_may_not_list_is_told_of_no_name() {
    let told = told(
        "there is no such target",
        "/api/v1/targets/paymnts",
        None,
        None,
    );
    assert_eq!(
        (told.message.as_str(), told.next),
        ("there is no such target: `paymnts`", None)
    );
}

#[test]
fn flags_stand_for_the_words_of_the_api() {
    let base = in_flags(Failure::usage(
        "config.base_url: base_url is missing: give a URL",
    ));
    assert_eq!(base.message, "--base-url is missing: give a URL");
    let private = in_flags(Failure::usage(
        "config.base_url: the destination is refused: loopback: an owner can allow the private network for this target (`allow_private_network`)",
    ));
    assert_eq!(private.message, "the destination is refused: loopback");
    assert!(private.next.unwrap().contains("--allow-private-network"));
    let word = in_flags(Failure::usage(
        "verdict: unknown variant `maybe`, expected `allow` or `deny`",
    ));
    assert_eq!(
        word.message,
        "verdict: `maybe` is not known here, expected `allow` or `deny`"
    );
}
