//! No part of a structured credential comes back: invariant 1 and requirement 21.

use std::collections::BTreeMap;

use bytes::Bytes;
use countersign_domain::CredentialType;
use countersign_gate::CredentialDraft;
use countersign_vault::SecretString;

use crate::{
    fake::Act,
    stage::{Stage, replied, whole},
};

async fn hold(stage: &Stage, kind: CredentialType, fields: &[(&str, &str)]) {
    let fields = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), SecretString::new((*value).to_owned())))
        .collect::<BTreeMap<_, _>>();
    let draft = CredentialDraft {
        target: "payments".into(),
        profile: None,
        kind,
        fields,
    };
    stage
        .gate
        .set_credential(&stage.owner(), draft)
        .await
        .unwrap();
}

/// What the agent gets where the target answers with this text.
async fn answered(stage: &Stage, text: &str) -> String {
    let piece = Bytes::copy_from_slice(text.as_bytes());
    stage.fake.then(Act::Reply(200, vec![piece]));
    let reply = replied(stage.submit("GET /echo").await.unwrap());
    String::from_utf8(whole(reply.body).await.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn no_part_of_a_header_credential_passes_alone() {
    let stage = Stage::new().await;
    let cases = [
        ("Authorization", "Token SuperSecret", "SuperSecret"),
        ("Authorization", "Bearer abc123", "abc123"),
        ("authorization", "Basic YWRhOmh1bnRlcjI=", "ada:hunter2"),
        ("authorization", "Basic YWRhOmh1bnRlcjI=", "hunter2"),
        ("authorization", "basic YWRhOmh1bnRlcjI", "hunter2"),
        ("Cookie", "lang=en; sid=s3cr3t", "s3cr3t"),
        ("cookie", "sid=\"quoted-value\"", "quoted-value"),
        (
            "Authorization",
            "Signature keyId=\"key-0001\",signature=\"c2lnbmF0dXJl\"",
            "c2lnbmF0dXJl",
        ),
        (
            "Authorization",
            "Digest username=\"ada\", response=\"a, b; c\\\"d\"",
            "a, b; c\"d",
        ),
        ("X-Keys", "first-key-1, second-key-2", "second-key-2"),
        ("X-Keys", "account:0123456789", "0123456789"),
    ];
    for (header, value, part) in cases {
        hold(&stage, CredentialType::Headers, &[(header, value)]).await;
        for text in [part, value] {
            let got = answered(&stage, &format!("<{text}>")).await;
            assert_eq!(got, "<[masked:credential]>", "{part} of {header}: {value}");
        }
    }
}

#[tokio::test]
async fn a_scheme_typed_into_a_bearer_token_hides_nothing() {
    let stage = Stage::new().await;
    hold(
        &stage,
        CredentialType::Bearer,
        &[("token", "Bearer SuperSecret")],
    )
    .await;
    for text in ["SuperSecret", "Bearer SuperSecret"] {
        assert_eq!(answered(&stage, text).await, "[masked:credential]");
    }
}

/// Schemes, the names of parameters and one-letter values are no secrets: a reply that has them stays readable.
#[tokio::test]
async fn what_is_no_secret_passes() {
    let stage = Stage::new().await;
    let text = r#"{"username":"signature","sessionid":null,"on":true,"n":1,"scheme":"Token"}"#;
    for (header, value) in [
        ("Authorization", "Token SuperSecret"),
        (
            "Authorization",
            "Signature username=\"some-account\", signature=abcdefgh",
        ),
        ("Cookie", "sessionid=SuperSecret; on=true; n=1"),
    ] {
        hold(&stage, CredentialType::Headers, &[(header, value)]).await;
        assert_eq!(answered(&stage, text).await, text, "{header}: {value}");
    }
}
