//! One JSON array. A fingerprint tells GitLab which finding of the last run this is; ours is another hash than buf's.

use super::Line;
use super::json::string;
use crate::check::violation::Span;

pub(super) fn render(lines: &[Line<'_>]) -> String {
    let issues: Vec<_> = lines.iter().map(issue).collect();
    format!("[{}]\n", issues.join(","))
}

fn issue(line: &Line<'_>) -> String {
    let what = format!(
        "\"description\":{},\"check_name\":{}",
        string(&line.violation.message),
        string(line.violation.rule)
    );
    let Span { start_line, start_column, end_line, end_column } = line.place;
    let path = line.path.as_ref().map(|path| format!("\"path\":{},", string(path)));
    let place = match line.path {
        Some(_) => format!(
            "\"begin\":{{\"line\":{start_line},\"column\":{start_column}}},\
             \"end\":{{\"line\":{end_line},\"column\":{end_column}}}"
        ),
        None => "\"begin\":{},\"end\":{}".to_owned(),
    };
    let rest = format!(
        "\"location\":{{{}\"positions\":{{{place}}}}},\"severity\":\"minor\"",
        path.unwrap_or_default()
    );
    let fingerprint = blake3::hash(format!("{what}{rest}").as_bytes());
    format!("{{{what},\"fingerprint\":\"{fingerprint}\",{rest}}}")
}
