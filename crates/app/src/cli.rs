//! The commands: one file per noun. Each reads its arguments, calls the gateway's API, and shows what came back.

mod agent;
mod apply;
mod approval;
mod audit;
mod completions;
mod config;
mod credential;
mod cx;
mod demo;
mod doctor;
mod export;
mod gateway;
mod grant;
mod key;
mod kill;
mod login;
mod logout;
mod migrate;
mod net;
mod onboard;
mod operator;
mod parse;
mod rule;
mod run;
mod scan;
mod secret;
mod settings;
mod shown;
mod standing;
mod status;
mod target;
mod token;
mod vault;
mod webhook;

pub(crate) use cx::Cx;
pub(crate) use run::main;
