use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn operation(client: u64, ask: Ask, answer: Answer, began: u64, ended: u64) -> Operation {
    let (began, ended) = (Duration::from_millis(began), Duration::from_millis(ended));
    Operation { key: "r".to_owned(), client, ask, answer, began, ended }
}

fn swap(expect: u64, to: u64) -> Ask {
    Ask::Swap { expect: (expect > 0).then_some(expect), to }
}

fn value(value: u64) -> Answer {
    Answer::Value((value > 0).then_some(value))
}

#[test]
fn operations_one_after_the_other_are_explained() {
    let history = [
        operation(1, Ask::Read, value(0), 0, 1),
        operation(1, swap(0, 1), Answer::Swapped, 2, 3),
        operation(2, swap(0, 2), Answer::Refused, 4, 5),
        operation(2, Ask::Read, value(1), 6, 7),
    ];
    check(&history).unwrap();
}

#[test]
fn a_lost_write_is_found() {
    let history = [
        operation(1, swap(0, 1), Answer::Swapped, 0, 1),
        operation(1, swap(1, 2), Answer::Swapped, 2, 3),
        operation(2, Ask::Read, value(1), 4, 5),
    ];
    let violation = check(&history).unwrap_err();
    assert_eq!((violation.stuck, violation.held), (history[2].clone(), Some(2)));
}

#[test]
fn two_winners_of_one_swap_are_found() {
    let history = [
        operation(1, swap(0, 1), Answer::Swapped, 0, 10),
        operation(2, swap(0, 2), Answer::Swapped, 0, 10),
    ];
    check(&history).unwrap_err();
}

#[test]
fn a_stale_read_is_found() {
    let history =
        [operation(1, swap(0, 1), Answer::Swapped, 0, 1), operation(2, Ask::Read, value(0), 2, 3)];
    check(&history).unwrap_err();
}

#[test]
fn a_refusal_without_a_reason_is_found() {
    let history = [
        operation(1, swap(0, 1), Answer::Swapped, 0, 1),
        operation(1, swap(1, 2), Answer::Refused, 2, 3),
        operation(2, Ask::Read, value(1), 4, 5),
    ];
    check(&history).unwrap_err();
}

#[test]
fn a_write_that_did_not_happen_and_is_read_is_found() {
    let history =
        [operation(1, swap(0, 1), Answer::Failed, 0, 1), operation(2, Ask::Read, value(1), 2, 3)];
    check(&history).unwrap_err();
}

#[test]
fn two_reads_that_disagree_about_the_order_are_found() {
    let history = [
        operation(1, swap(0, 1), Answer::Unknown, 0, 0),
        operation(2, Ask::Read, value(1), 1, 2),
        operation(3, Ask::Read, value(0), 3, 4),
    ];
    check(&history).unwrap_err();
}

#[test]
fn what_nobody_knows_of_may_happen_late_or_never() {
    let unknown = operation(1, swap(0, 1), Answer::Unknown, 0, 0);
    let not_yet = operation(2, Ask::Read, value(0), 5, 6);
    let then = operation(2, Ask::Read, value(1), 7, 8);
    check(&[unknown.clone(), not_yet.clone(), then]).unwrap();
    check(&[unknown, not_yet]).unwrap();
}

#[test]
fn overlapping_operations_may_happen_in_either_order() {
    let first = operation(1, swap(0, 1), Answer::Swapped, 0, 10);
    check(&[first.clone(), operation(2, Ask::Read, value(0), 0, 10)]).unwrap();
    check(&[first, operation(2, Ask::Read, value(1), 0, 10)]).unwrap();
}

#[test]
fn registers_are_judged_one_by_one() {
    let mut other = operation(1, swap(0, 1), Answer::Swapped, 2, 3);
    other.key = "other".to_owned();
    check(&[operation(1, swap(0, 1), Answer::Swapped, 0, 1), other]).unwrap();
}

/// What happens to a real register, at moments that a list decides: (client, moment, overlap, whether it's a read,
/// whether the answer is lost).
fn played(script: &[(u64, u64, bool, bool)]) -> Vec<Operation> {
    let (mut held, mut next) = (None, 1);
    let mut history = Vec::new();
    for (at, (client, slack, read, lost)) in (1_u64..).zip(script) {
        let moment = at * 10;
        let (ask, answer) = if *read {
            (Ask::Read, Answer::Value(held))
        } else {
            let expect = held;
            held = Some(next);
            next += 1;
            (Ask::Swap { expect, to: next - 1 }, Answer::Swapped)
        };
        let answer = if *lost { Answer::Unknown } else { answer };
        let (began, ended) = (moment.saturating_sub(*slack), moment + slack);
        history.push(operation(*client, ask, answer, began, ended));
    }
    history
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_a_register_did_is_explained(
        script in prop::collection::vec((0..5_u64, 0..60_u64, any::<bool>(), prop::bool::weighted(0.1)), 1..300)
    ) {
        prop_assert!(check(&played(&script)).is_ok());
    }

    #[test]
    fn a_read_of_something_older_than_its_beginning_is_found(
        script in prop::collection::vec((0..5_u64, 0..60_u64, any::<bool>(), Just(false)), 2..300)
    ) {
        let mut history = played(&script);
        let end = history.iter().map(|operation| operation.ended).max().unwrap_or_default();
        let swaps: Vec<_> = history.iter().filter_map(|o| match o.ask {
            Ask::Swap { expect, .. } => Some(expect),
            Ask::Read => None,
        }).collect();
        prop_assume!(!swaps.is_empty());
        let stale = swaps[swaps.len() / 2];
        let (began, ended) = (end + Duration::from_millis(1), end + Duration::from_millis(2));
        history.push(Operation {
            began,
            ended,
            ..operation(9, Ask::Read, Answer::Value(stale), 0, 0)
        });
        prop_assert!(check(&history).is_err());
    }
}
