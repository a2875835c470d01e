//! Lists: `{items, next}`, where `next` is the cursor of the page behind.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::problem::{Problem, Result};

/// The most items on one page, and how many there are unless the caller says otherwise.
const PAGE_LIMIT: usize = 200;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// The items.
    pub(crate) items: Vec<T>,
    /// The cursor of the next page; `null` on the last.
    pub(crate) next: Option<String>,
}

/// Which page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// The `next` of the page before.
    pub(super) cursor: Option<String>,
    /// At most this many items, up to 200.
    pub(super) limit: Option<usize>,
}

impl Paging {
    /// The page of a list that is in memory. Ids are time-ordered: what is added while somebody pages comes at the end.
    pub(crate) fn cut<T, V>(
        &self,
        items: impl IntoIterator<Item = T>,
        id: impl Fn(&T) -> Uuid,
        view: impl Fn(T) -> V,
    ) -> Result<List<V>> {
        let after = self.cursor.as_deref().map(parse_cursor).transpose()?;
        let limit = self.limit.unwrap_or(PAGE_LIMIT).clamp(1, PAGE_LIMIT);
        let mut items: Vec<T> = items
            .into_iter()
            .filter(|item| after.is_none_or(|after| id(item) > after))
            .collect();
        items.sort_by_key(&id);
        let next = (items.len() > limit)
            .then(|| items.get(limit - 1).map(|item| id(item).to_string()))
            .flatten();
        items.truncate(limit);
        Ok(List {
            items: items.into_iter().map(view).collect(),
            next,
        })
    }
}

pub(crate) fn parse_cursor(text: &str) -> Result<Uuid> {
    Uuid::try_parse(text)
        .map_err(|_| Problem::invalid("cursor", "not a cursor: send the `next` of the page before"))
}
