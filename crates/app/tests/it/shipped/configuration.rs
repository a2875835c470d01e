//! Start-up values, as the commands show them.

use super::program::Program;

#[test]
fn an_unknown_key_is_refused_everywhere_with_its_place() {
    // Requirement 43.
    let program = Program::usual();
    let file = program.write("gate.json5", "{\n  lissten: ['127.0.0.1:0'],\n}\n");
    let file = file.to_str().unwrap();
    for arguments in [
        &["config", "validate", "--config", file][..],
        &["gateway", "--config", file],
        &["onboard", "--yes", "--config", file],
        &["doctor", "--config", file],
    ] {
        let refused = program.run(arguments).expect(2);
        assert!(
            refused.stderr.contains("gate.json5:2:"),
            "{arguments:?}: {}",
            refused.stderr
        );
        assert!(
            refused.stderr.contains("did you mean `listen`?"),
            "{arguments:?}: {}",
            refused.stderr
        );
    }
    assert!(!program.data_dir().exists());
}

#[test]
fn show_says_where_each_value_comes_from_and_no_secret() {
    let mut program = Program::usual();
    program.set(
        "COUNTERSIGN_DATABASE_URL",
        "postgres://u:canary@localhost/db",
    );
    let file = program.write("gate.json5", "{ hosts: ['gate.example'] }");
    program.set("COUNTERSIGN_CONFIG", file.to_str().unwrap());
    let shown = program.run(&["config", "show", "--json"]).expect(0);
    let document = shown.json();
    assert_eq!(
        document["hosts"],
        serde_json::json!({ "value": ["gate.example"], "origin": "file" })
    );
    assert_eq!(document["database_url"]["value"], "(set)");
    assert_eq!(document["master_key"]["origin"], "environment");
    assert!(!shown.stdout.contains("canary") && !shown.stdout.contains("correct-horse"));
}

#[test]
fn an_address_that_others_can_reach_is_refused() {
    // Requirement 2.
    let program = Program::usual();
    program.run(&["onboard", "--yes", "--json"]).expect(0);
    for address in ["0.0.0.0:0", "[::]:0"] {
        let refused = program.run(&["gateway", "--listen", address]).expect(2);
        assert!(refused.stderr.contains("--tls-cert"), "{}", refused.stderr);
    }
}

#[test]
fn the_schema_is_json_schema() {
    let schema = Program::usual()
        .run(&["config", "schema", "--json"])
        .expect(0)
        .json();
    assert_eq!(schema["additionalProperties"], false);
    assert!(schema["properties"]["listen"].is_object());
}

#[test]
fn a_mistyped_log_level_is_refused() {
    let mut program = Program::usual();
    for wrong in [
        "inof",
        "info,countersign_gate=debgu",
        "countersign_gate",
        "loud",
    ] {
        program.set("COUNTERSIGN_LOG", wrong);
        let refused = program.run(&["config", "validate"]).expect(2);
        assert!(
            refused.stderr.contains("is no log level"),
            "{wrong}: {}",
            refused.stderr
        );
    }
    assert!(
        {
            program.set("COUNTERSIGN_LOG", "inof");
            program.run(&["config", "validate"]).stderr
        }
        .contains("did you mean info?")
    );
    for right in [
        "info",
        "WARN",
        "off",
        "warn,countersign_gate=debug",
        "countersign_gate=trace",
    ] {
        program.set("COUNTERSIGN_LOG", right);
        program.run(&["config", "validate"]).expect(0);
    }
}

#[test]
fn a_passphrase_that_is_too_short_is_not_valid() {
    let mut program = Program::usual();
    program.set("COUNTERSIGN_MASTER_KEY", "short");
    let refused = program.run(&["config", "validate"]).expect(2);
    assert!(!refused.stderr.contains("`short`"), "{}", refused.stderr);
}
