//! The versions of an entity as a watcher is told them: in order, each once, without a hole.

use bodybroker_runtime::{Result, Status};
use bodybroker_state_manager::v1::EntityUpdated;

/// Which version comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sequence(Option<u64>);

impl Sequence {
    /// Begins with a version, or with whatever comes first. The first version of all stands for that, too.
    pub(crate) fn begin(from: Option<u64>) -> Self {
        Self(from.filter(|from| *from > 1))
    }

    /// What to tell of a record: nothing when it comes before the next version.
    ///
    /// # Errors
    /// `DATA_LOSS` when the next version is gone: the watcher was so slow that it is no longer kept.
    pub(crate) fn tell(&mut self, record: EntityUpdated) -> Option<Result<EntityUpdated>> {
        let (next, version) = (self.0.unwrap_or(record.version), record.version);
        if version < next {
            return None;
        }
        if version > next {
            return Some(Err(Status::data_loss(format!(
                "version {next} of `{}` is no longer kept; read it and watch from there",
                record.entity_id
            ))));
        }
        self.0 = Some(version + 1);
        Some(Ok(record))
    }
}

#[cfg(test)]
mod tests {
    use bodybroker_runtime::Code;

    use super::*;

    fn told(from: Option<u64>, versions: &[u64]) -> Vec<Result<u64, Code>> {
        let mut sequence = Sequence::begin(from);
        let record = |version| EntityUpdated { version, ..EntityUpdated::default() };
        let told = versions.iter().filter_map(|version| sequence.tell(record(*version)));
        told.map(|told| told.map(|record| record.version).map_err(|status| status.code())).collect()
    }

    #[test]
    fn versions_come_in_order_and_once() {
        assert_eq!(told(None, &[4, 5, 5, 6]), [Ok(4), Ok(5), Ok(6)]);
        assert_eq!(told(Some(1), &[4, 5]), [Ok(4), Ok(5)]);
    }

    #[test]
    fn versions_before_the_one_asked_for_are_left_out() {
        assert_eq!(told(Some(6), &[4, 5, 6, 7]), [Ok(6), Ok(7)]);
    }

    #[test]
    fn a_hole_is_a_failure_not_a_leap() {
        assert_eq!(told(None, &[4, 6]), [Ok(4), Err(Code::DataLoss)]);
        assert_eq!(told(Some(6), &[7]), [Err(Code::DataLoss)]);
    }
}
