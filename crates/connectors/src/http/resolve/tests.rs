use countersign_domain::{
    CredentialType, Payload, Profile, ProfileId, Target, TargetId, TargetLimits, Timestamp,
};
use countersign_gate::RawAction;
use proptest::prelude::*;
use serde_json::json;

use super::{
    super::{credential::CredentialView, request, target::BaseUrl},
    resolve,
};

fn target() -> Target {
    Target {
        id: TargetId::from_bytes([1; 16]),
        name: "api".parse().unwrap(),
        connector: "http".to_owned(),
        config: json!({ "base_url": "https://api.example.com/v1" }),
        allow_private_network: false,
        limits: TargetLimits::default(),
        risk_threshold: None,
        labels: std::collections::BTreeMap::new(),
        revision: 1,
        changes: 1,
        created_at: Timestamp::from_micros(0),
    }
}

proptest! {
    /// Requirement 11: whatever an agent writes, it is refused, or exactly what was judged is what is sent, below the base.
    #[test]
    fn what_is_judged_is_sent(
        path in r"/(/|\.|\.\.|%2e|%2F|%25|%20|;|a|ü|'|@|\[|~|\\|#|\?| |\u{0}){0,8}",
        query in r"(a|=|&|%20|ü|'|/|;|\+|\[|\?|\||#| |key){0,8}",
        name in r"[ -~]{0,12}",
        value in r"[ -~\t\r\nü]{0,12}",
    ) {
        let target = target();
        let profile = Profile { id: ProfileId::from_bytes([2; 16]), target: target.id, name: "default".parse().unwrap(), limits: json!({}), revision: 1 };
        let base = BaseUrl::from_config(&target.config).unwrap();
        let input = json!({ "query": query, "headers": { name: value } });
        let body = bytes::Bytes::from_static(b"body");
        let raw = RawAction { action: &format!("POST {path}"), input: &input, body: &body };
        let Ok(action) = resolve(&base, &target, &profile, raw) else { return Ok(()) };
        let payload = Payload { input: action.input.clone(), body: body.clone() };
        let sent = request::build(&base, payload.clone(), None).unwrap();
        let path = action.input["path"].as_str().unwrap();
        let below = if path == "/" { "" } else { path };
        prop_assert_eq!(sent.url.url().path(), format!("/v1{below}"));
        prop_assert_eq!(sent.url.url().query(), action.input["query"].as_str());
        prop_assert_eq!(&action.name, &format!("POST {path}"));
        for (name, value) in action.input["headers"].as_object().unwrap() {
            prop_assert_eq!(sent.headers[name.as_str()].as_bytes(), value.as_str().unwrap().as_bytes());
        }
        // Ours are the user agent, where the agent has none, and the encoding.
        prop_assert!(sent.headers.len() <= action.input["headers"].as_object().unwrap().len() + 2);
        // A credential in the query never stops an action.
        let credential = CredentialView::new(CredentialType::ApiKeyQuery, [("parameter", b"key".as_slice()), ("key", b"k&= \xc3\xbc")]);
        let sent = request::build(&base, payload, Some(&credential)).unwrap();
        prop_assert!(sent.url.as_str().ends_with("key=k%26%3D+%C3%BC"));
    }
}
