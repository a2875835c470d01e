//! Makes sentences from templates: attacks of all categories and harmless look-alikes, in our own words.
//!
//! The templates are `*.txt` beside this file. `[slot name]` opens a list of fillings, `[attack CATEGORY COUNT]` and
//! `[benign KIND COUNT]` open templates, of which each is filled COUNT times. In a template `{name}` is replaced by a filling, `{name:other}` by one in which
//! `{PAYLOAD}` stands for the slot `other`, and `(a|b)` by one of its parts; `\n` is a new line.

use std::collections::{BTreeMap, BTreeSet};

use countersign_scan::threat::ThreatCategory;

use super::random::Random;

const FILES: [&str; 6] = [
    include_str!("slots.txt"),
    include_str!("attacks.txt"),
    include_str!("indirect.txt"),
    include_str!("harmless.txt"),
    include_str!("everyday.txt"),
    include_str!("asides.txt"),
];

/// A generated text; harmless if it has no category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sentence {
    pub(super) text: String,
    pub(super) category: Option<ThreatCategory>,
}

enum Section<'text> {
    Slot(&'text str),
    Templates(Option<ThreatCategory>, usize),
}

/// All sentences, the same on every run, without doubles.
pub(super) fn sentences() -> Vec<Sentence> {
    let mut slots: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut templates: Vec<(&str, Option<ThreatCategory>, usize)> = Vec::new();
    for file in FILES {
        let mut section = None;
        for line in file
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with("%%"))
        {
            if let Some(head) = line
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'))
                .and_then(heading)
            {
                section = Some(head);
                continue;
            }
            match section {
                Some(Section::Slot(name)) => slots.entry(name).or_default().push(line),
                Some(Section::Templates(category, count)) => {
                    templates.push((line, category, count));
                }
                None => {}
            }
        }
    }
    let mut seen = BTreeSet::new();
    let mut list = Vec::new();
    for (template, category, count) in templates {
        let mut random = Random::of(template);
        for _ in 0..count {
            let text = fill(template, &slots, &mut random, 0).replace("\\n", "\n");
            let text = vary(text, &mut random);
            if seen.insert(text.clone()) {
                list.push(Sentence { text, category });
            }
        }
    }
    list
}

fn heading(head: &str) -> Option<Section<'_>> {
    let mut words = head.split(' ');
    match (words.next()?, words.next()?, words.next()) {
        ("slot", name, None) => Some(Section::Slot(name)),
        ("attack", category, Some(count)) => Some(Section::Templates(
            Some(category.parse().ok()?),
            count.parse().ok()?,
        )),
        ("benign", _, Some(count)) => Some(Section::Templates(None, count.parse().ok()?)),
        _ => None,
    }
}

/// People write in lower case, without the full stop, or shout.
fn vary(text: String, random: &mut Random) -> String {
    match random.below(12) {
        0 => text.to_lowercase(),
        1 => text.trim_end_matches(['.', '!']).to_owned(),
        2 if text.len() < 80 => text.to_uppercase(),
        _ => text,
    }
}

fn fill(
    template: &str,
    slots: &BTreeMap<&str, Vec<&str>>,
    random: &mut Random,
    depth: usize,
) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '(']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if from.starts_with('{')
            && let Some(end) = from.find('}')
            && let Some((name, payload)) = from
                .get(1..end)
                .map(|name| name.split_once(':').unwrap_or((name, "")))
            && let Some(filling) = slots.get(name).and_then(|list| random.pick(list))
            && depth < 7
        {
            let filling = filling.replace("{PAYLOAD}", &format!("{{{payload}}}"));
            out.push_str(&fill(&filling, slots, random, depth + 1));
            rest = from.get(end + 1..).unwrap_or_default();
        } else if from.starts_with('(')
            && let Some(end) = from.find(')')
            && let Some(inner) = from
                .get(1..end)
                .filter(|inner| inner.contains('|') && !inner.contains('('))
        {
            let parts: Vec<&str> = inner.split('|').collect();
            let part = random.pick(&parts).copied().unwrap_or_default();
            out.push_str(&fill(part, slots, random, depth + 1));
            rest = from.get(end + 1..).unwrap_or_default();
        } else {
            out.push_str(from.get(..1).unwrap_or_default());
            rest = from.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out
}
