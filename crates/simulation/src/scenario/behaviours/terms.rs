//! The terms of behaviours, each a function of what a member sees, who it is, and what happens.

/// What a term may look at. Everything is 0 in the DAO's ordinary state but who the member is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct State {
    /// Share for less share against of the tally so far, from its mean over the DAO's ballots.
    pub lead: f64,
    /// How open the outcome is, from its mean.
    pub open: f64,
    /// How contested it is, from its mean.
    pub contested: f64,
    /// 1 where the side for leads in the second half of the window and misses the quorum, and the ballot would be for.
    pub short: f64,
    /// 1 where the side for leads and a quorum is met.
    pub met: f64,
    /// Side of the three largest ballots so far, from its mean; 0 for the three most powerful.
    pub whales: f64,
    /// Side of the ten most powerful, from its mean; 0 for themselves.
    pub delegates: f64,
    /// Logarithm of the load of proposals, from its mean.
    pub load: f64,
    /// Sum of the logarithms of the factors below 1 that conditions put on the member's turnout.
    pub discouraged: f64,
    /// Logarithm of the part of the chance that fees leave.
    pub fee: f64,
    /// Sum of sensitivity x logarithm of the price factor, over falls.
    pub fall: f64,
    /// Share of the price that is lost, and the doubt that news sow.
    pub doubt: f64,
    /// Logarithm of the price offered for the member's vote over its reservation price; 0 where lower.
    pub pay: f64,
    /// Share of recent proposals that the member voted on.
    pub habit: f64,
    /// Logarithm of the member's odds of being for, from the DAO's.
    pub leaning: f64,
    /// Years since the member's first ballot, from their mean.
    pub years: f64,
    /// 1 - e^-(days since the member's last ballot / 90).
    pub silence: f64,
}

pub(super) fn apathy(state: &State) -> f64 {
    (1.0 - state.habit) * state.discouraged
}

pub(super) fn cost(state: &State) -> f64 {
    state.fee
}

pub(super) fn duty(state: &State) -> f64 {
    -state.habit * state.discouraged
}

pub(super) fn pivotality(state: &State) -> f64 {
    state.open
}

pub(super) fn quorum_effort(state: &State) -> f64 {
    state.short
}

pub(super) fn relief(state: &State) -> f64 {
    -state.met
}

pub(super) fn ideology(state: &State) -> f64 {
    state.leaning
}

pub(super) fn herding(state: &State) -> f64 {
    state.lead
}

pub(super) fn whale_cue(state: &State) -> f64 {
    state.whales
}

pub(super) fn delegate_cue(state: &State) -> f64 {
    state.delegates
}

pub(super) fn status_quo(state: &State) -> f64 {
    -state.doubt
}

pub(super) fn loss_aversion(state: &State) -> f64 {
    state.fall
}

pub(super) fn vote_selling(state: &State) -> f64 {
    state.pay
}

pub(super) fn attention(state: &State) -> f64 {
    -state.load
}

pub(super) fn decline(state: &State) -> f64 {
    -state.years
}

pub(super) fn reactivation(state: &State) -> f64 {
    state.silence * state.contested
}
