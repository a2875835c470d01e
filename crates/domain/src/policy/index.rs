//! Which rules can be about some facts at all: made once per change, so that a decision does not look at thousands of others.

use std::collections::HashMap;

use serde_json::Value;

use crate::rule::{Condition, Rule, View};

/// Positions of rules in their list. Each rule stands in one place: by the words that the action's name must be, else by a path of the
/// input that one of its conditions looks at, else among the others.
#[derive(Debug, Clone, Default)]
pub(super) struct RuleIndex {
    by_word: HashMap<String, Vec<u32>>,
    by_path: Vec<PathIndex>,
    others: Vec<u32>,
}

/// The rules that look at one path of the input: those that ask for a text there by the text, the others with what they ask.
#[derive(Debug, Clone)]
struct PathIndex {
    path: String,
    by_text: HashMap<String, Vec<u32>>,
    asking: Vec<(u32, Condition)>,
    all: Vec<u32>,
}

impl RuleIndex {
    pub(super) fn of(rules: &[Rule]) -> Self {
        let mut index = Self::default();
        let mut places = HashMap::new();
        for (position, rule) in rules.iter().enumerate() {
            // A set of four billion rules does not fit into memory.
            let position = u32::try_from(position).unwrap_or(u32::MAX);
            if let Some(words) = rule.matcher.words() {
                for word in words {
                    let positions = index.by_word.entry(word.to_owned()).or_default();
                    if positions.last() != Some(&position) {
                        positions.push(position);
                    }
                }
            } else if let Some((path, condition)) = rule.matcher.input.first_key_value() {
                let place = *places.entry(path.clone()).or_insert_with(|| {
                    index.by_path.push(PathIndex::at(path));
                    index.by_path.len() - 1
                });
                index.by_path[place].put(condition, position);
            } else {
                index.others.push(position);
            }
        }
        index
    }

    /// The positions of the rules that can be about the facts, in the order of their list.
    pub(super) fn candidates(&self, view: &View<'_>) -> Vec<u32> {
        let mut candidates = self.others.clone();
        if let Some(named) = self.by_word.get(&view.facts.action.name) {
            candidates.extend_from_slice(named);
        }
        for index in &self.by_path {
            index.add(view, &mut candidates);
        }
        if candidates.len() > self.others.len() {
            candidates.sort_unstable();
        }
        candidates
    }
}

impl PathIndex {
    fn at(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            by_text: HashMap::new(),
            asking: Vec::new(),
            all: Vec::new(),
        }
    }

    fn put(&mut self, condition: &Condition, position: u32) {
        self.all.push(position);
        if let Some(Value::String(text)) = &condition.eq {
            self.by_text.entry(text.clone()).or_default().push(position);
        } else {
            self.asking.push((position, condition.clone()));
        }
    }

    /// Adds the rules whose condition at this path does not fail. What could not be read may be anything.
    fn add(&self, view: &View<'_>, candidates: &mut Vec<u32>) {
        if view.is_unreadable(&self.path) {
            candidates.extend_from_slice(&self.all);
            return;
        }
        let value = view.input(&self.path);
        if let Some(Value::String(text)) = value
            && let Some(positions) = self.by_text.get(text)
        {
            candidates.extend_from_slice(positions);
        }
        let asking = self.asking.iter();
        let held = asking.filter(|(_, condition)| condition.holds(value) != Some(false));
        candidates.extend(held.map(|(position, _)| *position));
    }
}
