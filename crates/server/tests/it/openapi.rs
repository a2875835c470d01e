//! The document is the code's: the committed copy is compared with it.

use std::path::Path;

use countersign_server::openapi_document;
use serde_json::Value;

use crate::stage::Stage;

/// With `UPDATE_OPENAPI` set, the copy is written instead.
#[test]
fn the_committed_copy_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    #[expect(
        clippy::disallowed_methods,
        reason = "a test that writes its expectation is told so by the environment"
    )]
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, openapi_document()).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == openapi_document(),
        "docs/openapi.json is not what the code says: run UPDATE_OPENAPI=1 cargo nextest run -p countersign-server openapi"
    );
}

fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                if key == "$ref" {
                    found.extend(value.as_str());
                }
                references(value, found);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

/// Every reference leads somewhere, every operation has an id of its own, a summary and an answer.
#[test]
fn the_document_is_whole() {
    let document: Value = serde_json::from_str(openapi_document()).unwrap();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 50);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(
            document.pointer(pointer).is_some(),
            "{reference} leads nowhere"
        );
    }
    let mut ids = std::collections::HashSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(
                ids.insert(operation["operationId"].as_str().unwrap().to_owned()),
                "{method} {path} has another's id"
            );
            assert!(
                operation["summary"].is_string(),
                "{method} {path} has no summary"
            );
            assert!(
                operation["security"].is_array(),
                "{method} {path} has no security"
            );
            for name in path
                .split('/')
                .filter_map(|part| part.strip_prefix('{'))
                .map(|part| part.trim_end_matches('}'))
            {
                let named = operation["parameters"].as_array().is_some_and(|list| {
                    list.iter()
                        .any(|it| it["name"] == name && it["in"] == "path")
                });
                assert!(named, "{method} {path} does not describe {name}");
            }
        }
    }
}

#[tokio::test]
async fn the_document_is_served_openly() {
    let stage = Stage::new().await;
    let answer = stage.get("/openapi.json").send().await.expect(200);
    assert_eq!(answer.text(), openapi_document());
    assert_eq!(answer.header("content-type"), "application/json");
}
