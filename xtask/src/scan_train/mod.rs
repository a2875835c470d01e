//! `cargo xtask scan-train CORPUS.jsonl`: trains the scanner's weights, and measures them on rows they have not seen.
//!
//! Deterministic: fixed seeds, one thread, a fixed order; the same corpus and the same program write the same bytes. Rows are used only
//! if their licence is on the list in [`corpus`]; no row is copied anywhere, only weights and counts are written. To the corpus
//! come sentences that [`synthetic`] makes from templates of our own, and disguised copies ([`disguise`]).

mod corpus;
mod disguise;
mod examples;
mod fit;
mod measure;
mod random;
mod report;
mod synthetic;

#[cfg(test)]
mod tests;

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result};
use countersign_scan::{
    model::{Calibration, Lexicon, Weights},
    threat::RuleSet,
};

use crate::output;

/// What `scan-train` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct TrainArguments {
    /// Labelled rows, one JSON object per line; none trains on the generated sentences only
    corpus: Option<PathBuf>,
    /// Where to write the weights; nothing is written without it
    #[arg(long)]
    out: Option<PathBuf>,
    /// Where to write the report
    #[arg(long)]
    report: Option<PathBuf>,
    /// Print the table in which each source is left out of training in turn
    #[arg(long)]
    leave_source_out: bool,
    /// Print rows that were missed or falsely flagged (they are rows of the corpus: don't commit the output)
    #[arg(long)]
    mistakes: bool,
    /// Skip the cross-validation: for a quick look at the leave-source-out table
    #[arg(long)]
    quick: bool,
}

/// Trains, measures, writes.
pub(crate) fn run(arguments: &TrainArguments) -> Result<bool> {
    let lexicon = Lexicon::new();
    let rules = RuleSet::shipped()?;
    let corpus = match &arguments.corpus {
        Some(path) => corpus::read(
            &fs::read_to_string(path)
                .with_context(|| format!("{} can't be read", path.display()))?,
        )?,
        None => corpus::Corpus::default(),
    };
    let examples = examples::Examples::build(&corpus, &lexicon, &rules, 1);
    output::say(&format!(
        "{} corpus rows used, {} generated, {} disguised copies, {} instances",
        corpus.rows.len(),
        examples.generated(),
        examples.disguised(),
        examples.instances()
    ));
    let left_out = measure::leave_source_out(&corpus, &examples, &rules);
    if arguments.leave_source_out {
        output::say(&report::leave_source_out_table(&left_out));
        if arguments.mistakes {
            output::say(&report::mistakes(&corpus, &left_out));
        }
    }
    if arguments.quick {
        return Ok(true);
    }
    let crossed = measure::cross_validate(&corpus, &examples, &lexicon, &rules, &left_out);
    output::say(&report::cross_validation_table(&crossed));
    if arguments.mistakes {
        output::say(&report::mistakes(&corpus, &crossed.outcome));
    }
    if let Some(path) = &arguments.out {
        let bytes = train(&examples, &rules, crossed.calibration).write();
        output::say(&format!("{} bytes of weights", bytes.len()));
        fs::write(path, bytes).with_context(|| format!("{} can't be written", path.display()))?;
    }
    if let Some(path) = &arguments.report {
        fs::write(
            path,
            report::document(&corpus, &examples, &crossed, &left_out),
        )
        .with_context(|| format!("{} can't be written", path.display()))?;
    }
    Ok(true)
}

/// The weights of all examples.
fn train(examples: &examples::Examples, rules: &RuleSet, calibration: Calibration) -> Weights {
    let chosen: Vec<usize> = (0..examples.list.len()).collect();
    let attack = fit::attack(examples, &chosen, rules);
    let categories = fit::categories(examples, &chosen, &attack);
    let ids = rules.ids().iter().map(|id| (*id).to_owned()).collect();
    Weights::pack(&attack, &categories, ids, calibration)
}
