//! `countersign logout`: ends the session on the gateway and forgets it here.

use clap::Args;
use serde_json::json;

use super::cx::Cx;
use crate::client::{Api, StoredSession};
use crate::failure::{Exit, Result};

/// No arguments.
#[derive(Debug, Args)]
pub(super) struct Logout {}

impl Logout {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let data_dir = cx.data_dir()?;
        let api = Api::connect_session(&cx.env, &data_dir, cx.output)?;
        let ended = match api.session() {
            None => false,
            Some(_) => match api.delete("/api/v1/sessions/me").await {
                Ok(_) => true,
                // It had ended already.
                Err(failure) if failure.exit == Exit::Unauthorised => false,
                Err(failure) => return Err(failure),
            },
        };
        StoredSession::remove(&cx.env, &data_dir, api.place())?;
        cx.output.result(&json!({ "ended": ended }), |output| {
            output.line(if ended {
                "signed out"
            } else {
                "no session was open"
            });
        });
        Ok(())
    }
}
