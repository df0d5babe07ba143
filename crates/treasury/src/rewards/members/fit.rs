//! Fits the model to records of activity.

use serde::Serialize;

use super::activity::Activity;
use super::joining::Joining;
use super::likelihood::Records;
use super::model::{NAMES, Parameters};
use super::optimise::{covariance, minimise};
use crate::{Error, Result};

/// What the parameters are taken to be before the records are seen: centre and standard deviation in the order of [`NAMES`].
/// They are wide; they keep finite what records of few members do not tell.
const PRIORS: [(f64, f64); 11] = [
    (1.0, 3.0),
    (0.0, 1.0),
    (-0.3, 1.0),
    (0.5, 0.75),
    (0.3, 1.0),
    (-1.5, 2.0),
    (0.0, 1.0),
    (0.5, 2.0),
    (-1.5, 2.0),
    (0.0, 1.0),
    (-1.5, 2.0),
];

/// The model as fitted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fit {
    /// What members have in common.
    pub parameters: Parameters,
    /// How many join.
    pub joining: Joining,
    /// Standard errors of [`Parameters::free`], from the curvature at the fit; none where it is not one of a maximum.
    pub errors: Option<[f64; 11]>,
    /// The records' log likelihood.
    pub log_likelihood: f64,
    /// Members of the records.
    pub members: usize,
    /// Periods of the records.
    pub periods: u32,
}

/// Fits records: parameters by maximum likelihood under weak priors, exact on the grid (`likelihood`), joiners by their
/// own likelihood. Of a community that was not watched from its beginning the first period's members are no joiners.
///
/// # Errors
/// Fewer than 20 members, 4 periods, or 10 returns of a member in a later period.
pub fn fit(activity: &Activity) -> Result<Fit> {
    let mut problems = Vec::new();
    let members = activity.members.len();
    if members < 20 {
        problems.push(format!("activity: {members} members; 20 at least tell something of how they differ"));
    }
    if activity.periods < 4 {
        problems
            .push(format!("activity: {} periods; 4 at least tell something of who stays", activity.periods));
    }
    let returns: usize = activity.members.iter().map(|own| own.len().saturating_sub(1)).sum();
    if returns < 10 {
        problems.push(format!(
            "activity: {returns} returns of a member in a later period; 10 at least are needed"
        ));
    }
    let joins = activity.joining();
    let joins = if activity.from_beginning { &joins[..] } else { joins.get(1..).unwrap_or_default() };
    let joining = Joining::fit(joins);
    if joining.is_none() && problems.is_empty() {
        problems.push("activity: nobody joins after the first period; take more periods".to_owned());
    }
    let Some(joining) = joining.filter(|_| problems.is_empty()) else {
        return Err(Error::Parameters { problems });
    };
    let records = Records::new(activity);
    let as_free = |free: &[f64]| {
        let mut own = [0.0; NAMES.len()];
        own.copy_from_slice(free);
        Parameters::of_free(&own)
    };
    let objective = |free: &[f64]| {
        let prior: f64 = PRIORS
            .iter()
            .zip(free)
            .map(|((centre, spread), free)| ((free - centre) / spread).powi(2) / 2.0)
            .sum();
        prior - records.log_likelihood(&as_free(free))
    };
    let start: Vec<f64> = PRIORS.iter().map(|prior| prior.0).collect();
    let found = minimise(objective, &start, 200);
    let parameters = as_free(&found.place);
    let errors = covariance(objective, &found.place).map(|covariance| {
        let mut errors = [0.0; NAMES.len()];
        for (axis, error) in errors.iter_mut().enumerate() {
            *error = covariance[axis * NAMES.len() + axis].sqrt();
        }
        errors
    });
    Ok(Fit {
        parameters,
        joining,
        errors,
        log_likelihood: records.log_likelihood(&parameters),
        members,
        periods: activity.periods,
    })
}
