use countersign_scan::{Confidence, SecretSpan};

use super::{Place, Places, excerpt};

fn secret(start: usize, end: usize) -> SecretSpan<'static> {
    SecretSpan {
        rule: "acme-token",
        kind: "Acme token",
        range: start..end,
        confidence: Confidence::High,
    }
}

#[test]
fn columns_count_characters_and_lines_begin_at_one() {
    let text = "añb\r\n\n日x";
    let mut places = Places::of(text);
    assert_eq!(places.at(0), Place { line: 1, column: 1 });
    assert_eq!(places.at(3), Place { line: 1, column: 3 });
    assert_eq!(places.at(6), Place { line: 2, column: 1 });
    let x = text.find('x').unwrap();
    // Inside of a character is at it.
    assert_eq!(places.at(x - 1), Place { line: 3, column: 1 });
    assert_eq!(places.at(x), Place { line: 3, column: 2 });
    // Behind the end is the end.
    assert_eq!(places.at(900), Place { line: 3, column: 3 });
}

#[test]
fn an_excerpt_stays_on_its_line_and_says_where_it_is_cut() {
    let text = format!("first\n{} here {}\nlast", "a".repeat(50), "b".repeat(50));
    let start = text.find("here").unwrap();
    assert_eq!(
        excerpt(&text, start..start + 4, &[]),
        format!("…{} »here« {}…", "a".repeat(29), "b".repeat(29))
    );
    assert_eq!(excerpt("here\nlast", 0..4, &[]), "»here«");
    assert_eq!(excerpt("", 0..0, &[]), "»«");
    // A range that is inside of characters is widened to them.
    assert_eq!(excerpt("a日b", 2..3, &[]), "a»日«b");
}

#[test]
fn a_long_finding_is_shown_without_its_middle() {
    let text = format!("{}{}", "a".repeat(300), "b".repeat(300));
    let shown = excerpt(&text, 0..600, &[]);
    assert_eq!(shown, format!("»{} … {}«", "a".repeat(120), "b".repeat(40)));
}

#[test]
fn an_excerpt_shows_no_secret_nor_a_part_or_a_repetition_of_one() {
    let text = format!("say {} now, and 123456789 again", "123456789".repeat(10));
    let secrets = [secret(4, 94)];
    // The end of the secret is in reach, the rest is not.
    let now = text.find("now").unwrap();
    assert_eq!(
        excerpt(&text, now..now + 3, &secrets),
        "…[secret:acme-token] »now«, and 123456789 again"
    );
    let text = "key 123456789 and 123456789 again";
    assert_eq!(
        excerpt(text, 14..17, &[secret(4, 13)]),
        "key [secret:acme-token] »and« [secret:acme-token] again"
    );
    assert_eq!(
        excerpt(text, 6..17, &[secret(4, 13)]),
        "key [secret:acme-token]»[secret:acme-token] and« [secret:acme-token] again"
    );
}
