//! Every package that is built has a licence that we may ship.
//!
//! Licence expressions follow SPDX (`AND` binds tighter than `OR`), and the older `A/B` of crates.io means `A OR B`.

use super::Complaint;
use super::workspace::Workspace;

/// Complains about every built package whose licence the allowlist does not satisfy.
pub(super) fn check(workspace: &Workspace, allowed: &[&str]) -> Vec<Complaint> {
    workspace
        .built()
        .filter_map(|package| {
            let place = format!("{} {}", package.name, package.version);
            let Some(expression) = &package.license else {
                return Some(Complaint::new(place, "names no licence: replace it, or ask its author to name one"));
            };
            match is_satisfied(expression, allowed) {
                Some(true) => None,
                Some(false) => Some(Complaint::new(
                    place,
                    format!("has the licence `{expression}`, which is not on the allowlist: replace the crate, or argue for the licence in xtask/src/lint/rules.rs and deny.toml"),
                )),
                None => Some(Complaint::new(place, format!("has the licence `{expression}`, which is no SPDX expression"))),
            }
        })
        .collect()
}

/// Whether the allowlist satisfies the expression; none if it can't be read.
pub(super) fn is_satisfied(expression: &str, allowed: &[&str]) -> Option<bool> {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Parser {
        words: &words,
        position: 0,
        allowed,
    };
    let satisfied = parser.any_of()?;
    (parser.position == words.len()).then_some(satisfied)
}

struct Parser<'a> {
    words: &'a [&'a str],
    position: usize,
    allowed: &'a [&'a str],
}

impl<'a> Parser<'a> {
    fn any_of(&mut self) -> Option<bool> {
        let mut satisfied = self.all_of()?;
        while self.eat("OR") {
            satisfied |= self.all_of()?;
        }
        Some(satisfied)
    }

    fn all_of(&mut self) -> Option<bool> {
        let mut satisfied = self.one()?;
        while self.eat("AND") {
            satisfied &= self.one()?;
        }
        Some(satisfied)
    }

    fn one(&mut self) -> Option<bool> {
        if self.eat("(") {
            let satisfied = self.any_of()?;
            return self.eat(")").then_some(satisfied);
        }
        let licence = self
            .next()
            .filter(|word| !matches!(*word, "AND" | "OR" | "WITH" | ")"))?;
        if self.eat("WITH") {
            let exception = self.next()?;
            return Some(
                self.allowed
                    .contains(&format!("{licence} WITH {exception}").as_str()),
            );
        }
        Some(self.allowed.contains(&licence))
    }

    fn next(&mut self) -> Option<&'a str> {
        let word = *self.words.get(self.position)?;
        self.position += 1;
        Some(word)
    }

    fn eat(&mut self, word: &str) -> bool {
        let is_next = self.words.get(self.position) == Some(&word);
        self.position += usize::from(is_next);
        is_next
    }
}
