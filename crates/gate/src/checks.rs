//! Checks of what operators write, common to all nouns.

use std::time::Duration;

use countersign_domain::{Labels, Name, Permission, Permissions, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    context::OpCx,
    error::{Error, ErrorKind, Result},
};

/// The longest description, reason or note in characters.
pub(crate) const TEXT_LIMIT_CHARACTERS: usize = 2_000;
const LABEL_LIMIT: usize = 32;
const LABEL_LIMIT_CHARACTERS: usize = 256;
/// The longest life of anything that ends by itself: ten years.
const LIFE_LIMIT_SECONDS: u64 = 10 * 366 * 24 * 3_600;

/// Every permission, for comparing sets: a set may have bits that stand for nothing.
const PERMISSIONS: [Permission; 16] = [
    Permission::RequestCreate,
    Permission::RequestRead,
    Permission::RequestDecide,
    Permission::ConfigRead,
    Permission::ConfigWrite,
    Permission::KeyManage,
    Permission::AuditRead,
    Permission::AuditPrune,
    Permission::Kill,
    Permission::OperatorManage,
    Permission::VaultManage,
    Permission::MetricsRead,
    Permission::WebhookManage,
    Permission::PolicyRead,
    Permission::PolicyWrite,
    Permission::OverrideManage,
];

/// Whether `maker` holds everything that `wanted` holds.
pub(crate) fn covers(maker: Permissions, wanted: Permissions) -> bool {
    PERMISSIONS
        .into_iter()
        .all(|permission| !wanted.contains(permission) || maker.contains(permission))
}

/// What is left of a new key's calls a minute and of its life: neither goes beyond those of the key that it is made with. A key that
/// was given out for an hour, or for ten calls a minute, would make itself another without an end.
pub(crate) fn within_maker(
    cx: &OpCx,
    rate_limit_per_minute: Option<u32>,
    expires_at: Option<Timestamp>,
) -> (Option<u32>, Option<Timestamp>) {
    let Some(maker) = cx.principal.key() else {
        return (rate_limit_per_minute, expires_at);
    };
    (
        [rate_limit_per_minute, maker.rate_limit_per_minute]
            .into_iter()
            .flatten()
            .min(),
        [expires_at, maker.expires_at].into_iter().flatten().min(),
    )
}

/// Refuses a name that could be taken for an id: things are looked up by either.
pub(crate) fn name(field: &'static str, name: &Name) -> Result<()> {
    if Uuid::try_parse(name.as_str()).is_ok() {
        return Err(Error::invalid(
            field,
            "a name must not have the form of an id: choose a word",
        ));
    }
    Ok(())
}

/// Refuses text that is too long or has control characters other than line breaks and tabs.
pub(crate) fn text(field: &'static str, text: &str) -> Result<()> {
    if text.chars().count() > TEXT_LIMIT_CHARACTERS {
        return Err(Error::invalid(
            field,
            format!("{field} has more than {TEXT_LIMIT_CHARACTERS} characters: make it shorter"),
        ));
    }
    if text
        .chars()
        .any(|character| character.is_control() && !matches!(character, '\n' | '\t'))
    {
        return Err(Error::invalid(
            field,
            format!("{field} has control characters: leave them out"),
        ));
    }
    Ok(())
}

/// Refuses control characters in what people write in a form, other than tabs and line breaks, of which a browser's have two characters.
/// One of the databases takes no NUL, and a terminal takes some of the others for commands.
pub(crate) fn characters(field: &'static str, text: &str) -> Result<()> {
    let is_odd = |it: char| it.is_control() && !matches!(it, '\n' | '\r' | '\t');
    if text.chars().any(is_odd) {
        let text = format!("{field} has control characters: leave them out");
        return Err(Error::invalid(field, text));
    }
    Ok(())
}

/// Refuses labels that are too many, too long, or have control characters.
pub(crate) fn labels(labels: &Labels) -> Result<()> {
    if labels.len() > LABEL_LIMIT {
        return Err(Error::invalid(
            "labels",
            format!("there are more than {LABEL_LIMIT} labels"),
        ));
    }
    let fits = |text: &String| {
        text.chars().count() <= LABEL_LIMIT_CHARACTERS && !text.chars().any(char::is_control)
    };
    if labels
        .iter()
        .all(|(name, value)| !name.is_empty() && fits(name) && fits(value))
    {
        return Ok(());
    }
    let message = format!(
        "a label's name and value have at most {LABEL_LIMIT_CHARACTERS} characters each, without control characters"
    );
    Err(Error::invalid("labels", message))
}

/// Refuses a document that PostgreSQL's JSONB can't hold, so that both engines take the same.
pub(crate) fn document(field: &'static str, value: &Value) -> Result<()> {
    fn has_nul(value: &Value) -> bool {
        match value {
            Value::String(text) => text.contains('\0'),
            Value::Array(list) => list.iter().any(has_nul),
            Value::Object(map) => map
                .iter()
                .any(|(name, value)| name.contains('\0') || has_nul(value)),
            _ => false,
        }
    }
    if has_nul(value) {
        return Err(Error::invalid(
            field,
            format!("{field} contains a NUL character: leave it out"),
        ));
    }
    Ok(())
}

/// When something ends that lives for so many seconds.
pub(crate) fn expiry(now: Timestamp, seconds: Option<u64>) -> Result<Option<Timestamp>> {
    match seconds {
        None => Ok(None),
        Some(seconds @ 1..=LIFE_LIMIT_SECONDS) => {
            Ok(Some(now.saturating_add(Duration::from_secs(seconds))))
        }
        Some(_) => Err(Error::invalid(
            "expires_in_seconds",
            "must be between 1 second and ten years; leave it out for no end",
        )),
    }
}

/// The name is in use.
/// Refuses a change that was made up for another state than the present one.
pub(crate) fn unchanged(what: &'static str, expected: Option<u64>, now: u64) -> Result<()> {
    if expected.is_none_or(|expected| expected == now) {
        return Ok(());
    }
    let text = format!(
        "{what} was changed by somebody else in the meantime: nothing of this change was made; look at it as it is now"
    );
    Err(Error::new(ErrorKind::Conflict, "changed_meanwhile", text))
}

pub(crate) fn name_taken(what: &'static str, name: &Name) -> Error {
    let mut error = Error::new(
        ErrorKind::Conflict,
        "name_taken",
        format!("there is already {what} with the name {name}: choose another"),
    );
    error.field = Some("name".into());
    error
}
