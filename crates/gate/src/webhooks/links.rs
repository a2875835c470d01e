//! The port to decision links: what a webhook that asked for them carries in `request.created`.

use countersign_domain::{DeliveryId, OperatorId};
use countersign_store::requests::RequestRow;
use serde_json::Value;

use crate::{error::Result, gate::Gate};

impl Gate {
    /// The links by which an operator may decide on a waiting request, as `{"approve": url, "deny": url}`; `None` where there are none
    /// to be had. The delivery's id is the nonce: it was written with the request, so that an attempt that is repeated carries the same.
    #[expect(
        clippy::unused_async,
        reason = "minting looks into the store once there are links"
    )]
    pub(super) async fn decision_links(
        &self,
        _approver: OperatorId,
        _row: &RequestRow,
        _nonce: DeliveryId,
    ) -> Result<Option<Value>> {
        Ok(None)
    }
}
