//! Telling "leave it" from "take it away" in a JSON body.

use serde::{Deserialize, Deserializer};

/// A field that is there, be it `null` or a value, is `Some`.
#[expect(
    clippy::option_option,
    reason = "absent, null and a value are three things"
)]
pub(crate) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}
