//! What one agent waits for, beyond what the upstream takes: one connection, one call at a time.

use std::sync::Arc;

use anyhow::{Result, anyhow};

use super::stage::{Rounds, Stage};
use crate::calls::Call;
use crate::load::Load;
use crate::machine::disk_floor;
use crate::options::Options;
use crate::pin::{gateway_core, move_this_thread};
use crate::report::{Asked, Report};
use crate::samples::Samples;

/// What the gateway may take beside the disk.
const ALLOWANCE_MILLIS: f64 = 0.4;

/// Measures the disk's floor F, the upstream and the gateway in turns. What is subtracted is always the upstream's median: its own
/// slow answers are not held against it.
pub(super) fn measure(options: &Options, report: &mut Report) -> Result<()> {
    let stage = Stage::pinned(options)?;
    let upstream = stage.upstream.address();
    let direct = Load {
        address: upstream,
        call: Arc::new(Call::direct(upstream)),
        connections: 1,
        is_pinned: true,
    };
    let gateway = Load {
        connections: 1,
        ..stage.load(options, Call::read(stage.gateway.address(), &stage.scene))
    };
    stage.warm_up(&direct)?;
    stage.warm_up(&gateway)?;
    let [mut directly, mut by_gateway] = [Rounds::default(), Rounds::default()];
    let mut floor = Samples::default();
    for _ in 0..options.rounds {
        floor.extend(floor_beside(&stage)?);
        directly.add(&direct, options)?;
        stage.round(options, &gateway, &mut by_gateway)?;
    }
    let base = directly.times().percentile_millis(50);
    let floor_median = floor.percentile_millis(50);
    let allowed = floor_median + ALLOWANCE_MILLIS;
    let added = |percent| (by_gateway.times().percentile_millis(percent) - base, "ms");
    let floor_note = format!("p99 {:.3} ms", floor.percentile_millis(99));
    report.add(
        "F: 24-KiB overwrite + fdatasync, p50",
        Asked::Nothing,
        (floor_median, "ms"),
        floor_note,
    );
    report.add(
        "upstream, directly, one connection, p50",
        Asked::Nothing,
        (base, "ms"),
        directly.note(),
    );
    report.add(
        "added to an allowed read, p50",
        Asked::AtMost(allowed),
        added(50),
        format!("asked: F + {ALLOWANCE_MILLIS} ms; {}", by_gateway.note()),
    );
    report.add(
        "added to an allowed read, p99",
        Asked::AtMost(3.0 * allowed),
        added(99),
        format!("asked: 3 x (F + {ALLOWANCE_MILLIS} ms)"),
    );
    stage.gateway.stop()
}

/// F, beside the data directory and on the gateway's core.
fn floor_beside(stage: &Stage) -> Result<Samples> {
    let folder = stage.home.folder().to_owned();
    let thread = std::thread::Builder::new()
        .name("floor".to_owned())
        .spawn(move || {
            move_this_thread(gateway_core())?;
            disk_floor(&folder)
        })?;
    thread
        .join()
        .map_err(|_| anyhow!("the disk's thread died"))?
}
