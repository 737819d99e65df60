use super::*;
use crate::check::violation::Violation;

fn violations() -> Vec<Violation> {
    let span = Span { start_line: 2, start_column: 9, end_line: 2, end_column: 12 };
    vec![
        Violation::nowhere("FILE_NO_DELETE", "File \"a.proto\" is gone."),
        Violation::new("FIELD_NAME", "b/c.proto", Some(span), "Use \"<x>\" & 'y'.")
            .about("acme.zoo.v1.Cage.bar")
            .help("rename it")
            .hurt(["acme.zoo.v1.ZooService calls it".to_owned()]),
        Violation::new("PACKAGE_DEFINED", "b/c.proto", None, "No package."),
    ]
}

fn drawn(format: Format) -> String {
    let text =
        |file: &str| (file == "b/c.proto").then(|| "message M {\n  int32 bar = 1;\n}\n".to_owned());
    render(format, &violations(), &Source { folder: "proto", text: &text })
}

#[test]
fn text_shows_the_line_who_is_hurt_and_the_fix() {
    insta::assert_snapshot!(drawn(Format::Text));
}

#[test]
fn json_is_one_object_a_line_without_a_path_where_nothing_remains() {
    insta::assert_snapshot!(drawn(Format::Json));
}

#[test]
fn reports_of_build_servers_are_those_of_buf() {
    let formats = [Format::GithubActions, Format::Junit, Format::Msvs, Format::GitlabCodeQuality];
    insta::assert_snapshot!(formats.map(drawn).join("\n"));
}
