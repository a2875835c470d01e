//! Processes that are killed and disks that fail. Requirements 40 and 42.

use std::{
    collections::HashSet,
    io::{BufRead as _, BufReader},
    time::Duration,
};

use countersign_domain::EntryId;
use countersign_store::{Engine, LedgerState, Store, StoreError, evidence};

use crate::{
    bed::{Bed, options_in, sealed, verify},
    child,
};

/// Rounds of killing; `make faults` asks for more.
#[expect(
    clippy::disallowed_methods,
    reason = "how `make faults` asks for more rounds"
)]
fn rounds() -> usize {
    std::env::var("COUNTERSIGN_FAULT_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(5)
}

/// Acknowledged units after which the process is killed, so that a round is neither empty nor long.
const KILL_AFTER: usize = 300;

crate::on_both_engines!(a_killed_process_loses_nothing_that_it_acknowledged);

fn acknowledged(line: &str) -> Option<EntryId> {
    // The harness may put its own words in front of the first line.
    line.split_once("acknowledged ")
        .and_then(|(_, id)| id.trim().parse().ok())
}

fn a_killed_process_loses_nothing_that_it_acknowledged(bed: &Bed) {
    let mut told: HashSet<EntryId> = HashSet::new();
    let mut looked_at = 0;
    for round in 0..rounds() {
        let mut process = child::start(
            "child::writes_until_it_is_killed",
            bed.folder.path(),
            bed.url.as_deref(),
        );
        let mut lines = BufReader::new(process.take_stdout().unwrap()).lines();
        let before = told.len();
        while told.len() < before + KILL_AFTER + round % 7 * 37 {
            let line = lines
                .next()
                .transpose()
                .unwrap()
                .unwrap_or_else(|| panic!("the child ended by itself"));
            told.extend(acknowledged(&line));
        }
        process.kill_and_wait().unwrap();
        for line in lines {
            told.extend(acknowledged(&line.unwrap()));
        }
        let store = bed.open();
        assert_eq!(store.ledger_state(), LedgerState::Healthy, "round {round}");
        let mut entries = sealed(&store, told.len());
        // On PostgreSQL the child may have committed more than it told of, so that the count alone does not say that all of the told
        // ones have their position: the sealer has a second for the rest.
        for _ in 0..100 {
            if entries
                .iter()
                .filter(|sealed| told.contains(&sealed.entry.id))
                .count()
                == told.len()
            {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
            entries = sealed(&store, entries.len());
        }
        if store.engine() == Engine::Postgres {
            // What the child had committed but not sealed is sealed by now.
            assert!(store.oldest_unsealed_age() < Duration::from_secs(1));
        }
        verify(&store, &bed.options.vault, &entries);
        let kept: HashSet<EntryId> = entries.iter().map(|sealed| sealed.entry.id).collect();
        assert_eq!(kept.len(), entries.len());
        assert!(
            told.is_subset(&kept),
            "round {round}: an acknowledged entry is gone"
        );
        let ids: Vec<EntryId> = entries
            .iter()
            .skip(looked_at)
            .map(|sealed| sealed.entry.id)
            .collect();
        looked_at = entries.len();
        let bodies = store
            .read_blocking::<_, StoreError, _>(move |tx| {
                ids.iter()
                    .map(|id| Ok(evidence::get(tx, *id)?.is_some()))
                    .collect::<Result<Vec<bool>, StoreError>>()
            })
            .unwrap();
        assert!(
            bodies.iter().all(|there| *there),
            "round {round}: an entry without its other half"
        );
        store.close_blocking();
    }
}

/// After an I/O error nothing is acknowledged any more, and what was acknowledged before is there.
#[test]
fn a_failing_disk_stops_the_store() {
    let bed = Bed::sqlite();
    let mut process = child::start(
        "child::writes_until_the_disk_fails",
        bed.folder.path(),
        None,
    );
    let output: Vec<String> = BufReader::new(process.take_stdout().unwrap())
        .lines()
        .map(Result::unwrap)
        .collect();
    process.wait_within(Duration::from_mins(1)).unwrap();
    let told: HashSet<EntryId> = output
        .iter()
        .filter_map(|line| acknowledged(line))
        .collect();
    let find = |word: &str| {
        output
            .iter()
            .find_map(|line| line.strip_prefix(word))
            .unwrap_or_else(|| panic!("no `{word}`: {output:?}"))
    };
    assert!(
        find("first ").starts_with("NotDurable"),
        "{}",
        find("first ")
    );
    assert!(find("then ").starts_with("Poisoned"), "{}", find("then "));
    assert!(!find("failed ").is_empty());
    assert!(output.iter().any(|line| line == "done"));
    assert!(!told.is_empty());
    let store = Store::open(&options_in(bed.folder.path(), None)).unwrap();
    let entries = sealed(&store, told.len());
    verify(&store, &bed.options.vault, &entries);
    let kept: HashSet<EntryId> = entries.iter().map(|sealed| sealed.entry.id).collect();
    assert!(told.is_subset(&kept));
    store.close_blocking();
}
