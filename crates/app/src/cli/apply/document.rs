//! Reading a document for `apply`.

use std::io::Read;
use std::path::Path;

use countersign_gate::ConfigDocument;

use crate::failure::{Failure, Result};

const MAXIMUM_BYTES: u64 = 16 << 20;

/// Reads JSON5 from a file or standard input.
pub(super) fn read(path: &Path) -> Result<ConfigDocument> {
    let shown = path.display();
    let cannot = |error: std::io::Error| Failure::usage(format!("{shown} can't be read: {error}"));
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin()
            .lock()
            .take(MAXIMUM_BYTES)
            .read_to_string(&mut text)
            .map_err(cannot)?;
    } else {
        std::fs::File::open(path)
            .map_err(cannot)?
            .take(MAXIMUM_BYTES)
            .read_to_string(&mut text)
            .map_err(cannot)?;
    }
    json5::from_str(&text).map_err(|error| {
        let place = error.position().map_or_else(String::new, |position| {
            format!(":{}:{}", position.line + 1, position.column + 1)
        });
        let message = error.to_string();
        let message = message
            .rsplit_once(" at line ")
            .map_or(message.as_str(), |(message, _)| message);
        Failure::usage(format!("{shown}{place}: {message}"))
            .next("`countersign export` writes a document that fits")
    })
}
