//! The same gateway with its store on PostgreSQL, fsync on, on the same machine; all on both cores.

use anyhow::Result;
use countersign_testkit::{Durability, Postgres};

use super::stage::Stage;
use crate::calls::Call;
use crate::options::Options;
use crate::report::{Asked, Report};

/// Units of work in an allowed write: its intent, its outcome.
const UNITS: f64 = 2.0;

/// Measures allowed writes and counts their units.
pub(super) fn measure(options: &Options, report: &mut Report) -> Result<()> {
    let server = Postgres::start_with(Durability::Durable)?;
    let stage = Stage::on_postgres(options, server.database()?)?;
    let rounds = stage.rounds(
        options,
        Call::native_write(stage.gateway.address(), &stage.scene),
    )?;
    let note = format!(
        "{:.0} writes a second of two units; {}",
        rounds.rate(),
        rounds.note()
    );
    report.add(
        "PostgreSQL, strict units of work",
        Asked::AtLeast(2_500.0),
        (UNITS * rounds.rate(), "/s"),
        note,
    );
    stage.gateway.stop()
}
