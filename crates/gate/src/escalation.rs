//! Escalation: a request that nobody has decided on goes to others, by the terms that it was asked under.
//!
//! Who may decide from then on follows from the terms and the time that passed; here it is only written down, once, so that those who
//! are told can be told. A denial after a delay is the request's deadline. Nothing is ever allowed by waiting.

use countersign_domain::{Actor, Approver, Escalation, RequestState};
use countersign_store::{escalations, requests};

use crate::{
    error::{Error, Result},
    gate::Gate,
};

/// How many one round looks at.
const BATCH: u32 = 200;

impl Gate {
    /// Writes down what is due.
    pub(crate) async fn escalate_due(&self) -> Result<()> {
        let now = self.now();
        let due = self
            .inner
            .workspace
            .store
            .read(move |tx| escalations::due(tx, now, BATCH).map_err(Error::from))
            .await?;
        for id in due {
            let gate = self.clone();
            self.inner
                .workspace
                .store
                .write(move |tx| -> Result<()> {
                    // Of several gateways one takes it.
                    if !escalations::take(tx, id)? {
                        return Ok(());
                    }
                    let Some(row) = requests::find(tx, id)? else {
                        return Ok(());
                    };
                    if row.request.state != RequestState::Pending {
                        return Ok(());
                    }
                    if let Some(escalation) = &row.terms.escalation {
                        let mut entry = gate.entry_about(
                            &row.request,
                            Actor::System,
                            "approval.escalated",
                            now,
                        );
                        entry.outcome = Some(to(escalation));
                        tx.append_entry(entry.bounded())?;
                    }
                    Ok(())
                })
                .await?;
        }
        Ok(())
    }
}

/// To whom, in words.
fn to(escalation: &Escalation) -> String {
    let approvers = escalation
        .approvers
        .iter()
        .flatten()
        .map(|approver| match approver {
            Approver::Operator(name) => name.to_string(),
            Approver::Role(role) => format!("role {}", role.as_str()),
        });
    let mut words: Vec<String> = approvers.collect();
    words.extend(
        escalation
            .channel
            .iter()
            .map(|channel| format!("channel {channel}")),
    );
    format!("to {}", words.join(", "))
}
