//! Actions a second, over kept connections.

use std::sync::Arc;

use anyhow::Result;
use countersign_testkit::Nginx;

use super::stage::{Rounds, Stage};
use crate::calls::Call;
use crate::load::Load;
use crate::options::Options;
use crate::pin::{gateway_core, move_process};
use crate::report::{Asked, Report};
use crate::samples::median;

/// An allowed `read`, with nginx in the gateway's place and the upstream alone as yardsticks. The three take turns, so that what
/// else the machine does meets them alike.
pub(super) fn read(options: &Options, report: &mut Report) -> Result<()> {
    let stage = Stage::pinned(options)?;
    let upstream = stage.upstream.address();
    let nginx = Nginx::proxy(upstream)?;
    if let Some(pid) = nginx.pid() {
        move_process(pid, gateway_core())?;
    }
    let plain = |address| Load {
        address,
        call: Arc::new(Call::direct(address)),
        connections: options.connections,
        is_pinned: true,
    };
    let (direct, proxied) = (plain(upstream), plain(nginx.address()));
    let gateway = stage.load(options, Call::read(stage.gateway.address(), &stage.scene));
    for load in [&direct, &proxied, &gateway] {
        stage.warm_up(load)?;
    }
    let [mut directly, mut by_nginx, mut by_gateway] =
        [Rounds::default(), Rounds::default(), Rounds::default()];
    for _ in 0..options.rounds {
        directly.add(&direct, options)?;
        by_nginx.add(&proxied, options)?;
        stage.round(options, &gateway, &mut by_gateway)?;
    }
    let share_of = |other: &Rounds| {
        let shares: Vec<f64> = by_gateway
            .rates()
            .iter()
            .zip(other.rates())
            .map(|(gateway, other)| gateway / other)
            .collect();
        (median(&shares), "x")
    };
    let connections = options.connections;
    report.add(
        format!("upstream, directly, {connections} connections"),
        Asked::Nothing,
        (directly.rate(), "/s"),
        directly.note(),
    );
    report.add(
        "upstream, through nginx as a plain proxy",
        Asked::Nothing,
        (by_nginx.rate(), "/s"),
        by_nginx.note(),
    );
    report.add(
        "allowed read, POST /proxy",
        Asked::AtLeast(12_000.0),
        (by_gateway.rate(), "/s"),
        by_gateway.note(),
    );
    report.add(
        "  of nginx as a plain proxy",
        Asked::Nothing,
        share_of(&by_nginx),
        "median of the rounds",
    );
    report.add(
        "  of the upstream directly",
        Asked::Nothing,
        share_of(&directly),
        "median of the rounds",
    );
    stage.gateway.stop()
}

/// An allowed write: its intent is on disk before the upstream sees it, its outcome before the answer.
pub(super) fn write(options: &Options, report: &mut Report) -> Result<()> {
    let stage = Stage::pinned(options)?;
    let address = stage.gateway.address();
    let rounds = stage.rounds(options, Call::write(address, &stage.scene))?;
    report.add(
        "allowed write, POST /proxy, new idempotency keys",
        Asked::AtLeast(8_000.0),
        (rounds.rate(), "/s"),
        rounds.note(),
    );
    let rounds = stage.rounds(options, Call::native_write(address, &stage.scene))?;
    report.add(
        "allowed write, POST /api/v1/actions, no key",
        Asked::AtLeast(8_000.0),
        (rounds.rate(), "/s"),
        rounds.note(),
    );
    stage.gateway.stop()
}

/// An action that asks a human: on disk before its id is answered.
pub(super) fn ask(options: &Options, report: &mut Report) -> Result<()> {
    let stage = Stage::pinned(options)?;
    let rounds = stage.rounds(options, Call::ask(stage.gateway.address(), &stage.scene))?;
    report.add(
        "action that asks, submitted",
        Asked::AtLeast(8_000.0),
        (rounds.rate(), "/s"),
        rounds.note(),
    );
    stage.gateway.stop()
}
