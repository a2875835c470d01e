//! Resident memory while nothing happens: after the start, and after a load.

use std::time::Duration;

use anyhow::Result;

use super::stage::Stage;
use crate::calls::Call;
use crate::gateway::Gateway;
use crate::home::Home;
use crate::load::Until;
use crate::options::Options;
use crate::pin::gateway_core;
use crate::report::{Asked, Report};

/// Until what a start or a load needed is given back.
const SETTLE: Duration = Duration::from_secs(3);
const LIMIT_MEBIBYTES: f64 = 40.0;

/// Measures a gateway that was never used, and one after both kinds of load.
pub(super) fn measure(options: &Options, report: &mut Report) -> Result<()> {
    let unused = Gateway::start(&Home::onboard(&options.folder, None)?, Some(gateway_core()))?;
    std::thread::sleep(SETTLE);
    report.add(
        "idle memory after the start, RSS",
        Asked::AtMost(LIMIT_MEBIBYTES),
        (unused.resident_mebibytes()?, "MiB"),
        "",
    );
    unused.stop()?;

    let stage = Stage::pinned(options)?;
    let address = stage.gateway.address();
    let mut answers = 0;
    for call in [
        Call::read(address, &stage.scene),
        Call::write(address, &stage.scene),
    ] {
        answers += stage
            .load(options, call)
            .run(Until::Elapsed(options.round))?
            .answers;
    }
    let under_load = stage.gateway.resident_mebibytes()?;
    std::thread::sleep(SETTLE);
    let note = format!("after {answers} actions; {under_load:.0} MiB at their end");
    report.add(
        "idle memory after a load, RSS",
        Asked::AtMost(LIMIT_MEBIBYTES),
        (stage.gateway.resident_mebibytes()?, "MiB"),
        note,
    );
    stage.gateway.stop()
}
