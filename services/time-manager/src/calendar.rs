//! Game time as people in the game say it: years of four seasons of 30 days of 24 hours.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const SEASON: u64 = 30 * DAY;

/// Game seconds in a game year.
pub const YEAR_SECONDS: u64 = 4 * SEASON;

/// A date and a time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// From 1.
    pub year: u64,
    /// From 0, spring, to 3, winter.
    pub season: u8,
    /// From 1 to 30.
    pub day: u8,
    /// From 0 to 23.
    pub hour: u8,
    /// From 0 to 59.
    pub minute: u8,
}

impl Date {
    /// The date of a game time.
    #[must_use]
    pub fn of(game_time: Duration) -> Self {
        let seconds = game_time.as_secs();
        Self {
            year: seconds / YEAR_SECONDS + 1,
            season: below(seconds / SEASON, 4),
            day: below(seconds / DAY, 30) + 1,
            hour: below(seconds / HOUR, 24),
            minute: below(seconds / MINUTE, 60),
        }
    }
}

fn below(count: u64, limit: u8) -> u8 {
    u8::try_from(count % u64::from(limit)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_world_begins_on_the_first_spring_morning() {
        let date = Date::of(Duration::ZERO);
        assert_eq!(date, Date { year: 1, season: 0, day: 1, hour: 0, minute: 0 });
    }

    #[test]
    fn the_last_minute_of_a_year_is_followed_by_the_next_year() {
        let last = Date::of(Duration::from_secs(YEAR_SECONDS - 1));
        assert_eq!(last, Date { year: 1, season: 3, day: 30, hour: 23, minute: 59 });
        let next = Date::of(Duration::from_secs(YEAR_SECONDS));
        assert_eq!(next, Date { year: 2, season: 0, day: 1, hour: 0, minute: 0 });
    }

    proptest! {
        #[test]
        fn a_later_time_has_no_earlier_date(first in 0..1_000_000_000_u64, more in 0..1_000_000_000_u64) {
            prop_assert!(Date::of(Duration::from_secs(first)) <= Date::of(Duration::from_secs(first + more)));
        }
    }
}
