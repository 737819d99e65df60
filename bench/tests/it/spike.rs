use std::process::Command;

/// A spike that is over soon. Whether targets are met is the machine's business, and so is the exit code.
#[test]
fn a_spike_accounts_for_every_call() {
    let directory = tempfile::tempdir().unwrap();
    let json = directory.path().join("report.json");
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["spike", "--seconds", "2", "--calls", "200", "--json"])
        .arg(&json)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = std::fs::read(&json).unwrap_or_else(|_| panic!("no report: {said}"));
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
    let stretches = report["stretches"].as_array().unwrap();
    let instances: Vec<_> = stretches.iter().map(|stretch| &stretch["instances"]).collect();
    assert_eq!(instances, [2, 2, 3, 4, 4, 3, 2]);
    for stretch in stretches {
        let count = |what: &str| stretch[what].as_u64().unwrap();
        let ends = ["accepted", "shed", "untold", "failed"].map(count);
        assert_eq!(ends.iter().sum::<u64>(), count("offered"), "{stretch}");
        assert!(count("accepted") > 0, "{stretch}");
    }
    assert!(report["sustained"][1].as_f64() > report["sustained"][0].as_f64());
    assert_eq!(report["verdicts"].as_array().map(Vec::len), Some(6));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("p99 of calls accepted at once in the spike"), "{text}");
}
