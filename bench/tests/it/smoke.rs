use std::path::PathBuf;
use std::process::Command;

/// Cells that need nothing but the server; the old system's Python is not a test's business.
const CELLS: &str = "bare,raw,prost,prost-cores,micro,tonic,axum,ours,ours-ct,ours-cores,ours-meta,ours-stream,raw-stream,tonic-stream";

#[test]
fn every_cell_answers_its_calls_and_gives_figures() {
    let directory = tempfile::tempdir().unwrap();
    let json: PathBuf = directory.path().join("report.json");
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["rpc", "--kinds", CELLS, "--concurrency", "16", "--rounds", "1", "--round-ms", "50"])
        .args(["--no-counts", "--json"])
        .arg(&json)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    assert_eq!(report["absent"].as_array().map(Vec::len), Some(0), "{}", report["absent"]);
    let lines = report["lines"].as_array().unwrap();
    assert_eq!(lines.len(), CELLS.split(',').count());
    for line in lines {
        assert_eq!(line["failures"], 0, "{line}");
        assert!(line["calls_per_s"].as_f64().unwrap() > 0.0, "{line}");
        assert!(line["p50_us"].as_f64().unwrap() > 0.0, "{line}");
    }
    assert!(report["verdicts"].as_array().is_some_and(|verdicts| !verdicts.is_empty()));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("Targets") && text.contains("| ours "), "{text}");
}
