//! Callers whose clocks are wrong, by seconds or by hours.

use std::time::Duration;

use bodybroker_runtime::Result;
use bodybroker_runtime::status::Executed;
use bodybroker_runtime::testing::set_clock_wrong;

use super::Fault;
use super::calls::{Caller, Pair};
use crate::audit;
use crate::ledger::Kind;
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::stage::connect;

pub(super) const FAULT: Fault = Fault {
    name: "clock-skew",
    about: "callers' clocks are wrong: all calls are handled up to 5 s; beyond, one is sent away that never ran",
    run: |plan, outcome| Box::pin(run(plan, outcome)),
};

/// By how much clocks are wrong, in milliseconds: behind, right, and ahead.
const SKEWS_MS: [i64; 7] = [-5_000, -1_000, -200, 0, 200, 1_000, 5_000];
/// By how much others are.
const FAR_MS: [i64; 4] = [-86_400_000, -60_000, 60_000, 86_400_000];
/// Calls from each clock.
const CALLS: u64 = 10;
/// Time that half of the calls have; the others have as much by their schema.
const TIMEOUT: Duration = Duration::from_secs(2);
/// A step of a clock.
const STEP: Duration = Duration::from_millis(64);

async fn run(_: &Plan, outcome: &mut Outcome) -> Result<()> {
    let pair = Pair::start().await?;
    let mut ids = 1..;
    for skew_ms in SKEWS_MS.into_iter().chain(FAR_MS) {
        let connection = connect(&pair.server.url(), "client").await?;
        set_clock_wrong(&connection, skew_ms);
        let caller = pair.caller_on(&connection);
        let spared = u64::from(FAR_MS.contains(&skew_ms));
        burst(&caller, &mut ids, outcome, spared, &format!("by {skew_ms} ms")).await;
        // A machine that was suspended for ten minutes.
        set_clock_wrong(&connection, skew_ms - 600_000);
        tokio::time::sleep(STEP).await;
        burst(&caller, &mut ids, outcome, 1, &format!("by {skew_ms} ms, and lost 600 s")).await;
    }
    let entries = pair.ledger.entries();
    outcome.count(&entries);
    audit::effects(outcome, Kind::Act, &entries, &pair.worker.calls());
    outcome.must(outcome.unknown == 0, format!("of {} calls nobody can tell", outcome.unknown));
    Ok(())
}

/// Makes calls of which so many may be sent away.
async fn burst(
    caller: &Caller,
    ids: &mut impl Iterator<Item = u64>,
    outcome: &mut Outcome,
    spared: u64,
    wrong: &str,
) {
    let (mut handled, mut ran) = (0, 0);
    for id in ids.take(usize::try_from(CALLS).unwrap_or_default()) {
        match caller.act(id, 0, id.is_multiple_of(2).then_some(TIMEOUT)).await {
            Ok(()) => handled += 1,
            Err(status) if status.executed() == Executed::No => {}
            Err(_) => ran += 1,
        }
    }
    outcome.must(
        handled + spared >= CALLS && ran == 0,
        format!("with a clock wrong {wrong}, {handled} of {CALLS} calls are handled"),
    );
}
