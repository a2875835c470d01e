//! Settings of the whole gateway.

use axum::Json as Document;
use countersign_gate::{Settings, SettingsChange};

use crate::{body::Json, caller::Caller, problem::Result};

/// The settings.
#[utoipa::path(get, path = "/api/v1/settings", tag = "settings", responses((status = 200, description = "The settings", body = Object)))]
pub(crate) async fn get_settings(caller: Caller) -> Result<Document<Settings>> {
    Ok(Document(caller.gate.settings(caller.cx())?))
}

/// Changes what is given of the settings.
#[utoipa::path(
    patch, path = "/api/v1/settings", tag = "settings", request_body = Object,
    responses((status = 200, description = "The settings as they are now", body = Object)))]
pub(crate) async fn update_settings(
    caller: Caller,
    Json(change): Json<SettingsChange>,
) -> Result<Document<Settings>> {
    Ok(Document(
        caller.gate.update_settings(caller.cx(), change).await?,
    ))
}
