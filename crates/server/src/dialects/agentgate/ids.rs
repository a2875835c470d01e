//! Ids as these clients expect them: our UUID in 22 characters of base64url, and back. No table, and both forms are taken.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::problem::{Problem, Result};
use http::StatusCode;

/// The short form.
pub(super) fn short(id: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(id.as_bytes())
}

/// The id that a text stands for, in either form.
pub(super) fn long(text: &str) -> Option<Uuid> {
    if let Ok(id) = Uuid::try_parse(text) {
        return Some(id);
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let id = Uuid::from_slice(&bytes).ok()?;
    // One id has one text.
    (short(id) == text).then_some(id)
}

/// The id of something that must be there.
pub(super) fn id(text: &str, missing: &'static str) -> Result<Uuid> {
    long(text).ok_or_else(|| not_found(missing))
}

/// The text of an agent's id.
pub(super) fn agent(id: Uuid) -> String {
    format!("agt_{}", short(id))
}

/// What the gate knows an agent by: its id's text where `agt_` stands before one, else the text itself.
pub(super) fn agent_reference(text: &str) -> String {
    text.strip_prefix("agt_")
        .and_then(long)
        .map_or_else(|| text.to_owned(), |id| id.to_string())
}

/// The reverse of [`agent_reference`].
pub(super) fn shown_agent(reference: &str) -> String {
    Uuid::try_parse(reference).map_or_else(|_| reference.to_owned(), agent)
}

/// There is no such thing, in this dialect's words.
pub(super) fn not_found(text: &'static str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", text)
}

/// The same failure, with this dialect's words where something is not there.
pub(super) fn named(text: &'static str) -> impl Fn(countersign_gate::Error) -> Problem {
    move |error| match error.kind {
        countersign_gate::ErrorKind::NotFound => not_found(text),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_go_there_and_back() {
        let id = Uuid::from_u128(0x0198_c5a0_5d5e_7000_8000_0000_0000_0001);
        assert_eq!(short(id).len(), 22);
        assert_eq!(long(&short(id)), Some(id));
        assert_eq!(long(&id.to_string()), Some(id));
        for bad in ["", "x", "AZjFoF1ecACAAAAAAAAAAB", "../../etc/passwd"] {
            assert_eq!(long(bad), None, "{bad}");
        }
        assert_eq!(shown_agent(&agent_reference(&agent(id))), agent(id));
        assert_eq!(agent_reference("bot"), "bot");
    }
}
