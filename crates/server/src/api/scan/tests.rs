use countersign_domain::{Finding, Verdict};

use super::score_of;

fn reason(reason: &str) -> Finding {
    Finding {
        category: "prompt_injection".to_owned(),
        place: "body".to_owned(),
        verdict: Verdict::Ask,
        reason: reason.to_owned(),
    }
}

/// Names of fields are an agent's: none of them is taken for a score.
#[test]
fn a_score_is_the_gates_own_and_never_a_name() {
    let is = |text, score| assert_eq!(score_of(&reason(text)), score, "{text}");
    is("prompt injection (97 %) in body.a: why; why", Some(0.97));
    is("data exfiltration (100 %) in body (3 %) in x", Some(1.0));
    is(
        "what looks like a secret (Stripe key) stands in body (99 %) in x",
        None,
    );
    is("only the first 256 KiB of body were looked at", None);
    is(
        "the reply could not be scanned: it counts as untrusted",
        None,
    );
    is("prompt injection (101 %) in body", None);
    is("prompt injection (-1 %) in body", None);
}
