//! `?1` of the portable subset becomes `$1`.

/// Rewrites numbered parameters. What stands between quotes or behind `--` stays as it is.
pub(crate) fn rewrite(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut characters = sql.chars().peekable();
    let mut quote = None;
    let mut comment = false;
    while let Some(character) = characters.next() {
        match (character, quote) {
            ('\n', None) => comment = false,
            ('-', None) if characters.peek() == Some(&'-') => comment = true,
            ('\'' | '"', None) if !comment => quote = Some(character),
            (_, Some(open)) if character == open => quote = None,
            ('?', None) if !comment && characters.peek().is_some_and(char::is_ascii_digit) => {
                out.push('$');
                continue;
            }
            _ => {}
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::rewrite;

    #[test]
    fn numbers_are_rewritten_outside_of_quotes_and_comments() {
        assert_eq!(
            rewrite("SELECT ?1, ?12 WHERE a = '?1' AND \"?2\" = ?3"),
            "SELECT $1, $12 WHERE a = '?1' AND \"?2\" = $3"
        );
        assert_eq!(
            rewrite("SELECT 1 -- it's ?1\n, ?2"),
            "SELECT 1 -- it's ?1\n, $2"
        );
        assert_eq!(rewrite("SELECT 'it''s ?1', ?1"), "SELECT 'it''s ?1', $1");
        assert_eq!(rewrite("SELECT a ? 'b'"), "SELECT a ? 'b'");
    }
}
