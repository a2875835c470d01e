//! What an engine's threads and the store's handles share.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use countersign_vault::audit::AuditMacKey;
use tokio::sync::watch;

use crate::{
    error::{Result, StoreError},
    ledger::{LedgerState, Live, Notes, NotesFile},
    stats::Stats,
};

pub(crate) struct Shared {
    pub(crate) mac: AuditMacKey,
    pub(crate) stats: Stats,
    pub(crate) live: Live,
    failed: watch::Sender<Option<Arc<str>>>,
    epoch: watch::Sender<u64>,
    ledger: Mutex<LedgerState>,
    notes: Mutex<Option<Notes>>,
    notes_error: Mutex<Option<StoreError>>,
    /// Whether writes are refused because of the ledger; a copy of what the state says, for the hot path.
    ledger_refuses: AtomicBool,
    /// When the oldest entry without a position was made, in microseconds; 0 if there is none.
    oldest_unsealed_micros: AtomicU64,
    /// When that was last found out.
    looked_micros: AtomicU64,
    /// Whether somebody waits for a checkpoint before its time.
    checkpoint_wanted: AtomicBool,
}

impl Shared {
    /// Asks for a checkpoint with the next commit or pass of the sealer.
    pub(crate) fn want_checkpoint(&self) {
        self.checkpoint_wanted.store(true, Ordering::Release);
    }

    /// Whether a checkpoint was asked for since the last one.
    pub(crate) fn wants_checkpoint(&self) -> bool {
        self.checkpoint_wanted.load(Ordering::Acquire)
    }

    /// A checkpoint was made.
    pub(crate) fn checkpoint_made(&self) {
        self.checkpoint_wanted.store(false, Ordering::Release);
    }

    pub(crate) fn new(
        mac: AuditMacKey,
        epoch: u64,
        ledger: LedgerState,
        notes: Option<Notes>,
    ) -> Self {
        Self {
            mac,
            stats: Stats::default(),
            live: Live::new(),
            failed: watch::Sender::new(None),
            epoch: watch::Sender::new(epoch),
            ledger_refuses: AtomicBool::new(ledger.refuses_writes()),
            ledger: Mutex::new(ledger),
            notes: Mutex::new(notes),
            notes_error: Mutex::new(None),
            oldest_unsealed_micros: AtomicU64::new(0),
            looked_micros: AtomicU64::new(0),
            checkpoint_wanted: AtomicBool::new(false),
        }
    }

    /// Stops all later writes. The first reason stays.
    pub(crate) fn fail(&self, reason: &Arc<str>) {
        self.failed.send_if_modified(|failed| {
            let first = failed.is_none();
            if first {
                *failed = Some(Arc::clone(reason));
            }
            first
        });
    }

    pub(crate) fn failure(&self) -> Option<Arc<str>> {
        self.failed.borrow().clone()
    }

    pub(crate) fn watch_failure(&self) -> watch::Receiver<Option<Arc<str>>> {
        self.failed.subscribe()
    }

    pub(crate) fn publish_epoch(&self, epoch: u64) {
        self.epoch.send_if_modified(|known| {
            let changed = *known != epoch;
            *known = epoch;
            changed
        });
    }

    pub(crate) fn watch_epoch(&self) -> watch::Receiver<u64> {
        self.epoch.subscribe()
    }

    /// Why no write may run now.
    pub(crate) fn refuses_writes(&self) -> Option<StoreError> {
        if let Some(reason) = self.failed.borrow().as_ref() {
            return Some(StoreError::Poisoned {
                reason: Arc::clone(reason),
            });
        }
        self.ledger_refuses
            .load(Ordering::Acquire)
            .then(|| StoreError::Ledger(self.ledger_state()))
    }

    pub(crate) fn ledger_state(&self) -> LedgerState {
        self.ledger
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The ledger was found changed while the store ran: no write goes on. The first finding stays.
    pub(crate) fn contradicted(&self, state: LedgerState) {
        let mut known = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.refuses_writes() {
            *known = state;
        }
        self.ledger_refuses.store(true, Ordering::Release);
    }

    /// The notes as they are now, one file's worth.
    pub(crate) fn notes_file(&self) -> Result<NotesFile> {
        self.notes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .map_or_else(|| Ok(NotesFile::none()), Notes::file)
    }

    /// Goes on after an operator took note of a contradiction: the notes that contradict are put aside.
    pub(crate) fn acknowledge(&self, suffix: i64) -> Result<LedgerState> {
        let mut state = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        if *state == LedgerState::Healthy {
            return Ok(LedgerState::Healthy);
        }
        if !state.can_be_acknowledged() {
            return Err(StoreError::Ledger(state.clone()));
        }
        if let Some(notes) = self
            .notes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_mut()
            && state.refuses_writes()
        {
            notes.rotate(suffix)?;
        }
        let acknowledged = std::mem::replace(&mut *state, LedgerState::Healthy);
        self.ledger_refuses.store(false, Ordering::Release);
        Ok(acknowledged)
    }

    /// Writes a committed checkpoint outside of the database. A failure does not undo the commit; it is kept to be shown.
    pub(crate) fn append_note(&self, note: &str) {
        let result = self
            .notes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_mut()
            .map_or(Ok(()), |notes| notes.append(note));
        if let Err(error) = &result {
            tracing::error!(%error, "a checkpoint is only in the database");
        }
        *self
            .notes_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = result.err();
    }

    pub(crate) fn notes_error(&self) -> Option<StoreError> {
        self.notes_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn note_unsealed(&self, now_micros: i64, oldest_micros: Option<i64>) {
        let unsigned = |micros: i64| u64::try_from(micros).unwrap_or(0);
        self.oldest_unsealed_micros.store(
            oldest_micros.map_or(0, |micros| unsigned(micros).max(1)),
            Ordering::Release,
        );
        self.looked_micros
            .store(unsigned(now_micros), Ordering::Release);
    }

    /// How long the oldest entry has waited for a position, as far as is known; while nobody can look, that grows.
    pub(crate) fn oldest_unsealed_micros(&self, now_micros: i64) -> u64 {
        let now = u64::try_from(now_micros).unwrap_or(0);
        let looked = self.looked_micros.load(Ordering::Acquire);
        let since = match self.oldest_unsealed_micros.load(Ordering::Acquire) {
            0 if now.saturating_sub(looked) < 500_000 => return 0,
            0 => looked,
            oldest => oldest,
        };
        now.saturating_sub(since)
    }
}
