//! Every command's help, table, JSON and one failure, as they are shown.

mod findings;
mod help;
mod policy;
mod scan;
mod scan_rules;
mod session;
mod stories;
mod words;
