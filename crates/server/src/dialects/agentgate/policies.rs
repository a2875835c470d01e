//! Policies: lists of rules where the first match speaks.

use axum::{
    Json as Document,
    extract::Path,
    response::{IntoResponse, Response},
};
use countersign_domain::{
    AskTerms, Condition, LISTED_RULE_LIMIT, ListedRule, Name, PolicyList, PolicyListId, Verdict,
};
use countersign_gate::PolicyListDraft;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};

use super::{
    body::{Object, Params},
    ids, matcher,
    paging::{Page, iso},
};
use crate::{
    caller::Caller,
    problem::{Problem, Result},
};

const MISSING: &str = "Policy not found";
const DECISIONS: [&str; 4] = [
    "auto_approve",
    "auto_deny",
    "route_to_human",
    "route_to_agent",
];
const PRIORITY: i64 = 100;

/// A policy as these clients read it.
pub(super) fn view(list: &PolicyList) -> Value {
    let part = |name: &str| list.source.get(name).cloned().unwrap_or_default();
    json!({
        "id": ids::short(list.id.uuid()),
        "name": list.name,
        "rules": part("rules"),
        "priority": list.priority,
        "enabled": list.is_enabled,
        "scope": part("scope"),
        "agentIds": part("agentIds"),
        "toolIds": part("toolIds"),
        "createdAt": iso(list.created_at),
    })
}

/// The texts of the rules' matches as they were written, with their fields in their order.
fn texts(bytes: &[u8]) -> Vec<String> {
    #[derive(Deserialize)]
    struct Written<'body> {
        #[serde(borrow, default)]
        rules: Vec<WrittenRule<'body>>,
    }
    #[derive(Deserialize)]
    struct WrittenRule<'body> {
        #[serde(borrow, rename = "match")]
        matcher: &'body RawValue,
    }
    serde_json::from_slice::<Written<'_>>(bytes).map_or_else(
        |_| Vec::new(),
        |written| {
            let texts = written.rules.iter().map(|rule| compact(rule.matcher.get()));
            texts.collect()
        },
    )
}

/// JSON without the white space between its parts.
fn compact(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let (mut is_in_string, mut is_escaped) = (false, false);
    for character in json.chars() {
        if is_in_string {
            text.push(character);
            if is_escaped {
                is_escaped = false;
            } else if character == '\\' {
                is_escaped = true;
            } else if character == '"' {
                is_in_string = false;
            }
        } else if !character.is_ascii_whitespace() {
            is_in_string = character == '"';
            text.push(character);
        }
    }
    text
}

fn invalid(detail: String) -> Problem {
    Problem::invalid("rules", detail)
}

/// The rules of a body, translated.
pub(super) fn rules(body: &Object, scope: &Scope) -> Result<Vec<ListedRule>> {
    let Some(Value::Array(written)) = body.fields.get("rules") else {
        return Err(invalid("rules is required and must be an array".to_owned()));
    };
    if written.len() > LISTED_RULE_LIMIT {
        let text = format!("a policy has at most {LISTED_RULE_LIMIT} rules");
        return Err(invalid(text));
    }
    let texts = texts(&body.bytes);
    written
        .iter()
        .enumerate()
        .map(|(at, rule)| {
            let matcher = rule.get("match").and_then(Value::as_object);
            let matcher = matcher.ok_or_else(|| {
                invalid(format!(
                    "rules[{at}].match is required and must be an object"
                ))
            })?;
            let decision = rule
                .get("decision")
                .and_then(Value::as_str)
                .unwrap_or_default();
            if !DECISIONS.contains(&decision) {
                let known = DECISIONS.join(", ");
                return Err(invalid(format!(
                    "rules[{at}].decision must be one of: {known}"
                )));
            }
            for part in ["approvers", "channels"] {
                let is_fine = match rule.get(part) {
                    None | Some(Value::Null) => true,
                    Some(Value::Array(list)) => list.iter().all(Value::is_string),
                    Some(_) => false,
                };
                if !is_fine {
                    return Err(invalid(format!(
                        "rules[{at}].{part} must be an array of strings"
                    )));
                }
            }
            let text = texts.get(at).cloned();
            let text = text.unwrap_or_else(|| Value::Object(matcher.clone()).to_string());
            listed(rule, matcher, decision, &text, scope).map_err(invalid)
        })
        .collect()
}

fn listed(
    rule: &Value,
    written: &Map<String, Value>,
    decision: &str,
    text: &str,
    scope: &Scope,
) -> Result<ListedRule, String> {
    let mut matcher = matcher::translate(written)?;
    match scope {
        Scope::Global => {}
        // A list of nobody would be refused, and a name that is none can't be anybody's.
        Scope::Agents(agents) if agents.is_empty() => {}
        Scope::Agents(agents) => matcher.agent = Some(agents.clone()),
        Scope::Tools(tools) => {
            let tools = Condition {
                one_of: Some(tools.iter().cloned().map(Value::String).collect()),
                ..Condition::default()
            };
            matcher::and(
                "toolIds",
                matcher.action_name.get_or_insert_default(),
                tools,
            )?;
        }
    }
    let (verdict, reason) = match decision {
        "auto_approve" => (
            Verdict::Allow,
            format!("Auto-approved by policy rule matching: {text}"),
        ),
        "auto_deny" => (
            Verdict::Deny,
            format!("Auto-denied by policy rule matching: {text}"),
        ),
        _ => (
            Verdict::Ask,
            format!("Routed to a human by policy rule matching: {text}"),
        ),
    };
    // Approvers are addresses in other systems, not operators of ours: they are shown, and don't decide who may.
    let channels = rule.get("channels").and_then(Value::as_array);
    let channels: Option<Vec<String>> = channels
        .map(|list| {
            list.iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        })
        .filter(|list: &Vec<String>| {
            !list.is_empty() && list.len() <= countersign_domain::LIST_LIMIT
        });
    Ok(ListedRule {
        matcher,
        verdict,
        ask: AskTerms {
            channels: channels.filter(|_| verdict == Verdict::Ask),
            ..AskTerms::default()
        },
        reason: reason.chars().take(1_900).collect(),
    })
}

/// Whom a policy is about.
pub(super) enum Scope {
    Global,
    Agents(Vec<Name>),
    Tools(Vec<String>),
}

/// The scope of a body, with how it was written.
pub(super) fn scope(caller: &Caller, body: &Object) -> Result<(Scope, Value)> {
    let word = body.optional_text("scope")?;
    let agents = body.optional_texts("agentIds")?;
    let tools = body.optional_texts("toolIds")?;
    for (name, list) in [("agentIds", &agents), ("toolIds", &tools)] {
        if list
            .as_ref()
            .is_some_and(|list| list.len() > matcher::VALUE_LIMIT)
        {
            let text = format!("{name} has more than {} values", matcher::VALUE_LIMIT);
            return Err(Problem::invalid(name, text));
        }
    }
    let word = word.as_deref().unwrap_or("global");
    let scope = match word {
        "global" => Scope::Global,
        "per_agent" => {
            let agents = agents.as_deref().filter(|list| !list.is_empty());
            let agents = agents.ok_or_else(|| {
                Problem::invalid("agentIds", "agentIds is required when scope is per_agent")
            })?;
            let names = agents
                .iter()
                .map(|agent| {
                    let reference = ids::agent_reference(agent);
                    let known = caller.gate.agent_name_of(&reference);
                    known.unwrap_or(reference).parse().map_err(|_| {
                        Problem::invalid("agentIds", "agentIds must be agents' ids or names")
                    })
                })
                .collect::<Result<Vec<Name>>>()?;
            Scope::Agents(names)
        }
        "per_tool" => {
            let tools = tools.clone().filter(|list| !list.is_empty());
            Scope::Tools(tools.ok_or_else(|| {
                Problem::invalid("toolIds", "toolIds is required when scope is per_tool")
            })?)
        }
        _ => {
            return Err(Problem::invalid(
                "scope",
                "scope must be one of: global, per_agent, per_tool",
            ));
        }
    };
    Ok((
        scope,
        json!({"scope": word, "agentIds": agents, "toolIds": tools}),
    ))
}

fn draft(caller: &Caller, body: &Object) -> Result<PolicyListDraft> {
    let name = body.text("name")?;
    let (scope, mut source) = scope(caller, body)?;
    let rules = rules(body, &scope)?;
    source["rules"] = body.fields.get("rules").cloned().unwrap_or_default();
    Ok(PolicyListDraft {
        name,
        priority: body.number("priority")?.unwrap_or(PRIORITY),
        is_enabled: body.flag("enabled", true)?,
        rules,
        source,
    })
}

/// The id of a policy.
pub(super) fn policy_id(text: &str) -> Result<PolicyListId> {
    ids::id(text, MISSING).map(PolicyListId::new)
}

/// Every policy, in the order in which they speak.
#[utoipa::path(get, path = "/api/policies", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_list_policies(
    caller: Caller,
    params: Params,
) -> Result<Document<Value>> {
    let page = Page::of(&params);
    let lists = caller.gate.policy_lists(caller.cx())?;
    let told = page.told(lists.len() as u64);
    let policies: Vec<Value> = page.cut(lists).iter().map(|list| view(list)).collect();
    Ok(Document(json!({"policies": policies, "pagination": told})))
}

/// Adds a policy.
#[utoipa::path(post, path = "/api/policies", tag = "agentgate", request_body = Object, responses((status = 201, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_create_policy(caller: Caller, body: Object) -> Result<Response> {
    let draft = draft(&caller, &body)?;
    let list = caller.gate.add_policy_list(caller.cx(), draft).await?;
    Ok((StatusCode::CREATED, Document(view(&list))).into_response())
}

/// One policy.
#[utoipa::path(get, path = "/api/policies/{id}", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_get_policy(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Document<Value>> {
    let list = caller.gate.policy_list(caller.cx(), policy_id(&id)?);
    Ok(Document(view(&*list.map_err(ids::named(MISSING))?)))
}

/// Puts a policy in the place of another, all of it.
#[utoipa::path(put, path = "/api/policies/{id}", tag = "agentgate", request_body = Object, responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_replace_policy(
    caller: Caller,
    Path(id): Path<String>,
    body: Object,
) -> Result<Document<Value>> {
    let id = policy_id(&id)?;
    caller
        .gate
        .policy_list(caller.cx(), id)
        .map_err(ids::named(MISSING))?;
    let draft = draft(&caller, &body)?;
    let list = caller
        .gate
        .replace_policy_list(caller.cx(), id, draft)
        .await;
    Ok(Document(view(&*list.map_err(ids::named(MISSING))?)))
}

/// Removes a policy.
#[utoipa::path(delete, path = "/api/policies/{id}", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_remove_policy(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Document<Value>> {
    let removed = caller
        .gate
        .remove_policy_list(caller.cx(), policy_id(&id)?)
        .await;
    removed.map_err(ids::named(MISSING))?;
    Ok(Document(json!({"success": true, "id": id})))
}
