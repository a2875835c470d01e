//! Sealed entries of the ledger: pages for people, chunks for verification and export, pruning.

use std::fmt::Write as _;

use countersign_domain::{Actor, AgentId, EntryId, RequestId, SealedEntry, Timestamp};

use crate::{
    checkpoints,
    error::{Result, StoreError},
    ledger::{COLUMNS, entry_columns, entry_of},
    tx::Tx,
    value::Arg,
};

/// Which entries a page shows. All that are given must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The beginning of the kind: `action.`, `config.agent.`.
    pub kind_prefix: Option<String>,
    /// Who did it.
    pub actor: Option<Actor>,
    /// The request it belongs to.
    pub request: Option<RequestId>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Behind this position, whichever way the page goes.
    pub behind: Option<u64>,
    /// Before this position, whichever way the page goes.
    pub before: Option<u64>,
}

/// Where a page begins and which way it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cursor {
    /// From the newest backwards.
    Newest,
    /// Entries before a position, newest first.
    Before(u64),
    /// Entries after a position, oldest first.
    After(u64),
    /// From the oldest onwards.
    Oldest,
}

/// Up to `limit` entries that fit the filter.
pub fn page(
    tx: &mut Tx<'_>,
    filter: &Filter,
    cursor: Cursor,
    limit: u32,
) -> Result<Vec<SealedEntry>> {
    let actor_id = filter.actor.and_then(|actor| actor.uuid());
    let mut list = List::new();
    if let Some(prefix) = &filter.kind_prefix {
        let characters = Arg::unsigned(prefix.chars().count() as u64);
        list.and("substr(kind, 1, ", characters, ")");
        list.compare(" = ", prefix.into());
    }
    if let Some(actor) = &filter.actor {
        list.and("actor_kind = ", actor.kind().into(), "");
    }
    if let Some(id) = &actor_id {
        list.and("actor_id = ", id.into(), "");
    }
    if let Some(request) = &filter.request {
        list.and("request_id = ", request.into(), "");
    }
    if let Some(from) = filter.from {
        list.and("at >= ", from.into(), "");
    }
    if let Some(until) = filter.until {
        list.and("at < ", until.into(), "");
    }
    if let Some(position) = filter.behind {
        list.and("position > ", position.into(), "");
    }
    if let Some(position) = filter.before {
        list.and("position < ", position.into(), "");
    }
    let order = match cursor {
        Cursor::Newest => "DESC",
        Cursor::Oldest => "ASC",
        Cursor::Before(position) => {
            list.and("position < ", position.into(), "");
            "DESC"
        }
        Cursor::After(position) => {
            list.and("position > ", position.into(), "");
            "ASC"
        }
    };
    let List { mut sql, mut args } = list;
    args.push(limit.into());
    // Writing to a String never fails.
    let _infallible = write!(sql, " ORDER BY position {order} LIMIT ?{}", args.len());
    tx.query_built(&sql, &args, entry_of)
}

/// A statement under construction: fixed texts, numbered parameters.
struct List<'a> {
    sql: String,
    args: Vec<Arg<'a>>,
}

impl<'a> List<'a> {
    fn new() -> Self {
        Self {
            sql: format!("SELECT {COLUMNS} FROM audit_entry WHERE position IS NOT NULL"),
            args: Vec::with_capacity(10),
        }
    }

    fn and(&mut self, before: &'static str, arg: Arg<'a>, after: &'static str) {
        self.sql.push_str(" AND ");
        self.compare(before, arg);
        self.sql.push_str(after);
    }

    fn compare(&mut self, before: &'static str, arg: Arg<'a>) {
        self.args.push(arg);
        let _infallible = write!(self.sql, "{before}?{}", self.args.len());
    }
}

const VISIT: &str = concat!(
    "SELECT ",
    entry_columns!(),
    " FROM audit_entry WHERE position >= ?1 ORDER BY position LIMIT ?2"
);

/// Reads up to `limit` entries from a position on, in order, without holding more than one; how many there were. `false` stops.
///
/// For a whole ledger: one read per chunk, each from behind the last position, until a chunk is empty.
pub fn visit(
    tx: &mut Tx<'_>,
    from: u64,
    limit: u32,
    mut each: impl FnMut(SealedEntry) -> bool,
) -> Result<u64> {
    let mut count = 0;
    tx.for_each(VISIT, &[from.into(), limit.into()], |row| {
        count += 1;
        entry_of(row).map(&mut each)
    })?;
    Ok(count)
}

/// Up to `limit` entries from a position on, in order.
pub fn chunk(tx: &mut Tx<'_>, from: u64, limit: u32) -> Result<Vec<SealedEntry>> {
    tx.query(VISIT, &[from.into(), limit.into()], entry_of)
}

/// The entries of an agent's requests from a position on and before another, in order. What is looked at is that stretch, however many
/// requests the agent has.
pub fn chunk_of(
    tx: &mut Tx<'_>,
    agent: AgentId,
    from: u64,
    until: u64,
) -> Result<Vec<SealedEntry>> {
    const CHUNK_OF: &str = concat!(
        "SELECT ",
        entry_columns!(),
        " FROM audit_entry WHERE position >= ?1 AND position < ?2 AND EXISTS (SELECT 1 FROM request WHERE request.id = \
         audit_entry.request_id AND request.agent_id = ?3) ORDER BY position"
    );
    tx.query(
        CHUNK_OF,
        &[from.into(), until.into(), (&agent).into()],
        entry_of,
    )
}

/// The entry at a position.
pub fn get(tx: &mut Tx<'_>, position: u64) -> Result<Option<SealedEntry>> {
    const GET: &str = concat!(
        "SELECT ",
        entry_columns!(),
        " FROM audit_entry WHERE position = ?1"
    );
    tx.query_optional(GET, &[position.into()], entry_of)
}

/// What the ledger holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The first position that is still there; equal to `next` if there are no entries.
    pub first: u64,
    /// The position that the next entry gets.
    pub next: u64,
}

/// The first and the next position.
pub fn extent(tx: &mut Tx<'_>) -> Result<Extent> {
    let first = tx.query_optional(
        "SELECT position FROM audit_entry WHERE position IS NOT NULL ORDER BY position LIMIT 1",
        &[],
        |row| row.u64(0),
    )?;
    let last = tx.query_optional(
        "SELECT position FROM audit_entry WHERE position IS NOT NULL ORDER BY position DESC LIMIT 1",
        &[],
        |row| row.u64(0),
    )?;
    if let (Some(first), Some(last)) = (first, last) {
        return Ok(Extent {
            first,
            next: last + 1,
        });
    }
    // Everything was pruned: the last checkpoint knows how much that was.
    let size = checkpoints::last(tx)?.map_or(0, |checkpoint| checkpoint.size);
    Ok(Extent {
        first: size,
        next: size,
    })
}

/// The last position below another, if there is one.
pub fn last_before(tx: &mut Tx<'_>, position: u64) -> Result<Option<u64>> {
    tx.query_optional(
        "SELECT position FROM audit_entry WHERE position < ?1 ORDER BY position DESC LIMIT 1",
        &[position.into()],
        |row| row.u64(0),
    )
}

/// Whether the entry of this id is one of the newest before a position: for an entry that was written a moment ago.
pub fn is_among_newest_before(tx: &mut Tx<'_>, position: u64, id: EntryId) -> Result<bool> {
    let sql = "SELECT 1 FROM audit_entry WHERE position < ?1 AND position >= ?2 AND id = ?3";
    let from = position.saturating_sub(NEWEST_ENTRIES);
    let args = [position.into(), from.into(), (&id).into()];
    Ok(tx.query_optional(sql, &args, |_| Ok(()))?.is_some())
}

/// How many entries [`is_among_newest_before`] looks at.
const NEWEST_ENTRIES: u64 = 100_000;

/// Deletes up to `limit` of the entries that a checkpoint covers, oldest first; how many. The checkpoint keeps the compact range, so
/// that the rest still verifies. Evidence is deleted on its own. Call again until it is 0, one unit each.
///
/// Refused if there is no checkpoint of exactly that size.
pub fn prune(tx: &mut Tx<'_>, checkpoint_size: u64, limit: u32) -> Result<u64> {
    if checkpoints::at(tx, checkpoint_size)?.is_none() {
        return Err(StoreError::Sealing(
            format!("there is no checkpoint at {checkpoint_size} entries to prune under").into(),
        ));
    }
    tx.execute(
        "DELETE FROM audit_entry WHERE position IN (SELECT position FROM audit_entry WHERE position < ?1 ORDER BY position LIMIT ?2)",
        &[checkpoint_size.into(), limit.into()],
    )
}
