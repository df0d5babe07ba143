//! Seconds since 1970 as dates of the proleptic Gregorian calendar, in UTC.

/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;

/// A date and the seconds since its midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) year: i64,
    /// 1 to 12.
    pub(crate) month: i64,
    /// 1 to 31.
    pub(crate) day: i64,
    pub(crate) second: i64,
}

impl Moment {
    /// The date of a time, held within the years 1 to 9999.
    pub(crate) fn of(seconds: f64) -> Self {
        let seconds = seconds.clamp(-62_135_596_800.0, 253_402_300_799.0) as i64;
        let second = seconds.rem_euclid(DAY);
        // Days are counted from 1 March of year 0, so that the leap day is the last of its year; eras are
        // the 400-year cycles after which the calendar repeats.
        let days = seconds.div_euclid(DAY) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self { year, month, day, second }
    }

    /// `2023-04-01`, with `06:00` where the time is not midnight.
    pub(crate) fn iso(self) -> String {
        let date = format!("{:04}-{:02}-{:02}", self.year, self.month, self.day);
        if self.second == 0 { date } else { format!("{date} {}", self.clock()) }
    }

    /// `06:00`, with seconds where there are any.
    pub(crate) fn clock(self) -> String {
        let (hour, minute, second) = (self.second / 3600, self.second / 60 % 60, self.second % 60);
        if second == 0 {
            format!("{hour:02}:{minute:02}")
        } else {
            format!("{hour:02}:{minute:02}:{second:02}")
        }
    }
}

/// Seconds since 1970 at the first instant of a month; months beyond 12 run on into later years.
pub(crate) fn month_start(year: i64, month: i64) -> i64 {
    let year = year + (month - 1).div_euclid(12);
    let month = (month - 1).rem_euclid(12) + 1;
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let shifted_month = (month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era - 719_468) * DAY
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn dates_agree_with_known_ones() {
        assert_eq!(Moment::of(0.0).iso(), "1970-01-01");
        assert_eq!(Moment::of(951_782_400.0).iso(), "2000-02-29");
        assert_eq!(Moment::of(1_700_000_000.0).iso(), "2023-11-14 22:13:20");
        assert_eq!(Moment::of(-1.0).iso(), "1969-12-31 23:59:59");
        assert_eq!(Moment::of(f64::MAX).iso(), "9999-12-31 23:59:59");
    }

    #[test]
    fn months_start_where_their_dates_say() {
        for year in 1890..2110 {
            for month in 1..=12 {
                let moment = Moment::of(month_start(year, month) as f64);
                assert_eq!(moment, Moment { year, month, day: 1, second: 0 });
            }
        }
        assert_eq!(month_start(2023, 13), month_start(2024, 1));
    }
}
