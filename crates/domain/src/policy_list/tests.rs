use serde_json::Value;
use uuid::Uuid;

use super::*;

fn list(rules: usize) -> PolicyList {
    let rule = ListedRule {
        matcher: RuleMatch::default(),
        verdict: Verdict::Allow,
        ask: AskTerms::default(),
        reason: String::new(),
    };
    PolicyList {
        id: PolicyListId::new(Uuid::from_u128(7)),
        name: "any name".to_owned(),
        priority: 5,
        is_enabled: true,
        rules: vec![rule; rules],
        source: Value::Null,
        created_at: Timestamp::from_micros(0),
    }
}

#[test]
fn rules_have_ids_and_names_in_their_order_and_one_target() {
    let list = list(300);
    let target: Name = "caller".parse().unwrap();
    let rules = list.compiled(&target);
    assert_eq!(rules.len(), 300);
    for (position, rule) in rules.iter().enumerate() {
        assert_eq!(list.position_of(rule.id), Some(position));
        assert_eq!(rule.matcher.target, Some(vec![target.clone()]));
        assert_eq!(rule.priority, 5);
    }
    assert!(rules.is_sorted_by(|left, right| left.name < right.name));
    assert_eq!(
        list.position_of(RuleId::new(Uuid::from_u128(8 << 40))),
        None
    );
    list.check(&target).unwrap();
}

#[test]
fn a_fault_names_its_rule() {
    let mut list = list(3);
    list.rules[1].ask.quorum = Some(1);
    let (position, fault) = list.check(&"caller".parse().unwrap()).unwrap_err();
    assert_eq!((position, fault), (1, InvalidRule::TermsWithoutAsk));
}
