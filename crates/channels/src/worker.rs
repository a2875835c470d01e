//! Takes what is due and sends it.
//!
//! One task looks into the outbox; each attempt is a task of its own inside of it, at most [`PER_RECEIVER`] for one receiver. A receiver that
//! hangs fills its own places and nobody else's. When the gate shuts down all of it is dropped: the gate gives the leases back.

use std::{collections::HashMap, sync::Arc, time::Duration};

use countersign_domain::WebhookId;
use countersign_gate::{Courier, Gate};
use tokio::task::JoinSet;

/// How many attempts go to one receiver at once.
pub const PER_RECEIVER: u32 = 4;

/// How often the outbox is looked into while there is somebody to tell.
const LOOK_PERIOD: Duration = Duration::from_millis(200);

/// The pause after the outbox could not be read or written.
const FAULT_PAUSE: Duration = Duration::from_secs(1);

/// Connects a gate with the network, and sends what it has to tell until it shuts down. Within a tokio runtime.
pub fn start(gate: &Gate, courier: Arc<dyn Courier>) {
    gate.attach_courier(courier);
    let worker = Worker {
        gate: gate.clone(),
        busy: HashMap::new(),
        attempts: JoinSet::new(),
    };
    gate.run_channel(worker.run());
}

struct Worker {
    gate: Gate,
    /// Attempts on their way, by receiver.
    busy: HashMap<WebhookId, u32>,
    attempts: JoinSet<WebhookId>,
}

impl Worker {
    async fn run(mut self) {
        loop {
            let pause = match self.look().await {
                Ok(()) => LOOK_PERIOD,
                Err(error) => {
                    tracing::warn!(%error, code = error.code, "the outbox can't be looked into; it is tried again");
                    FAULT_PAUSE
                }
            };
            let until = tokio::time::Instant::now() + pause;
            // An attempt that ends makes room for the next, without waiting for the end of the pause.
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                Some(ended) = self.attempts.join_next() => self.ended(ended),
            }
            while let Some(ended) = self.attempts.try_join_next() {
                self.ended(ended);
            }
        }
    }

    /// Takes what is due for those who have room, and sends it.
    async fn look(&mut self) -> countersign_gate::Result<()> {
        let receivers = self.gate.receivers();
        let wanted: Vec<_> = receivers
            .into_iter()
            .filter_map(|receiver| {
                let busy = self.busy.get(&receiver).copied().unwrap_or(0);
                let room = PER_RECEIVER.saturating_sub(busy);
                (room > 0).then_some((receiver, room))
            })
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        for delivery in self.gate.take_deliveries(wanted).await? {
            let (gate, receiver) = (self.gate.clone(), delivery.receiver());
            *self.busy.entry(receiver).or_default() += 1;
            self.attempts.spawn(async move {
                if let Err(error) = gate.deliver(delivery).await {
                    tracing::warn!(%error, code = error.code, "what came of a webhook's delivery could not be noted: it is sent again");
                }
                receiver
            });
        }
        Ok(())
    }

    fn ended(&mut self, ended: Result<WebhookId, tokio::task::JoinError>) {
        match ended {
            Ok(receiver) => {
                if let Some(busy) = self.busy.get_mut(&receiver) {
                    *busy -= 1;
                    if *busy == 0 {
                        self.busy.remove(&receiver);
                    }
                }
            }
            Err(error) => {
                // Nobody knows whose it was: everybody gets their places back, and the lease ends by itself.
                tracing::error!(%error, "an attempt to deliver a webhook broke");
                self.busy.clear();
            }
        }
    }
}
