//! The binary as a person and a script meet it: the bootstrap contract word by word, the gateway's life, the vault, every command.

mod bootstrap;
mod certificate;
mod command_line;
mod configuration;
mod demo;
mod left_behind;
mod life;
mod locked;
mod offline;
mod operators;
mod program;
mod secret_files;
mod set_up;
mod terminal;
