//! Conditions: what a field must be.

use std::{cmp::Ordering, collections::BTreeMap};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::pattern::{Glob, Pattern};

/// How deep `not`, `any` and `all` may be nested.
pub const NESTING_LIMIT: usize = 4;

/// What a field must be. All operators that are given must hold; an unknown operator is refused when the rule is written.
///
/// `eq` and `in` are strict: 500 is not `"500"`. `lt`, `lte`, `gt` and `gte` also take a number in text, written as JSON writes it and
/// without an exponent. `glob` and `regex` look at text, `any` and `all` at lists. Where a value is there but is not of the kind that
/// an operator looks at, the answer is unknown: see [`super::Match::Unreadable`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Equal to this value.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub eq: Option<Value>,
    /// Equal to one of these values.
    #[serde(
        default,
        rename = "in",
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub one_of: Option<Vec<Value>>,
    /// A number below this.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub lt: Option<f64>,
    /// A number at or below this.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub lte: Option<f64>,
    /// A number above this.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub gt: Option<f64>,
    /// A number at or above this.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub gte: Option<f64>,
    /// Text that the pattern covers from its first to its last character; `*` is any run of characters, `?` one.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub glob: Option<Glob>,
    /// Text in which the regular expression finds something. `^` and `$` anchor it.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub regex: Option<Pattern>,
    /// Present (`true`) or absent (`false`).
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub exists: Option<bool>,
    /// What must not hold.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub not: Option<Box<Condition>>,
    /// What must hold of at least one element of a list.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub any: Option<Box<Condition>>,
    /// What must hold of every element of a list. An empty list has none that fails.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub all: Option<Box<Condition>>,
}

/// A field that is there is never taken for one that is not: `"eq": null` compares with null, and `"lt": null` is an error.
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Yes, no, or not to be said.
type Answer = Option<bool>;

/// Both: one no is a no, whatever the other is.
const fn both(left: Answer, right: Answer) -> Answer {
    match (left, right) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

impl Condition {
    /// Whether it holds; `None` where that can't be said.
    pub fn holds(&self, value: Option<&Value>) -> Answer {
        let certain = self
            .exists
            .is_none_or(|expected| expected == value.is_some())
            && self
                .eq
                .as_ref()
                .is_none_or(|expected| value == Some(expected))
            && self
                .one_of
                .as_ref()
                .is_none_or(|list| value.is_some_and(|value| list.contains(value)));
        if !certain {
            return Some(false);
        }
        let mut answer = both(self.bounds_hold(value), self.texts_hold(value));
        if let Some(not) = &self.not {
            answer = both(answer, not.holds(value).map(|holds| !holds));
        }
        if let Some(any) = &self.any {
            answer = both(answer, elements(value, |list| any_of(any, list)));
        }
        if let Some(all) = &self.all {
            answer = both(answer, elements(value, |list| all_of(all, list)));
        }
        answer
    }

    /// Whether it holds of a text that is no JSON.
    pub(super) fn holds_of_text(&self, text: &str) -> Answer {
        self.holds(Some(&Value::String(text.to_owned())))
    }

    fn bounds_hold(&self, value: Option<&Value>) -> Answer {
        let bounds = [
            (self.lt, [Ordering::Less, Ordering::Less]),
            (self.lte, [Ordering::Less, Ordering::Equal]),
            (self.gt, [Ordering::Greater, Ordering::Greater]),
            (self.gte, [Ordering::Greater, Ordering::Equal]),
        ];
        let mut bounds = bounds
            .iter()
            .filter_map(|(bound, accepted)| Some(((*bound)?, accepted)))
            .peekable();
        if bounds.peek().is_none() {
            return Some(true);
        }
        match value {
            None | Some(Value::Null) => Some(false),
            Some(value) => number(value).map(|actual| {
                bounds.all(|(bound, accepted)| {
                    actual
                        .partial_cmp(&bound)
                        .is_some_and(|ordering| accepted.contains(&ordering))
                })
            }),
        }
    }

    fn texts_hold(&self, value: Option<&Value>) -> Answer {
        if self.glob.is_none() && self.regex.is_none() {
            return Some(true);
        }
        match value {
            None | Some(Value::Null) => Some(false),
            Some(Value::String(text)) => Some(
                self.glob.as_ref().is_none_or(|glob| glob.covers(text))
                    && self
                        .regex
                        .as_ref()
                        .is_none_or(|pattern| pattern.finds(text)),
            ),
            Some(_) => None,
        }
    }

    /// Whether it has no operator.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The path, below this condition, of one that has no operator or lies too deep; `None` where all is well.
    pub(super) fn fault(&self) -> Option<ConditionFault> {
        self.fault_at(String::new(), 0)
    }

    fn fault_at(&self, place: String, depth: usize) -> Option<ConditionFault> {
        if self.is_empty() {
            return Some(ConditionFault::Empty(place));
        }
        let inner = [("not", &self.not), ("any", &self.any), ("all", &self.all)];
        inner
            .into_iter()
            .filter_map(|(name, inner)| Some((name, inner.as_deref()?)))
            .find_map(|(name, inner)| {
                let place = format!("{place}.{name}");
                if depth == NESTING_LIMIT {
                    return Some(ConditionFault::TooDeep(place));
                }
                inner.fault_at(place, depth + 1)
            })
    }
}

/// What is wrong with a condition, with its place below the path that it is written at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ConditionFault {
    Empty(String),
    TooDeep(String),
}

/// Conditions by the dotted path that they look at.
pub type Conditions = BTreeMap<String, Condition>;

fn elements(value: Option<&Value>, judge: impl FnOnce(&[Value]) -> Answer) -> Answer {
    match value {
        None | Some(Value::Null) => Some(false),
        Some(Value::Array(list)) => judge(list),
        Some(_) => None,
    }
}

fn any_of(condition: &Condition, list: &[Value]) -> Answer {
    let mut answer = Some(false);
    for element in list {
        match condition.holds(Some(element)) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => answer = None,
        }
    }
    answer
}

fn all_of(condition: &Condition, list: &[Value]) -> Answer {
    let mut answer = Some(true);
    for element in list {
        answer = both(answer, condition.holds(Some(element)));
    }
    answer
}

/// A number, or one in text. Text that some servers take for another number than others (`0500`, `5e2`, ` 5`) is none.
fn number(value: &Value) -> Option<f64> {
    let Value::String(text) = value else {
        return value.as_f64();
    };
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits
        .split_once('.')
        .map_or((digits, None), |(whole, fraction)| (whole, Some(fraction)));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = is_digits(whole)
        && (whole.len() == 1 || !whole.starts_with('0'))
        && fraction.is_none_or(is_digits);
    is_plain
        .then(|| text.parse().ok())
        .flatten()
        .filter(|number: &f64| number.is_finite())
}
