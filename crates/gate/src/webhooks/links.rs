//! The port to decision links: what a webhook that asked for them carries in `request.created`.

use countersign_domain::{DeliveryId, OperatorId};
use countersign_store::requests::RequestRow;
use serde_json::{Value, json};

use crate::{error::Result, gate::Gate};

impl Gate {
    /// The links by which an operator may decide on a waiting request, as `{"approve": url, "deny": url}`; `None` where there are none
    /// to be had. The delivery's id is the nonce: it was written with the request, so that an attempt that is repeated carries the same.
    pub(super) async fn decision_links(
        &self,
        approver: OperatorId,
        row: &RequestRow,
        nonce: DeliveryId,
    ) -> Result<Option<Value>> {
        let Some(pair) = self.links_of_notice(approver, row, nonce).await? else {
            return Ok(None);
        };
        let base = self.link_base(None);
        Ok(Some(json!({
            "approve": format!("{base}/l/{}", pair.approve.expose()),
            "deny": format!("{base}/l/{}", pair.deny.expose()),
        })))
    }
}
