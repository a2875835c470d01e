//! Entries as rows.

use countersign_domain::{Actor, AuditEntry, Commitment, EntryId, RequestId, SealedEntry};
use countersign_vault::{audit::AuditMacKey, constant_time_equal};

use crate::{
    error::{Result, StoreError},
    postgres::PostgresSession,
    tx::Tx,
    value::{Arg, Row},
};

/// An entry without a position.
pub(crate) struct Pending {
    pub(crate) entry: AuditEntry,
    pub(crate) mac: [u8; 32],
}

/// Whether a process with the key has written the entry.
pub(crate) fn is_genuine(key: &AuditMacKey, sealed: &SealedEntry, canonical: &mut Vec<u8>) -> bool {
    canonical.clear();
    sealed.entry.canonical(canonical);
    constant_time_equal(&key.mac_canonical(canonical), &sealed.mac)
}

/// The columns in the order of [`entry_of`]. A macro, so that statements can be put together at compile time.
macro_rules! columns {
    () => {
        "position, id, at, kind, actor_kind, actor_id, request_id, subject, verdict, rule, policy_version, outcome, input, output, \
         facts, mac, chain"
    };
}
pub(crate) use columns as entry_columns;

/// The columns in the order of [`entry_of`].
pub(crate) const COLUMNS: &str = columns!();

/// The values of all columns but the position and the chain, in order.
fn values<'a>(
    entry: &'a AuditEntry,
    actor_id: Option<&'a uuid::Uuid>,
    mac: &'a [u8; 32],
) -> [Arg<'a>; 15] {
    let commitment = |commitment: &'a Option<Commitment>| {
        Arg::from(commitment.as_ref().map(|commitment| &commitment.0))
    };
    [
        (&entry.id).into(),
        entry.at.into(),
        (&entry.kind).into(),
        entry.actor.kind().into(),
        actor_id.into(),
        entry.request.as_ref().into(),
        entry.subject.as_ref().into(),
        entry
            .verdict
            .map(countersign_domain::Verdict::as_str)
            .into(),
        entry.rule.as_ref().into(),
        entry.policy_version.into(),
        entry.outcome.as_ref().into(),
        commitment(&entry.input),
        commitment(&entry.output),
        commitment(&entry.facts),
        mac.into(),
    ]
}

const INSERT_SEALED: &str = concat!(
    "INSERT INTO audit_entry (id, at, kind, actor_kind, actor_id, request_id, subject, verdict, rule, policy_version, outcome, input, ",
    "output, facts, mac, position, chain) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)"
);

/// Inserts an entry that has its position.
pub(crate) fn insert_sealed(tx: &mut Tx<'_>, sealed: &SealedEntry) -> Result<()> {
    let actor_id = sealed.entry.actor.uuid();
    let [
        id,
        at,
        kind,
        actor_kind,
        actor,
        request,
        subject,
        verdict,
        rule,
        version,
        outcome,
        input,
        output,
        facts,
        mac,
    ] = values(&sealed.entry, actor_id.as_ref(), &sealed.mac);
    let position = Arg::unsigned(sealed.position);
    let chain = Arg::from(&sealed.chain);
    tx.execute(
        INSERT_SEALED,
        &[
            id, at, kind, actor_kind, actor, request, subject, verdict, rule, version, outcome,
            input, output, facts, mac, position, chain,
        ],
    )
    .map(drop)
}

const INSERT_UNSEALED: &str = concat!(
    "INSERT INTO audit_entry (id, at, kind, actor_kind, actor_id, request_id, subject, verdict, rule, policy_version, outcome, input, ",
    "output, facts, mac) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
);

/// Inserts a unit's entries at its end, without positions.
pub(crate) fn insert_unsealed(
    session: &mut PostgresSession,
    entries: &mut Vec<Pending>,
) -> Result<()> {
    for pending in entries.drain(..) {
        let actor_id = pending.entry.actor.uuid();
        session.execute(
            INSERT_UNSEALED,
            &values(&pending.entry, actor_id.as_ref(), &pending.mac),
        )?;
    }
    Ok(())
}

/// The entry, read from columns that begin at `from` with the id.
fn body_of(row: Row<'_>, from: usize) -> Result<AuditEntry> {
    let text = |index: usize| {
        row.optional_text(from + index)
            .map(|text| text.map(str::to_owned))
    };
    let commitment = |index: usize| {
        row.optional_bytes(from + index)
            .map(|bytes| bytes.map(Commitment))
    };
    let unknown =
        |what: &str| StoreError::Sealing(format!("an entry has an unknown {what}").into());
    Ok(AuditEntry {
        id: EntryId::from_bytes(row.bytes(from)?),
        at: row.timestamp(from + 1)?,
        kind: row.text(from + 2)?.to_owned(),
        actor: Actor::from_parts(row.text(from + 3)?, row.optional_uuid(from + 4)?)
            .ok_or_else(|| unknown("actor"))?,
        request: row.optional_bytes(from + 5)?.map(RequestId::from_bytes),
        subject: text(6)?,
        verdict: row
            .optional_text(from + 7)?
            .map(|text| text.parse().map_err(|_| unknown("verdict")))
            .transpose()?,
        rule: text(8)?,
        policy_version: row.optional_u64(from + 9)?,
        outcome: text(10)?,
        input: commitment(11)?,
        output: commitment(12)?,
        facts: commitment(13)?,
    })
}

/// Reads the columns of [`COLUMNS`].
pub(crate) fn entry_of(row: Row<'_>) -> Result<SealedEntry> {
    Ok(SealedEntry {
        position: row.u64(0)?,
        entry: body_of(row, 1)?,
        mac: row.bytes(15)?,
        chain: row.bytes(16)?,
    })
}

/// Reads an unsealed row: its number, the entry and its MAC. Columns: `row_number`, then those of [`COLUMNS`] from `id` to `mac`.
pub(crate) fn unsealed_of(row: Row<'_>) -> Result<(i64, Pending)> {
    Ok((
        row.i64(0)?,
        Pending {
            entry: body_of(row, 1)?,
            mac: row.bytes(15)?,
        },
    ))
}
