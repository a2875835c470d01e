//! Tests that left themselves out because a service is missing.
//!
//! Such a test passes in the eyes of its runner. It appends a line `SERVICE<tab>TEST` to the file that the variable
//! [`VARIABLE`] names, so that it is counted as what it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// The variable that names the file. `countersign-testkit` knows the same name.
pub(super) const VARIABLE: &str = "COUNTERSIGN_SKIPPED_TESTS";

/// A missing service and the test that needed it.
pub(super) type LeftOut = (String, String);

/// The tests that left themselves out, each once. None if no test wrote the file.
pub(super) fn read(log: &Path) -> Result<BTreeSet<LeftOut>> {
    match fs::read_to_string(log) {
        Ok(text) => Ok(parse(&text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(error) => Err(error).with_context(|| format!("{} can't be read", log.display())),
    }
}

/// Reads the file's lines. A test that lacks two services is counted once.
pub(super) fn parse(text: &str) -> BTreeSet<LeftOut> {
    let mut seen = BTreeSet::new();
    text.lines()
        .filter_map(|line| line.split_once('\t'))
        .filter(|(_, test)| seen.insert((*test).to_owned()))
        .map(|(service, test)| (service.to_owned(), test.to_owned()))
        .collect()
}

/// What to tell about them.
pub(super) fn report(left_out: &BTreeSet<LeftOut>) -> Vec<String> {
    let mut tests_of: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (service, test) in left_out {
        tests_of.entry(service).or_default().push(test);
    }
    let mut lines = Vec::new();
    for (service, tests) in tests_of {
        lines.push(format!("left out because {service} is missing (scripts/install-test-deps installs it): {} tests", tests.len()));
        lines.extend(tests.iter().map(|test| format!("  {test}")));
    }
    lines
}
