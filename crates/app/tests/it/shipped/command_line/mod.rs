//! Every command's help, table, JSON and one failure, as they are shown.

mod help;
mod scan;
mod session;
mod stories;
