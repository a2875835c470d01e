use serde_json::json;

use super::*;
use crate::policy::{
    explain::tests::{by_policy, rule},
    tests::facts,
};

#[test]
fn a_proposed_set_is_compared_with_what_was_said_and_with_today() {
    let strict = rule(
        "strict",
        1,
        json!({ "action": ["POST /charges"] }),
        Verdict::Deny,
    );
    let lax = rule(
        "lax",
        1,
        json!({ "action": ["POST /charges"] }),
        Verdict::Allow,
    );
    let then = PolicySet::new(1, vec![by_policy()], vec![], vec![]);
    let recorded = decide(&then, &facts());
    assert_eq!(recorded.verdict, Verdict::Ask);
    let now = PolicySet::new(2, vec![by_policy()], vec![strict], vec![]);
    let proposed = now.with_rules(vec![lax.clone()], |_| true);
    let replayed = replay(&now, &proposed, &recorded, facts());
    assert_eq!(
        (replayed.then, replayed.now, replayed.proposed),
        (Verdict::Ask, Verdict::Deny, Verdict::Allow)
    );
    assert!(replayed.is_changed() && replayed.is_by_proposal());
    assert_eq!(replayed.made_by, format!("rule:{}", lax.id));
}

#[test]
fn only_the_rules_that_are_replaced_go() {
    let kept = rule("kept", 1, json!({}), Verdict::Deny);
    let gone = rule("gone", 2, json!({}), Verdict::Ask);
    let set = PolicySet::new(
        1,
        vec![by_policy()],
        vec![kept.clone(), gone.clone()],
        vec![],
    );
    let set = set.with_rules(vec![], |rule| rule.id == gone.id);
    assert_eq!(
        decide(&set, &facts()).rule_label(),
        format!("rule:{}", kept.id)
    );
}

#[test]
fn what_a_key_could_not_ask_for_stays_so() {
    let set = PolicySet::new(1, vec![by_policy()], vec![], vec![]);
    let mut without = facts();
    without.permissions = Permissions::default();
    let refused = decide(&set, &without);
    assert_eq!(
        replay(&set, &set, &refused, facts()).proposed,
        Verdict::Deny
    );
    // Facts that were read back hold no permissions.
    let read: Facts = serde_json::from_value(serde_json::to_value(facts()).unwrap()).unwrap();
    let asked = decide(&set, &facts());
    assert_eq!(replay(&set, &set, &asked, read).proposed, Verdict::Ask);
}
