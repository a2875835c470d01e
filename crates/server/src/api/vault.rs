//! The vault: unlocking, and changing its passphrase.
//!
//! While the gateway is locked its store can't be read, and so nobody can be signed in: whoever knows the passphrase may unlock.
//! One passphrase is tried at a time, and a wrong one costs a second.

use std::sync::Arc;

use axum::{Json as Document, extract::State};
use countersign_gate::{Gate, SecretString};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words;
use crate::{
    body::Json, caller::Caller, deployment::PassphraseSource, problem::Result, state::ServerState,
};

/// Whether the vault is open.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VaultStatus {
    /// Always `false` here: a locked gateway answers 423.
    locked: bool,
    /// Where the passphrase came from: a variable (`env`), a file, somebody at the terminal (`prompt`), or somebody who gave it to the
    /// running gateway (`browser`, also by `countersign vault unlock`); `null` where that is not known.
    #[schema(value_type = Option<words::PassphraseSource>)]
    passphrase_source: Option<&'static str>,
    /// When the passphrase was last changed; `null` where it never was, or before this was noted.
    rekeyed_at: Option<String>,
}

impl VaultStatus {
    async fn of(state: &ServerState, gate: &Gate) -> Result<Self> {
        Ok(Self {
            locked: false,
            passphrase_source: state.passphrase_source().map(PassphraseSource::as_str),
            rekeyed_at: gate.rekeyed_at().await?.map(|at| at.to_string()),
        })
    }
}

/// The passphrase.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnlockBody {
    #[schema(value_type = String)]
    passphrase: SecretString,
}

/// The passphrase and the next one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RekeyBody {
    /// The passphrase as it is.
    #[schema(value_type = String)]
    current: SecretString,
    /// The passphrase as it shall be; 14 characters at least.
    #[schema(value_type = String)]
    new: SecretString,
}

/// Whether the vault is open.
#[utoipa::path(get, path = "/api/v1/vault", tag = "vault", responses((status = 200, body = VaultStatus)))]
pub(crate) async fn vault_status(
    caller: Caller,
    State(state): State<Arc<ServerState>>,
) -> Result<Document<VaultStatus>> {
    Ok(Document(VaultStatus::of(&state, &caller.gate).await?))
}

/// Unlocks a gateway that was started locked.
#[utoipa::path(post, path = "/api/v1/vault/unlock", tag = "vault", request_body = UnlockBody, responses((status = 200, body = VaultStatus)))]
pub(crate) async fn unlock(
    State(state): State<Arc<ServerState>>,
    Json(body): Json<UnlockBody>,
) -> Result<Document<VaultStatus>> {
    let gate = state.unlock(body.passphrase).await?;
    Ok(Document(VaultStatus::of(&state, &gate).await?))
}

/// Changes the passphrase. Nothing is encrypted anew: the key that everything is encrypted with is wrapped again.
#[utoipa::path(post, path = "/api/v1/vault/rekey", tag = "vault", request_body = RekeyBody, responses((status = 204)))]
pub(crate) async fn rekey(
    caller: Caller,
    State(state): State<Arc<ServerState>>,
    Json(body): Json<RekeyBody>,
) -> Result<StatusCode> {
    state
        .keeper()
        .rekey(&caller.gate, caller.cx(), body.current, body.new)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
