//! Bad input, foreign pages, and a canary that must not sing.

mod bad_input;
mod canary;
mod web;
