//! What may never pass the masker, and what must pass it unchanged.

mod encode;
mod encodings;
mod streams;
mod universal;
mod secrets;
mod vault_values;
