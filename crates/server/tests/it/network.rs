//! What operators see of how the gateway was put up: its listeners, its vault, its settings in the document.

use serde_json::{Value, json};

use crate::stage::Stage;

#[tokio::test]
async fn how_it_is_reached() {
    let stage = Stage::new().await;
    let seen = stage
        .get("/api/v1/network")
        .key(&stage.owner)
        .send()
        .await
        .expect(200);
    assert_eq!(
        seen.json(),
        json!({
            "listeners": [
                {"address": "https://0.0.0.0:18790", "serves": "everything", "tls": {
                    "is_self_signed": true, "names": ["gate.example"], "expires_at": "2027-11-20T10:00:00.000000Z",
                    "fingerprint": "ab".repeat(32)}},
                {"address": "http://127.0.0.1:9100", "serves": "metrics", "tls": null},
            ],
            "hosts": ["gate.example"], "origins": [], "trusted_proxies": ["10.0.0.0/8"],
            "data_dir": "/var/lib/countersign", "config_file": null, "store": "sqlcipher",
        })
    );
}

#[tokio::test]
async fn the_vault_says_where_its_passphrase_came_from() {
    let stage = Stage::new().await;
    let seen = stage
        .get("/api/v1/vault")
        .key(&stage.owner)
        .send()
        .await
        .expect(200);
    let expected = json!({"locked": false, "passphrase_source": "file", "rekeyed_at": null});
    assert_eq!(seen.json(), expected);
}

/// The forms in the document are written down beside the gate's own: they must have the same fields.
#[tokio::test]
async fn the_document_has_every_setting() {
    let stage = Stage::new().await;
    let settings = stage
        .get("/api/v1/settings")
        .key(&stage.owner)
        .send()
        .await
        .expect(200)
        .json();
    let document: Value = serde_json::from_str(countersign_server::openapi_document()).unwrap();
    let fields = |of: &Value| -> Vec<String> {
        let mut fields: Vec<String> = of.as_object().unwrap().keys().cloned().collect();
        fields.sort();
        fields
    };
    for (schema, has) in [
        ("SettingsView", &settings),
        ("SettingsChangeBody", &settings),
        ("SignInSettingsView", &settings["sign_in"]),
        ("SignInChangeBody", &settings["sign_in"]),
    ] {
        let described = &document["components"]["schemas"][schema]["properties"];
        assert_eq!(fields(described), fields(has), "{schema}");
    }
}
