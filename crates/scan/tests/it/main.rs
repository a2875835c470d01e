//! What may never pass the masker, and what must pass it unchanged.

mod encode;
mod encodings;
mod secrets;
mod streams;
mod universal;
mod vault_values;
