//! `demo`.

use crate::support::{succeed, xtask};

#[test]
fn the_story_is_told_to_its_end() {
    let told = succeed(xtask(&["demo"]));
    for part in [
        "Time ticks",
        "The weather follows",
        "ABORTED",
        "currentVersion",
        "A watcher saw it all",
        "stopped",
    ] {
        assert!(told.contains(part), "{part} is missing in:\n{told}");
    }
}
