//! The valid word that a wrong one was probably meant to be.

/// The candidate with the fewest edits, if these are few enough to be a typing error.
pub(crate) fn nearest<'word>(
    wrong: &str,
    candidates: impl IntoIterator<Item = &'word str>,
) -> Option<&'word str> {
    let folded = wrong.to_ascii_lowercase().replace('-', "_");
    candidates
        .into_iter()
        .map(|candidate| (edits(&folded, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(edits, candidate)| *edits <= candidate.len().max(folded.len()).div_ceil(2))
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance, in bytes.
fn edits(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (above, from) in left.bytes().enumerate() {
        let mut diagonal = above;
        let mut current = above + 1;
        if let Some(first) = row.first_mut() {
            *first = current;
        }
        for (slot, to) in row.iter_mut().skip(1).zip(right.bytes()) {
            let substituted = diagonal + usize::from(from != to);
            diagonal = *slot;
            current = substituted.min(*slot + 1).min(current + 1);
            *slot = current;
        }
    }
    row.last().copied().unwrap_or_default()
}
