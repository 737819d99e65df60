//! What faults of servers have in common: a load before, during and after, and an audit of everything.

use bodybroker_runtime::Result;

use crate::audit::{self, Judged};
use crate::load::{Load, Reach, Reads};
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::stage::Stage;

/// Runs a load through a fault, and audits what it was told.
pub(super) async fn storm(
    plan: &Plan,
    outcome: &mut Outcome,
    reach: Reach,
    judged: Judged,
    fault: impl AsyncFnOnce(&mut Stage, &Load, &mut Outcome) -> Result<()>,
) -> Result<()> {
    let mut stage = Stage::start().await?;
    let reads = if judged == Judged::Proven { Reads::Linearizable } else { Reads::Plain };
    let mut load = Load::start(&stage, reach, reads, plan.seed).await?;
    let through = fault(&mut stage, &load, outcome).await;
    stage.cluster.heal();
    load.finish(outcome).await;
    let settled = stage.replicated().await;
    let auditor = stage.connect("auditor").await?;
    audit::streams(outcome, &auditor, &load.ledger).await?;
    let history = load.history.operations();
    audit::registers(outcome, &history, judged);
    if judged == Judged::Proven {
        audit::staleness(outcome, &history, &load.looks.operations());
    }
    auditor.close().await;
    through.and(settled)
}
