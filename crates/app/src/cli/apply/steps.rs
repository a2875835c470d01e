//! Carrying out a plan, one API call after the other.

use std::collections::BTreeMap;

use countersign_domain::Timestamp;
use countersign_gate::{
    Change, ChangeAction, Clock, ConfigDocument, CredentialItem, SecretReference, SystemClock,
};
use countersign_vault::SecretString;
use http::Method;
use serde_json::{Map, Value, json};

use super::super::cx::Cx;
use crate::client::{Api, encode};
use crate::failure::{Failure, Result};
use crate::prompt;

/// The values of the credentials that are going to be set, by the name of their change.
pub(super) type Secrets = BTreeMap<String, Value>;

/// Looks up every value that the changes need.
pub(super) fn look_up(cx: &Cx, wanted: &ConfigDocument, changes: &[Change]) -> Result<Secrets> {
    let mut secrets = Secrets::new();
    for change in changes
        .iter()
        .filter(|change| change.noun == "credential" && change.action != ChangeAction::Remove)
    {
        let (target, profile) = parts(&change.name)?;
        if let Some(credential) = credential_item(wanted, target, profile) {
            let fields = fields(cx, credential).map_err(|failure| Failure {
                message: format!("credential {}: {}", change.name, failure.message),
                ..failure
            })?;
            secrets.insert(change.name.clone(), fields);
        }
    }
    Ok(secrets)
}

fn credential_item<'document>(
    wanted: &'document ConfigDocument,
    target: &str,
    profile: &str,
) -> Option<&'document CredentialItem> {
    let mut profiles = wanted
        .targets
        .iter()
        .filter(|item| item.name.as_str() == target)
        .flat_map(|item| &item.profiles);
    profiles
        .find(|item| item.name.as_str() == profile)?
        .credential
        .as_ref()
}

/// Carries out every change in order. The first that fails ends it; what was done before stays, and applying again goes on from there.
pub(super) async fn carry_out(
    api: &Api,
    wanted: &ConfigDocument,
    changes: &[Change],
    secrets: &Secrets,
) -> Result<()> {
    for (done, change) in changes.iter().enumerate() {
        step(api, wanted, change, secrets)
            .await
            .map_err(|failure| Failure {
                message: format!(
                    "{} {}: {} ({done} of {} changes were made)",
                    change.noun,
                    change.name,
                    failure.message,
                    changes.len()
                ),
                ..failure
            })?;
    }
    Ok(())
}

async fn step(
    api: &Api,
    wanted: &ConfigDocument,
    change: &Change,
    secrets: &Secrets,
) -> Result<()> {
    match (change.noun.as_str(), change.action) {
        (_, ChangeAction::Keep) => Ok(()),
        ("settings", _) => {
            call(
                api,
                Method::PATCH,
                "/api/v1/settings".to_owned(),
                Some(differences(change)),
            )
            .await
        }
        ("agent", action) => {
            let item = wanted
                .agents
                .iter()
                .find(|agent| agent.name.as_str() == change.name);
            named(api, "agents", change, action, &json!(item)).await
        }
        ("target", action) => {
            let item = wanted
                .targets
                .iter()
                .find(|target| target.name.as_str() == change.name);
            named(
                api,
                "targets",
                change,
                action,
                &without(&json!(item), &["profiles"]),
            )
            .await
        }
        ("rule", action) => {
            let item = wanted
                .rules
                .iter()
                .find(|rule| rule.name.as_str() == change.name);
            named(api, "rules", change, action, &json!(item)).await
        }
        ("profile", action) => profile(api, wanted, change, action).await,
        ("credential", action) => credential(api, wanted, change, action, secrets).await,
        ("grant", action) => grant(api, wanted, change, action).await,
        (noun, _) => Err(
            Failure::usage(format!("this program can't change a {noun}"))
                .next("use the version of the gateway"),
        ),
    }
}

/// Things with a name of their own.
async fn named(
    api: &Api,
    collection: &str,
    change: &Change,
    action: ChangeAction,
    item: &Value,
) -> Result<()> {
    let path = format!("/api/v1/{collection}/{}", encode(&change.name));
    match action {
        ChangeAction::Create => {
            call(
                api,
                Method::POST,
                format!("/api/v1/{collection}"),
                Some(without_null(item)),
            )
            .await
        }
        ChangeAction::Remove => call(api, Method::DELETE, path, None).await,
        _ => call(api, Method::PATCH, path, Some(differences(change))).await,
    }
}

async fn profile(
    api: &Api,
    wanted: &ConfigDocument,
    change: &Change,
    action: ChangeAction,
) -> Result<()> {
    let (target, name) = parts(&change.name)?;
    let path = format!("/api/v1/targets/{}/profiles", encode(target));
    match action {
        ChangeAction::Create => {
            let profile = wanted.targets.iter().filter(|item| item.name.as_str() == target).flat_map(|item| &item.profiles).find(|item| item.name.as_str() == name);
            call(api, Method::POST, path, Some(json!({ "name": name, "limits": profile.map(|profile| &profile.limits) }))).await
        }
        ChangeAction::Remove => call(api, Method::DELETE, format!("{path}/{}", encode(name)), None).await,
        _ => Err(Failure::usage("a profile's limits can't be changed: requests that were approved under them would mean something else").next("remove the profile and add it again")),
    }
}

async fn credential(
    api: &Api,
    wanted: &ConfigDocument,
    change: &Change,
    action: ChangeAction,
    secrets: &Secrets,
) -> Result<()> {
    let (target, profile) = parts(&change.name)?;
    if action == ChangeAction::Remove {
        return call(
            api,
            Method::DELETE,
            format!(
                "/api/v1/credentials/{}?profile={}",
                encode(target),
                encode(profile)
            ),
            None,
        )
        .await;
    }
    let (Some(credential), Some(fields)) = (
        credential_item(wanted, target, profile),
        secrets.get(&change.name),
    ) else {
        return Ok(());
    };
    let body =
        json!({ "target": target, "profile": profile, "type": credential.kind, "fields": fields });
    call(
        api,
        Method::POST,
        "/api/v1/credentials".to_owned(),
        Some(body),
    )
    .await
}

/// The values that the references name.
fn fields(cx: &Cx, credential: &CredentialItem) -> Result<Value> {
    if credential.fields.is_empty() {
        return Err(Failure::usage("the document does not say where the credential's value is").next("add `fields`, each as {env: \"NAME\"} or {file: \"PATH\"}, or set it with `countersign credential set`"));
    }
    let mut fields = Map::new();
    for (name, reference) in &credential.fields {
        let secret = match reference {
            SecretReference::Env(variable) => {
                let value = cx.env.get(variable)?.ok_or_else(|| {
                    Failure::usage(format!("the environment variable {variable} is not set"))
                        .next("set it, or change the reference")
                })?;
                SecretString::new(value.to_owned())
            }
            SecretReference::File(path) => prompt::secret_from_file(path.as_ref(), cx.output)?,
        };
        fields.insert(name.clone(), Value::from(secret.expose()));
    }
    Ok(fields.into())
}

/// A grant has no name: one that differs is removed and given again.
async fn grant(
    api: &Api,
    wanted: &ConfigDocument,
    change: &Change,
    action: ChangeAction,
) -> Result<()> {
    if action != ChangeAction::Create {
        let id = grant_id(api, &change.name).await?;
        call(
            api,
            Method::DELETE,
            format!("/api/v1/grants/{}", encode(&id)),
            None,
        )
        .await?;
    }
    if action == ChangeAction::Remove {
        return Ok(());
    }
    let Some(grant) = wanted
        .grants
        .iter()
        .find(|grant| grant.key() == change.name)
    else {
        return Ok(());
    };
    let mut body = without_null(&without(&json!(grant), &["expires_at"]));
    if let (Some(expiry), Value::Object(body)) = (grant.expires_at, &mut body) {
        body.insert(
            "expires_in_seconds".to_owned(),
            json!(seconds_until(expiry)?),
        );
    }
    call(api, Method::POST, "/api/v1/grants".to_owned(), Some(body)).await
}

fn seconds_until(expiry: Timestamp) -> Result<u64> {
    match expiry.since(SystemClock.now()).as_secs() {
        0 => Err(Failure::usage(format!("it ended at {expiry} already"))
            .next("remove it from the document, or give it a later end")),
        seconds => Ok(seconds),
    }
}

/// The id of the grant that a plan names by its parts.
async fn grant_id(api: &Api, key: &str) -> Result<String> {
    let names = |items: Vec<Value>| -> Vec<(String, String)> {
        let text = |item: &Value, field: &str| {
            item.get(field)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        items
            .iter()
            .map(|item| (text(item, "id"), text(item, "name")))
            .collect()
    };
    let agents = names(api.list("/api/v1/agents", usize::MAX).await?);
    let targets = names(api.list("/api/v1/targets", usize::MAX).await?);
    let find = |list: &[(String, String)], id: &str| {
        list.iter()
            .find(|(known, _)| known == id)
            .map(|(_, name)| name.clone())
            .unwrap_or_default()
    };
    for grant in api.list("/api/v1/grants", usize::MAX).await? {
        let text = |field: &str| grant.get(field).and_then(Value::as_str).unwrap_or_default();
        let (agent, target) = (find(&agents, text("agent")), find(&targets, text("target")));
        let profiles = names(
            api.list(
                &format!("/api/v1/targets/{}/profiles", encode(text("target"))),
                usize::MAX,
            )
            .await?,
        );
        let profile = find(&profiles, text("profile"));
        if format!(
            "{agent} on {target}/{profile}: {} -> {}",
            text("action"),
            text("verdict")
        ) == key
        {
            return Ok(text("id").to_owned());
        }
    }
    Err(Failure::state("not_found", "the grant is gone").next("apply again"))
}

async fn call(api: &Api, method: Method, path: String, body: Option<Value>) -> Result<()> {
    api.call(method, &path, body.as_ref()).await.map(drop)
}

/// `target/profile`.
fn parts(name: &str) -> Result<(&str, &str)> {
    name.split_once('/')
        .ok_or_else(|| Failure::usage(format!("`{name}` names no profile")))
}

/// The fields that differ, with their new values.
fn differences(change: &Change) -> Value {
    change
        .diff
        .iter()
        .map(|field| (field.field.clone(), field.after.clone()))
        .collect::<Map<_, _>>()
        .into()
}

fn without(item: &Value, names: &[&str]) -> Value {
    let mut item = item.clone();
    if let Value::Object(fields) = &mut item {
        fields.retain(|name, _| !names.contains(&name.as_str()));
    }
    item
}

fn without_null(item: &Value) -> Value {
    let mut item = item.clone();
    if let Value::Object(fields) = &mut item {
        fields.retain(|_, value| !value.is_null());
    }
    item
}
