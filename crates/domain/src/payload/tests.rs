use proptest::prelude::*;
use serde_json::json;

use super::*;

fn canonical(value: &Value) -> String {
    let mut bytes = Vec::new();
    canonical_json(value, &mut bytes);
    String::from_utf8(bytes).unwrap()
}

#[test]
fn one_value_has_one_spelling() {
    let one: Value = serde_json::from_str(r#"{"b":1,"a":[true,null,"\u00e9\n"]}"#).unwrap();
    let other: Value =
        serde_json::from_str(" { \"a\" : [ true , null , \"é\\n\" ] , \"b\" : 1 } ").unwrap();
    assert_eq!(canonical(&one), r#"{"a":[true,null,"é\n"],"b":1}"#);
    assert_eq!(canonical(&one), canonical(&other));
}

#[test]
fn input_and_body_cannot_trade_bytes() {
    let head = |input: Value, body: &'static [u8]| {
        let payload = Payload {
            input,
            body: Bytes::from_static(body),
        };
        let mut bytes = Vec::new();
        payload.canonical_head(&mut bytes);
        bytes.extend_from_slice(&payload.body);
        bytes
    };
    assert_ne!(head(json!("a"), b"b"), head(json!("ab"), b""));
    assert_ne!(head(json!({}), b"x"), head(json!({}), b"y"));
}

proptest! {
    #[test]
    fn canonical_json_reads_back_as_the_same_value(text in "\\PC*", number in any::<i64>(), flag in any::<bool>()) {
        let value = json!({ "text": text, "number": number, "flag": flag, text: [number] });
        prop_assert_eq!(serde_json::from_str::<Value>(&canonical(&value)).unwrap(), value);
    }
}
