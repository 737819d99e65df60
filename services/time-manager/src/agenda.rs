//! The plans of one world, and whose turn it is.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bodybroker_runtime::store::{Change, Entry};
use bodybroker_time_manager::v1::ScheduledAction;

use crate::convert::duration;

/// Firings of all plans of a world in one turn: few enough for a tick. What is left has its turn with the next ticks.
pub(crate) const FIRINGS_PER_TURN_MAX: usize = 128;

/// The plans of one world, by key.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    plans: BTreeMap<String, Entry<ScheduledAction>>,
    /// Those that can't be fired, until they are replaced.
    aside: BTreeSet<String>,
    /// The one that had its turn last.
    served: Option<String>,
}

impl Agenda {
    /// Takes down what has become of a plan of the world.
    pub(crate) fn note(&mut self, world_id: &str, change: Change<ScheduledAction>) {
        match change {
            Change::Put(entry) if entry.value.world_id == world_id => {
                self.aside.remove(&entry.key);
                self.plans.insert(entry.key.clone(), entry);
            }
            Change::Deleted { key, .. } => {
                self.aside.remove(&key);
                self.plans.remove(&key);
            }
            Change::Put(_) | Change::Current => {}
        }
    }

    /// Who is due, beginning behind the one that had its turn last, and how often each may fire.
    pub(crate) fn turn(&self, game_time: Duration) -> (Vec<String>, usize) {
        let is_due = |entry: &Entry<ScheduledAction>| duration(entry.value.due) <= game_time;
        let due =
            self.plans.iter().filter(|(key, entry)| !self.aside.contains(*key) && is_due(entry));
        let mut due: Vec<_> = due.map(|(key, _)| key.clone()).collect();
        let served = |key: &String| self.served.as_ref().is_some_and(|last| key <= last);
        let next = due.partition_point(served);
        due.rotate_left(next);
        let share = FIRINGS_PER_TURN_MAX / due.len().max(1);
        due.truncate(FIRINGS_PER_TURN_MAX);
        (due, share.max(1))
    }

    /// Gives a plan its turn.
    pub(crate) fn serve(&mut self, key: String) -> Option<&Entry<ScheduledAction>> {
        let entry = self.plans.get(&key);
        self.served = Some(key);
        entry
    }

    /// Passes by, from now on, the plan that had its turn last.
    pub(crate) fn set_aside(&mut self) {
        self.aside.extend(self.served.clone());
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use bodybroker_runtime::field::of_duration;

    use super::*;

    const WORLD: &str = "overworld";

    fn put(key: usize, due: u64) -> Change<ScheduledAction> {
        let due = Some(of_duration(Duration::from_secs(due)));
        Change::Put(Entry {
            key: format!("{key:04}"),
            value: ScheduledAction { world_id: WORLD.into(), due, ..ScheduledAction::default() },
            revision: 1,
            time: SystemTime::UNIX_EPOCH,
        })
    }

    fn agenda(due: usize) -> Agenda {
        let mut agenda = Agenda::default();
        (0..due).for_each(|key| agenda.note(WORLD, put(key, 10)));
        agenda
    }

    fn turn(agenda: &mut Agenda) -> (Vec<String>, usize) {
        let (keys, share) = agenda.turn(Duration::from_secs(10));
        for key in &keys {
            assert!(agenda.serve(key.clone()).is_some());
        }
        (keys, share)
    }

    #[test]
    fn a_turn_is_bounded_however_many_are_due() {
        for due in [0, 1, 3, FIRINGS_PER_TURN_MAX, 1_000] {
            let (keys, share) = turn(&mut agenda(due));
            assert_eq!(keys.len(), due.min(FIRINGS_PER_TURN_MAX));
            assert!(keys.len() * share <= FIRINGS_PER_TURN_MAX, "{due} are due");
        }
    }

    #[test]
    fn everybody_has_a_turn_before_anybody_has_two() {
        let mut agenda = agenda(2 * FIRINGS_PER_TURN_MAX + 10);
        let mut served = BTreeSet::new();
        for _ in 0..2 {
            assert!(turn(&mut agenda).0.into_iter().all(|key| served.insert(key)));
        }
        let (last, _) = turn(&mut agenda);
        assert_eq!(last.iter().filter(|key| !served.contains(*key)).count(), 10);
    }

    #[test]
    fn what_is_not_due_or_of_another_world_has_no_turn() {
        let mut agenda = agenda(1);
        agenda.note(WORLD, put(1, 11));
        agenda.note("elsewhere", put(2, 10));
        assert_eq!(turn(&mut agenda).0, ["0000"]);
    }

    #[test]
    fn what_is_set_aside_is_passed_by_until_it_is_replaced() {
        let mut agenda = agenda(1);
        turn(&mut agenda);
        agenda.set_aside();
        assert!(turn(&mut agenda).0.is_empty());
        agenda.note(WORLD, put(0, 10));
        assert_eq!(turn(&mut agenda).0, ["0000"]);
    }
}
