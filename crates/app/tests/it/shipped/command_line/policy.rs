//! The policy's commands, on a real gateway.

use serde_json::{Value, json};

use super::session::Session;

fn file(session: &Session, name: &str, text: &str) -> String {
    let path = session.gateway.data_dir().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn rules_are_kept_in_a_file() {
    let mut session = Session::new();
    let rules = file(
        &session,
        "rules.json5",
        "{ rules: [ { name: 'big', match: { input: { 'body.amount': { gt: 100 } } }, verdict: 'ask' }, { name: 'all', verdict: 'allow' } ] }",
    );
    let broken = file(
        &session,
        "broken.json5",
        "{ rules: [ { name: 'big', verdict: 'ask', match: { input: { 'body.amount': { gtt: 1 } } } } ] }",
    );
    let dry = session
        .type_in(&["policy", "apply", "-f", &rules, "--dry-run", "--json"])
        .expect(0)
        .json();
    assert_eq!(dry["changes"].as_array().unwrap().len(), 2);
    session
        .type_in(&["policy", "apply", "-f", &rules])
        .expect(0);
    session
        .type_in(&["policy", "apply", "-f", &rules])
        .expect(0);
    session.type_in(&["policy", "lint"]).expect(0);
    let refused = session
        .type_in(&["policy", "apply", "-f", &broken])
        .expect(2);
    assert!(
        refused.stderr.contains("rules[0].match"),
        "{}",
        refused.stderr
    );
    let exported = session
        .type_in(&["policy", "export", "--json"])
        .expect(0)
        .json();
    assert_eq!(exported["rules"].as_array().unwrap().len(), 2);
    let again = file(&session, "again.json", &exported.to_string());
    let nothing = session
        .type_in(&["policy", "apply", "-f", &again, "--json"])
        .expect(0)
        .json();
    assert_eq!(
        (&nothing["changes"], &nothing["kept"]),
        (&json!([]), &json!(2))
    );
    session
        .type_in(&["policy", "apply", "-f", "/no/such/file"])
        .expect(2);
    insta::assert_snapshot!("policy", session.transcript());
}

#[test]
fn nothing_to_replay_and_wrong_names_are_told() {
    let mut session = Session::new();
    let none = file(&session, "none.json5", "{ rules: [] }");
    let told: Value = session
        .type_in(&["policy", "simulate", &none, "--since", "7d", "--json"])
        .expect(0)
        .json();
    assert_eq!(
        (&told["replayed"], &told["is_cut"]),
        (&json!(0), &json!(false))
    );
    let test = [
        "policy", "test", "--agent", "nobody", "--action", "GET /x", "--target", "none",
    ];
    session.type_in(&test).expect(2);
    session
        .type_in(&["policy", "simulate", &none, "--since", "soon"])
        .expect(2);
    session
        .type_in(&["policy", "explain", "nonsense"])
        .expect(2);
    session.type_in(&["analytics", "suggestions"]).expect(0);
    session
        .type_in(&["analytics", "alarms", "--json"])
        .expect(0);
    session
        .type_in(&["analytics", "trends", "--by", "minute"])
        .expect(2);
}
