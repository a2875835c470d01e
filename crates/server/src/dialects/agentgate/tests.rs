use super::*;

#[test]
fn a_problem_has_the_three_fields_and_the_texts_that_clients_know() {
    let body = error_body(&Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "rate_limited",
        "x",
    ));
    let body = serde_json::to_value(body).unwrap();
    assert_eq!(
        body,
        serde_json::json!({"error": "Rate limit exceeded", "message": "Rate limit exceeded", "code": "rate_limited"})
    );
    let missing = missing_scope(Access::Needs(Permission::PolicyWrite));
    assert_eq!(
        missing.parts().detail,
        "Missing required scope: policy:write"
    );
}
