//! The rows of the table, one file per kind.

mod latency;
mod ledger;
mod memory;
mod postgres;
mod stage;
mod throughput;

use crate::options::{NAMES, Options};
use crate::report::Report;

/// Measures what was asked for. A row that can't be measured does not keep the others from it.
pub(crate) fn run(options: &Options, report: &mut Report) {
    let mut filled = ledger::Ledger::default();
    for name in NAMES.into_iter().filter(|name| options.wants(name)) {
        eprintln!("measuring: {name}");
        let result = match name {
            "read" => throughput::read(options, report),
            "write" => throughput::write(options, report),
            "ask" => throughput::ask(options, report),
            "latency" => latency::measure(options, report),
            "memory" => memory::measure(options, report),
            "start" => ledger::start(&mut filled, options, report),
            "verify" => ledger::verify(&mut filled, options, report),
            _ => postgres::measure(options, report),
        };
        if let Err(error) = result {
            report.fail(name, &error);
        }
    }
}
