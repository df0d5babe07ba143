//! Lido's dual governance: holders of stETH can delay what the DAO decides, and leave before it takes effect.
//!
//! Support is the share of stETH locked in the signalling escrow, in parts of 10^18 rounded down. The DAO's proposals can
//! be scheduled in the normal state; from the first seal of support on (1 %) the state is veto signalling, which lasts a
//! time that grows linearly to its maximum at the second seal (10 %); kept up there so long it becomes a rage quit, in which
//! what is locked leaves; else it winds down through deactivation and a cooldown.
//!
//! Each duration has passed where now > start + duration, strictly. A step makes one transition at most, as in the
//! original, where every call to the contract makes one.

mod decide;
#[cfg(test)]
mod test;

use serde::{Deserialize, Serialize};

pub use decide::DualGovernance;

use super::Amount;
use super::lifecycle::Revert;

/// 100 % of support.
pub const WHOLE: u64 = 1_000_000_000_000_000_000;

/// The parameters of the state machine. Support in parts of 10^18, all else in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Support that begins veto signalling, inclusive.
    pub first_seal: u64,
    /// Support that can bring a rage quit, inclusive.
    pub second_seal: u64,
    /// How long what is locked stays locked at the least.
    pub min_assets_lock: u64,
    /// Veto signalling at the first seal.
    pub veto_signalling_min: u64,
    /// Veto signalling at the second seal.
    pub veto_signalling_max: u64,
    /// Veto signalling at the least after it began or began anew.
    pub veto_signalling_min_active: u64,
    /// Deactivation at the most.
    pub deactivation_max: u64,
    /// The cooldown.
    pub veto_cooldown: u64,
    /// The rage quit's extension, after all withdrawals are claimed.
    pub rage_quit_extension: u64,
    /// The wait for ether in the first rage quit, without the growth.
    pub withdrawals_delay_min: u64,
    /// The longest wait.
    pub withdrawals_delay_max: u64,
    /// What each rage quit in a row adds.
    pub withdrawals_delay_growth: u64,
}

impl Settings {
    /// Those of the main network.
    pub const LIDO: Self = Self {
        first_seal: WHOLE / 100,
        second_seal: WHOLE / 10,
        min_assets_lock: 5 * 3_600,
        veto_signalling_min: 5 * 86_400,
        veto_signalling_max: 45 * 86_400,
        veto_signalling_min_active: 5 * 3_600,
        deactivation_max: 3 * 86_400,
        veto_cooldown: 5 * 3_600,
        rage_quit_extension: 7 * 86_400,
        withdrawals_delay_min: 60 * 86_400,
        withdrawals_delay_max: 180 * 86_400,
        withdrawals_delay_growth: 15 * 86_400,
    };

    /// What the original's validation refuses.
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        let mut check = |holds: bool, place, what: String| {
            if !holds {
                problems.push((place, what));
            }
        };
        check(
            self.second_seal <= WHOLE,
            "second_seal",
            format!("{} is above {WHOLE}, the whole", self.second_seal),
        );
        check(
            self.first_seal < self.second_seal,
            "first_seal",
            format!("{} is not below the second seal, {}", self.first_seal, self.second_seal),
        );
        check(
            self.veto_signalling_min < self.veto_signalling_max,
            "veto_signalling_min",
            format!("{} is not below the longest, {}", self.veto_signalling_min, self.veto_signalling_max),
        );
        check(
            self.withdrawals_delay_min <= self.withdrawals_delay_max,
            "withdrawals_delay_min",
            format!("{} is above the longest, {}", self.withdrawals_delay_min, self.withdrawals_delay_max),
        );
        check(self.min_assets_lock > 0, "min_assets_lock", "is zero".to_owned());
        problems
    }

    /// How long veto signalling lasts under a support: nothing below the first seal, the longest from the second on,
    /// between them min + floor((support - first) x (max - min) / (second - first)).
    pub fn veto_signalling(&self, support: u64) -> u64 {
        if support < self.first_seal {
            0
        } else if support >= self.second_seal {
            self.veto_signalling_max
        } else {
            let above = u128::from(support - self.first_seal);
            let range = u128::from(self.veto_signalling_max.saturating_sub(self.veto_signalling_min));
            let seals = u128::from(self.second_seal - self.first_seal);
            // Both factors are below 2^64, and the quotient is at most the range.
            let longer = u64::try_from(above * range / seals).unwrap_or(u64::MAX);
            self.veto_signalling_min.saturating_add(longer)
        }
    }

    /// How long the n-th rage quit in a row holds ether back after its extension: min + n x growth, at most the longest.
    pub fn withdrawals_delay(&self, round: u8) -> u64 {
        let growth = self.withdrawals_delay_growth.saturating_mul(round.into());
        self.withdrawals_delay_min.saturating_add(growth).min(self.withdrawals_delay_max)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::LIDO
    }
}

/// The support, in parts of 10^18 rounded down: what is locked and not yet withdrawn, and what is finalised, over the supply
/// and what is finalised.
///
/// # Errors
/// There is no supply, or the share is above 2^64.
pub fn support(locked: Amount, finalized: Amount, supply: Amount) -> Result<u64, Revert> {
    let part = locked.checked_add(finalized).ok_or(Revert::Overflow)?;
    let whole = supply.checked_add(finalized).ok_or(Revert::Overflow)?;
    let share = part.times(WHOLE.into(), whole.0).ok_or(Revert::Overflow)?;
    u64::try_from(share.0).map_err(|_| Revert::Overflow)
}

/// What the DAO may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Submit and schedule.
    Normal,
    /// Submit; nothing is scheduled.
    VetoSignalling,
    /// Nothing; support has fallen or was not kept up.
    VetoSignallingDeactivation,
    /// Schedule what was submitted before veto signalling began.
    VetoCooldown,
    /// Submit; nothing is scheduled until those who leave have left.
    RageQuit,
}

impl State {
    /// The name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::VetoSignalling => "veto_signalling",
            Self::VetoSignallingDeactivation => "veto_signalling_deactivation",
            Self::VetoCooldown => "veto_cooldown",
            Self::RageQuit => "rage_quit",
        }
    }
}

/// A rage quit under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct RageQuit {
    extension: u64,
    withdrawals_delay: u64,
    extension_started: Option<u64>,
}

/// The state machine.
#[derive(Debug, Clone)]
pub struct Machine {
    state: State,
    entered: u64,
    signalling_activated: u64,
    reactivated: u64,
    rounds: u8,
    rage_quit: Option<RageQuit>,
}

impl Machine {
    /// In the normal state.
    pub const fn new(second: u64) -> Self {
        Self {
            state: State::Normal,
            entered: second,
            signalling_activated: 0,
            reactivated: 0,
            rounds: 0,
            rage_quit: None,
        }
    }

    /// The state after the last step.
    pub const fn state(&self) -> State {
        self.state
    }

    /// When the state was entered.
    pub const fn entered(&self) -> u64 {
        self.entered
    }

    /// How many rage quits in a row there were.
    pub const fn rounds(&self) -> u8 {
        self.rounds
    }

    /// The state that a step would lead to now, `support` being that of the signalling escrow.
    pub fn next(&self, settings: &Settings, second: u64, support: u64) -> State {
        let passed = |start: u64, duration: u64| second > start.saturating_add(duration);
        let sealed = support >= settings.first_seal;
        let signalled = || passed(self.signalling_activated, settings.veto_signalling(support));
        match self.state {
            State::Normal => {
                if sealed {
                    State::VetoSignalling
                } else {
                    State::Normal
                }
            }
            State::VetoSignalling | State::VetoSignallingDeactivation if !signalled() => {
                State::VetoSignalling
            }
            State::VetoSignalling | State::VetoSignallingDeactivation if support >= settings.second_seal => {
                State::RageQuit
            }
            State::VetoSignalling => {
                let active_since = self.reactivated.max(self.signalling_activated);
                if passed(active_since, settings.veto_signalling_min_active) {
                    State::VetoSignallingDeactivation
                } else {
                    State::VetoSignalling
                }
            }
            State::VetoSignallingDeactivation => {
                if passed(self.entered, settings.deactivation_max) {
                    State::VetoCooldown
                } else {
                    State::VetoSignallingDeactivation
                }
            }
            State::VetoCooldown => match (passed(self.entered, settings.veto_cooldown), sealed) {
                (false, _) => State::VetoCooldown,
                (true, true) => State::VetoSignalling,
                (true, false) => State::Normal,
            },
            State::RageQuit => {
                let over = self.rage_quit.is_some_and(|quit| {
                    quit.extension_started.is_some_and(|started| passed(started, quit.extension))
                });
                match (over, sealed) {
                    (false, _) => State::RageQuit,
                    (true, true) => State::VetoSignalling,
                    (true, false) => State::VetoCooldown,
                }
            }
        }
    }

    /// Makes one step; whether a rage quit began, so that what is locked belongs to it and a new escrow is empty.
    pub fn step(&mut self, settings: &Settings, second: u64, support: u64) -> bool {
        let (from, to) = (self.state, self.next(settings, second, support));
        if from == to {
            return false;
        }
        (self.state, self.entered) = (to, second);
        match to {
            State::VetoCooldown => self.rounds = 0,
            State::VetoSignalling if from == State::VetoSignallingDeactivation => self.reactivated = second,
            State::VetoSignalling => self.signalling_activated = second,
            State::RageQuit => {
                self.rounds = self.rounds.saturating_add(1);
                self.rage_quit = Some(RageQuit {
                    extension: settings.rage_quit_extension,
                    withdrawals_delay: settings.withdrawals_delay(self.rounds),
                    extension_started: None,
                });
            }
            State::Normal | State::VetoSignallingDeactivation => {}
        }
        to == State::RageQuit
    }

    /// All withdrawals of the rage quit are claimed: its extension begins.
    ///
    /// # Errors
    /// There is no rage quit, or it has begun.
    pub fn start_extension(&mut self, second: u64) -> Result<(), Revert> {
        match &mut self.rage_quit {
            Some(quit @ RageQuit { extension_started: None, .. }) => {
                quit.extension_started = Some(second);
                Ok(())
            }
            _ => Err(Revert::Blocked),
        }
    }

    /// When those who left get their ether: after this second. None before the extension has begun.
    pub fn ether_after(&self) -> Option<u64> {
        let quit = self.rage_quit?;
        Some(quit.extension_started?.saturating_add(quit.extension).saturating_add(quit.withdrawals_delay))
    }

    /// Whether proposals may be submitted.
    pub const fn can_submit(&self) -> bool {
        !matches!(self.state, State::VetoSignallingDeactivation | State::VetoCooldown)
    }

    /// Whether a proposal submitted then may be scheduled.
    pub const fn can_schedule(&self, submitted: u64) -> bool {
        match self.state {
            State::Normal => true,
            State::VetoCooldown => submitted <= self.signalling_activated,
            _ => false,
        }
    }

    /// Whether the DAO may cancel all that is pending.
    pub const fn can_cancel(&self) -> bool {
        matches!(self.state, State::VetoSignalling | State::VetoSignallingDeactivation)
    }
}

/// What members have locked to signal, and since when.
#[derive(Debug, Clone, Default)]
pub struct Escrow {
    holdings: Vec<(Amount, u64)>,
    total: Amount,
}

impl Escrow {
    /// All that is locked.
    pub const fn total(&self) -> Amount {
        self.total
    }

    /// Locks more of a member's; the time it stays begins anew for all of it.
    ///
    /// # Errors
    /// [`Revert::Overflow`].
    pub fn lock(&mut self, member: u32, amount: Amount, second: u64) -> Result<(), Revert> {
        let member = member as usize;
        if member >= self.holdings.len() {
            self.holdings.resize(member + 1, (Amount::ZERO, 0));
        }
        self.total = self.total.checked_add(amount).ok_or(Revert::Overflow)?;
        let (held, since) = &mut self.holdings[member];
        *held = Amount(held.0.saturating_add(amount.0));
        *since = second;
        Ok(())
    }

    /// Gives back all of a member's.
    ///
    /// # Errors
    /// There is nothing, or it was locked too lately.
    pub fn unlock(&mut self, settings: &Settings, member: u32, second: u64) -> Result<Amount, Revert> {
        let Some((held, since)) = self.holdings.get_mut(member as usize) else { return Err(Revert::NoPower) };
        let ends = since.saturating_add(settings.min_assets_lock);
        if *held == Amount::ZERO {
            return Err(Revert::NoPower);
        }
        if second <= ends {
            return Err(Revert::Early { ends: ends.saturating_add(1) });
        }
        let amount = std::mem::take(held);
        self.total = Amount(self.total.0.saturating_sub(amount.0));
        Ok(amount)
    }
}

/// The waits of the timelock behind, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Waits {
    /// From submitting to scheduling.
    pub after_submit: u64,
    /// From scheduling to execution.
    pub after_schedule: u64,
    /// From submitting to execution at the least.
    pub min_execution: u64,
}

impl Waits {
    /// Those of the main network.
    pub const LIDO: Self =
        Self { after_submit: 3 * 86_400, after_schedule: 86_400, min_execution: 3 * 86_400 };
}

impl Default for Waits {
    fn default() -> Self {
        Self::LIDO
    }
}

/// A proposal of the DAO in the timelock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proposal {
    submitted: u64,
    scheduled: Option<u64>,
    ended: Option<super::lifecycle::State>,
}

impl Proposal {
    /// Submits.
    ///
    /// # Errors
    /// The state does not allow it.
    pub const fn submit(machine: &Machine, second: u64) -> Result<Self, Revert> {
        if machine.can_submit() {
            Ok(Self { submitted: second, scheduled: None, ended: None })
        } else {
            Err(Revert::Blocked)
        }
    }

    fn open(&self) -> Result<(), Revert> {
        self.ended.map_or(Ok(()), |state| Err(Revert::State(state)))
    }

    /// Schedules.
    ///
    /// # Errors
    /// The state does not allow it, it has ended or is scheduled, or its wait is not over.
    pub fn schedule(&mut self, machine: &Machine, waits: &Waits, second: u64) -> Result<(), Revert> {
        if !machine.can_schedule(self.submitted) {
            return Err(Revert::Blocked);
        }
        self.open()?;
        if self.scheduled.is_some() {
            return Err(Revert::Scheduled);
        }
        let ends = self.submitted.saturating_add(waits.after_submit);
        if second < ends {
            return Err(Revert::Early { ends });
        }
        self.scheduled = Some(second);
        Ok(())
    }

    /// Executes; the state of the machine does not matter any more.
    ///
    /// # Errors
    /// It has ended, is not scheduled, or its waits are not over.
    pub fn execute(&mut self, waits: &Waits, second: u64) -> Result<(), Revert> {
        self.open()?;
        let scheduled = self.scheduled.ok_or(Revert::NotQueued)?;
        let ends = scheduled
            .saturating_add(waits.after_schedule)
            .max(self.submitted.saturating_add(waits.min_execution));
        if second < ends {
            return Err(Revert::Early { ends });
        }
        self.ended = Some(super::lifecycle::State::Executed);
        Ok(())
    }

    /// Cancels, unless it has ended.
    pub fn cancel(&mut self) {
        self.ended = self.ended.or(Some(super::lifecycle::State::Canceled));
    }
}
