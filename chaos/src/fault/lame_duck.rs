//! Every server is replaced in turn, as an operator would: it sends its clients away, ends, and comes back.

use std::time::Instant;

use super::Fault;
use super::storm::storm;
use crate::load::Reach;

pub(super) const FAULT: Fault = Fault {
    name: "lame-duck",
    about: "every server in turn sends its clients away, ends, and comes back",
    run: |plan, outcome| {
        Box::pin(storm(plan, outcome, Reach::All, async |stage, load, outcome| {
            let servers = stage.cluster.len();
            for server in (0..servers).take(plan.rounds_max) {
                stage.replicated().await?;
                let began = Instant::now();
                stage.cluster.lame_duck(server).await;
                let ended = Instant::now();
                outcome.note(format!("server {server} took {:.1?} to leave", ended - began));
                outcome.recovered(load.recovered(ended, |_| true).await?);
                stage.cluster.restart(server).await?;
            }
            Ok(())
        }))
    },
};
