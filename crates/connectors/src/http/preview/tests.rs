//! Nothing of a credential but its place is shown.

use countersign_domain::{Credential, CredentialId, CredentialType, ProfileId, Timestamp};
use serde_json::json;

use super::preview;
use crate::http::target::BaseUrl;

fn credential(kind: CredentialType, shown_as: &str) -> Credential {
    Credential {
        id: CredentialId::from_bytes([1; 16]),
        profile: ProfileId::from_bytes([2; 16]),
        kind,
        shown_as: shown_as.to_owned(),
        sealed: Vec::new(),
        operator_revision: 1,
        set_at: Timestamp::default(),
        set_by: None,
    }
}

#[test]
fn the_whole_request_is_shown_with_the_credentials_place() {
    let base = BaseUrl::parse("https://pay.example/v1").unwrap();
    let input = json!({"method": "POST", "path": "/charges", "query": "a=1", "headers": {"x-mine": "1", "x-note": "hello"}});
    let find =
        |kind, shown_as: &str| preview(&base, &input, Some(&credential(kind, shown_as))).unwrap();
    let header = |shown: &countersign_gate::Preview, name: &str| {
        shown
            .headers
            .iter()
            .find(|header| header.name == name)
            .map(|header| header.value.clone())
    };
    let shown = find(CredentialType::ApiKeyHeader, "X-Mine");
    assert_eq!(
        (shown.method.as_str(), shown.url.as_str()),
        ("POST", "https://pay.example/v1/charges?a=1")
    );
    assert_eq!(
        header(&shown, "x-mine"),
        Some(None),
        "the credential takes the place of the agent's header"
    );
    assert_eq!(header(&shown, "x-note"), Some(Some("hello".to_owned())));
    assert!(
        header(&shown, "user-agent").is_some(),
        "what the gateway adds is shown too"
    );
    for kind in [CredentialType::Bearer, CredentialType::Basic] {
        assert_eq!(
            header(&find(kind, "Authorization"), "authorization"),
            Some(None)
        );
    }
    let shown = find(CredentialType::ApiKeyQuery, "key");
    assert_eq!(
        shown.url,
        "https://pay.example/v1/charges?a=1&key=CREDENTIAL"
    );
    assert_eq!(shown.credential_parameter.as_deref(), Some("key"));
    let shown = find(CredentialType::Headers, "x-one, x-two");
    assert_eq!(
        (header(&shown, "x-one"), header(&shown, "x-two")),
        (Some(None), Some(None))
    );
    assert!(preview(&base, &json!({"method": "GET"}), None).is_none());
}
