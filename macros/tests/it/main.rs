//! The attributes, judged by what the compiler says: one mistake a file.

#[test]
fn each_mistake_is_one_error_that_says_the_fix() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

#[test]
fn what_is_right_compiles() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/pass/*.rs");
}
