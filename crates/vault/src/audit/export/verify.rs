//! Verifying an export.

use std::io::BufRead;

use super::read::{ExportError, ExportLine, ExportReader};
use crate::audit::verify::{Report, Verifier};

/// Reads an export to its end, or to its first fault, and says what it found. `verifier` brings the keys and the checkpoints that
/// were kept elsewhere. Only a file that can't be read is an error; one that is wrong is a report.
pub fn verify_export(input: impl BufRead, mut verifier: Verifier) -> Result<Report, ExportError> {
    let mut reader = ExportReader::new(input);
    let mut may_declare = true;
    let mut may_start = true;
    while let Some(line) = reader.next() {
        let goes_on = match line {
            Err(error @ ExportError::Io { .. }) => return Err(error),
            Err(error) => {
                verifier.malformed(error.line(), error.to_string());
                false
            }
            Ok(ExportLine::Key(key)) if may_declare => {
                verifier.declare_key(key);
                true
            }
            Ok(ExportLine::Start {
                frontier,
                checkpoint,
            }) if may_start => {
                verifier.start_after(&checkpoint, frontier);
                may_start = false;
                true
            }
            Ok(ExportLine::Entry(sealed)) => {
                may_start = false;
                verifier.push(&sealed)
            }
            Ok(ExportLine::Checkpoint(note)) => {
                may_start = false;
                verifier.push_checkpoint(&note)
            }
            Ok(ExportLine::Key(_) | ExportLine::Start { .. }) => {
                verifier.malformed(
                    reader.line(),
                    "the key and the start stand before all entries, once".to_owned(),
                );
                false
            }
        };
        may_declare = false;
        if !goes_on {
            break;
        }
    }
    Ok(verifier.finish())
}
