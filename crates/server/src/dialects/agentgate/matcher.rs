//! From the matchers of these clients to ours.
//!
//! A path is looked up among reserved names first (`action`, `status`, `urgency`, `context`, `params`), and only a name that is not reserved
//! among the parameters: nothing that an agent sends can take the place of what it asks for. All operators of a matcher must hold; one
//! that is not known is refused when the policy is written.

use countersign_domain::{Condition, Conditions, PATTERN_LIMIT_BYTES, Pattern, RuleMatch, Urgency};
use serde_json::{Map, Value};

/// Why a matcher is refused: a text for its writer.
pub(super) type Fault = String;

/// The most values that a list names. Two lists of one field are compared value by value.
pub(super) const VALUE_LIMIT: usize = 500;

const OPERATORS: &str = "$lt, $lte, $gt, $gte, $in, $regex";

/// A condition that nothing fulfils.
fn never() -> Condition {
    Condition {
        one_of: Some(Vec::new()),
        ..Condition::default()
    }
}

/// Translates a whole `match`.
pub(super) fn translate(written: &Map<String, Value>) -> Result<RuleMatch, Fault> {
    let mut matcher = RuleMatch::default();
    for (path, value) in written {
        let condition = condition(path, value)?;
        let (head, rest) = path
            .split_once('.')
            .map_or((path.as_str(), None), |(head, rest)| (head, Some(rest)));
        match (head, rest) {
            ("action", None) => and(path, matcher.action_name.get_or_insert_default(), condition)?,
            ("urgency", None) => {
                let fits = |urgency: &Urgency| {
                    let word = Value::String(urgency.as_str().to_owned());
                    condition.holds(Some(&word)) == Some(true)
                };
                let urgencies = [
                    Urgency::Low,
                    Urgency::Normal,
                    Urgency::High,
                    Urgency::Critical,
                ];
                let fitting: Vec<_> = urgencies.into_iter().filter(fits).collect();
                if fitting.is_empty() {
                    matcher.action_name = Some(never());
                } else {
                    matcher.urgency = Some(fitting);
                }
            }
            // When a policy is asked, a request is pending.
            ("status", None) => {
                let word = Value::String("pending".to_owned());
                if condition.holds(Some(&word)) != Some(true) {
                    matcher.action_name = Some(never());
                }
            }
            ("context", Some(rest)) => put(path, &mut matcher.context, rest, condition)?,
            ("params", Some(rest)) => put(path, &mut matcher.input, rest, condition)?,
            // Texts have no parts, and whole objects equal no plain value.
            ("action" | "urgency" | "status", Some(_)) | ("context" | "params", None) => {
                matcher.action_name = Some(never());
            }
            _ => put(path, &mut matcher.input, path, condition)?,
        }
    }
    Ok(matcher)
}

fn put(
    written: &str,
    conditions: &mut Conditions,
    path: &str,
    condition: Condition,
) -> Result<(), Fault> {
    and(
        written,
        conditions.entry(path.to_owned()).or_default(),
        condition,
    )
}

/// Both conditions together.
pub(super) fn and(path: &str, into: &mut Condition, other: Condition) -> Result<(), Fault> {
    if into.is_empty() {
        *into = other;
        return Ok(());
    }
    if *into == never() {
        return Ok(());
    }
    if other == never() {
        *into = other;
        return Ok(());
    }
    let Condition {
        eq,
        one_of,
        lt,
        lte,
        gt,
        gte,
        regex,
        ..
    } = other;
    let is_twice = into.eq.is_some() && eq.is_some()
        || into.lt.is_some() && lt.is_some()
        || into.lte.is_some() && lte.is_some()
        || into.gt.is_some() && gt.is_some()
        || into.gte.is_some() && gte.is_some()
        || into.regex.is_some() && regex.is_some();
    if is_twice {
        return Err(format!(
            "\"{path}\" says the same of a field that another path of this match names: say it once"
        ));
    }
    if let Some(list) = one_of {
        into.one_of = Some(match into.one_of.take() {
            None => list,
            Some(known) => known.into_iter().filter(|one| list.contains(one)).collect(),
        });
    }
    into.eq = into.eq.take().or(eq);
    into.lt = into.lt.or(lt);
    into.lte = into.lte.or(lte);
    into.gt = into.gt.or(gt);
    into.gte = into.gte.or(gte);
    into.regex = into.regex.take().or(regex);
    Ok(())
}

fn condition(path: &str, value: &Value) -> Result<Condition, Fault> {
    let Value::Object(operators) = value else {
        if value.is_array() {
            return Err(format!(
                "Matcher for \"{path}\" must be a plain value or an object of {OPERATORS}"
            ));
        }
        return Ok(Condition {
            eq: Some(value.clone()),
            ..Condition::default()
        });
    };
    if operators.is_empty() {
        return Err(format!(
            "Matcher for \"{path}\" has no operator: use {OPERATORS}"
        ));
    }
    let mut condition = Condition::default();
    for (name, operand) in operators {
        let number = || {
            operand
                .as_f64()
                .map(Some)
                .ok_or_else(|| format!("{name} in matcher for \"{path}\" must be a number"))
        };
        match name.as_str() {
            "$lt" => condition.lt = number()?,
            "$lte" => condition.lte = number()?,
            "$gt" => condition.gt = number()?,
            "$gte" => condition.gte = number()?,
            "$in" => {
                let list = operand
                    .as_array()
                    .ok_or_else(|| format!("$in in matcher for \"{path}\" must be an array"))?;
                if list.len() > VALUE_LIMIT {
                    return Err(format!(
                        "$in in matcher for \"{path}\" has more than {VALUE_LIMIT} values"
                    ));
                }
                condition.one_of = Some(list.clone());
            }
            "$regex" => {
                let text = operand
                    .as_str()
                    .ok_or_else(|| format!("$regex in matcher for \"{path}\" must be a string"))?;
                condition.regex = Some(regex(path, text)?);
            }
            unknown => {
                let unknown: String = unknown.chars().take(64).collect();
                return Err(format!(
                    "Unknown operator \"{unknown}\" in matcher for \"{path}\": use {OPERATORS}"
                ));
            }
        }
    }
    Ok(condition)
}

/// A regular expression that these clients call safe: ours are linear anyway, and what they call unsafe they want refused.
fn regex(path: &str, text: &str) -> Result<Pattern, Fault> {
    // Before anything looks into it: what looks is not linear.
    if text.len() > PATTERN_LIMIT_BYTES {
        return Err(format!(
            "Invalid regex in rule matcher for \"{path}\": it has more than {PATTERN_LIMIT_BYTES} bytes"
        ));
    }
    let is_unsafe = || format!("Unsafe regex in rule matcher for \"{path}\": {text}");
    if has_nested_quantifier(text) || has_look_around_or_back_reference(text) {
        return Err(is_unsafe());
    }
    Pattern::new(text)
        .map_err(|error| format!("Invalid regex in rule matcher for \"{path}\": {error}"))
}

fn has_look_around_or_back_reference(text: &str) -> bool {
    let mut characters = text.chars().peekable();
    let mut is_in_class = false;
    let mut rest = String::new();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                let next = characters.next().unwrap_or('\\');
                if !is_in_class && (('1'..='9').contains(&next) || next == 'k') {
                    return true;
                }
            }
            '[' => is_in_class = true,
            ']' => is_in_class = false,
            '(' if !is_in_class && characters.peek() == Some(&'?') => {
                rest.clear();
                rest.extend(characters.clone().take(3));
                if ["?=", "?!", "?<=", "?<!"]
                    .iter()
                    .any(|look| rest.starts_with(look))
                {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

/// Whether something that is repeated holds something that is repeated.
fn has_nested_quantifier(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    let is_quantifier = |at: usize| match characters.get(at) {
        Some('*' | '+') => true,
        Some('{') => {
            // No further than the number goes: from each brace to the end would be quadratic.
            let rest = &characters[at + 1..];
            let is_number = |it: &char| it.is_ascii_digit() || *it == ',';
            let count = rest.iter().take_while(|it| is_number(it)).count();
            count > 0 && matches!(rest.get(count), None | Some('}'))
        }
        _ => false,
    };
    let mut groups = vec![false];
    let mut at = 0;
    while at < characters.len() {
        match characters[at] {
            '\\' => at += 1,
            '[' => {
                at += 1;
                if characters.get(at) == Some(&'^') {
                    at += 1;
                }
                if characters.get(at) == Some(&']') {
                    at += 1;
                }
                while at < characters.len() && characters[at] != ']' {
                    if characters[at] == '\\' {
                        at += 1;
                    }
                    at += 1;
                }
            }
            '(' => groups.push(false),
            ')' => {
                let repeats = groups.pop().unwrap_or(false);
                let is_repeated = is_quantifier(at + 1);
                if repeats && is_repeated {
                    return true;
                }
                if let Some(outer) = groups.last_mut() {
                    *outer |= repeats || is_repeated;
                }
            }
            _ if is_quantifier(at) => {
                if let Some(group) = groups.last_mut() {
                    *group = true;
                }
            }
            _ => {}
        }
        at += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(value: &Value) -> Result<RuleMatch, Fault> {
        translate(value.as_object().unwrap())
    }

    #[test]
    fn what_clients_call_unsafe_is_refused_in_their_words() {
        for bad in [
            "(a+)+$",
            "(a*)*",
            "([a-z]+){2,}",
            "(?=x)y",
            "(?<!x)y",
            r"(a)\1",
            "((a|b)+c)*",
        ] {
            let fault = of(&json!({"action": {"$regex": bad}})).unwrap_err();
            assert_eq!(
                fault,
                format!("Unsafe regex in rule matcher for \"action\": {bad}")
            );
        }
        for good in ["^read_", "a+b+", r"\(a+\)+", "[(+]+", "(abc)+", "(?:a|b)*"] {
            of(&json!({"action": {"$regex": good}})).unwrap();
        }
        // What took a minute elsewhere is linear here.
        let slow = of(&json!({"x": {"$regex": r"^\s*a*a*a*a*a*a*b$"}})).unwrap();
        let text = "a".repeat(2_000);
        assert_eq!(slow.input["x"].holds(Some(&json!(text))), Some(false));
    }

    /// What is long is refused before anything looks into it.
    #[test]
    fn what_is_long_is_refused_by_its_length() {
        let long = of(&json!({"x": {"$regex": "{".repeat(PATTERN_LIMIT_BYTES + 1)}})).unwrap_err();
        assert!(
            long.contains("it has more than 1024 bytes") && long.len() < 200,
            "{long}"
        );
        of(&json!({"x": {"$regex": "a".repeat(PATTERN_LIMIT_BYTES)}})).unwrap();
        let values = |count: usize| json!({"$in": (0..count).collect::<Vec<_>>()});
        of(&json!({"x": values(VALUE_LIMIT), "params.x": values(VALUE_LIMIT)})).unwrap();
        let long = of(&json!({"x": values(VALUE_LIMIT + 1)})).unwrap_err();
        assert!(long.contains("has more than 500 values"), "{long}");
    }

    #[test]
    fn every_operator_counts_and_unknown_ones_are_refused() {
        let both = of(&json!({"amount": {"$gt": 10, "$lt": 100}})).unwrap();
        let holds = |amount: i64| both.input["amount"].holds(Some(&json!(amount)));
        assert_eq!(
            (holds(5), holds(50), holds(500)),
            (Some(false), Some(true), Some(false))
        );
        for bad in [
            json!({"amount": {"$ne": 5}}),
            json!({"amount": {}}),
            json!({"amount": [1]}),
            json!({"amount": {"$gt": "x"}}),
            json!({"amount": {"$in": 5}}),
            json!({"amount": 5, "params.amount": 6}),
        ] {
            of(&bad).unwrap_err();
        }
    }

    #[test]
    fn reserved_names_are_never_looked_up_among_parameters() {
        let matcher = of(&json!({"action": "read_file", "params.action": "x", "context.user": "a", "to.name": "b"})).unwrap();
        assert_eq!(matcher.action_name.unwrap().eq, Some(json!("read_file")));
        let names: Vec<_> = matcher.input.keys().map(String::as_str).collect();
        assert_eq!(names, ["action", "to.name"]);
        assert!(matcher.context.contains_key("user"));
        assert_eq!(
            of(&json!({"urgency": {"$in": ["high", "critical"]}}))
                .unwrap()
                .urgency
                .unwrap()
                .len(),
            2
        );
        for impossible in [
            json!({"status": "approved"}),
            json!({"params": 5}),
            json!({"urgency": "odd"}),
        ] {
            assert_eq!(of(&impossible).unwrap().action_name, Some(never()));
        }
    }
}
