//! Facts, prepared once for all the rules of a set that look at them.

use serde_json::Value;

use crate::{action::ParsedAction, facts::Facts};

/// Facts with the action taken apart and the unreadable paths listed.
#[derive(Debug)]
pub(crate) struct View<'facts> {
    pub(crate) facts: &'facts Facts,
    pub(crate) action: ParsedAction<'facts>,
    unreadable: Vec<&'facts str>,
}

impl<'facts> View<'facts> {
    pub(crate) fn of(facts: &'facts Facts) -> Self {
        Self {
            facts,
            action: ParsedAction::of(&facts.action.name),
            unreadable: facts.unreadable().collect(),
        }
    }

    /// Whether a path of the input is, lies in or holds something that the connector could not read.
    pub(crate) fn is_unreadable(&self, path: &str) -> bool {
        let lies_in = |inner: &str, outer: &str| {
            inner
                .strip_prefix(outer)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.unreadable
            .iter()
            .any(|unread| lies_in(path, unread) || lies_in(unread, path))
    }

    /// The value at a dotted path of the input.
    pub(crate) fn input(&self, path: &str) -> Option<&'facts Value> {
        lookup(&self.facts.input, path)
    }

    /// The value at a dotted path of the context.
    pub(crate) fn context(&self, path: &str) -> Option<&'facts Value> {
        lookup(&self.facts.context, path)
    }
}

/// The value at a dotted path; list elements by their number.
fn lookup<'value>(value: &'value Value, path: &str) -> Option<&'value Value> {
    path.split('.').try_fold(value, |value, part| match value {
        Value::Object(map) => map.get(part),
        Value::Array(list) => part.parse::<usize>().ok().and_then(|index| list.get(index)),
        _ => None,
    })
}
