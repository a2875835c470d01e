//! Who may have a password checked next.
//!
//! Checking a password costs 19 MiB and a core for a while, and anybody may ask for it. So at most two are checked at once: one of a
//! device that its operator signed in from before, which never waits behind strangers, and one of everybody else. Sources over
//! their limit of failures wait in a slow lane, and get one turn in five while others wait.
//!
//! Invariants: a turn lasts until it is dropped, whoever went away meanwhile; a full queue pushes out the oldest of whoever has the
//! most places, and never refuses the newest.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

/// Places of one queue: altogether, of one account, of one source, and of one source for one account.
const PLACES: usize = 64;
const PLACES_PER_ACCOUNT: usize = 24;
const PLACES_PER_SOURCE: usize = 16;
const PLACES_PER_SOURCE_AND_ACCOUNT: usize = 4;
/// How many turns the ordinary lane takes in a row while the slow one waits.
const TURNS_IN_A_ROW: u32 = 4;

/// How somebody waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// A device that the account's operator signed in from before; its source is the device.
    Known,
    /// Everybody else.
    Ordinary,
    /// A source over its limit of failures.
    Slow,
}

/// The queues. Cheap to clone; all clones are the same queues.
#[derive(Clone, Default)]
pub(super) struct Lanes(Arc<Mutex<State>>);

/// The right to check one password. It passes on when dropped: keep it where the work is, not where the answer is waited for.
pub(super) struct Turn {
    lanes: Lanes,
    desk: Desk,
    is_taken_back: bool,
}

/// Each is one check at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Desk {
    Known,
    Strangers,
}

#[derive(Default)]
struct State {
    known: Queue,
    ordinary: Queue,
    slow: Queue,
    is_known_busy: bool,
    are_strangers_busy: bool,
    in_a_row: u32,
}

#[derive(Default)]
struct Queue {
    /// In the order of arrival.
    waiting: Vec<Waiter>,
    /// When each source that waits had its last turn.
    served: HashMap<Arc<str>, u64>,
    turns: u64,
}

struct Waiter {
    source: Arc<str>,
    account: Arc<str>,
    turn: oneshot::Sender<Turn>,
}

impl Lanes {
    // Nothing under the lock can panic half way.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn; `None` if others pushed this one out. Whoever stops waiting gives the place back.
    pub(super) async fn turn(&self, lane: Lane, source: &str, account: &str) -> Option<Turn> {
        let (turn, granted) = oneshot::channel();
        let waiter = Waiter {
            source: source.into(),
            account: account.into(),
            turn,
        };
        self.lock().queue(lane).push(waiter);
        self.dispatch();
        granted.await.ok()
    }

    /// Gives free desks to whoever is next.
    fn dispatch(&self) {
        loop {
            let Some((desk, waiter)) = self.lock().next() else {
                return;
            };
            let turn = Turn {
                lanes: self.clone(),
                desk,
                is_taken_back: false,
            };
            if let Err(mut turn) = waiter.turn.send(turn) {
                // Gone meanwhile. Not by the drop, which would come back here.
                turn.is_taken_back = true;
                self.lock().free(desk);
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.is_taken_back {
            self.lanes.lock().free(self.desk);
            self.lanes.dispatch();
        }
    }
}

impl State {
    fn queue(&mut self, lane: Lane) -> &mut Queue {
        match lane {
            Lane::Known => &mut self.known,
            Lane::Ordinary => &mut self.ordinary,
            Lane::Slow => &mut self.slow,
        }
    }

    fn free(&mut self, desk: Desk) {
        match desk {
            Desk::Known => self.is_known_busy = false,
            Desk::Strangers => self.are_strangers_busy = false,
        }
    }

    /// Who is next at a free desk, which is then busy.
    fn next(&mut self) -> Option<(Desk, Waiter)> {
        if !self.is_known_busy
            && let Some(waiter) = self.known.pop()
        {
            self.is_known_busy = true;
            return Some((Desk::Known, waiter));
        }
        if self.are_strangers_busy {
            return None;
        }
        let slow_first = self.in_a_row >= TURNS_IN_A_ROW;
        let early = slow_first.then(|| self.slow.pop()).flatten();
        let (waiter, is_slow) = match early {
            Some(waiter) => (waiter, true),
            None => match self.ordinary.pop() {
                Some(waiter) => (waiter, false),
                None => (self.slow.pop()?, true),
            },
        };
        self.in_a_row = if is_slow {
            0
        } else {
            self.in_a_row.saturating_add(1)
        };
        self.are_strangers_busy = true;
        Some((Desk::Strangers, waiter))
    }
}

impl Queue {
    fn push(&mut self, new: Waiter) {
        self.forget_gone();
        let (source, account) = (Arc::clone(&new.source), Arc::clone(&new.account));
        self.make_room(PLACES_PER_SOURCE_AND_ACCOUNT, |waiter| {
            waiter.source == source && waiter.account == account
        });
        self.make_room(PLACES_PER_SOURCE, |waiter| waiter.source == source);
        self.make_room(PLACES_PER_ACCOUNT, |waiter| waiter.account == account);
        self.make_room(PLACES, |_| true);
        self.waiting.push(new);
    }

    /// Where `limit` of them wait: pushes out the oldest of the source, and of its accounts the account, with the most places.
    fn make_room(&mut self, limit: usize, of_them: impl Fn(&Waiter) -> bool) {
        let them: Vec<usize> = (0..self.waiting.len())
            .filter(|index| of_them(&self.waiting[*index]))
            .collect();
        if them.len() < limit {
            return;
        }
        let places = |index: usize| {
            let of = &self.waiting[index];
            let same_source = them
                .iter()
                .filter(|other| self.waiting[**other].source == of.source);
            let same_both = same_source
                .clone()
                .filter(|other| self.waiting[**other].account == of.account);
            (same_source.count(), same_both.count())
        };
        // The last maximum of the reversed order is the oldest.
        let oldest = them
            .iter()
            .rev()
            .copied()
            .max_by_key(|index| places(*index));
        if let Some(oldest) = oldest {
            self.waiting.remove(oldest);
        }
    }

    fn forget_gone(&mut self) {
        self.waiting.retain(|waiter| !waiter.turn.is_closed());
    }

    /// Sources in turn, each one's oldest first.
    fn pop(&mut self) -> Option<Waiter> {
        self.forget_gone();
        let next = (0..self.waiting.len()).min_by_key(|index| {
            self.served
                .get(&self.waiting[*index].source)
                .copied()
                .unwrap_or(0)
        })?;
        let waiter = self.waiting.remove(next);
        self.turns += 1;
        let waiting = &self.waiting;
        self.served
            .retain(|source, _| waiting.iter().any(|waiter| waiter.source == *source));
        self.served.insert(Arc::clone(&waiter.source), self.turns);
        Some(waiter)
    }
}

#[cfg(test)]
mod tests;
