//! The ledger as operators use it: pages, verification, export, checkpoints, pruning, and the live view.

use std::{
    collections::VecDeque,
    sync::{MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use countersign_domain::{Actor, AgentId, Permission, RequestId, SealedEntry, Timestamp};
use countersign_store::{
    Engine, LedgerState, LiveEntries, LiveSignal, NotesFile, NotesFound, Store, StoreError, audit,
    checkpoints::{self, StoredCheckpoint},
    compare_notes, evidence,
};
use countersign_vault::audit::{Checkpoint, CheckpointKey, ExportWriter, Frontier, Verifier};
use futures::stream::{self, BoxStream, StreamExt};
use serde::Serialize;

use crate::{
    context::OpCx,
    error::{Error, ErrorKind, Result},
    gate::Gate,
    page::Page,
    searching::AGENT_LIMIT,
};

/// The most entries on one page.
pub const AUDIT_PAGE_LIMIT: u32 = 1_000;
const VERIFY_CHUNK: u32 = 8_192;
const EXPORT_CHUNK: u32 = 512;
const PRUNE_CHUNK: u32 = 2_000;
const REPLAY_CHUNK: u32 = 256;
/// How many entries an agent can go back.
const AGENT_REPLAY_ENTRIES: u64 = 100_000;
/// Of how many entries an agent's are picked at once.
const AGENT_REPLAY_CHUNK: u64 = 2_000;
/// How long a checkpoint that was asked for may take.
const CHECKPOINT_PATIENCE: Duration = Duration::from_secs(5);
/// How often it is looked for.
const CHECKPOINT_LOOK: Duration = Duration::from_millis(20);
/// On PostgreSQL another replica may seal: the database is asked this often.
const POLL_PERIOD: Duration = Duration::from_millis(500);

/// Which entries a page shows. All that are given must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Those after this position.
    pub after: Option<u64>,
    /// Those before this position.
    pub before: Option<u64>,
    /// Whether the page goes from the oldest onwards. Where it is not said: with `after` it does, else from the newest backwards.
    pub is_oldest_first: Option<bool>,
    /// At most so many; 100 where it is not given.
    pub limit: Option<u32>,
    /// The beginning of the kind: `action.`, `config.agent.`.
    pub kind: Option<String>,
    /// Who did it.
    pub actor: Option<Actor>,
    /// The request it belongs to.
    pub request: Option<RequestId>,
    /// Not before this time.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

impl AuditFilter {
    /// Whether the page goes from the oldest onwards.
    pub fn goes_onwards(&self) -> bool {
        self.is_oldest_first.unwrap_or_else(|| self.after.is_some())
    }
}

/// The last verification of this process.
#[derive(Debug, Clone)]
pub struct LastVerification {
    /// When it ended.
    pub at: Timestamp,
    /// What it found.
    pub found: Verification,
}

/// What verifying the ledger found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Whether nothing is wrong.
    pub valid: bool,
    /// How many entries follow one another, pruned ones included.
    pub entries: u64,
    /// The first entry that is not as it was.
    pub first_bad: Option<u64>,
    /// What is wrong with it.
    pub reason: Option<String>,
    /// The newest checkpoint that the ledger agrees with.
    pub checkpoint: Option<Checkpoint>,
}

impl Verification {
    /// The first finding stays.
    fn fail(&mut self, first_bad: Option<u64>, reason: String) {
        if self.valid {
            self.valid = false;
            self.first_bad = first_bad;
            self.reason = Some(reason);
        }
    }
}

/// Hands entries and the checkpoints among them to the verifier; whether it wants more.
fn push(verifier: &mut Verifier, entries: &[SealedEntry], stored: &[StoredCheckpoint]) -> bool {
    let mut stored = stored.iter().peekable();
    entries.iter().all(|sealed| {
        let size = sealed.position.saturating_add(1);
        let mut goes_on = verifier.push(sealed);
        while let Some(stored) = stored.next_if(|stored| stored.size <= size) {
            goes_on = goes_on && verifier.push_checkpoint(&stored.note);
        }
        goes_on
    })
}

/// What the notes outside of the database say against a ledger of so many entries.
fn contradictions(found: &NotesFound, stored_entries: u64) -> impl Iterator<Item = LedgerState> {
    let forked = found.forked.map(|entries| LedgerState::Forked {
        entries,
        agreed: found.agreed.min(entries),
    });
    let rolled_back = (found.entries > stored_entries).then_some(LedgerState::RolledBack {
        noted_entries: found.entries,
        stored_entries,
    });
    let invalid = found.invalid.then_some(LedgerState::NotesInvalid);
    forked.into_iter().chain(rolled_back).chain(invalid)
}

/// A signed checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckpointView {
    /// How many entries it covers.
    pub size: u64,
    /// When it was made.
    pub at: Timestamp,
    /// The tree's root over those entries; `None` where the note can't be read.
    pub root: Option<[u8; 32]>,
    /// The name of the key that it is signed with.
    pub key: String,
    /// The signed note.
    pub note: String,
}

fn view(stored: StoredCheckpoint) -> CheckpointView {
    let parsed = Checkpoint::parse_unverified(&stored.note).ok();
    CheckpointView {
        size: stored.size,
        at: stored.at,
        root: parsed.as_ref().map(|checkpoint| checkpoint.root),
        key: parsed
            .map(|checkpoint| checkpoint.origin)
            .unwrap_or_default(),
        note: stored.note,
    }
}

/// The stored parts that a pass over the ledger begins with.
struct Start {
    first: u64,
    next: u64,
    /// Where older entries were pruned: the checkpoint that keeps their compact range.
    pruned: Option<StoredCheckpoint>,
    newest: Option<StoredCheckpoint>,
}

impl Gate {
    fn store(&self) -> &Store {
        &self.inner.workspace.store
    }

    /// Entries that fit a filter.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn audit_entries(&self, cx: &OpCx, filter: AuditFilter) -> Result<Page<SealedEntry>> {
        cx.require(Permission::AuditRead)?;
        let limit = filter.limit.unwrap_or(100).clamp(1, AUDIT_PAGE_LIMIT);
        let cursor = if filter.goes_onwards() {
            audit::Cursor::Oldest
        } else {
            audit::Cursor::Newest
        };
        let filter = audit::Filter {
            kind_prefix: filter.kind,
            actor: filter.actor,
            request: filter.request,
            from: filter.since,
            until: filter.until,
            behind: filter.after,
            before: filter.before,
        };
        let items = self
            .store()
            .read::<_, StoreError, _>(move |tx| audit::page(tx, &filter, cursor, limit))
            .await?;
        let is_full = u32::try_from(items.len()).is_ok_and(|count| count == limit);
        let next = items
            .last()
            .filter(|_| is_full)
            .map(|last| last.position.to_string());
        Ok(Page { items, next })
    }

    /// Checks every entry, keyed hash, chain value and checkpoint of the ledger against the vault's keys, and every checkpoint that
    /// this gateway wrote outside of the database.
    ///
    /// # Errors
    /// `forbidden`. A ledger that is not valid is no error of the verification.
    pub async fn verify_audit(&self, cx: &OpCx) -> Result<Verification> {
        cx.require(Permission::AuditRead)?;
        let found = self.verify_whole().await?;
        let last = LastVerification {
            at: self.now(),
            found: found.clone(),
        };
        *self.last_verification() = Some(last);
        Ok(found)
    }

    /// The last verification of this process, if there was one.
    pub(crate) fn last_verification(&self) -> MutexGuard<'_, Option<LastVerification>> {
        // Every change is one assignment.
        self.inner
            .verified
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn verify_whole(&self) -> Result<Verification> {
        // Before the database is looked at: a note is written after its checkpoint is.
        let notes = self.store().notes()?;
        let start = self.ledger_start().await?;
        let mut verifier =
            Verifier::new().with_mac_key(self.inner.workspace.vault.audit_mac().clone());
        let mut found = NotesFound::default();
        if let Some(key) = self.verifying_key(&start, &notes)? {
            verifier = verifier.with_key(key.clone());
            found = self
                .store()
                .read::<_, StoreError, _>(move |tx| compare_notes(tx, &key, &notes))
                .await?;
        }
        // The others are those of the database, which the pass compares. Pruned ones have nothing to be compared with.
        for (checkpoint, note) in &found.alone {
            if checkpoint.size >= start.first {
                verifier = verifier.with_checkpoint(note);
            }
        }
        let mut from = 0;
        if start.first > 0 {
            let (note, frontier) = match &start.pruned {
                Some(pruned) => (
                    pruned.note.as_str(),
                    Frontier::from_bytes(&pruned.frontier).unwrap_or_default(),
                ),
                // Nothing keeps the compact range: the verifier says so.
                None => ("", Frontier::new()),
            };
            verifier.start_after(note, frontier);
            from = start.first;
        }
        let mut chunk = self.chunk(from).await;
        loop {
            let (entries, stored) = match chunk {
                Err(StoreError::Column { .. } | StoreError::Sealing(_)) => {
                    return self.unreadable_from(from).await;
                }
                chunk => chunk?,
            };
            let Some(last) = entries.last() else { break };
            from = last.position.saturating_add(1);
            // The next entries are read while these are hashed.
            let hashing = tokio::task::spawn_blocking(move || {
                let goes_on = push(&mut verifier, &entries, &stored);
                (verifier, goes_on)
            });
            let (hashed, read) = tokio::join!(hashing, self.chunk(from));
            let (state, goes_on) = hashed.map_err(Error::internal)?;
            verifier = state;
            if !goes_on {
                break;
            }
            chunk = read;
        }
        let report = verifier.finish();
        let mut verification = Verification {
            valid: report.valid,
            entries: report.entries,
            first_bad: report.first_bad,
            reason: report.reason.map(|fault| fault.to_string()),
            checkpoint: report.checkpoint,
        };
        let beyond = start.newest.as_ref().map_or(0, |newest| newest.size);
        if beyond > verification.entries {
            verification.fail(
                Some(verification.entries),
                format!(
                    "the log ends after {} entries, a checkpoint was signed for {beyond}: it was truncated",
                    verification.entries
                ),
            );
        }
        let state = self.store().ledger_state();
        if state.refuses_writes() {
            verification.fail(state.first_bad(), state.to_string());
        }
        for state in contradictions(&found, verification.entries) {
            verification.fail(state.first_bad(), state.to_string());
        }
        Ok(verification)
    }

    /// Some entries, and the checkpoints among them.
    async fn chunk(
        &self,
        from: u64,
    ) -> std::result::Result<(Vec<SealedEntry>, Vec<StoredCheckpoint>), StoreError> {
        self.store()
            .read::<_, StoreError, _>(move |tx| {
                Ok((
                    audit::chunk(tx, from, VERIFY_CHUNK)?,
                    checkpoints::after(tx, from, VERIFY_CHUNK)?,
                ))
            })
            .await
    }

    /// The key that the newest checkpoint names; without one, that of the first note outside of the database.
    fn verifying_key(&self, start: &Start, notes: &NotesFile) -> Result<Option<CheckpointKey>> {
        if let Some(newest) = &start.newest {
            return Ok(self.checkpoint_key(newest));
        }
        let first = notes.notes().map_err(StoreError::from)?.next();
        let first = first.transpose().map_err(StoreError::from)?;
        Ok(first.and_then(|note| self.key_of(&note)))
    }

    /// The verification that ends at a row which was never written like that: which one it is.
    async fn unreadable_from(&self, mut position: u64) -> Result<Verification> {
        loop {
            let read = self
                .store()
                .read::<_, StoreError, _>(move |tx| audit::get(tx, position))
                .await;
            match read {
                Ok(Some(_)) => position += 1,
                Err(error @ (StoreError::Column { .. } | StoreError::Sealing(_))) => {
                    return Ok(Verification {
                        valid: false,
                        entries: position,
                        first_bad: Some(position),
                        reason: Some(format!("the entry was changed: {error}")),
                        checkpoint: None,
                    });
                }
                Ok(None) => return Err(Error::internal("an entry went away while it was read")),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The ledger in the documented form, as it is now: `audit verify --file` checks it anywhere.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn export_audit(&self, cx: &OpCx) -> Result<BoxStream<'static, Result<Bytes>>> {
        cx.require(Permission::AuditRead)?;
        let start = self.ledger_start().await?;
        let mut head = ExportWriter::new(Vec::new());
        if let Some(key) = start
            .newest
            .as_ref()
            .and_then(|newest| self.checkpoint_key(newest))
        {
            head.key(&key).map_err(Error::internal)?;
        }
        if let Some(pruned) = &start.pruned {
            let frontier = Frontier::from_bytes(&pruned.frontier).map_err(Error::internal)?;
            head.start(&frontier, &pruned.note)
                .map_err(Error::internal)?;
        }
        let head = Bytes::from(head.finish().map_err(Error::internal)?);
        let store = self.store().clone();
        let (first, end) = (start.first, start.next);
        let body = stream::try_unfold((store, first), move |(store, from)| async move {
            let limit = u32::try_from(end.saturating_sub(from))
                .unwrap_or(u32::MAX)
                .min(EXPORT_CHUNK);
            if limit == 0 {
                return Ok(None);
            }
            let (entries, notes) = store
                .read::<_, StoreError, _>(move |tx| {
                    Ok((
                        audit::chunk(tx, from, limit)?,
                        checkpoints::after(tx, from, limit)?,
                    ))
                })
                .await?;
            if entries.is_empty() {
                return Ok(None);
            }
            let mut writer = ExportWriter::new(Vec::with_capacity(entries.len() * 512));
            let mut notes = notes.iter().peekable();
            let mut next = from;
            for sealed in &entries {
                writer.entry(sealed).map_err(Error::internal)?;
                next = sealed.position + 1;
                while let Some(stored) = notes.next_if(|stored| stored.size <= next) {
                    writer.checkpoint(&stored.note).map_err(Error::internal)?;
                }
            }
            let lines = Bytes::from(writer.finish().map_err(Error::internal)?);
            Ok(Some((lines, (store, next))))
        });
        Ok(stream::once(async move { Ok(head) })
            .filter(|head| {
                let is_something = head.as_ref().is_ok_and(|head: &Bytes| !head.is_empty());
                async move { is_something }
            })
            .chain(body)
            .boxed())
    }

    /// The newest checkpoints, newest first.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn checkpoints(&self, cx: &OpCx) -> Result<Vec<CheckpointView>> {
        cx.require(Permission::AuditRead)?;
        let stored = self
            .store()
            .read::<_, StoreError, _>(|tx| checkpoints::newest(tx, AUDIT_PAGE_LIMIT))
            .await?;
        Ok(stored.into_iter().map(view).collect())
    }

    /// Makes a checkpoint now instead of at its time. It covers the entry that records this.
    ///
    /// # Errors
    /// `forbidden`, `no_checkpoint` when the store did not make one in time.
    pub async fn make_checkpoint(&self, cx: &OpCx) -> Result<CheckpointView> {
        cx.require(Permission::AuditRead)?;
        let entry = self.config_entry(cx, "audit.checkpoint_requested", "audit".to_owned());
        let id = entry.id;
        let store = self.store();
        store
            .write::<_, StoreError, _>(move |tx| tx.append_entry(entry.clone()))
            .await?;
        let deadline = tokio::time::Instant::now() + CHECKPOINT_PATIENCE;
        while tokio::time::Instant::now() < deadline {
            store.want_checkpoint();
            // On SQLite a commit makes it, on PostgreSQL whichever replica seals.
            store.write::<_, StoreError, _>(|_| Ok(())).await?;
            let newest = store
                .read::<_, StoreError, _>(move |tx| {
                    let newest = checkpoints::last(tx)?;
                    let size = newest.as_ref().map_or(0, |newest| newest.size);
                    let is_covered = audit::is_among_newest_before(tx, size, id)?;
                    Ok(newest.filter(|_| is_covered))
                })
                .await?;
            if let Some(newest) = newest {
                return Ok(view(newest));
            }
            tokio::time::sleep(CHECKPOINT_LOOK).await;
        }
        let text = "no checkpoint was made in time: look at `countersign doctor`";
        Err(Error::new(ErrorKind::Unavailable, "no_checkpoint", text))
    }

    /// Whether the ledger fits its checkpoints, in words.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn ledger_state(&self, cx: &OpCx) -> Result<String> {
        cx.require(Permission::AuditRead)?;
        Ok(self.store().ledger_state().to_string())
    }

    /// Takes note, as an operator, that the ledger contradicts its checkpoints (after a restored backup, say), so that it takes entries
    /// again. The contradicting checkpoints are put aside, not deleted, and the acknowledgement is the first entry.
    ///
    /// # Errors
    /// `forbidden`; `ledger_sound` when there is nothing to acknowledge; `ledger_damaged` when the database itself is not sound.
    pub async fn acknowledge_ledger(&self, cx: &OpCx) -> Result<String> {
        cx.require(Permission::OperatorManage)?;
        crate::sessions::require_fresh_proof(cx)?;
        let state = self.store().ledger_state();
        if !state.refuses_writes() {
            let text = "the ledger fits its checkpoints: there is nothing to acknowledge";
            return Err(Error::new(ErrorKind::Conflict, "ledger_sound", text));
        }
        if !state.can_be_acknowledged() {
            let text = state.to_string();
            return Err(Error::new(ErrorKind::Conflict, "ledger_damaged", text));
        }
        let store = self.store().clone();
        let acknowledged = tokio::task::spawn_blocking(move || store.acknowledge_ledger())
            .await
            .map_err(Error::internal)??;
        let mut entry = self.config_entry(cx, "audit.acknowledged", "audit".to_owned());
        entry.outcome = Some(acknowledged.to_string());
        self.store()
            .write(move |tx| tx.append_entry(entry.clone()).map_err(Error::from))
            .await?;
        self.recover().await?;
        Ok(acknowledged.to_string())
    }

    /// The public key that checkpoints are verified with, once there is one.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn audit_key(&self, cx: &OpCx) -> Result<Option<CheckpointKey>> {
        cx.require(Permission::AuditRead)?;
        let newest = self
            .store()
            .read::<_, StoreError, _>(checkpoints::last)
            .await?;
        Ok(newest.and_then(|newest| self.checkpoint_key(&newest)))
    }

    /// Deletes the entries that a checkpoint of exactly this size covers, with their evidence; how many. The rest still verifies.
    /// Evidence of requests that still move stays.
    ///
    /// # Errors
    /// `forbidden`, `no_checkpoint`.
    pub async fn prune_audit(&self, cx: &OpCx, size: u64) -> Result<u64> {
        cx.require(Permission::AuditPrune)?;
        crate::sessions::require_fresh_proof(cx)?;
        let mut entry = self.config_entry(cx, "audit.pruned", format!("audit:{size}"));
        entry.outcome = Some(format!("entries before {size}"));
        let mut pruned = 0;
        let mut entry = Some(entry);
        loop {
            // The first unit records it; the later ones only go on.
            let record = entry.take();
            let count = self
                .store()
                .write(move |tx| {
                    if checkpoints::at(tx, size)?.is_none() {
                        let text = format!("there is no checkpoint at {size} entries: choose one of `audit checkpoints`");
                        return Err(Error::new(ErrorKind::Conflict, "no_checkpoint", text));
                    }
                    if let Some(record) = &record {
                        tx.append_entry(record.clone())?;
                    }
                    evidence::delete_under(tx, size, PRUNE_CHUNK)?;
                    Ok(audit::prune(tx, size, PRUNE_CHUNK)?)
                })
                .await?;
            pruned += count;
            if count == 0 {
                return Ok(pruned);
            }
        }
    }

    /// Entries from behind a position on, or from now on; ends when the store closes or can't be read. Ask again from the last
    /// position seen: nothing is missed, nothing comes twice.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn subscribe(
        &self,
        cx: &OpCx,
        after: Option<u64>,
    ) -> Result<BoxStream<'static, SealedEntry>> {
        self.follow(cx, after, None).await
    }

    /// [`Gate::subscribe`] for a viewer to whom only what belongs to an agent's requests is shown: only that is looked up again, and
    /// nothing further back than 100,000 entries. Live entries of others come, too.
    ///
    /// # Errors
    /// `forbidden`; `replay_too_long`.
    pub async fn subscribe_for_agent(
        &self,
        cx: &OpCx,
        after: Option<u64>,
        agent: AgentId,
    ) -> Result<BoxStream<'static, SealedEntry>> {
        self.follow(cx, after, Some(agent)).await
    }

    async fn follow(
        &self,
        cx: &OpCx,
        after: Option<u64>,
        only_of: Option<AgentId>,
    ) -> Result<BoxStream<'static, SealedEntry>> {
        cx.require(Permission::AuditRead)?;
        // Before the look at the database, so that nothing falls in between.
        let live = self.store().subscribe();
        let next = match (after, only_of) {
            (Some(after), None) => after.saturating_add(1),
            (after, _) => {
                let extent = self.store().read::<_, StoreError, _>(audit::extent).await?;
                let next = after.map_or(extent.next, |after| after.saturating_add(1));
                let next = next.max(extent.first);
                if only_of.is_some() && extent.next.saturating_sub(next) > AGENT_REPLAY_ENTRIES {
                    let text = format!(
                        "more than {AGENT_REPLAY_ENTRIES} entries were written since then: list the actions, and follow from now on"
                    );
                    return Err(Error::new(ErrorKind::Gone, "replay_too_long", text));
                }
                next
            }
        };
        let tail = Tail {
            store: self.store().clone(),
            live,
            next,
            only_of,
            looked_until: 0,
            ready: VecDeque::new(),
            is_replaying: true,
        };
        Ok(stream::unfold(tail, |mut tail| async move {
            tail.next().await.map(|sealed| (sealed, tail))
        })
        .boxed())
    }

    async fn ledger_start(&self) -> Result<Start> {
        let start = self
            .store()
            .read::<_, StoreError, _>(|tx| {
                let extent = audit::extent(tx)?;
                let pruned = if extent.first > 0 {
                    checkpoints::at(tx, extent.first)?
                } else {
                    None
                };
                Ok(Start {
                    first: extent.first,
                    next: extent.next,
                    pruned,
                    newest: checkpoints::last(tx)?,
                })
            })
            .await?;
        Ok(start)
    }

    /// The verifier key. Its name stands in the checkpoint; the key itself is the vault's.
    fn checkpoint_key(&self, stored: &StoredCheckpoint) -> Option<CheckpointKey> {
        self.key_of(&stored.note)
    }

    fn key_of(&self, note: &str) -> Option<CheckpointKey> {
        let origin = Checkpoint::parse_unverified(note).ok()?.origin;
        self.inner
            .workspace
            .vault
            .checkpoint_signer(&origin)
            .ok()
            .map(|signer| signer.key().clone())
    }
}

/// A live view: replays from the database, then follows, and goes back to the database where it fell behind.
struct Tail {
    store: Store,
    live: LiveEntries,
    next: u64,
    /// Whose requests are looked up again; everybody's if it is nobody.
    only_of: Option<AgentId>,
    /// The position up to which all that fits is in `ready`, or was.
    looked_until: u64,
    ready: VecDeque<SealedEntry>,
    is_replaying: bool,
}

impl Tail {
    /// Looks the next entries up.
    async fn replay(&mut self) -> Result<(), StoreError> {
        let from = self.next;
        let Some(agent) = self.only_of else {
            let read = self
                .store
                .read::<_, StoreError, _>(move |tx| audit::chunk(tx, from, REPLAY_CHUNK))
                .await;
            self.ready.extend(read?);
            self.is_replaying = !self.ready.is_empty();
            return Ok(());
        };
        let (entries, until) = self
            .store
            .read_within::<_, StoreError, _>(AGENT_LIMIT, move |tx| {
                let until = audit::extent(tx)?
                    .next
                    .min(from.saturating_add(AGENT_REPLAY_CHUNK));
                Ok((audit::chunk_of(tx, agent, from, until)?, until))
            })
            .await?;
        self.ready.extend(entries);
        self.looked_until = until;
        self.is_replaying = until > from;
        Ok(())
    }

    async fn next(&mut self) -> Option<SealedEntry> {
        loop {
            while let Some(sealed) = self.ready.pop_front() {
                if sealed.position >= self.next {
                    self.next = sealed.position + 1;
                    return Some(sealed);
                }
            }
            self.next = self.next.max(self.looked_until);
            if self.is_replaying {
                self.replay().await.ok()?;
                continue;
            }
            let signal = if self.store.engine() == Engine::Postgres {
                tokio::time::timeout(POLL_PERIOD, self.live.next())
                    .await
                    .unwrap_or(LiveSignal::Lagged)
            } else {
                self.live.next().await
            };
            match signal {
                LiveSignal::Entries(entries) => {
                    if entries
                        .first()
                        .is_some_and(|first| first.position > self.next)
                    {
                        self.is_replaying = true;
                    } else {
                        self.ready.extend(
                            entries
                                .iter()
                                .filter(|sealed| sealed.position >= self.next)
                                .cloned(),
                        );
                    }
                }
                LiveSignal::Lagged => self.is_replaying = true,
                LiveSignal::Closed => return None,
            }
        }
    }
}
