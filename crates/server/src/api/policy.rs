//! The policy as a whole: why it decided, what it would decide, what is odd about it, and all rules as one set.

use axum::{Json as Document, extract::Path};
use countersign_domain::{
    AskTerms, Considered, Decision, Effect, Explanation, Labels, Name, RequestId, RuleKind,
    RuleMatch, RuleMode, Timestamp, Urgency, Verdict, Voice, Warning,
};
use countersign_gate::{Change, FactsDraft, RuleDraft, RuleSet, RuleSetPlan, SimulationDraft};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::rules::RuleBody;
use crate::{
    body::Json,
    caller::Caller,
    problem::{Problem, Result},
};

/// Something that is odd about a rule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleWarning {
    /// `agent_chooses`, `unreachable`, `allows_everything`, `says_nothing`, `broad_pattern`.
    code: &'static str,
    /// The rule's name.
    rule: String,
    /// Where in it: `match.input.note.regex`.
    place: String,
    /// What it means, and what to do.
    message: String,
    /// The other rule, where it is about two.
    other: Option<String>,
}

impl From<Warning> for RuleWarning {
    fn from(warning: Warning) -> Self {
        Self {
            code: warning.code.as_str(),
            rule: warning.rule.to_string(),
            place: warning.place,
            message: warning.message,
            other: warning.other.map(|name| name.to_string()),
        }
    }
}

fn warnings(list: Vec<Warning>) -> Vec<RuleWarning> {
    list.into_iter().map(RuleWarning::from).collect()
}

/// A voice of a decision.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VoiceView {
    /// `key_scope`, `no_grant`, `grant`, `guard`, `override`, `threat`, `risk`, `budget`, `taint`, `rule`, `default`.
    speaker: &'static str,
    /// `allow`, `ask` or `deny`.
    verdict: &'static str,
    reason: String,
    /// Whether it made the verdict.
    has_decided: bool,
}

/// A decision.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionView {
    /// `allow`, `ask` or `deny`.
    verdict: &'static str,
    /// `rule:<id>`, `grant:<id>`, `risk`, `default` ...
    made_by: String,
    reason: String,
    /// The standing approval that answered an ask.
    satisfied_by: Option<Uuid>,
    /// The configuration epoch of the set that decided.
    policy_version: u64,
    voices: Vec<VoiceView>,
}

impl From<&Decision> for DecisionView {
    fn from(decision: &Decision) -> Self {
        let voice = |(index, voice): (usize, &Voice)| VoiceView {
            speaker: voice.speaker.as_str(),
            verdict: voice.verdict.as_str(),
            reason: voice.reason.to_string(),
            has_decided: index == decision.maker,
        };
        Self {
            verdict: decision.verdict.as_str(),
            made_by: decision.rule_label(),
            reason: decision
                .voices
                .get(decision.maker)
                .map(|voice| voice.reason.to_string())
                .unwrap_or_default(),
            satisfied_by: decision
                .satisfied_by
                .map(countersign_domain::StandingApprovalId::uuid),
            policy_version: decision.policy_version,
            voices: decision.voices.iter().enumerate().map(voice).collect(),
        }
    }
}

/// One thing that a decision looked at.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsideredView {
    /// As a voice's speaker, and `standing_approval`.
    kind: &'static str,
    id: Option<Uuid>,
    /// A rule's name, a grant's action.
    name: Option<String>,
    /// What it says when it speaks.
    verdict: Option<&'static str>,
    /// `spoke`, `shadow`, `silent`, `not_reached`.
    outcome: &'static str,
    /// Why, or why not.
    why: String,
    /// The part of its match that kept it from speaking.
    part: Option<String>,
}

impl From<Considered> for ConsideredView {
    fn from(one: Considered) -> Self {
        Self {
            kind: one.kind,
            id: one.id,
            name: one.name,
            verdict: one.verdict.map(Verdict::as_str),
            outcome: one.outcome.as_str(),
            why: one.why,
            part: one.part,
        }
    }
}

fn considered(explanation: Explanation) -> Vec<ConsideredView> {
    explanation
        .considered
        .into_iter()
        .map(ConsideredView::from)
        .collect()
}

/// Why a request was decided on as it was.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExplanationView {
    request: Uuid,
    decided_at: String,
    /// What was decided then. This is what counts.
    recorded: DecisionView,
    /// `then` where nobody has changed the policy since; `today` where the set of then is no longer known.
    set: &'static str,
    /// What the set that is told of decides on the facts of then.
    decision: DecisionView,
    /// Whether that comes to what was decided.
    agrees: bool,
    /// Everything that was looked at, in that set.
    considered: Vec<ConsideredView>,
}

/// Why a request was decided on as it was: every grant, guard, rule, override and threshold, and what kept those that did not speak.
#[utoipa::path(get, path = "/api/v1/policy/explain/{request}", tag = "policy", params(("request" = Uuid, Path, description = "The request's id")), responses((status = 200, body = ExplanationView)))]
pub(crate) async fn explain(
    caller: Caller,
    Path(request): Path<RequestId>,
) -> Result<Document<ExplanationView>> {
    let told = caller.gate.explain_request(caller.cx(), request).await?;
    Ok(Document(ExplanationView {
        request: told.request.uuid(),
        decided_at: told.decided_at.to_string(),
        recorded: DecisionView::from(&told.recorded),
        set: if told.is_set_of_then { "then" } else { "today" },
        decision: DecisionView::from(&told.explanation.decision),
        agrees: told.agrees(),
        considered: considered(told.explanation),
    }))
}

/// Facts that are given by hand, and perhaps other rules.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestBody {
    /// The agent, by name or id.
    agent: String,
    /// The target, by name or id.
    target: String,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    profile: Option<Name>,
    /// `POST /charges`.
    action: String,
    /// What rules look at as `input`: `{"body": {"amount": 500}}`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    input: Value,
    /// What rules look at as `context`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    context: Value,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    urgency: Urgency,
    /// As the connector says where it is left out.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    effect: Option<Effect>,
    /// 0 to 1; the action's floor where it is left out.
    #[serde(default)]
    risk: Option<f64>,
    #[serde(default)]
    tainted: bool,
    /// Now where it is left out.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    at: Option<Timestamp>,
    /// Rules in the place of all that stand alone; those in force where it is left out.
    #[serde(default)]
    rules: Option<Vec<RuleBody>>,
}

/// What would be decided. Nothing was recorded.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestView {
    decision: DecisionView,
    /// The action as it was understood.
    action: String,
    /// `read`, `write`, `destructive` or `egress`.
    effect: &'static str,
    /// 0 to 1.
    risk: f64,
    /// What rules looked at as `input`.
    #[schema(value_type = Object)]
    input: Value,
    considered: Vec<ConsideredView>,
    /// What is odd about the given rules.
    warnings: Vec<RuleWarning>,
}

/// What would be decided on facts that are given by hand. Nothing is recorded, and no scan looks at them.
#[utoipa::path(post, path = "/api/v1/policy/test", tag = "policy", request_body = TestBody, responses((status = 200, body = TestView)))]
pub(crate) async fn test(caller: Caller, Json(body): Json<TestBody>) -> Result<Document<TestView>> {
    let draft = FactsDraft {
        agent: body.agent,
        target: body.target,
        profile: body.profile,
        action: body.action,
        input: body.input,
        context: body.context,
        urgency: body.urgency,
        effect: body.effect,
        risk: body.risk,
        tainted: body.tainted,
        at: body.at,
    };
    let proposed = body.rules.map(set_of);
    let cx = caller.cx().clone();
    let told = caller
        .gate
        .aside(move |gate| gate.test_policy(&cx, &draft, proposed.as_ref()))
        .await??;
    Ok(Document(TestView {
        decision: DecisionView::from(&told.explanation.decision),
        action: told.facts.action.name,
        effect: told.facts.action.effect.as_str(),
        risk: told.facts.risk.score.get(),
        input: told.facts.input,
        considered: considered(told.explanation),
        warnings: warnings(told.warnings),
    }))
}

fn set_of(rules: Vec<RuleBody>) -> RuleSet {
    RuleSet {
        rules: rules.into_iter().map(RuleDraft::from).collect(),
    }
}

/// Rules to replay what was asked under.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SimulationBody {
    /// The rules in the place of all that stand alone.
    rules: Vec<RuleBody>,
    /// Requests that came not before; every one where it is left out.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    since: Option<Timestamp>,
    /// Requests that came before.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    until: Option<Timestamp>,
    /// The `next` of the page before.
    #[serde(default)]
    cursor: Option<String>,
    /// At most so many requests on this page, up to 500.
    #[serde(default)]
    limit: Option<u32>,
}

/// How many requests came out how.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VerdictCount {
    /// What was decided then.
    from: &'static str,
    /// What the given rules say.
    to: &'static str,
    count: u64,
}

/// A request that would come out otherwise.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangedView {
    id: Uuid,
    at: String,
    agent: String,
    target: String,
    action: String,
    /// What was decided then.
    from: &'static str,
    /// What the given rules say.
    to: &'static str,
    /// What the rules in force say today: where it is `to`, the given rules are not what changes it.
    today: &'static str,
    /// A given rule's name, or a label such as `grant:<id>`.
    made_by: String,
    reason: String,
}

/// One page of a replay, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SimulationView {
    /// How many were decided on again.
    replayed: u64,
    /// How many could not be: what they were decided on was deleted.
    not_replayable: u64,
    counts: Vec<VerdictCount>,
    changed: Vec<ChangedView>,
    /// The cursor of the next page; `null` on the last.
    next: Option<String>,
    /// How many requests there are, counted to 10,000; on the first page.
    total: Option<u64>,
    /// What is odd about the given rules; on the first page.
    warnings: Vec<RuleWarning>,
}

/// What other rules would have decided on what was asked for, page by page.
#[utoipa::path(post, path = "/api/v1/policy/simulate", tag = "policy", request_body = SimulationBody, responses((status = 200, body = SimulationView)))]
pub(crate) async fn simulate(
    caller: Caller,
    Json(body): Json<SimulationBody>,
) -> Result<Document<SimulationView>> {
    let not_a_cursor =
        |_| Problem::invalid("cursor", "not a cursor: send the `next` of the page before");
    let after = body
        .cursor
        .as_deref()
        .map(|cursor| cursor.parse::<RequestId>().map_err(not_a_cursor))
        .transpose()?;
    let draft = SimulationDraft {
        set: set_of(body.rules),
        since: body.since,
        until: body.until,
        after,
        limit: body.limit.unwrap_or_default(),
    };
    let simulation = caller.gate.simulate_policy(caller.cx(), draft).await?;
    let counts = simulation
        .counts
        .iter()
        .map(|((from, to), count)| VerdictCount {
            from: from.as_str(),
            to: to.as_str(),
            count: *count,
        });
    let changed = simulation.changed.into_iter().map(|one| ChangedView {
        id: one.id.uuid(),
        at: one.at.to_string(),
        agent: one.agent,
        target: one.target,
        action: one.action,
        from: one.then.as_str(),
        to: one.proposed.as_str(),
        today: one.now.as_str(),
        made_by: one.made_by,
        reason: one.reason,
    });
    Ok(Document(SimulationView {
        replayed: simulation.replayed,
        not_replayable: simulation.not_replayable,
        counts: counts.collect(),
        changed: changed.collect(),
        next: simulation.next.map(|next| next.to_string()),
        total: simulation.total,
        warnings: warnings(simulation.warnings),
    }))
}

/// Rules to look at.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LintBody {
    /// Those in force where it is left out.
    #[serde(default)]
    rules: Option<Vec<RuleBody>>,
}

/// What is odd about rules.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LintView {
    warnings: Vec<RuleWarning>,
}

/// What is odd about rules that are valid.
#[utoipa::path(post, path = "/api/v1/policy/lint", tag = "policy", request_body = LintBody, responses((status = 200, body = LintView)))]
pub(crate) async fn lint(caller: Caller, Json(body): Json<LintBody>) -> Result<Document<LintView>> {
    let set = body.rules.map(set_of);
    let cx = caller.cx().clone();
    let found = caller
        .gate
        .aside(move |gate| gate.lint_rules(&cx, set.as_ref()))
        .await??;
    Ok(Document(LintView {
        warnings: warnings(found),
    }))
}

/// A rule as a file holds it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleInSet {
    name: String,
    kind: &'static str,
    priority: i64,
    #[serde(rename = "match")]
    #[schema(value_type = Object)]
    matcher: RuleMatch,
    verdict: &'static str,
    #[serde(skip_serializing_if = "AskTerms::is_empty")]
    #[schema(value_type = Option<Object>)]
    ask: AskTerms,
    mode: &'static str,
    reason: String,
    labels: Labels,
}

/// All rules that stand alone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleSetView {
    rules: Vec<RuleInSet>,
    /// What stands for these very rules.
    version: String,
}

/// All rules as one set.
#[utoipa::path(get, path = "/api/v1/policy", tag = "policy", responses((status = 200, body = RuleSetView)))]
pub(crate) async fn get_policy(caller: Caller) -> Result<Document<RuleSetView>> {
    let (set, version) = caller.gate.rule_set(caller.cx())?;
    let rules = set.rules.into_iter().map(|rule| RuleInSet {
        name: rule.name.to_string(),
        kind: RuleKind::as_str(rule.kind),
        priority: rule.priority,
        matcher: rule.matcher,
        verdict: rule.verdict.as_str(),
        ask: rule.ask,
        mode: RuleMode::as_str(rule.mode),
        reason: rule.reason,
        labels: rule.labels,
    });
    Ok(Document(RuleSetView {
        rules: rules.collect(),
        version,
    }))
}

/// A set of rules.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleSetBody {
    /// All of them: a rule that is not among them goes.
    rules: Vec<RuleBody>,
    /// Only if the rules are still those that this stands for.
    #[serde(default)]
    version: Option<String>,
}

/// What a set of rules changes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleSetChanges {
    /// `action` (`create`, `update`, `remove`), `noun`, `name`, and `diff` with `field`, `before` and `after`.
    #[schema(value_type = Vec<Object>)]
    changes: Vec<Change>,
    /// How many rules stay as they are.
    kept: usize,
    warnings: Vec<RuleWarning>,
    /// What stands for the rules: of a plan those before it, of a change those after it.
    version: String,
}

impl From<RuleSetPlan> for RuleSetChanges {
    fn from(plan: RuleSetPlan) -> Self {
        Self {
            changes: plan.changes,
            kept: plan.kept,
            warnings: warnings(plan.warnings),
            version: plan.version,
        }
    }
}

/// What a set of rules would change. Changes nothing.
#[utoipa::path(post, path = "/api/v1/policy/plan", tag = "policy", request_body = RuleSetBody, responses((status = 200, body = RuleSetChanges)))]
pub(crate) async fn plan_policy(
    caller: Caller,
    Json(body): Json<RuleSetBody>,
) -> Result<Document<RuleSetChanges>> {
    let (cx, set) = (caller.cx().clone(), set_of(body.rules));
    let plan = caller
        .gate
        .aside(move |gate| gate.plan_rules(&cx, &set))
        .await??;
    Ok(Document(plan.into()))
}

/// Puts a set in the place of all rules that stand alone, in one change; refused whole where it has a fault.
#[utoipa::path(put, path = "/api/v1/policy", tag = "policy", request_body = RuleSetBody, responses((status = 200, body = RuleSetChanges)))]
pub(crate) async fn put_policy(
    caller: Caller,
    Json(body): Json<RuleSetBody>,
) -> Result<Document<RuleSetChanges>> {
    let RuleSetBody { rules, version } = body;
    let plan = caller
        .gate
        .apply_rules(caller.cx(), &set_of(rules), version)
        .await?;
    Ok(Document(plan.into()))
}

pub(super) async fn warnings_of(
    caller: &Caller,
    rule: &countersign_domain::Rule,
) -> Result<Vec<RuleWarning>> {
    let rule = rule.clone();
    let found = caller.gate.aside(move |gate| gate.warnings_of(&rule)).await;
    Ok(warnings(found?))
}
