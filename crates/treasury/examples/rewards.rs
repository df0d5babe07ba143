//! Replays of published reward rounds, the two incidents, and the model of members on held-back periods:
//! `rewards [DATA [replays | scenarios | comparison | members | daos | recovery]]`. Prints every figure beside what is asked of it, and exits 1 where one is not held.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use daotwin_core::Run;
use daotwin_core::random::Seed;
use daotwin_core::statistics::{mean, standard_deviation, student_quantile};
use daotwin_history::History;
use daotwin_history::ingest::{Options, ingest};
use daotwin_history::view::DaoView;
use daotwin_simulation::governance::quadratic_funding::{Matching, Similarity};
use daotwin_treasury::rewards::members::{self, Activity, HeldBack, NAMES, Spread, held_back};
use daotwin_treasury::rewards::registry::REWARDS;
use daotwin_treasury::rewards::replay::{self, circle, matching, retroactive};
use daotwin_treasury::rewards::scenarios::announcement::{Announcement, PAID, PAYMENTS};
use daotwin_treasury::rewards::scenarios::sybil_round::{MOVED, Settings, SybilRound};
use daotwin_treasury::rewards::{comparison, quadratic_funding};

#[path = "../src/rewards/data.rs"]
mod data;

type Failure = Box<dyn std::error::Error>;

/// What was printed, and whether all of it held.
struct Figures {
    out: io::StdoutLock<'static>,
    held: bool,
}

impl Figures {
    fn chapter(&mut self, title: &str) -> io::Result<()> {
        writeln!(self.out, "\n{title}\n{:<72} | {:<34} | asked", "figure", "reached")
    }

    fn ask(&mut self, figure: &str, reached: &str, asked: &str, holds: bool) -> io::Result<()> {
        self.held &= holds;
        writeln!(self.out, "{figure:<72} | {reached:<34} | {asked}{}", if holds { "" } else { "  BROKEN" })
    }

    fn tell(&mut self, figure: &str, reached: &str) -> io::Result<()> {
        writeln!(self.out, "{figure:<72} | {reached:<34} |")
    }

    fn retroactive(&mut self, folder: &Path) -> Result<(), Failure> {
        let of = retroactive::replay(&data::retroactive(folder)?);
        self.chapter("RetroPGF 3 from its ballots")?;
        let all = of.projects;
        let mut count = |figure: &str, reached: usize, asked: usize| {
            self.ask(figure, &format!("{reached}"), &format!("{asked}"), reached == asked)
        };
        count("projects", all, 643)?;
        count("ballots a project as published", of.counts_equal, all)?;
        count("published ballots with more than two digits (rounded up)", of.unrounded, 0)?;
        count("medians equal to the published ones", of.medians_equal, 442)?;
        count("medians equal, or within what rounding ballots up allows", of.medians_explained, all)?;
        count("paid or not, as published", of.fates_equal, all)?;
        count("payments out of published medians, to the cent", of.payments_equal, all)?;
        self.tell(
            "payments out of rounded ballots: middle and largest relative error",
            &format!("{:.4}, {:.4}", of.rounded_errors.0, of.rounded_errors.1),
        )?;
        Ok(())
    }

    fn circle(&mut self, folder: &Path) -> Result<(), Failure> {
        let (gifts, members) = data::circle(folder)?;
        let of = circle::replay(&gifts, &members, 1_000_000)?;
        self.chapter("Coordinape's circle of Developer DAO")?;
        self.tell("members, gifts, points", &format!("{}, {}, {}", of.members, of.gifts, of.points))?;
        self.ask(
            "points received, as published, of members with gifts",
            &of.received_equal.to_string(),
            &of.with_gift.to_string(),
            of.received_equal == of.with_gift,
        )?;
        self.ask(
            "payments as published, to 1e-6 of a token",
            &of.paid_equal.to_string(),
            &of.with_gift.to_string(),
            of.paid_equal == of.with_gift,
        )?;
        self.ask(
            "members with points but no published gift, and their points",
            &format!("{}, {}", of.without_gift.0, of.without_gift.1),
            "5, 211: named, not explained",
            of.without_gift == (5, 211),
        )?;
        self.tell(
            "of the budget published as paid to them, above all of it",
            &format!("{:.5}", of.paid_without_gift),
        )?;
        self.tell(
            "inequality: published, replay",
            &format!("{:.4}, {:.4}", of.inequality.0, of.inequality.1),
        )?;
        self.tell("points that come back between two members", &format!("{:.4}", of.mutual))?;
        Ok(())
    }

    fn matching(&mut self, folder: &Path) -> Result<(), Failure> {
        self.chapter("Gitcoin's published matching against its totals")?;
        let totals = matching::totals(&data::grants(folder)?);
        for own in &totals {
            self.tell(
                &format!("round {}: projects, given, matched, unequal sums, matched alone", own.round),
                &format!(
                    "{}, {:.0}, {:.0}, {}, {}",
                    own.grants, own.given, own.matched, own.unequal, own.alone
                ),
            )?;
        }
        let unequal: usize = totals.iter().filter(|own| own.round >= 9).map(|own| own.unequal).sum();
        self.ask(
            "projects whose total is not given + matched, rounds 9-15",
            &unequal.to_string(),
            "0",
            unequal == 0,
        )?;
        let before: usize = totals.iter().filter(|own| own.round < 9).map(|own| own.unequal).sum();
        self.tell("the same, rounds 1-8", &before.to_string())?;
        if let Some(tenth) = totals.iter().find(|own| own.round == 10) {
            let mut near = |figure: &str, reached: f64, asked: f64| {
                let error = reached / asked - 1.0;
                self.ask(
                    figure,
                    &format!("{reached:.0} ({:+.1} %)", 100.0 * error),
                    &format!("{asked:.0} within 5 %"),
                    error.abs() <= 0.05,
                )
            };
            near("round 10: matched, against its pool in USD", tenth.matched, 700_000.0)?;
            near("round 10: contributions", tenth.contributions, 320_295.0)?;
        }
        let pools = matching::pools(&data::matches(folder)?);
        let outside: Vec<_> = pools.iter().filter(|pool| pool.largest_error > pool.rounding).collect();
        let worst = pools.iter().map(|pool| pool.largest_error).fold(0.0, f64::max);
        self.ask(
            "pools whose amounts are the published shares, to their rounding",
            &format!("{} of {} (largest error {worst:.1e})", pools.len() - outside.len(), pools.len()),
            "all",
            outside.is_empty(),
        )?;
        let capped = pools.iter().filter(|pool| pool.largest.1 > 1 && pool.projects > 2).count();
        self.tell("pools in which several projects have the largest share (a cap)", &capped.to_string())?;
        Ok(())
    }

    fn sybil_round(&mut self, folder: &Path) -> Result<(), Failure> {
        self.chapter("Gitcoin's tenth round: false donors")?;
        let projects: Vec<(f64, f64)> = data::grants(folder)?
            .iter()
            .filter(|grant| grant.round == 10)
            .map(|grant| (grant.contributors, grant.given))
            .collect();
        let settings = Settings::tenth_round(1);
        let round = SybilRound::draw(&settings, &projects, Seed(1))?;
        self.ask(
            "flagged contributors",
            &format!("{:.4}", round.flagged()),
            "0.089 within 5 % (an input)",
            (round.flagged() / 0.089 - 1.0).abs() < 0.05,
        )?;
        let gift = round.fit_gift(MOVED).ok_or("no gift of false accounts moves the published part")?;
        self.tell(
            "a false account's gift in USD (fitted); an honest one's mean",
            &format!("{gift:.2}; {:.2}", round.honest_gift()),
        )?;
        let flagged = round.flagged_moves(gift, Matching::Plain);
        self.ask(
            "part of the pool moved by flagged contributors (fraud tax)",
            &format!("{flagged:.4}"),
            &format!("{MOVED:.4} within 5 % (fitted)"),
            (flagged / MOVED - 1.0).abs() < 0.05,
        )?;
        for incidence in [0.261, 0.362, 0.454] {
            let round = SybilRound::draw(&Settings { incidence, ..settings.clone() }, &projects, Seed(1))?;
            self.tell(
                &format!("foretold: part moved by all false ones, incidence {incidence}"),
                &format!("{:.4}", round.sybils_move(gift, Matching::Plain)),
            )?;
        }
        let pairwise = round.sybils_move(gift, Matching::Pairwise { m: quadratic_funding::GITCOIN_M });
        self.tell("foretold: the same at 0.362, pairwise matching", &format!("{pairwise:.4}"))?;
        // Clusters take the square of projects: a tenth of the round, the same for both.
        let tenth: Vec<(f64, f64)> = projects.iter().copied().step_by(10).collect();
        let mut lower = 0;
        for seed in 1..=5 {
            let round = SybilRound::draw(&Settings::tenth_round(10), &tenth, Seed(seed))?;
            let plain = round.sybils_move(gift, Matching::Plain);
            let of = |similarity| round.sybils_move(gift, Matching::Cluster { similarity, harsh: false });
            let (markov, friends, shared) =
                (of(Similarity::Markov), of(Similarity::Friends), of(Similarity::Shared));
            lower += u32::from(markov < plain && friends < plain && shared < plain);
            self.tell(
                &format!("a tenth of the round, seed {seed}: plain; clusters markov, friends, shared"),
                &format!("{plain:.4}; {markov:.4}, {friends:.4}, {shared:.4}"),
            )?;
        }
        self.ask(
            "rounds of which all clusters lower the sybils' part",
            &lower.to_string(),
            "5 of 5",
            lower == 5,
        )?;
        Ok(())
    }

    fn announcement(&mut self) -> Result<(), Failure> {
        self.chapter("Phantom Galaxies' false announcement")?;
        let real = Announcement::phantom_galaxies();
        let payments: Vec<f64> = real.play(200, Seed(1)).iter().map(|&payments| payments as f64).collect();
        let mut near = |figure: &str, reached: f64, asked: f64| {
            self.ask(
                figure,
                &format!("{reached:.1}"),
                &format!("{asked} within 5 %"),
                (reached / asked - 1.0).abs() < 0.05,
            )
        };
        near("payments, mean of 200 runs (the rate is fitted)", mean(&payments), PAYMENTS)?;
        near("ETH paid", mean(&payments) * real.payment, PAID)?;
        let conversion = real.conversion();
        self.ask("conversion", &format!("{conversion:.4}"), "at most 0.017", conversion <= 0.017)?;
        let two = Announcement { signers: 2, ..real };
        let runs = two.play(200, Seed(1));
        let never = runs.iter().filter(|&&payments| payments == 0).count() as f64 / 200.0;
        self.ask(
            "two must announce: runs without a payment; mean payments",
            &format!("{never:.3}; {:.0}", mean(&runs.iter().map(|&own| own as f64).collect::<Vec<_>>())),
            "most runs: the outcome flips",
            never > 0.5,
        )?;
        let sooner = Announcement { hours: 0.5, ..real };
        self.tell("taken down after half an hour: payments expected", &format!("{:.0}", sooner.expected()))?;
        Ok(())
    }

    fn recovery(&mut self) -> Result<(), Failure> {
        self.chapter("Members: parameters recovered from the model's own simulation")?;
        let truth = members::Parameters {
            level: 1.2,
            commitment_spread: 1.0,
            deviation_spread: 0.6,
            persistence: 0.5,
            shape: 2.0,
            leave: -2.2,
            leave_by_effort: -0.5,
            leave_new: 1.2,
            pause: -1.2,
            pause_by_overwork: 0.6,
            comeback: 0.35,
        };
        let mut standard: Vec<Vec<f64>> = vec![Vec::new(); NAMES.len()];
        for seed in 1..=6 {
            let fit = members::fit(&members::draw(&truth, 1_500, 18, Seed(seed)))?;
            let errors = fit.errors.ok_or("the fit has no standard errors")?;
            for (axis, own) in standard.iter_mut().enumerate() {
                own.push((fit.parameters.free()[axis] - truth.free()[axis]) / errors[axis]);
            }
        }
        for (name, own) in NAMES.iter().zip(&standard) {
            // A mean of six standard normal errors is beyond 2.2 with chance 7e-8; the bound leaves a bias of as much as a standard error.
            let centre = mean(own);
            self.ask(
                &format!("{name}: mean of six errors, in standard errors"),
                &format!("{centre:+.2} (spread {:.2})", standard_deviation(own)),
                "within 2.2",
                centre.abs() < 2.2,
            )?;
        }
        Ok(())
    }

    fn held_back(&mut self, name: &str, activity: &Activity, cut: u32) -> Result<HeldBack, Failure> {
        self.chapter(&format!(
            "Members on held-back periods: {name} ({} members, {} of {} periods fitted)",
            activity.members.len(),
            cut,
            activity.periods
        ))?;
        let of = held_back(activity, cut, 200, Seed(1))?;
        let free = of.fit.parameters.free();
        for (axis, name) in NAMES.iter().enumerate() {
            let error = of.fit.errors.map_or(f64::NAN, |errors| errors[axis]);
            self.tell(
                &format!("fitted: {name}"),
                &format!("{:+.3} (standard error {error:.3})", free[axis]),
            )?;
        }
        for figure in &of.figures {
            self.tell(
                &format!("{}: reached (sampling error); model [90 %]; persistence", figure.name),
                &format!(
                    "{:.3} ({:.3}); {:.3} [{:.3}, {:.3}]; {:.3}",
                    figure.reached,
                    figure.sampling_error,
                    figure.foretold,
                    figure.interval.0,
                    figure.interval.1,
                    figure.persistence
                ),
            )?;
        }
        for part in ["active", "kept", "inequality"] {
            let (model, simple) = of.errors(part);
            self.tell(
                &format!("mean absolute error, {part}: model; persistence"),
                &format!("{model:.4}; {simple:.4}"),
            )?;
        }
        self.tell("figures within the model's 90 %", &format!("{:.2}", of.covered()))?;
        Ok(of)
    }

    fn spreads(&mut self, folder: &Path) -> Result<(), Failure> {
        self.chapter("Contributors: how unequally they are rewarded")?;
        let (_, members) = data::circle(folder)?;
        let points: Vec<f64> = members.iter().map(|member| member.received as f64).collect();
        let (fast, slow) = data::grain(folder)?;
        for (name, amounts) in
            [("Coordinape, points", points), ("SourceCred, last week", fast), ("SourceCred, all time", slow)]
        {
            // Every other member is held back.
            let half = |rest: usize| -> Vec<f64> { amounts.iter().copied().skip(rest).step_by(2).collect() };
            let (fitted, held) = (Spread::fit(&half(0)), Spread::fit(&half(1)));
            let (Some(fitted), Some(held)) = (fitted, held) else { continue };
            self.tell(
                &format!("{name}: Gini of the half held back; of the log-normal of the other"),
                &format!("{:.3}; {:.3}", held.gini, fitted.fitted_gini),
            )?;
            let (own, simple) = fitted.densities(&half(1));
            self.ask(
                &format!("{name}: log density of the half held back; exponential law's"),
                &format!("{own:.3}; {simple:.3}"),
                "above the exponential law's",
                own > simple,
            )?;
            self.tell(
                &format!("{name}: distance of the log-normal from its half"),
                &format!("{:.3}", fitted.distance),
            )?;
        }
        Ok(())
    }

    fn comparison(&mut self, history: &History) -> Result<(), Failure> {
        self.chapter("All rules on Decentraland's own records")?;
        let of = comparison::compare(history, &comparison::Settings::default(), &Run::default())?;
        if let Some(response) = of.response {
            self.tell(
                "response to a grant: log odds ratio of staying [95 %]",
                &format!("{:.2} [{:.2}, {:.2}]", response.effect, response.interval.0, response.interval.1),
            )?;
            self.tell(
                "rewarded: stayed of all; refused: stayed of all",
                &format!(
                    "{} of {}; {} of {}",
                    response.rewarded.0, response.rewarded.1, response.refused.0, response.refused.1
                ),
            )?;
        }
        let cases = comparison::read(history, None, 90)?.cases;
        if let Some([with, before, all]) = members::foretold(&cases) {
            self.ask(
                "who stays, later half: Brier of reward and past; past alone; all alike",
                &format!("{with:.4}; {before:.4}; {all:.4}"),
                "below all alike",
                with < all,
            )?;
        }
        self.tell(
            "members; retention without a reward",
            &format!("{}; {:.4}", of.members, of.nothing.retention),
        )?;
        for line in &of.lines {
            self.tell(
                &format!("{}: paid, Gini, retention, acts more, cost, sybil 1 and many", line.rule),
                &format!(
                    "{}, {:.3}, {:.4}, {:+.0}, {}, {:.4}, {:.4}",
                    line.paid,
                    line.inequality,
                    line.kept.retention,
                    line.more_acts,
                    line.cost.map_or_else(|| "-".to_owned(), |cost| format!("{cost:.0}")),
                    line.sybil.0,
                    line.sybil.1
                ),
            )?;
        }
        for (rule, why) in &of.refused {
            self.tell(&format!("{rule}: refused"), why)?;
        }
        let all = of.lines.len() + of.refused.len();
        self.ask(
            "rules compared or refused with a reason",
            &all.to_string(),
            &REWARDS.len().to_string(),
            all == REWARDS.len(),
        )?;
        Ok(())
    }
}

fn decentraland(folder: &Path) -> Result<History, Failure> {
    let paths: Vec<PathBuf> = ["votes", "proposals", "grants", "members"]
        .iter()
        .map(|name| folder.join(format!("decentraland/{name}.csv.gz")))
        .collect();
    Ok(ingest(&paths, &Options::default(), &Run::default())?)
}

fn core(folder: &Path) -> Result<History, Failure> {
    let paths: Vec<PathBuf> = ["daos", "members", "proposals", "votes"]
        .iter()
        .map(|name| folder.join(format!("governance-core/{name}.csv.gz")))
        .collect();
    Ok(ingest(&paths, &Options::default(), &Run::default())?)
}

impl Figures {
    fn daos(&mut self, folder: &Path) -> Result<(), Failure> {
        self.chapter(
            "Members on each DAO's last 3, 2 and 1 eighths of periods: mean absolute error, model/persistence",
        )?;
        let history = core(folder)?;
        let mut all = Vec::new();
        for view in DaoView::all(&history)? {
            let Ok(community) = comparison::read(&history, Some(&view.dao), 90) else { continue };
            if community.period.proposals.is_none() {
                self.tell(&view.dao, "left out: fewer than 24 proposals")?;
                continue;
            }
            let activity = &community.activity;
            let mut parts = Vec::new();
            for eighths in [5, 6, 7] {
                match held_back(activity, (activity.periods * eighths).div_ceil(8), 100, Seed(1)) {
                    Ok(of) => parts.push(of),
                    Err(error) => self.tell(&view.dao, &format!("left out: {error}"))?,
                }
            }
            if parts.is_empty() {
                continue;
            }
            let over = |name: &str| {
                let errors: Vec<(f64, f64)> =
                    parts.iter().map(|of| of.errors(name)).filter(|errors| errors.0.is_finite()).collect();
                let side = |of: fn(&(f64, f64)) -> f64| mean(&errors.iter().map(of).collect::<Vec<_>>());
                (side(|errors| errors.0), side(|errors| errors.1))
            };
            let (active, kept, gini) = (over("active"), over("kept"), over("ineq"));
            let covered = mean(&parts.iter().map(HeldBack::covered).collect::<Vec<_>>());
            self.tell(
                &format!(
                    "{} ({} members, {} periods): active, kept, Gini; covered",
                    view.dao,
                    activity.members.len(),
                    activity.periods
                ),
                &format!(
                    "{:.1}/{:.1}, {:.3}/{:.3}, {:.3}/{:.3}; {covered:.2}",
                    active.0, active.1, kept.0, kept.1, gini.0, gini.1
                ),
            )?;
            all.push((active, kept, gini));
        }
        type Errors = ((f64, f64), (f64, f64), (f64, f64));
        let parts: [(&str, fn(&Errors) -> (f64, f64), bool); 3] = [
            ("members active", |row| row.0, true),
            ("members kept", |row| row.1, true),
            ("inequality of acts", |row| row.2, false),
        ];
        for (name, of, asked) in parts {
            let logs = all.iter().map(|row| (of(row).0 / of(row).1).ln()).filter(|log| log.is_finite());
            let logs: Vec<f64> = logs.collect();
            let ratio = mean(&logs).exp();
            let better = logs.iter().filter(|&&log| log < 0.0).count();
            let half = student_quantile(0.975, logs.len() - 1) * standard_deviation(&logs)
                / (logs.len() as f64).sqrt();
            let figure = format!("{name}: error / persistence's, geometric mean [95 %]; better in");
            let (low, high) = ((mean(&logs) - half).exp(), (mean(&logs) + half).exp());
            let reached = format!("{ratio:.3} [{low:.3}, {high:.3}]; {better} of {}", logs.len());
            if asked {
                self.ask(&figure, &reached, "below 1", ratio < 1.0)?;
            } else {
                self.tell(&figure, &reached)?;
            }
        }
        Ok(())
    }
}

fn main() -> Result<ExitCode, Failure> {
    let folder = std::env::args().nth(1).map(PathBuf::from).or_else(data::folder);
    let folder = folder.ok_or("the data is not there; name its folder: `rewards DATA`")?;
    let part = std::env::args().nth(2);
    let chosen = |name: &str| part.as_deref().is_none_or(|part| part == name);
    let mut figures = Figures { out: io::stdout().lock(), held: true };
    if chosen("replays") {
        figures.retroactive(&folder)?;
        figures.circle(&folder)?;
        figures.matching(&folder)?;
        figures.spreads(&folder)?;
    }
    if chosen("scenarios") {
        figures.sybil_round(&folder)?;
        figures.announcement()?;
    }
    if chosen("comparison") {
        figures.comparison(&decentraland(&folder)?)?;
    }
    if chosen("members") {
        let community = comparison::read(&decentraland(&folder)?, None, 90)?;
        figures.held_back("Decentraland", &community.activity, community.activity.periods * 3 / 4)?;
        let developers = data::developers(&folder, 4)?;
        figures.held_back("developers of Gitcoin's projects, four weeks", &developers, 10)?;
    }
    if chosen("daos") {
        figures.daos(&folder)?;
    }
    if chosen("recovery") {
        figures.recovery()?;
    }
    Ok(if figures.held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
