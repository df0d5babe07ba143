//! What was done to the data, as the accountants are told it.

use crate::error::{Error, Result};

/// A mechanism, or several one after the other.
///
/// Neighbours differ by one member added or removed, and the query moves by at most 1 (or by the sensitivity
/// named) when that happens: divide the noise by the sensitivity where it is another. [`Event::RandomisedResponse`]
/// is local: there, neighbours are any two values of one member.
///
/// ```
/// use daotwin_privacy::accountant::{Event, pld};
/// // A thousand steps of DP-SGD, then one noisy count.
/// let training = Event::sampled_gaussian(0.01, 1.0).times(1000);
/// let all = training.and(Event::Gaussian { sigma: 8.0 });
/// let epsilon = pld::epsilon(&all, 1e-5)?;
/// assert!(epsilon.lower <= epsilon.upper && epsilon.upper < 1.001 * epsilon.lower);
/// # Ok::<(), daotwin_privacy::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Gaussian noise of deviation `sigma` on a query of L2 sensitivity 1.
    Gaussian {
        /// The deviation over the sensitivity.
        sigma: f64,
    },
    /// Laplace noise on a query of L1 sensitivity 1.
    Laplace {
        /// The scale over the sensitivity.
        scale: f64,
    },
    /// Discrete Gaussian noise on one integer that moves by at most `sensitivity`.
    DiscreteGaussian {
        /// The square root of the law's parameter.
        sigma: f64,
        /// How far the integer moves.
        sensitivity: u32,
    },
    /// Discrete Laplace noise on one integer that moves by at most `sensitivity`.
    DiscreteLaplace {
        /// The scale: probabilities are proportional to exp(-|x| / scale).
        scale: f64,
        /// How far the integer moves.
        sensitivity: u32,
    },
    /// One of `categories` values, kept or replaced so that each of the others is e^epsilon times less likely.
    RandomisedResponse {
        /// The loss of one answer.
        epsilon: f64,
        /// The number of possible answers.
        categories: u32,
    },
    /// A mechanism on a Poisson sample: each member takes part with this probability, independently. Batches
    /// cut from a shuffled list are another thing and cost more.
    Sampled {
        /// The probability.
        rate: f64,
        /// The mechanism; not randomised response, which has no other members to hide among.
        event: Box<Self>,
    },
    /// All of these, each free to depend on what came out before.
    Composed(Vec<Self>),
    /// The same event several times, each free to depend on what came out before.
    Repeated {
        /// The event.
        event: Box<Self>,
        /// How often.
        times: u64,
    },
}

impl Event {
    /// One step of DP-SGD: Gaussian noise of deviation `sigma` times the clipping norm on the sum of a Poisson
    /// sample's gradients.
    pub fn sampled_gaussian(rate: f64, sigma: f64) -> Self {
        Self::Sampled { rate, event: Box::new(Self::Gaussian { sigma }) }
    }

    /// This event so many times.
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self::Repeated { event: Box::new(self), times }
    }

    /// This event and another.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::Composed(vec![self, other])
    }
}

/// A mechanism without composition, ready for the accountants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Step {
    /// The probability of taking part; 1 without sampling.
    pub(super) rate: f64,
    pub(super) mechanism: Mechanism,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Mechanism {
    Gaussian { sigma: f64 },
    Laplace { scale: f64 },
    DiscreteGaussian { sigma: f64, sensitivity: u32 },
    DiscreteLaplace { scale: f64, sensitivity: u32 },
    RandomisedResponse { epsilon: f64, categories: u32 },
}

/// Different mechanisms that one account may list.
const MAX_STEPS: usize = 1000;

/// How often all mechanisms may run together.
const MAX_TIMES: u64 = 1_000_000_000;

/// The event as distinct steps and how often each is taken, in the order in which they first appear. Gaussians
/// without sampling become one: their precisions add up exactly.
pub(super) fn steps(event: &Event) -> Result<Vec<(Step, u64)>> {
    let mut found = Vec::new();
    collect(event, 1, &mut found)?;
    let mut precision = 0.0;
    found.retain(|&(step, times): &(Step, u64)| match step {
        Step { rate: 1.0, mechanism: Mechanism::Gaussian { sigma } } => {
            precision += times as f64 / (sigma * sigma);
            false
        }
        _ => times > 0 && step.rate > 0.0,
    });
    if precision > 0.0 {
        let sigma = precision.sqrt().recip();
        found.push((Step { rate: 1.0, mechanism: Mechanism::Gaussian { sigma } }, 1));
    }
    Ok(found)
}

fn collect(event: &Event, times: u64, found: &mut Vec<(Step, u64)>) -> Result<()> {
    match event {
        Event::Composed(events) => events.iter().try_for_each(|event| collect(event, times, found)),
        Event::Repeated { event, times: more } => {
            let times = times.checked_mul(*more).filter(|&times| times <= MAX_TIMES);
            collect(event, times.ok_or_else(too_often)?, found)
        }
        Event::Sampled { rate, event } => {
            within("rate", *rate, 0.0..=1.0, "0 to 1", "it is the chance of taking part")?;
            let mechanism = mechanism(event)?;
            if matches!(mechanism, Mechanism::RandomisedResponse { .. }) {
                return Err(unsampled());
            }
            if let Mechanism::Gaussian { sigma } = mechanism {
                let why = "with less noise a step hides nobody, and losses of hundreds have no use";
                within("sigma", sigma, 0.05..=1e9, "0.05 to 1e9 under sampling", why)?;
            }
            push(Step { rate: *rate, mechanism }, times, found)
        }
        simple => push(Step { rate: 1.0, mechanism: mechanism(simple)? }, times, found),
    }
}

fn push(step: Step, times: u64, found: &mut Vec<(Step, u64)>) -> Result<()> {
    let all = found.iter().try_fold(times, |sum, (_, times)| sum.checked_add(*times));
    if all.is_none_or(|all| all > MAX_TIMES) {
        return Err(too_often());
    }
    match found.iter().position(|(known, _)| *known == step) {
        Some(index) => found[index].1 += times,
        None if found.len() == MAX_STEPS => {
            return Err(Error::Parameter {
                name: "events",
                found: format!("over {MAX_STEPS} different ones"),
                allowed: "1,000 different mechanisms; equal ones count once",
                why: "each is composed by itself",
            });
        }
        None => found.push((step, times)),
    }
    Ok(())
}

fn too_often() -> Error {
    Error::Parameter {
        name: "times",
        found: "more".to_owned(),
        allowed: "1e9 mechanisms in all",
        why: "rounding errors grow with the number of compositions",
    }
}

fn unsampled() -> Error {
    Error::Parameter {
        name: "event",
        found: "under sampling".to_owned(),
        allowed: "a sampled `Gaussian`, `Laplace`, `DiscreteGaussian` or `DiscreteLaplace`",
        why: "only a single mechanism on the whole sample gains from sampling; put `Repeated` and `Composed` \
              around `Sampled`",
    }
}

fn mechanism(event: &Event) -> Result<Mechanism> {
    let noise = "it is the size of the noise over what one member moves";
    let whole = "it is how far one member moves the integer";
    let found = match *event {
        Event::Gaussian { sigma } => {
            within("sigma", sigma, 1e-3..=1e9, "0.001 to 1e9", noise)?;
            Mechanism::Gaussian { sigma }
        }
        Event::Laplace { scale } => {
            within("scale", scale, 0.01..=1e9, "0.01 to 1e9", noise)?;
            Mechanism::Laplace { scale }
        }
        Event::DiscreteGaussian { sigma, sensitivity } => {
            let why = "its values are summed one by one; wider noise follows the continuous law to 1e-9, so \
                       account for it as `Gaussian`";
            within("sigma", sigma, 0.1..=3e4, "0.1 to 30,000", why)?;
            let reach = f64::from(sensitivity) / sigma;
            within("sensitivity", reach, 1e-9..=100.0, "1 to 100 times sigma", whole)?;
            Mechanism::DiscreteGaussian { sigma, sensitivity }
        }
        Event::DiscreteLaplace { scale, sensitivity } => {
            within("scale", scale, 0.01..=1e9, "0.01 to 1e9", noise)?;
            within("sensitivity", f64::from(sensitivity), 1.0..=1e6, "1 to 1e6", whole)?;
            within("sensitivity", f64::from(sensitivity) / scale, 0.0..=100.0, "up to 100 scales", whole)?;
            Mechanism::DiscreteLaplace { scale, sensitivity }
        }
        Event::RandomisedResponse { epsilon, categories } => {
            let why = "below it every answer is noise, above it every answer is the truth";
            within("epsilon", epsilon, 1e-6..=50.0, "1e-6 to 50", why)?;
            let why = "with one category there is nothing to tell";
            within("categories", f64::from(categories), 2.0..=1e9, "2 to 1e9", why)?;
            Mechanism::RandomisedResponse { epsilon, categories }
        }
        Event::Sampled { .. } | Event::Composed(_) | Event::Repeated { .. } => return Err(unsampled()),
    };
    Ok(found)
}

/// Refuses a value outside a range; so is what is not a number.
pub(super) fn within(
    name: &'static str,
    value: f64,
    range: std::ops::RangeInclusive<f64>,
    allowed: &'static str,
    why: &'static str,
) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(Error::Parameter { name, found: value.to_string(), allowed, why })
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn equal_steps_are_counted_and_gaussians_become_one() {
        let sampled = Event::sampled_gaussian(0.1, 2.0);
        let event = Event::Composed(vec![
            sampled.clone().times(3),
            Event::Gaussian { sigma: 2.0 }.times(4),
            sampled.times(5).times(2),
            Event::Laplace { scale: 1.0 }.times(0),
        ]);
        let found = steps(&event).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].0.rate, found[0].1), (0.1, 13));
        assert_eq!(found[1], (Step { rate: 1.0, mechanism: Mechanism::Gaussian { sigma: 1.0 } }, 1));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let gaussian = Event::Gaussian { sigma: 1.0 };
        let sampled = |rate, event: &Event| Event::Sampled { rate, event: Box::new(event.clone()) };
        for (event, name) in [
            (Event::Gaussian { sigma: 0.0 }, "sigma"),
            (Event::Gaussian { sigma: f64::NAN }, "sigma"),
            (Event::sampled_gaussian(1.5, 1.0), "rate"),
            (Event::sampled_gaussian(0.5, 0.01), "sigma"),
            (sampled(0.1, &gaussian.clone().times(2)), "event"),
            (sampled(0.1, &Event::RandomisedResponse { epsilon: 1.0, categories: 2 }), "event"),
            (Event::DiscreteGaussian { sigma: 1e6, sensitivity: 1 }, "sigma"),
            (Event::DiscreteGaussian { sigma: 1.0, sensitivity: 0 }, "sensitivity"),
            (Event::RandomisedResponse { epsilon: 1.0, categories: 1 }, "categories"),
            (gaussian.times(1 << 20).times(1 << 20), "times"),
        ] {
            let message = steps(&event).unwrap_err().to_string();
            assert!(message.starts_with(&format!("`{name}` is ")), "{message}");
        }
    }
}
