//! Webhooks, their secrets sealed by the vault before they come here.

use countersign_domain::{OperatorId, Webhook, WebhookId};

use crate::{columns, error::Result, tx::Tx, value::Row};

macro_rules! columns {
    () => {
        "id, url, events, signature_style, links_for, is_enabled, description, sealed_secret, sealed_previous, previous_until, \
         created_at, created_by_kind, created_by_id"
    };
}

fn webhook(row: Row<'_>) -> Result<Webhook> {
    Ok(Webhook {
        id: WebhookId::from_bytes(row.bytes(0)?),
        url: row.text(1)?.to_owned(),
        events: columns::json(row, 2, "a webhook's events")?,
        signature_style: columns::parsed(row, 3, "a signature style")?,
        links_for: row.optional_bytes(4)?.map(OperatorId::from_bytes),
        is_enabled: row.bool(5)?,
        description: row.text(6)?.to_owned(),
        sealed_secret: row.blob(7)?.to_vec(),
        sealed_previous: row.optional_blob(8)?.map(<[u8]>::to_vec),
        previous_until: row.optional_timestamp(9)?,
        created_at: row.timestamp(10)?,
        created_by: columns::actor(row, 11, 12)?,
    })
}

/// Puts a webhook in its place.
pub fn put(tx: &mut Tx<'_>, webhook: &Webhook) -> Result<()> {
    let events = columns::to_json(&webhook.events, "events")?;
    let created_by = webhook.created_by.uuid();
    tx.execute(
        concat!(
            "INSERT INTO webhook (",
            columns!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) \
             ON CONFLICT (id) DO UPDATE SET url = excluded.url, events = excluded.events, signature_style = excluded.signature_style, \
             links_for = excluded.links_for, is_enabled = excluded.is_enabled, description = excluded.description, \
             sealed_secret = excluded.sealed_secret, sealed_previous = excluded.sealed_previous, \
             previous_until = excluded.previous_until"
        ),
        &[
            (&webhook.id).into(),
            (&webhook.url).into(),
            (&events).into(),
            webhook.signature_style.as_str().into(),
            webhook.links_for.as_ref().into(),
            webhook.is_enabled.into(),
            (&webhook.description).into(),
            (&webhook.sealed_secret).into(),
            webhook.sealed_previous.as_ref().into(),
            webhook.previous_until.into(),
            webhook.created_at.into(),
            webhook.created_by.kind().into(),
            created_by.as_ref().into(),
        ],
    )?;
    Ok(())
}

/// Every webhook, oldest first.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Webhook>> {
    tx.query(
        concat!("SELECT ", columns!(), " FROM webhook ORDER BY id"),
        &[],
        webhook,
    )
}

/// One webhook.
pub fn by_id(tx: &mut Tx<'_>, id: WebhookId) -> Result<Option<Webhook>> {
    tx.query_optional(
        concat!("SELECT ", columns!(), " FROM webhook WHERE id = ?1"),
        &[(&id).into()],
        webhook,
    )
}

/// Deletes a webhook. False if there is none.
pub fn remove(tx: &mut Tx<'_>, id: WebhookId) -> Result<bool> {
    tx.execute_one("DELETE FROM webhook WHERE id = ?1", &[(&id).into()])
}
