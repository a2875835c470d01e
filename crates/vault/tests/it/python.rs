//! The verifier written a second time, in another language, from the documented format.

use std::{fmt::Write as _, io::Write as _, path::Path, process::Command};

use serde_json::Value;

use crate::ledger::Log;

/// Runs `verify_export.py`; `None` without Python.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "runs the second implementation, or says why not"
)]
fn python(export: &[u8]) -> Option<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verify_export.py");
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(export).unwrap();
    let output = match Command::new("python3")
        .arg(script)
        .arg(file.path())
        .output()
    {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("SKIPPED: python3 is not installed");
            return None;
        }
        Err(error) => panic!("{error}"),
    };
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// Requirement 41: an independent verifier comes to the same result, on a clean log and on changed ones.
#[test]
fn requirement_41_a_second_implementation_agrees() {
    let log = Log::new(45, 10);
    let clean = log.export();
    let Some(verdict) = python(&clean) else {
        return;
    };
    let report = log.audit(&clean);
    assert!(report.valid);
    assert_eq!(verdict["valid"], true, "{verdict}");
    assert_eq!(verdict["entries"], report.entries);
    let hex = |hash: [u8; 32]| {
        hash.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
    };
    assert_eq!(verdict["root"], hex(report.root), "the same tree");
    assert_eq!(verdict["chain"], hex(report.chain), "the same chain");

    let text = String::from_utf8(clean).unwrap();
    let edited = text.replacen("action.outcome.6", "action.outcome.5", 1);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let removed = [&lines[..20], &lines[21..]].concat().concat();
    for mutated in [edited, removed] {
        assert_ne!(mutated, text);
        let report = log.audit(mutated.as_bytes());
        let verdict = python(mutated.as_bytes()).unwrap();
        assert_eq!(
            (report.valid, &verdict["valid"]),
            (false, &Value::Bool(false))
        );
        assert_eq!(verdict["first_bad"], report.first_bad.unwrap(), "{verdict}");
    }
}
