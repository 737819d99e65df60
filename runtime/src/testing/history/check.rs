//! Whether a history is linearizable: whether each operation could have happened at one moment between its beginning
//! and its end.
//!
//! The search is Wing and Gong's ("Testing and verifying concurrent objects", 1993) with Lowe's memory of what was
//! tried before ("Testing for linearizability", 2017). Registers are judged one by one, which loses nothing (Herlihy
//! and Wing, 1990).

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::time::Duration;

use super::{Answer, Ask, Operation};

/// A register that can't have told what clients heard.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// The register.
    pub key: String,
    /// The operation that nothing explains, in the longest explanation of what came before.
    pub stuck: Operation,
    /// What the register held by then.
    pub held: Option<u64>,
    /// Operations that were explained.
    pub explained: usize,
}

/// Judges every register of a history.
///
/// # Errors
/// The first register that no order of its operations explains.
pub fn check(history: &[Operation]) -> Result<(), Box<Violation>> {
    let mut registers: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    for operation in history {
        if is_telling(operation) {
            registers.entry(&operation.key).or_default().push(operation);
        }
    }
    registers.into_values().try_for_each(register)
}

/// Whether an operation can contradict anything.
fn is_telling(operation: &Operation) -> bool {
    match (operation.ask, operation.answer) {
        (_, Answer::Failed) | (Ask::Read, Answer::Unknown) => false,
        (Ask::Read | Ask::Swap { .. }, _) => true,
    }
}

/// What happens at a moment of the history.
#[derive(Debug, Clone, Copy)]
enum Moment {
    Begin(usize),
    End(usize),
}

/// What was assumed to happen, and what the register held before.
struct Step {
    operation: usize,
    held: Held,
}

/// What a register holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Held(Option<u64>);

fn register(mut operations: Vec<&Operation>) -> Result<(), Box<Violation>> {
    operations.sort_by_key(|operation| operation.began);
    let moments = moments(&operations);
    let known = operations.iter().filter(|operation| is_known(operation)).count();
    let mut list = List::new(&moments);
    let mut happened = Set::new(operations.len());
    let mut tried = HashSet::new();
    let mut steps: Vec<Step> = Vec::new();
    let (mut held, mut explained) = (Held(None), 0);
    let mut worst: Option<(usize, Violation)> = None;
    let mut at = list.first();
    while explained < known {
        let moment = at.map(|at| (at, moments[at]));
        if let Some((place, Moment::Begin(operation))) = moment {
            let next = apply(operations[operation], held);
            let fresh = next.is_some_and(|next| {
                happened.insert(operation);
                let fresh = tried.insert((happened.clone(), next));
                happened.remove(operation);
                fresh
            });
            if let (Some(next), true) = (next, fresh) {
                happened.insert(operation);
                explained += usize::from(is_known(operations[operation]));
                steps.push(Step { operation, held });
                held = next;
                list.lift(operation);
                at = list.first();
            } else {
                at = list.after(place);
            }
            continue;
        }
        // Whoever ends here can't have happened in time: one of the assumptions was wrong.
        if let Some((_, Moment::End(operation))) = moment
            && worst.as_ref().is_none_or(|(most, _)| explained > *most)
        {
            let stuck = operations[operation].clone();
            let key = stuck.key.clone();
            worst = Some((explained, Violation { key, stuck, held: held.0, explained }));
        }
        let Some(step) = steps.pop() else {
            return worst.map_or(Ok(()), |(_, violation)| Err(Box::new(violation)));
        };
        let Step { operation, held: before } = step;
        held = before;
        happened.remove(operation);
        explained -= usize::from(is_known(operations[operation]));
        list.restore(operation);
        at = list.after(list.begin_of(operation));
    }
    Ok(())
}

/// Whether an operation must have happened. What nobody knows of may have happened at any time since, or never.
fn is_known(operation: &Operation) -> bool {
    operation.answer != Answer::Unknown
}

/// What a register holds after an operation; `None` when it could not have answered so.
fn apply(operation: &Operation, held: Held) -> Option<Held> {
    match (operation.ask, operation.answer) {
        (Ask::Read, Answer::Value(value)) => (value == held.0).then_some(held),
        (Ask::Swap { expect, to }, Answer::Swapped | Answer::Unknown) => {
            (expect == held.0).then_some(Held(Some(to)))
        }
        (Ask::Swap { expect, .. }, Answer::Refused) => (expect != held.0).then_some(held),
        (Ask::Read | Ask::Swap { .. }, _) => None,
    }
}

/// The beginnings and ends in their order. Where both come at one time, the beginning is first: the two may overlap.
fn moments(operations: &[&Operation]) -> Vec<Moment> {
    let mut moments: Vec<(Duration, u8, Moment)> = Vec::new();
    for (index, operation) in operations.iter().enumerate() {
        moments.push((operation.began, 0, Moment::Begin(index)));
        if is_known(operation) {
            moments.push((operation.ended, 1, Moment::End(index)));
        }
    }
    moments.sort_by_key(|(time, kind, _)| (*time, *kind));
    moments.into_iter().map(|(_, _, moment)| moment).collect()
}

/// The moments that are not explained yet, as a list whose links are places.
struct List {
    next: Vec<usize>,
    previous: Vec<usize>,
    begin: Vec<usize>,
    end: Vec<Option<usize>>,
}

impl List {
    fn new(moments: &[Moment]) -> Self {
        let count = moments.len();
        // Place `count` is the ring's head.
        let next = (0..=count).map(|at| (at + 1) % (count + 1)).collect();
        let previous = (0..=count).map(|at| (at + count) % (count + 1)).collect();
        let operations = moments.iter().filter(|m| matches!(m, Moment::Begin(_))).count();
        let (mut begin, mut end) = (vec![0; operations], vec![None; operations]);
        for (place, moment) in moments.iter().enumerate() {
            match moment {
                Moment::Begin(operation) => begin[*operation] = place,
                Moment::End(operation) => end[*operation] = Some(place),
            }
        }
        Self { next, previous, begin, end }
    }

    fn head(&self) -> usize {
        self.next.len() - 1
    }

    fn first(&self) -> Option<usize> {
        self.after(self.head())
    }

    fn after(&self, place: usize) -> Option<usize> {
        Some(self.next[place]).filter(|next| *next != self.head())
    }

    fn begin_of(&self, operation: usize) -> usize {
        self.begin[operation]
    }

    /// Takes an operation out.
    fn lift(&mut self, operation: usize) {
        for place in [Some(self.begin[operation]), self.end[operation]].into_iter().flatten() {
            let (before, after) = (self.previous[place], self.next[place]);
            self.next[before] = after;
            self.previous[after] = before;
        }
    }

    /// Puts the operation back that was taken out last.
    fn restore(&mut self, operation: usize) {
        for place in [self.end[operation], Some(self.begin[operation])].into_iter().flatten() {
            let (before, after) = (self.previous[place], self.next[place]);
            self.next[before] = place;
            self.previous[after] = place;
        }
    }
}

/// A set of operations.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Set(Vec<u64>);

impl Set {
    fn new(size: usize) -> Self {
        Self(vec![0; size.div_ceil(64)])
    }

    fn insert(&mut self, operation: usize) {
        self.0[operation / 64] |= 1 << (operation % 64);
    }

    fn remove(&mut self, operation: usize) {
        self.0[operation / 64] &= !(1 << (operation % 64));
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, stuck, held, explained } = self;
        let Operation { client, ask, answer, began, ended, key: _ } = stuck;
        write!(
            f,
            "register {key}: after {explained} operations it holds {held:?}, and client {client} is told {answer:?} \
             for {ask:?} from {began:?} to {ended:?}"
        )
    }
}

#[cfg(test)]
mod tests;
