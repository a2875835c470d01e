//! Requirement 41: a ledger that was truncated, edited, rolled back or forked is found, and the first bad entry is named.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Output;

use countersign_vault::audit::{Report, Verifier, verify_export};
use serde_json::{Value, json};

use super::stores::{on_postgres, sql};
use crate::support::{Scene, Started, TestGateway};

/// Random numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}

/// What `audit verify --json` prints, and that its exit code fits.
#[track_caller]
fn verdict(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let report: Value = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("no report ({error}): {output:?}"));
    let fields: Vec<&String> = report.as_object().unwrap().keys().collect();
    for field in ["valid", "entries", "first_bad", "reason", "checkpoint"] {
        assert!(fields.iter().any(|name| *name == field), "{report}");
    }
    let expected = i32::from(report["valid"] != true);
    assert_eq!(output.status.code(), Some(expected), "{report}");
    report
}

fn make_checkpoint(scene: &Scene) {
    scene
        .admin
        .post("/api/v1/audit/checkpoints", &json!({}))
        .expect(201);
}

/// A gateway with some history and several checkpoints.
fn with_history(gateway: TestGateway) -> Scene {
    let scene = Scene::on(gateway);
    scene.grant_usual();
    for number in 0..4 {
        for _ in 0..4 {
            scene.proxy("GET", "/read/x", None).expect(200);
        }
        scene.approved(&format!("/ask/{number}"), "{}");
        make_checkpoint(&scene);
    }
    scene
}

fn lines(export: &[u8]) -> Vec<Vec<u8>> {
    export
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect()
}

fn is_entry(line: &[u8]) -> bool {
    line.starts_with(b"{\"position\"")
}

fn is_checkpoint(line: &[u8]) -> bool {
    line.starts_with(b"{\"checkpoint\"")
}

fn notes(export: &[u8]) -> Vec<String> {
    let lines = lines(export);
    let checkpoints = lines.iter().filter(|line| is_checkpoint(line));
    checkpoints
        .map(|line| {
            serde_json::from_slice::<Value>(line).unwrap()["checkpoint"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect()
}

fn audit(export: &[u8], kept: &[String]) -> Report {
    let verifier = kept.iter().fold(Verifier::new(), |verifier, note| {
        verifier.with_checkpoint(note)
    });
    verify_export(export, verifier).unwrap()
}

/// One change, and what it is.
fn mutate(dice: &mut Dice, export: &[u8], foreign: &[u8]) -> (&'static str, Vec<u8>) {
    let mut lines = lines(export);
    let entries: Vec<usize> = (0..lines.len())
        .filter(|index| is_entry(&lines[*index]))
        .collect();
    let some = |dice: &mut Dice| entries[dice.below(entries.len())];
    let what = match dice.below(8) {
        0 | 1 => {
            let line = dice.below(lines.len());
            let byte = dice.below(lines[line].len());
            lines[line][byte] ^= 1 << dice.below(8);
            "a flipped bit"
        }
        2 => {
            lines.remove(some(dice));
            "a removed entry"
        }
        3 => {
            let (one, other) = (some(dice), some(dice));
            if one == other {
                lines.remove(one);
            } else {
                lines.swap(one, other);
            }
            "swapped entries"
        }
        4 => {
            let length = dice
                .below(export.len() - lines[lines.len() - 1].len() - lines[lines.len() - 2].len());
            return ("a cut end", export[..length].to_vec());
        }
        5 => {
            let one = some(dice);
            let copy = lines[one].clone();
            lines.insert(one + 1, copy);
            "a doubled entry"
        }
        6 => {
            let line = some(dice);
            let mut entry: Value = serde_json::from_slice(&lines[line]).unwrap();
            let field = ["kind", "outcome", "rule", "subject", "verdict", "actor"][dice.below(6)];
            entry[field] = match field {
                "verdict" => {
                    if entry[field] == "deny" {
                        json!("allow")
                    } else {
                        json!("deny")
                    }
                }
                "actor" => json!("anonymous"),
                _ => json!("something else"),
            };
            // By text, because the order of the fields is part of the form.
            let before: Value = serde_json::from_slice(&lines[line]).unwrap();
            let text = String::from_utf8(lines[line].clone()).unwrap();
            let changed = text.replacen(
                &format!("\"{field}\":{}", before[field]),
                &format!("\"{field}\":{}", entry[field]),
                1,
            );
            assert_ne!(changed, text, "{field}");
            lines[line] = changed.into_bytes();
            "an edited field"
        }
        _ => {
            let theirs: Vec<Vec<u8>> = self::lines(foreign)
                .into_iter()
                .filter(|line| is_entry(line))
                .collect();
            let line = some(dice);
            let stranger = theirs[dice.below(theirs.len())].clone();
            if stranger == lines[line] {
                lines.remove(line);
            } else {
                lines[line] = stranger;
            }
            "another ledger's entry"
        }
    };
    (what, lines.concat())
}

#[test]
fn requirement_41_a_thousand_changes_of_an_export_are_all_found() {
    let scene = with_history(TestGateway::start());
    let foreign = with_history(TestGateway::start());
    let export = scene.admin.get("/api/v1/audit/export").expect(200).body;
    let foreign = foreign.admin.get("/api/v1/audit/export").expect(200).body;
    let kept = notes(&export);
    assert!(kept.len() >= 4, "{}", kept.len());
    let entries = lines(&export).iter().filter(|line| is_entry(line)).count();
    let clean = audit(&export, &kept);
    assert!(clean.valid, "{clean:?}");
    let mut dice = Dice(0x5eed_ab1e);
    let file = scene.gateway.file("export.jsonl");
    let checkpoints = scene.gateway.data_dir().join("checkpoints.txt");
    let offline = |export: &[u8]| {
        fs::write(&file, export).unwrap();
        scene.gateway.run(&[
            "audit",
            "verify",
            "--json",
            "--file",
            file.to_str().unwrap(),
            "--checkpoint",
            checkpoints.to_str().unwrap(),
        ])
    };
    let clean = verdict(&offline(&export));
    assert_eq!(
        (&clean["valid"], &clean["entries"], &clean["first_bad"]),
        (&json!(true), &json!(entries), &Value::Null),
        "{clean}"
    );
    for round in 0..1_000 {
        let (what, changed) = mutate(&mut dice, &export, &foreign);
        let report = audit(&changed, &kept);
        assert!(!report.valid, "round {round}: {what} was not found");
        assert!(
            report
                .first_bad
                .is_some_and(|first| first <= entries as u64),
            "round {round}: {what} has no first bad entry: {report:?}"
        );
        if round % 83 == 0 {
            let by_command = verdict(&offline(&changed));
            assert_eq!(
                (&by_command["valid"], &by_command["first_bad"]),
                (&json!(false), &json!(report.first_bad)),
                "round {round}: {what}"
            );
            assert!(
                by_command["reason"]
                    .as_str()
                    .is_some_and(|reason| !reason.is_empty()),
                "{by_command}"
            );
        }
    }
    // An edited entry is named exactly.
    let mut edited = lines(&export);
    let line = edited
        .iter()
        .position(|line| line.starts_with(b"{\"position\":7,"))
        .unwrap();
    let text = String::from_utf8(edited[line].clone()).unwrap();
    let kind = text.find("\"kind\":\"").unwrap() + 8;
    edited[line][kind] ^= 1;
    assert_eq!(verdict(&offline(&edited.concat()))["first_bad"], 7);
}

fn replace_database(from: &Path, to: &Path) {
    for entry in fs::read_dir(to).unwrap().flatten() {
        if entry
            .file_name()
            .to_string_lossy()
            .starts_with("countersign.db")
        {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    for entry in fs::read_dir(from).unwrap().flatten() {
        if entry
            .file_name()
            .to_string_lossy()
            .starts_with("countersign.db")
        {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// It does not come up; or it says that it is not ready, refuses to act, and its verification fails.
#[track_caller]
fn assert_found(scene: &mut Scene, what: &str) -> Option<Value> {
    if let Started::Ended(status) = scene.gateway.try_start() {
        assert!(!status.success(), "{what}: it ended with {status}");
        return None;
    }
    let ready = scene.gateway.anonymous().get("/readyz");
    assert_eq!(ready.status, 503, "{what}: {}", ready.text());
    let before = scene.upstream.total();
    scene.agent.api = scene.gateway.api(&scene.agent.key);
    let refused = scene.proxy("PUT", "/write/x", Some("{}"));
    assert_eq!(refused.status, 503, "{what}: {}", refused.text());
    assert_eq!(scene.upstream.total(), before, "{what}");
    let report = verdict(&scene.gateway.run(&["audit", "verify", "--json"]));
    assert_eq!(report["valid"], false, "{what}: {report}");
    assert!(report["first_bad"].is_u64(), "{what}: {report}");
    Some(report)
}

#[test]
fn requirement_41_an_older_copy_in_its_place_is_found() {
    let mut scene = with_history(TestGateway::start());
    assert!(scene.gateway.stop().success());
    let older = scene.gateway.copy();
    let entries_then = {
        scene.gateway.restart();
        scene.admin = scene.gateway.admin();
        scene.agent.api = scene.gateway.api(&scene.agent.key);
        scene.ledger().len()
    };
    scene.proxy("GET", "/read/x", None).expect(200);
    scene.approved("/ask/later", "{}");
    make_checkpoint(&scene);
    assert!(scene.gateway.stop().success());
    replace_database(older.data_dir(), scene.gateway.data_dir());
    let report = assert_found(&mut scene, "rolled back")
        .expect("it comes up so that the ledger can be looked at");
    assert!(
        report["first_bad"].as_u64().unwrap() <= entries_then as u64,
        "{report}"
    );
    assert!(
        report["reason"].as_str().unwrap().contains("rolled back"),
        "{report}"
    );
}

#[test]
fn requirement_41_a_fork_is_found() {
    let mut first = with_history(TestGateway::start());
    assert!(first.gateway.stop().success());
    let mut second = first.gateway.copy();
    let go_on = |gateway: &mut TestGateway, name: &str| {
        gateway.restart();
        let admin = gateway.admin();
        for number in 0..5 {
            admin
                .post(
                    "/api/v1/agents",
                    &json!({ "name": format!("{name}-{number}") }),
                )
                .expect(201);
        }
        admin
            .post("/api/v1/audit/checkpoints", &json!({}))
            .expect(201);
        admin.get("/api/v1/audit/export").expect(200).body
    };
    let one = go_on(&mut first.gateway, "one");
    let other = go_on(&mut second, "other");
    for (export, gateway) in [(&one, &second), (&other, &first.gateway)] {
        let file = gateway.file("export.jsonl");
        fs::write(&file, export).unwrap();
        let kept = gateway.data_dir().join("checkpoints.txt");
        let output = first.gateway.run(&[
            "audit",
            "verify",
            "--json",
            "--file",
            file.to_str().unwrap(),
            "--checkpoint",
            kept.to_str().unwrap(),
        ]);
        let report = verdict(&output);
        assert_eq!(report["valid"], false, "{report}");
        assert!(report["first_bad"].is_u64(), "{report}");
    }
    // The other branch's database beside the checkpoints of this one.
    assert!(first.gateway.stop().success() && second.stop().success());
    replace_database(second.data_dir(), first.gateway.data_dir());
    assert_found(&mut first, "forked");
}

#[test]
fn requirement_41_a_damaged_database_file_is_found() {
    let mut scene = with_history(TestGateway::start());
    assert!(scene.gateway.stop().success());
    let database = scene.gateway.data_dir().join("countersign.db");
    let whole = fs::read(&database).unwrap();
    for (what, damaged) in [
        ("cut in half", whole[..whole.len() / 2].to_vec()),
        (
            "a bit flipped in every page",
            whole
                .iter()
                .enumerate()
                .map(|(at, byte)| if at % 4096 == 2000 { byte ^ 1 } else { *byte })
                .collect(),
        ),
        ("empty", Vec::new()),
        ("rubbish", whole.iter().rev().copied().collect()),
    ] {
        fs::write(&database, damaged).unwrap();
        for more in ["countersign.db-wal", "countersign.db-shm"] {
            let _ = fs::remove_file(scene.gateway.data_dir().join(more));
        }
        match scene.gateway.try_start() {
            Started::Ended(status) => assert!(!status.success(), "{what}: {status}"),
            Started::Ready => {
                let ready = scene.gateway.anonymous().get("/readyz").status;
                let output = scene.gateway.run(&["audit", "verify", "--json"]);
                assert!(
                    ready == 503 || !output.status.success(),
                    "{what}: {output:?}"
                );
                scene.gateway.kill();
            }
        }
    }
    // Put back, it works: nothing of the above wrote into what it could not read.
    fs::write(&database, whole).unwrap();
    for more in ["countersign.db-wal", "countersign.db-shm"] {
        let _ = fs::remove_file(scene.gateway.data_dir().join(more));
    }
    scene.gateway.restart();
    assert_eq!(
        scene
            .gateway
            .admin()
            .get("/api/v1/audit/verify")
            .expect(200)
            .at("/valid"),
        true
    );
}

/// The owner of the database edits rows under a gateway that runs.
#[test]
fn requirement_41_edited_and_deleted_rows_are_named() {
    let Some((gateway, database)) = on_postgres() else {
        return;
    };
    let mut gateway = gateway;
    gateway.restart();
    let mut scene = with_history(gateway);
    let clean = verdict(&scene.gateway.run(&["audit", "verify", "--json"]));
    assert_eq!(clean["valid"], true, "{clean}");
    for (column, value) in [
        ("outcome", "'http_299'"),
        ("kind", "'action.denied'"),
        ("rule", "'nobody'"),
        ("at", "at + 1"),
        ("actor_kind", "'system'"),
    ] {
        sql(
            &database,
            &format!("CREATE TABLE kept AS SELECT position, {column} AS value FROM audit_entry"),
        );
        sql(
            &database,
            &format!("UPDATE audit_entry SET {column} = {value} WHERE position = 9"),
        );
        let report = verdict(&scene.gateway.run(&["audit", "verify", "--json"]));
        assert_eq!(
            (&report["valid"], &report["first_bad"]),
            (&json!(false), &json!(9)),
            "{column}: {report}"
        );
        sql(
            &database,
            &format!(
                "UPDATE audit_entry SET {column} = kept.value FROM kept WHERE kept.position = audit_entry.position AND kept.position = 9; DROP TABLE kept"
            ),
        );
    }
    let again = verdict(&scene.gateway.run(&["audit", "verify", "--json"]));
    assert_eq!(again["valid"], true, "{again}");
    // Two rows change places; one is deleted from the middle; the end is cut off.
    sql(
        &database,
        "UPDATE audit_entry SET position = 1000000 WHERE position = 11; UPDATE audit_entry SET position = 11 WHERE position = 12; UPDATE audit_entry SET position = 12 WHERE position = 1000000",
    );
    let swapped = verdict(&scene.gateway.run(&["audit", "verify", "--json"]));
    assert_eq!(
        (&swapped["valid"], &swapped["first_bad"]),
        (&json!(false), &json!(11)),
        "{swapped}"
    );
    sql(
        &database,
        "UPDATE audit_entry SET position = 1000000 WHERE position = 11; UPDATE audit_entry SET position = 11 WHERE position = 12; UPDATE audit_entry SET position = 12 WHERE position = 1000000",
    );
    assert!(scene.gateway.stop().success());
    sql(
        &database,
        "CREATE TABLE kept AS TABLE audit_entry; DELETE FROM audit_entry WHERE position > (SELECT max(position) - 3 FROM audit_entry)",
    );
    let cut = assert_found(&mut scene, "the end cut off");
    assert!(cut.is_none_or(|report| report["reason"].is_string()));
    scene.gateway.kill();
    sql(&database, "DELETE FROM audit_entry WHERE position = 5");
    if let Started::Ready = scene.gateway.try_start() {
        let gap = verdict(&scene.gateway.run(&["audit", "verify", "--json"]));
        assert_eq!(
            (&gap["valid"], &gap["first_bad"]),
            (&json!(false), &json!(5)),
            "{gap}"
        );
    }
}

/// The checkpoints outside of the database can't be exchanged either.
#[test]
fn requirement_41_a_foreign_or_edited_checkpoint_file_is_found() {
    let mut scene = with_history(TestGateway::start());
    let export = scene.admin.get("/api/v1/audit/export").expect(200).body;
    assert!(scene.gateway.stop().success());
    let stranger = with_history(TestGateway::start());
    let (own, theirs) = (
        scene.gateway.data_dir().join("checkpoints.txt"),
        stranger.gateway.data_dir().join("checkpoints.txt"),
    );
    let file = scene.gateway.file("export.jsonl");
    fs::File::create(&file).unwrap().write_all(&export).unwrap();
    let text = fs::read_to_string(&own).unwrap();
    let size = text.lines().nth(1).unwrap().to_owned();
    let edited = scene.gateway.file("edited");
    fs::write(&edited, text.replacen(&format!("\n{size}\n"), "\n3\n", 1)).unwrap();
    for checkpoint in [&theirs, &edited] {
        let arguments = [
            "audit",
            "verify",
            "--json",
            "--file",
            file.to_str().unwrap(),
            "--checkpoint",
            checkpoint.to_str().unwrap(),
        ];
        assert_eq!(verdict(&scene.gateway.run(&arguments))["valid"], false);
    }
    fs::copy(&theirs, &own).unwrap();
    match scene.gateway.try_start() {
        Started::Ended(status) => assert!(!status.success()),
        Started::Ready => assert_eq!(scene.gateway.anonymous().get("/readyz").status, 503),
    }
}
