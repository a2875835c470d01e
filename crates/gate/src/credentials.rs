//! Credentials: setting, listing, removing. A value comes in and is sealed; it never comes out of here.

use std::{collections::BTreeMap, fmt, sync::Arc};

use countersign_domain::{
    Actor, Credential, CredentialId, CredentialType, DEFAULT_PROFILE, Name, Permission, Profile,
    Target, Timestamp,
};
use countersign_store::{credentials, profiles};
use countersign_vault::SecretString;
use serde::{Deserialize, Serialize};

use crate::{
    checks,
    connector::CredentialFields,
    context::OpCx,
    error::{Error, Result},
    gate::Gate,
    lease,
    snapshot::{Nouns, Snapshot},
};

const FIELD_LIMIT: usize = 32;
const FIELD_LIMIT_BYTES: usize = 64 * 1024;

/// A credential to set, in the place of the one that its profile has.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialDraft {
    /// The target, by name or id.
    pub target: String,
    /// The profile; the target's default where it is left out.
    #[serde(default)]
    pub profile: Option<Name>,
    /// How it is put into a request.
    #[serde(rename = "type")]
    pub kind: CredentialType,
    /// The values. `bearer`: `token`; `basic`: `username`, `password`; `api_key_header`: `header`, `key`; `api_key_query`:
    /// `parameter`, `key`; `headers`: each header's name with its value.
    pub fields: BTreeMap<String, SecretString>,
}

impl fmt::Debug for CredentialDraft {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CredentialDraft")
            .field("target", &self.target)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// A credential, as everybody sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CredentialView {
    /// Its id.
    pub id: CredentialId,
    /// The target's name.
    pub target: Name,
    /// The profile's name.
    pub profile: Name,
    /// How it is put into a request.
    #[serde(rename = "type")]
    pub kind: CredentialType,
    /// Names that are not secret: of a header, a query parameter, a user.
    pub shown_as: String,
    /// When an operator last set it.
    pub set_at: Timestamp,
    /// Who did; `None` where it was set before this was noted.
    pub set_by: Option<Actor>,
    /// How often an operator has set it.
    pub operator_revision: u64,
}

pub(crate) fn view(target: &Target, profile: &Profile, credential: &Credential) -> CredentialView {
    CredentialView {
        id: credential.id,
        target: target.name.clone(),
        profile: profile.name.clone(),
        kind: credential.kind,
        shown_as: credential.shown_as.clone(),
        set_at: credential.set_at,
        set_by: credential.set_by,
        operator_revision: credential.operator_revision,
    }
}

/// Refuses fields that the type does not have or needs and lacks. Values are the connector's to check.
fn check_fields(kind: CredentialType, fields: &BTreeMap<String, SecretString>) -> Result<()> {
    let needed: &[&str] = match kind {
        CredentialType::Bearer => &["token"],
        CredentialType::Basic => &["username", "password"],
        CredentialType::ApiKeyHeader => &["header", "key"],
        CredentialType::ApiKeyQuery => &["parameter", "key"],
        CredentialType::Headers => &[],
    };
    if fields.len() > FIELD_LIMIT || fields.is_empty() {
        return Err(Error::invalid(
            "fields",
            format!("a credential has 1 to {FIELD_LIMIT} fields"),
        ));
    }
    for name in needed {
        if !fields.contains_key(*name) {
            return Err(Error::invalid(
                format!("fields.{name}"),
                format!("a credential of type {} needs {name}", kind.as_str()),
            ));
        }
    }
    for (name, value) in fields {
        // A field's name may itself be a mistake for its value: it is not repeated where it is unknown.
        if kind != CredentialType::Headers && !needed.contains(&name.as_str()) {
            let text = format!(
                "a credential of type {} has exactly the fields: {}",
                kind.as_str(),
                needed.join(", ")
            );
            return Err(Error::invalid("fields", text));
        }
        if value.len() > FIELD_LIMIT_BYTES {
            return Err(Error::invalid(
                "fields",
                format!("a field has at most {FIELD_LIMIT_BYTES} bytes"),
            ));
        }
        if value.is_empty() && name != "password" {
            return Err(Error::invalid("fields", "a field is empty"));
        }
    }
    Ok(())
}

fn find_profile(
    snapshot: &Snapshot,
    target: &str,
    profile: Option<&Name>,
) -> Result<(Arc<Target>, Arc<Profile>)> {
    let target = snapshot
        .targets
        .find(target)
        .ok_or_else(|| Error::not_found("target"))?;
    let name = profile.map_or(DEFAULT_PROFILE, Name::as_str);
    let profile = snapshot
        .targets
        .profile_named(target.id, name)
        .ok_or_else(|| Error::not_found("profile"))?;
    Ok((target, profile))
}

impl Gate {
    /// Sets the credential of a target's profile. What was approved with the old one becomes stale.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `invalid_input` naming the field, never its value.
    pub async fn set_credential(
        &self,
        cx: &OpCx,
        draft: CredentialDraft,
    ) -> Result<CredentialView> {
        cx.require(Permission::ConfigWrite)?;
        let CredentialDraft {
            target,
            profile,
            kind,
            fields,
        } = draft;
        let (target, profile) = find_profile(&self.snapshot(), &target, profile.as_ref())?;
        check_fields(kind, &fields)?;
        let connector = self.inner.connectors.get(&target.connector)?;
        if !connector.descriptor().credential_types.contains(&kind) {
            return Err(Error::invalid(
                "type",
                format!(
                    "a target of connector {} can't use this type",
                    target.connector
                ),
            ));
        }
        let shown_as = connector.check_credential(kind, &borrowed(&fields))?;
        checks::text("fields", &shown_as)?;
        let text = format!(
            "credential:{}/{} {}",
            target.name,
            profile.name,
            kind.as_str()
        );
        let entry = self.config_entry(cx, "config.credential.set", text);
        let new_id = CredentialId::new(self.inner.clock.uuid());
        let vault = self.inner.workspace.vault.clone();
        let (of, now, by) = (Arc::clone(&profile), cx.now, cx.principal.actor());
        let credential = self
            .change(cx, Nouns::TARGETS, move |tx| {
                if profiles::by_id(tx, of.id)?.is_none() {
                    return Err(Error::not_found("profile"));
                }
                let old = credentials::of_profile(tx, of.id)?;
                let id = old.as_ref().map_or(new_id, |old| old.id);
                let credential = Credential {
                    id,
                    profile: of.id,
                    kind,
                    shown_as: shown_as.clone(),
                    sealed: lease::seal(&vault, &id, &borrowed(&fields)),
                    operator_revision: old.map_or(1, |old| old.operator_revision + 1),
                    set_at: now,
                    set_by: Some(by),
                };
                credentials::put(tx, &credential)?;
                tx.append_entry(entry.clone())?;
                Ok(credential)
            })
            .await?;
        Ok(view(&target, &profile, &credential))
    }

    /// Every credential, by target and profile, without values.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn credentials(&self, cx: &OpCx) -> Result<Vec<CredentialView>> {
        cx.require(Permission::ConfigRead)?;
        let snapshot = self.snapshot();
        let mut views = Vec::new();
        for target in snapshot.targets.sorted() {
            for profile in snapshot.targets.profiles_of(target.id) {
                if let Some(credential) = snapshot.targets.credential_of(profile.id) {
                    views.push(view(&target, &profile, &credential));
                }
            }
        }
        Ok(views)
    }

    /// Deletes the credential of a target's profile.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub async fn remove_credential(
        &self,
        cx: &OpCx,
        target: &str,
        profile: Option<&Name>,
    ) -> Result<()> {
        cx.require(Permission::ConfigWrite)?;
        let (target, profile) = find_profile(&self.snapshot(), target, profile)?;
        let text = format!("credential:{}/{}", target.name, profile.name);
        let entry = self.config_entry(cx, "config.credential.removed", text);
        let id = profile.id;
        self.change(cx, Nouns::TARGETS, move |tx| {
            if !credentials::remove(tx, id)? {
                return Err(Error::not_found("credential"));
            }
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await
    }
}

fn borrowed(fields: &BTreeMap<String, SecretString>) -> CredentialFields<'_> {
    fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose().as_bytes()))
        .collect()
}
