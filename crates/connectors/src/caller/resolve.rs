//! From what a caller wants to do to what is judged, shown and hashed.

use countersign_domain::{DurabilityClass, Effect, Risk, RiskScore};
use countersign_gate::{Error, RawAction, ResolvedAction, Result};
use serde_json::{Map, Value, json};

/// The longest name of an action in bytes.
pub(super) const ACTION_LIMIT_BYTES: usize = 512;

/// Understands an action. The normalised input is its own normal form: a stored one resolves to itself.
pub(super) fn resolve(raw: RawAction<'_>) -> Result<ResolvedAction> {
    check_action(raw.action)?;
    if !raw.body.is_empty() {
        return Err(Error::invalid(
            "body",
            "an approval-only action has no body: put what it is done with into input.params",
        ));
    }
    let Input {
        params,
        context,
        effect,
    } = read(raw.input)?;
    let effect_now = effect.unwrap_or(Effect::Egress);
    let mut input = json!({ "params": params, "context": context });
    if let Some(effect) = effect {
        input["effect"] = effect.as_str().into();
    }
    Ok(ResolvedAction {
        name: raw.action.to_owned(),
        effect: effect_now,
        durability: DurabilityClass::of(effect_now),
        input,
        facts: Value::Object(params),
        context: Value::Object(context),
        risk: risk(effect),
    })
}

/// Any visible name; white space and control characters at its ends or in it would let two names look like one.
fn check_action(name: &str) -> Result<()> {
    let is_plain = |character: char| {
        !character.is_control() && (character == ' ' || !character.is_whitespace())
    };
    if name.is_empty() || name.len() > ACTION_LIMIT_BYTES {
        let text = format!("an action's name has 1 to {ACTION_LIMIT_BYTES} bytes");
        return Err(Error::invalid("action", text));
    }
    if name.trim() != name || !name.chars().all(is_plain) {
        return Err(Error::invalid(
            "action",
            "an action's name has no control characters and no white space at its ends",
        ));
    }
    Ok(())
}

struct Input {
    params: Map<String, Value>,
    context: Map<String, Value>,
    effect: Option<Effect>,
}

fn read(input: &Value) -> Result<Input> {
    let none = Map::new();
    let fields = match input {
        Value::Null => &none,
        Value::Object(fields) => fields,
        _ => {
            return Err(Error::invalid(
                "input",
                "the input is an object with params, context and effect",
            ));
        }
    };
    let known = |name: &str| matches!(name, "params" | "context" | "effect");
    if let Some(unknown) = fields.keys().find(|name| !known(name)) {
        let shown: String = unknown.chars().take(64).collect();
        return Err(Error::invalid(
            format!("input.{shown}"),
            "the input of an approval-only action has params, context and effect: what the action is done with goes into params",
        ));
    }
    Ok(Input {
        params: object(fields, "params")?,
        context: object(fields, "context")?,
        effect: effect(fields.get("effect"))?,
    })
}

fn object(fields: &Map<String, Value>, name: &'static str) -> Result<Map<String, Value>> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(object)) => Ok(object.clone()),
        Some(_) => Err(Error::invalid(format!("input.{name}"), "must be an object")),
    }
}

/// SECURITY: `read` would pass by itself under a `by_policy` grant, on nothing but the word of the one who asks.
fn effect(said: Option<&Value>) -> Result<Option<Effect>> {
    let text = match said {
        None | Some(Value::Null) => return Ok(None),
        Some(said) => said.as_str().unwrap_or_default(),
    };
    match text.parse() {
        Ok(Effect::Read) => Err(Error::invalid(
            "input.effect",
            "an approval-only action can't call itself `read`: the gateway sees nothing of what is done; an operator's rule can allow it by its name",
        )),
        Ok(effect) => Ok(Some(effect)),
        Err(_) => Err(Error::invalid(
            "input.effect",
            "must be write, destructive or egress; leave it out where it is not known",
        )),
    }
}

/// The floor: what the caller says of it, and more where it says nothing.
fn risk(effect: Option<Effect>) -> Risk {
    let (floor, reason) = match effect {
        Some(Effect::Destructive) => (0.7, "the caller says that it loses something"),
        Some(Effect::Write) => (0.4, "the caller says that it changes something"),
        Some(Effect::Egress | Effect::Read) => (0.5, "the caller says that it sends something out"),
        None => (0.5, "nobody says what it does"),
    };
    Risk::floor(RiskScore::new(floor), reason)
}
