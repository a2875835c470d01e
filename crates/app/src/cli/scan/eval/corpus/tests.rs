use serde_json::json;

use super::{Corpus, Kind};

fn read(text: &[u8]) -> Result<Corpus, String> {
    Corpus::from_reader(text, &"rows.jsonl").map_err(|failure| failure.message)
}

#[test]
fn rows_of_both_kinds_keep_their_order_and_ids() {
    let corpus = read(
        "\u{feff}{\"id\":7,\"text\":\"a\",\"label\":\"attack\",\"channel\":\"tool_output\",\"more\":[1]}\r\n\n\
         {\"id\":\"s\",\"text\":\"b\",\"expect\":true,\"rule\":\"r\",\"label\":null,\"tier\":null}\n\
         {\"id\":\"t\",\"text\":\"c\",\"label\":\"benign\",\"expect\":\"no more than a note\"}"
            .as_bytes(),
    )
    .unwrap();
    assert_eq!(
        corpus.order,
        [
            (json!(7), Kind::Threat),
            (json!("s"), Kind::Secret),
            (json!("t"), Kind::Threat)
        ]
    );
    assert_eq!(corpus.threats[0].channel.as_str(), "tool_output");
    assert_eq!(corpus.threats[1].text, "c");
    assert!(corpus.secrets[0].expect && corpus.secrets[0].rule == "r");
}

#[test]
fn a_wrong_line_is_named_with_its_field() {
    let good = r#"{"id":"1","text":"a","label":"benign"}"#;
    for (line, problem) in [
        ("{", "not JSON"),
        ("null", "not a JSON object"),
        (r#"["1","a","attack"]"#, "not a JSON object"),
        (r#"{"text":"a","label":"attack"}"#, "`id` is missing"),
        (r#"{"id":{},"text":"a","label":"attack"}"#, "`id`"),
        (r#"{"id":"1","label":"attack"}"#, "`text` is missing"),
        (
            r#"{"id":"1","text":5,"label":"attack"}"#,
            "`text` is not a text",
        ),
        (r#"{"id":"1","text":"a"}"#, "neither `label` nor `expect`"),
        (
            r#"{"id":"1","text":"a","label":"evil"}"#,
            "`label` is `evil`",
        ),
        (r#"{"id":"1","text":"a","label":1}"#, "`label` has to be"),
        (
            r#"{"id":"1","text":"a","expect":"yes"}"#,
            "`expect` has to be",
        ),
        (
            r#"{"id":"1","text":"a","expect":true,"label":"attack"}"#,
            "both `label` and `expect`",
        ),
        (
            r#"{"id":"1","text":"a","label":"attack","channel":"email"}"#,
            "`channel` is `email`",
        ),
        (
            r#"{"id":"1","text":"a","label":"attack","tier":3}"#,
            "`tier` is not a text",
        ),
        (
            r#"{"id":"1","text":"a","label":"attack","label":"benign"}"#,
            "duplicate field `label`",
        ),
    ] {
        let error = read(format!("{good}\n\n{line}\n{good}\n").as_bytes()).unwrap_err();
        assert!(
            error.starts_with("rows.jsonl:3: ") && error.contains(problem),
            "{line}: {error}"
        );
    }
    let error = read(b"{\"id\":\"1\",\"text\":\"\xff\"}").unwrap_err();
    assert!(error.contains(":1: the line is not UTF-8"), "{error}");
    assert!(read(b"").is_err() && read(b"\n \n").is_err());
}
