//! When to attack, from what was public before.

use daotwin_core::statistics::quantile;

/// Proposals that a forecast looks back on.
const LOOKED_BACK: usize = 10;

/// With how many proposals of its own a day of the week counts as much as all others.
const WEIGHT: f64 = 5.0;

/// Forecasts among which an attacker waits for a low one: the share below it.
const LOW: f64 = 0.1;

/// The size that is needed at the moment that an attacker chooses: in the second half of a run, the first proposal whose
/// forecast is among the lowest tenth of the first half's; the last one where there is none.
///
/// The forecast of what is needed is the mean logarithm of the ten proposals before, with what the weekday of its start has
/// differed by so far, shrunk towards nothing. Nothing of the proposal itself or of later ones enters. None where a run has
/// fewer than eight proposals that can be attacked.
pub(super) fn choose(sizes: &[f64], starts: &[i64]) -> Option<f64> {
    let known: Vec<(f64, i64)> =
        sizes.iter().copied().zip(starts.iter().copied()).filter(|(size, _)| !size.is_nan()).collect();
    if known.len() < 8 {
        return None;
    }
    let weekday = |start: i64| (start.div_euclid(86_400)).rem_euclid(7) as usize;
    let finite = |size: f64| size.is_finite().then(|| size.max(f64::MIN_POSITIVE).ln());
    let mut forecasts = Vec::with_capacity(known.len());
    let mut days = [(0.0_f64, 0.0_f64); 7];
    for (place, &(size, start)) in known.iter().enumerate() {
        let back: Vec<f64> = known[place.saturating_sub(LOOKED_BACK)..place]
            .iter()
            .filter_map(|(size, _)| finite(*size))
            .collect();
        let mean = back.iter().sum::<f64>() / back.len() as f64;
        let (sum, count) = days[weekday(start)];
        forecasts.push(mean + sum / (count + WEIGHT));
        if let Some(size) = finite(size).filter(|_| mean.is_finite()) {
            let day = &mut days[weekday(start)];
            *day = (day.0 + size - mean, day.1 + 1.0);
        }
    }
    let half = known.len() / 2;
    let learned: Vec<f64> =
        forecasts[..half].iter().copied().filter(|forecast| forecast.is_finite()).collect();
    let low = if learned.is_empty() { f64::NEG_INFINITY } else { quantile(&learned, LOW) };
    let chosen = (half..known.len()).find(|place| forecasts[*place] <= low).unwrap_or(known.len() - 1);
    Some(known[chosen].0)
}

#[cfg(test)]
mod test {
    use super::choose;

    /// On every second Sunday little is needed; the first Sunday of the second half is chosen, whatever comes later.
    #[test]
    fn a_weak_day_of_the_week_is_found_and_the_future_does_not_matter() {
        let starts: Vec<i64> = (0..70).map(|day| day * 86_400).collect();
        let mut sizes: Vec<f64> = (0..70).map(|day| if day % 7 == 3 { 10.0 } else { 100.0 }).collect();
        assert_eq!(choose(&sizes, &starts), Some(10.0));
        let place = (35..70).find(|day| day % 7 == 3).unwrap();
        sizes[place + 1..].iter_mut().for_each(|size| *size = 1.0);
        assert_eq!(choose(&sizes, &starts), Some(10.0), "what comes later is not known");
        sizes[place] = 500.0;
        assert_eq!(choose(&sizes, &starts), Some(500.0), "nor is the proposal itself");
    }

    #[test]
    fn short_runs_and_infinite_needs_are_no_trouble() {
        assert_eq!(choose(&[1.0; 7], &[0; 7]), None);
        let starts: Vec<i64> = (0..10).map(|day| day * 86_400).collect();
        assert_eq!(choose(&[f64::INFINITY; 10], &starts), Some(f64::INFINITY));
        assert_eq!(choose(&[f64::NAN; 10], &starts), None);
    }
}
