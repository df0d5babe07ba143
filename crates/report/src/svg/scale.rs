//! Axes: where a value lies, and which values are written beside it.

use crate::calendar::{DAY, Moment, month_start};
use crate::number;
use daotwin_core::document::Scale;

/// A mark beside an axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    /// Where, in the axis's own unit.
    pub(crate) at: f64,
    /// What is written there.
    pub(crate) label: String,
}

/// A scaled axis.
#[derive(Debug, Clone)]
pub(crate) struct Ruler {
    scale: Scale,
    low: f64,
    high: f64,
    /// The labelled marks.
    pub(crate) ticks: Vec<Tick>,
    /// Marks without a label, on logarithmic axes.
    pub(crate) minor: Vec<f64>,
}

/// How an axis fits its values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fit {
    /// Whether zero must be on the axis.
    pub(crate) from_zero: bool,
    /// Whether the axis ends at labelled marks.
    pub(crate) to_ticks: bool,
    /// About how many labels there is room for.
    pub(crate) labels: usize,
}

impl Ruler {
    /// An axis for `values`; values that the scale cannot show are ignored. Without any, the axis shows 0 to 1
    /// (1 to 10 where it is logarithmic).
    pub(crate) fn new(scale: Scale, values: impl Iterator<Item = f64>, fit: Fit) -> Self {
        let (low, high) = values
            .filter_map(|value| usable(scale, value))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        let empty = low > high;
        match scale {
            Scale::Linear => Self::linear(if empty { (0.0, 1.0) } else { (low, high) }, fit),
            Scale::Log => Self::logarithmic(if empty { (1.0, 10.0) } else { (low, high) }, fit),
            Scale::Time => Self::calendar(if empty { (0.0, DAY as f64) } else { (low, high) }, fit),
        }
    }

    /// The position of a value between 0 (low end) and 1 (high end); none where the scale cannot show it.
    pub(crate) fn position(&self, value: f64) -> Option<f64> {
        let value = usable(self.scale, value)?;
        let share = if self.scale == Scale::Log {
            (value / self.low).log10() / (self.high / self.low).log10()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        share.is_finite().then(|| share.clamp(-0.001, 1.001))
    }

    /// The value from which bars grow.
    pub(crate) fn base(&self) -> f64 {
        if self.scale == Scale::Linear { 0.0_f64.clamp(self.low, self.high) } else { self.low }
    }

    fn linear((mut low, mut high): (f64, f64), fit: Fit) -> Self {
        if fit.from_zero || (low >= 0.0 && low < high * 0.4) {
            low = low.min(0.0);
            high = high.max(0.0);
        }
        if high - low <= high.abs().max(low.abs()) * 1e-9 {
            let pad = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
            (low, high) = if low == 0.0 { (0.0, pad) } else { (low - pad, high + pad) };
        }
        let step = nice_step((high - low) / fit.labels.max(1) as f64);
        if fit.to_ticks {
            low = (low / step + 1e-9).floor() * step;
            high = (high / step - 1e-9).ceil() * step;
        }
        let marks = multiples(low, high, step);
        let labels = linear_labels(&marks, step);
        let ticks = marks.into_iter().zip(labels).map(|(at, label)| Tick { at, label }).collect();
        Self { scale: Scale::Linear, low, high, ticks, minor: Vec::new() }
    }

    fn logarithmic((mut low, mut high): (f64, f64), fit: Fit) -> Self {
        let decades = (high / low).log10();
        if decades < 0.05 {
            low /= 1.5;
            high *= 1.5;
        } else if fit.to_ticks && decades > 1.5 {
            low = 10_f64.powf((low.log10() + 1e-9).floor());
            high = 10_f64.powf((high.log10() - 1e-9).ceil());
        } else {
            let pad = 10_f64.powf(decades * 0.02);
            low /= pad;
            high *= pad;
        }
        let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
        let within = |value: &f64| *value >= low * (1.0 - 1e-9) && *value <= high * (1.0 + 1e-9);
        let multiples_of_decades = |factors: &[f64]| -> Vec<f64> {
            (first..=last)
                .flat_map(|exponent| factors.iter().map(move |factor| factor * 10_f64.powi(exponent)))
                .filter(within)
                .collect()
        };
        let mut marks = multiples_of_decades(&[1.0]);
        if marks.len() < 3 {
            let finer = multiples_of_decades(&[1.0, 2.0, 5.0]);
            marks = if finer.len() > fit.labels + 1 { multiples_of_decades(&[1.0, 3.0]) } else { finer };
        }
        if marks.len() < 2 {
            let step = nice_step((high - low) / fit.labels.max(1) as f64);
            marks = multiples(low, high, step).into_iter().filter(|value| *value > 0.0).collect();
        }
        let stride = marks.len().div_ceil(fit.labels.max(2)).max(1);
        let minor = if last - first <= 6 {
            multiples_of_decades(&[2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0])
        } else {
            Vec::new()
        };
        let ticks = marks.into_iter().step_by(stride).map(|at| Tick { at, label: compact(at) }).collect();
        Self { scale: Scale::Log, low, high, ticks, minor }
    }

    fn calendar((mut low, mut high): (f64, f64), fit: Fit) -> Self {
        if high - low < 60.0 {
            (low, high) = (low - DAY as f64 / 2.0, high + DAY as f64 / 2.0);
        }
        let pad = (high - low) * 0.01;
        (low, high) = (low - pad, high + pad);
        let room = fit.labels.max(1) as f64;
        let days = (high - low) / DAY as f64;
        let hour = DAY / 24;
        let seconds =
            [60, 300, 900, 1800, hour, 3 * hour, 6 * hour, 12 * hour, DAY, 2 * DAY, 7 * DAY, 14 * DAY];
        let months = [1_i64, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000, 12_000];
        let ticks = if let Some(step) =
            seconds.into_iter().find(|step| days * DAY as f64 / *step as f64 <= room)
        {
            let label = |at: f64| {
                let moment = Moment::of(at);
                if step < DAY && moment.second != 0 { moment.clock() } else { day_label(moment) }
            };
            multiples(low, high, step as f64).into_iter().map(|at| Tick { at, label: label(at) }).collect()
        } else {
            let step = months.into_iter().find(|step| days / (*step as f64 * 30.4) <= room).unwrap_or(12_000);
            let start = Moment::of(low);
            let first = (start.year * 12 + start.month - 1).div_euclid(step) * step;
            (0..64)
                .map(|index| first + index * step)
                .map(|month| (month, month_start(0, month + 1) as f64))
                .filter(|(_, at)| *at >= low && *at <= high)
                .map(|(month, at)| {
                    let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
                    let label = if step >= 12 { format!("{year}") } else { format!("{year}-{month:02}") };
                    Tick { at, label }
                })
                .collect()
        };
        Self { scale: Scale::Time, low, high, ticks, minor: Vec::new() }
    }
}

/// A value as the scale can show it. Magnitudes are held where differences and ratios are still finite.
fn usable(scale: Scale, value: f64) -> Option<f64> {
    let value = value.is_finite().then_some(value)?;
    match scale {
        Scale::Linear => Some(value.clamp(-1e300, 1e300)),
        Scale::Log => (value > 0.0).then(|| value.clamp(1e-140, 1e140)),
        Scale::Time => Some(value.clamp(-62_135_596_800.0, 253_402_300_799.0)),
    }
}

/// The smallest of 1, 2, 2.5 and 5 times a power of ten that is at least `rough`.
fn nice_step(rough: f64) -> f64 {
    let power = 10_f64.powf(rough.log10().floor());
    let power = if power.is_finite() && power > 0.0 { power } else { 1.0 };
    [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= rough * (1.0 - 1e-9))
        .unwrap_or(power * 10.0)
}

fn multiples(low: f64, high: f64, step: f64) -> Vec<f64> {
    let first = (low / step - 1e-9).ceil();
    (0..64)
        .map(|index| (first + f64::from(index)) * step)
        .take_while(|value| *value <= high + step * 1e-9)
        .map(|value| if value == 0.0 { 0.0 } else { value })
        .collect()
}

/// Labels of equally spaced marks, all with the same unit and decimals.
fn linear_labels(marks: &[f64], step: f64) -> Vec<String> {
    let largest = marks.iter().fold(0.0_f64, |largest, mark| largest.max(mark.abs()));
    if largest >= 1e15 || (largest > 0.0 && largest < 1e-3) {
        return marks.iter().map(|mark| number::significant(*mark, 3)).collect();
    }
    let (unit, name) = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")]
        .into_iter()
        .find(|(unit, _)| largest >= *unit * if *unit == 1e3 { 10.0 } else { 1.0 } && step >= unit / 1000.0)
        .unwrap_or((1.0, ""));
    let step = step / unit;
    let decimals = (0..6).find(|decimals| {
        let scaled = step * 10_f64.powi(*decimals);
        (scaled - scaled.round()).abs() < 1e-6 * scaled.max(1.0) && scaled >= 0.999
    });
    let decimals = usize::try_from(decimals.unwrap_or(6)).unwrap_or(6);
    marks
        .iter()
        .map(|mark| if *mark == 0.0 { "0".to_owned() } else { number::fixed(mark / unit, decimals) + name })
        .collect()
}

/// A lone value in few characters: `20k`, `1M`, `0.05`, `10⁻⁷`.
fn compact(value: f64) -> String {
    for (unit, name) in [(1e15, ""), (1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")] {
        if value >= unit * 0.999_999 {
            let short = if name.is_empty() { value } else { value / unit };
            return number::significant(short, 3) + name;
        }
    }
    number::significant(value, 3)
}

fn day_label(moment: Moment) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = MONTHS[(moment.month - 1).clamp(0, 11) as usize];
    format!("{} {month} {:02}", moment.day, moment.year.rem_euclid(100))
}

#[cfg(test)]
mod test {
    use super::*;

    const FIT: Fit = Fit { from_zero: false, to_ticks: true, labels: 5 };

    fn labels(scale: Scale, values: &[f64]) -> Vec<String> {
        Ruler::new(scale, values.iter().copied(), FIT).ticks.into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn linear_marks_are_round_and_agree_in_decimals() {
        assert_eq!(labels(Scale::Linear, &[0.0, 1.0]), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(Scale::Linear, &[0.0, 48_000.0]), ["0", "10k", "20k", "30k", "40k", "50k"]);
        assert_eq!(labels(Scale::Linear, &[-1.0, 1.0]), ["−1.0", "−0.5", "0", "0.5", "1.0"]);
    }

    #[test]
    fn logarithmic_marks_are_decades() {
        assert_eq!(
            labels(Scale::Log, &[1.0, 90_000.0]),
            ["1", "10", "100", "1k", "10k", "100k"][..].iter().step_by(2).copied().collect::<Vec<_>>()
        );
        assert_eq!(labels(Scale::Log, &[0.002, 0.9]), ["0.001", "0.01", "0.1", "1"]);
    }

    #[test]
    fn time_marks_are_calendar_dates() {
        let years = [month_start(2020, 3) as f64, month_start(2024, 9) as f64];
        assert_eq!(labels(Scale::Time, &years), ["2021", "2022", "2023", "2024"]);
        let months = [month_start(2023, 1) as f64, month_start(2023, 5) as f64];
        assert_eq!(labels(Scale::Time, &months), ["2023-01", "2023-02", "2023-03", "2023-04", "2023-05"]);
        let days = [0.0, 3.0 * DAY as f64];
        assert_eq!(labels(Scale::Time, &days), ["1 Jan 70", "2 Jan 70", "3 Jan 70", "4 Jan 70"]);
    }

    #[test]
    fn no_values_and_extreme_values_still_give_an_axis() {
        let hostile: [&[f64]; 7] = [
            &[],
            &[f64::NAN, f64::INFINITY],
            &[0.0],
            &[5e-324, f64::MAX],
            &[f64::MIN, f64::MAX],
            &[1e16, 1e16 + 2.0],
            &[-1e-300, 1e-300],
        ];
        for scale in [Scale::Linear, Scale::Log, Scale::Time] {
            for values in hostile {
                for to_ticks in [true, false] {
                    let ruler = Ruler::new(scale, values.iter().copied(), Fit { to_ticks, ..FIT });
                    assert!(ruler.ticks.len() <= 64 && ruler.minor.len() <= 64);
                    for value in values {
                        assert!(ruler.position(*value).is_none_or(f64::is_finite));
                    }
                    for tick in ruler.ticks {
                        assert!(tick.at.is_finite() && !tick.label.contains("NaN"), "{tick:?}");
                    }
                }
            }
        }
    }
}
