//! Requirement 41: random changes to an exported log, every one found; clean logs, none accused.

use std::collections::HashMap;

use countersign_vault::Vault;
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};

use crate::ledger::{Log, entry};

/// Random numbers that are the same in every run.
struct Dice(TestRunner);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        (0..bound).new_tree(&mut self.0).unwrap().current()
    }

    /// A line that `fits`.
    fn line(&mut self, lines: &[Vec<u8>], fits: impl Fn(&[u8]) -> bool) -> usize {
        loop {
            let index = self.below(lines.len());
            if fits(&lines[index]) {
                return index;
            }
        }
    }
}

fn split(export: &[u8]) -> Vec<Vec<u8>> {
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

/// Changes a log in one way and says which.
fn mutate(dice: &mut Dice, log: &Log, foreign: &[Vec<u8>]) -> (&'static str, Vec<u8>) {
    let mut lines = split(&log.export());
    let what = match dice.below(9) {
        0 | 1 => {
            let index = dice.below(lines.len());
            let byte = dice.below(lines[index].len());
            lines[index][byte] ^= 1 << dice.below(8);
            "flip"
        }
        2 => {
            let index = dice.line(&lines, is_entry);
            lines.remove(index);
            "delete"
        }
        3 => {
            let one = dice.line(&lines, is_entry);
            let other = loop {
                let other = dice.line(&lines, is_entry);
                if other != one {
                    break other;
                }
            };
            lines.swap(one, other);
            "swap"
        }
        4 => {
            // An older copy, or one that was cut anywhere: at a line's border or inside.
            let length = dice.below(
                lines.concat().len() - lines[lines.len() - 2].len() - lines[lines.len() - 1].len(),
            );
            let mut bytes = lines.concat();
            bytes.truncate(length);
            lines = split(&bytes);
            "truncate"
        }
        5 => {
            let index = dice.line(&lines, is_entry);
            let copy = lines[index].clone();
            lines.insert(dice.below(lines.len()).max(index), copy);
            "duplicate"
        }
        6 => {
            let size = log.notes[dice.below(log.notes.len() - 1)].0;
            let end = lines
                .iter()
                .position(|line| line.starts_with(format!("{{\"position\":{size},").as_bytes()))
                .unwrap();
            lines.truncate(end);
            "rollback"
        }
        7 => {
            let (one, other) = (
                dice.line(&lines, is_checkpoint),
                dice.line(foreign, is_checkpoint),
            );
            lines[one].clone_from(&foreign[other]);
            "foreign checkpoint"
        }
        _ => {
            let one = dice.line(&lines, is_checkpoint);
            let other = loop {
                let other = dice.line(&lines, is_checkpoint);
                if other != one {
                    break other;
                }
            };
            lines.swap(one, other);
            "checkpoint swap"
        }
    };
    (what, lines.concat())
}

#[test]
fn requirement_41_a_thousand_mutations_are_all_found() {
    let mut dice = Dice(TestRunner::deterministic());
    let log = Log::new(80, 8);
    let foreign = split(&Log::of(Vault::ephemeral(), (1_000..1_080).map(entry), 8).export());
    assert!(log.audit(&log.export()).valid);
    let mut found: HashMap<&str, u32> = HashMap::new();
    for round in 0..1_000 {
        let (what, mutated) = mutate(&mut dice, &log, &foreign);
        let report = log.audit(&mutated);
        assert!(!report.valid, "round {round}: {what} was not found");
        assert!(
            report.first_bad.is_some_and(|position| position <= 80),
            "round {round}: {what} has no first bad entry"
        );
        *found.entry(what).or_default() += 1;
    }
    assert_eq!(found.len(), 8, "every kind was tried: {found:?}");
}

/// The first bad entry is exact where an entry itself was changed.
#[test]
fn requirement_41_the_first_bad_entry_is_named() {
    let mut dice = Dice(TestRunner::deterministic());
    let log = Log::new(40, 8);
    for _ in 0..200 {
        let mut lines = split(&log.export());
        let index = dice.line(&lines, is_entry);
        let position = lines[..index].iter().filter(|line| is_entry(line)).count() as u64;
        let byte = dice.below(lines[index].len());
        lines[index][byte] ^= 1 << dice.below(8);
        assert_eq!(log.audit(&lines.concat()).first_bad, Some(position));
    }
}

#[test]
fn requirement_41_no_false_alarm_on_clean_logs() {
    for count in 1..60 {
        for every in [1, 3, 7] {
            let log = Log::new(count.max(every), every);
            let report = log.audit(&log.export());
            assert!(
                report.valid,
                "{count} entries, checkpoint every {every}: {:?}",
                report.reason
            );
        }
    }
}
