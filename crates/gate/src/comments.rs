//! Comments: what operators write on a request, for each other.
//!
//! What they never do: decide, change what is asked, or reach an agent.

use countersign_domain::{Comment, CommentId, Permission, RequestId};
use countersign_store::{comments, requests};
use serde::Serialize;

use crate::{
    approvals::NOTE_LIMIT_CHARACTERS,
    checks,
    context::{OpCx, Principal},
    error::{Error, ErrorKind, Result},
    gate::Gate,
};

/// The most comments on one request.
const COMMENTS_LIMIT: u32 = 500;

/// A comment, with its writer's name.
#[derive(Debug, Clone, Serialize)]
pub struct CommentView {
    /// It.
    pub comment: Comment,
    /// Who wrote it, by name; by id once they are gone.
    pub operator_name: String,
}

impl Gate {
    fn comment_view(&self, comment: Comment) -> CommentView {
        CommentView {
            operator_name: self.snapshot().operators.get(comment.by).map_or_else(
                || comment.by.to_string(),
                |operator| operator.name.to_string(),
            ),
            comment,
        }
    }

    /// Writes a comment on a request, whatever its state.
    ///
    /// # Errors
    /// `forbidden` for whoever may not decide; `not_found`; `too_many_comments`.
    pub async fn add_comment(&self, cx: &OpCx, id: RequestId, body: &str) -> Result<CommentView> {
        cx.require(Permission::RequestDecide)?;
        let Principal::Operator { operator, .. } = &cx.principal else {
            return Err(Error::forbidden("only an operator comments"));
        };
        let body = body.trim().to_owned();
        if !(1..=NOTE_LIMIT_CHARACTERS).contains(&body.chars().count()) {
            let text = format!("a comment has 1 to {NOTE_LIMIT_CHARACTERS} characters");
            return Err(Error::invalid("body", text));
        }
        checks::characters("body", &body)?;
        let (row, _) = self.load(cx, id).await?;
        let comment = Comment {
            id: CommentId::new(self.inner.clock.uuid()),
            request: id,
            by: operator.id,
            body,
            at: self.now(),
        };
        let actor = cx.principal.actor();
        let mut entry = self.entry_about(&row.request, actor, "approval.commented", comment.at);
        entry.outcome = None;
        let written = comment.clone();
        self.inner
            .workspace
            .store
            .write(move |tx| -> Result<()> {
                if requests::find(tx, id)?.is_none() {
                    return Err(Error::not_found("request"));
                }
                if comments::of_request(tx, id, COMMENTS_LIMIT)?.len() >= COMMENTS_LIMIT as usize {
                    let text = format!("a request has at most {COMMENTS_LIMIT} comments");
                    return Err(
                        Error::new(ErrorKind::Conflict, "too_many_comments", text).about(id)
                    );
                }
                comments::insert(tx, &written)?;
                tx.append_entry(entry.clone())?;
                Ok(())
            })
            .await?;
        Ok(self.comment_view(comment))
    }

    /// The comments on a request, oldest first.
    ///
    /// # Errors
    /// `forbidden` for agents and whoever may not read requests; `not_found`.
    pub async fn comments(&self, cx: &OpCx, id: RequestId) -> Result<Vec<CommentView>> {
        cx.require(Permission::ConfigRead)?;
        // They speak of what is asked: who reads the configuration alone sees none of that.
        cx.require(Permission::RequestRead)?;
        self.load(cx, id).await?;
        let found = self
            .inner
            .workspace
            .store
            .read(move |tx| comments::of_request(tx, id, COMMENTS_LIMIT).map_err(Error::from))
            .await?;
        Ok(found
            .into_iter()
            .map(|comment| self.comment_view(comment))
            .collect())
    }
}
