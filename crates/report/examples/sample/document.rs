//! A made-up evaluation of a made-up DAO, with every kind of block. No figure in it is a result.

use daotwin_core::document::{
    Axis, Block, Chart, Document, Highlight, Mark, Outcome, Plot, Role, Scale, Score, Section, Series, Table,
    Verdict,
};

/// Numbers between 0 and 1 that look random: enough for a picture.
struct Wobble(u64);

impl Wobble {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn axis(label: &str, scale: Scale) -> Axis {
    Axis { label: label.to_owned(), scale }
}

fn series(name: &str, role: Role, mark: Mark, points: Vec<(f64, f64)>) -> Series {
    Series { name: name.to_owned(), role, mark, points, upper: Vec::new() }
}

fn chart(id: &str, title: &str, description: &str, plot: Plot) -> Block {
    Block::Chart(Chart {
        id: id.to_owned(),
        title: title.to_owned(),
        description: description.to_owned(),
        plot,
    })
}

fn text(text: &str) -> Block {
    Block::Text { text: text.to_owned() }
}

/// The share of values that are at least as large, at each value.
fn tail(count: usize, wobble: &mut Wobble, draw: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    let mut values: Vec<f64> = (0..count).map(|_| draw(wobble.next())).collect();
    values.sort_by(f64::total_cmp);
    values.iter().enumerate().map(|(index, value)| (*value, (count - index) as f64 / count as f64)).collect()
}

struct Fact<'a>(&'a str, &'a str, f64, f64, f64, &'a str);

fn fact(Fact(id, label, value, bar, floor, meaning): &Fact<'_>) -> Score {
    Score {
        id: format!("fidelity.{id}"),
        label: (*label).to_owned(),
        value: *value,
        interval: Some((value * 0.8, value * 1.25)),
        references: vec![
            ("bootstrap floor".to_owned(), *floor),
            ("independent columns".to_owned(), value * 3.0 + 0.08),
        ],
        bar: Some(*bar),
        outcome: if value <= bar { Outcome::Good } else { Outcome::Bad },
        meaning: (*meaning).to_owned(),
    }
}

/// The document.
pub(crate) fn sample() -> Document {
    let mut wobble = Wobble(7);
    let facts = [
        Fact(
            "votes_per_member.ks",
            "Votes per member, KS",
            0.021,
            0.05,
            0.034,
            "How many votes a member casts is distributed as in the real DAO.",
        ),
        Fact(
            "votes_per_proposal.ks",
            "Votes per proposal, KS",
            0.064,
            0.08,
            0.071,
            "Turnout of a proposal is distributed as in the real DAO.",
        ),
        Fact(
            "voting_power.ks",
            "Voting power, KS",
            0.018,
            0.03,
            0.012,
            "Power in token units, over all ballots.",
        ),
        Fact(
            "power_gini.difference",
            "Gini of mean power, difference",
            0.006,
            0.02,
            0.009,
            "The concentration of power is kept.",
        ),
        Fact(
            "pair_agreement.difference",
            "Pair agreement of the 150 most active",
            0.082,
            0.05,
            0.031,
            "How often two members who vote on the same proposal choose the same; the twin's members agree too little.",
        ),
    ];
    let fidelity = Section {
        id: "fidelity".to_owned(),
        title: "Fidelity: does the twin behave like the DAO?".to_owned(),
        blocks: vec![
            text(
                "Each fact is a distance between the real and the synthetic DAO at the same size, averaged over five seeds. The floor is the same distance between the real DAO and its own bootstraps: no model can be expected to come closer.\n\nThe pictures below show the same facts. Blue and solid is real, orange and dashed is synthetic.",
            ),
            Block::Scores { scores: facts.iter().map(fact).collect() },
            chart(
                "power-tail",
                "Voting power, upper tail",
                "The share of ballots with at least this much power; both axes are logarithmic. The curves coincide up to 100k tokens, beyond which the twin has slightly lighter tails.",
                Plot::Xy {
                    x: axis("voting power (tokens)", Scale::Log),
                    y: axis("share of ballots with at least this power", Scale::Log),
                    series: vec![
                        series(
                            "real",
                            Role::Real,
                            Mark::Line,
                            tail(6000, &mut wobble, |u| 0.2 * (1.0 - u).powf(-1.35)),
                        ),
                        series(
                            "synthetic",
                            Role::Synthetic,
                            Mark::Line,
                            tail(6000, &mut wobble, |u| 0.22 * (1.0 - u).powf(-1.28)),
                        ),
                    ],
                },
            ),
            chart(
                "activity-tail",
                "Votes per member, upper tail",
                "The share of members who cast at least this many votes.",
                Plot::Xy {
                    x: axis("votes cast", Scale::Log),
                    y: axis("share of members", Scale::Log),
                    series: vec![
                        series(
                            "real",
                            Role::Real,
                            Mark::Step,
                            tail(900, &mut wobble, |u| (1.0 - u).powf(-0.8).floor()),
                        ),
                        series(
                            "synthetic (seed 1)",
                            Role::Synthetic,
                            Mark::Step,
                            tail(900, &mut wobble, |u| (1.0 - u).powf(-0.83).floor()),
                        ),
                    ],
                },
            ),
            turnout(&mut wobble),
            timing(),
            majority(),
            chart(
                "nakamoto",
                "Members who could decide alone, by space",
                "Nakamoto coefficient of each space.",
                Plot::Bars {
                    categories: [
                        "Decentraland",
                        "Aave V2",
                        "Compound Bravo",
                        "dxDAO (reputation)",
                        "Genesis Alpha",
                        "A DAO with a really very long name indeed",
                    ]
                    .map(str::to_owned)
                    .to_vec(),
                    y: axis("members", Scale::Linear),
                    series: vec![
                        ("real".to_owned(), vec![14.0, 5.0, 4.0, 11.0, 9.0, 21.0]),
                        ("synthetic".to_owned(), vec![15.0, 5.0, 6.0, 10.0, 9.0, 17.0]),
                    ],
                },
            ),
            scatter(&mut wobble),
        ],
    };
    Document {
        title: "Decentraland DAO: synthetic twin against real history".to_owned(),
        verdict: Verdict {
            outcome: Outcome::Bad,
            text: "10 of 11 facts hold within their bars and no attack finds a member, but members of the twin agree with each other too little: do not use it to study voting blocs.".to_owned(),
        },
        highlights: vec![
            highlight("Is it faithful?", "10 of 11 facts hold", Outcome::Bad, "Pair agreement lies outside its bar of 0.05."),
            highlight("Is it private?", "ε = 3, δ = 10⁻⁶", Outcome::Good, "Member-level; no attack does better than chance by more than 0.02."),
            highlight("Is it useful?", "0.94 of real", Outcome::Good, "A model trained on the twin predicts who votes next nearly as well as one trained on the DAO."),
            highlight("What it does not say", "one DAO, one period", Outcome::Neutral, "Nothing here shows that the twin foresees events that the history does not contain."),
        ],
        warnings: vec![
            "An evaluation on real data is not private: these figures were computed from the real history without noise. Do not publish them where the history itself may not be published.".to_owned(),
            "The guarantee covers members' behaviour, not the existence, type, choices and times of proposals.".to_owned(),
        ],
        manifest: [
            ("version", "0.1.0"),
            ("seed", "7"),
            ("data fingerprint", "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
            ("unit of privacy", "member"),
            ("ε, δ", "3, 10⁻⁶"),
            ("ledger head", "4: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"),
            ("command", "daotwin evaluate --real decentraland --synthetic twin-sample --out report.html"),
        ]
        .map(|(label, value)| (label.to_owned(), value.to_owned()))
        .to_vec(),
        sections: vec![fidelity, blocs(&mut wobble), privacy(), limits()],
    }
}

fn highlight(label: &str, figure: &str, outcome: Outcome, text: &str) -> Highlight {
    Highlight { label: label.to_owned(), figure: figure.to_owned(), outcome, text: text.to_owned() }
}

fn turnout(wobble: &mut Wobble) -> Block {
    let week = 7.0 * 86_400.0;
    let at = |index: usize| 1_622_505_600.0 + index as f64 * week;
    let level = |index: usize| 90.0 + 60.0 * (index as f64 / 17.0).sin() + index as f64 * 0.4;
    let mut noisy = |index: usize| level(index) * (0.7 + 0.6 * wobble.next());
    let real = (0..130).map(|index| (at(index), noisy(index))).collect();
    let middle = (0..130).map(|index| (at(index), level(index))).collect();
    let band = Series {
        name: "synthetic, 90 % of seeds".to_owned(),
        role: Role::Synthetic,
        mark: Mark::Band,
        points: (0..130).map(|index| (at(index), level(index) * 0.72)).collect(),
        upper: (0..130).map(|index| level(index) * 1.3).collect(),
    };
    chart(
        "turnout",
        "Turnout over time",
        "Voters per proposal by week. The real DAO stays within the range of the twin's seeds in 91 % of the weeks.",
        Plot::Xy {
            x: axis("week", Scale::Time),
            y: axis("voters per proposal", Scale::Linear),
            series: vec![
                band,
                series("real", Role::Real, Mark::Line, real),
                series("synthetic, median", Role::Synthetic, Mark::Line, middle),
            ],
        },
    )
}

fn timing() -> Block {
    let curve = |power: f64, share: f64| {
        (0..=20)
            .map(|index| f64::from(index) / 20.0)
            .map(|t| (t, share * t.powf(power) + (1.0 - share) * t.powi(9)))
            .collect()
    };
    chart(
        "timing",
        "When ballots are cast",
        "The share of ballots cast by each point of the voting window: a rush at the start, a second at the end.",
        Plot::Xy {
            x: axis("part of the voting window", Scale::Linear),
            y: axis("share of ballots cast", Scale::Linear),
            series: vec![
                series("real", Role::Real, Mark::Line, curve(0.42, 0.85)),
                series("synthetic", Role::Synthetic, Mark::Line, curve(0.45, 0.86)),
                series("measured privately", Role::Measured, Mark::Line, curve(0.44, 0.82)),
            ],
        },
    )
}

fn majority() -> Block {
    chart(
        "majority",
        "Share of the winning choice",
        "Proposals by the share of power behind their winning choice; most are nearly unanimous in both.",
        Plot::Bars {
            categories: ["50–60", "60–70", "70–80", "80–90", "90–100"].map(|bin| format!("{bin} %")).to_vec(),
            y: axis("share of proposals", Scale::Linear),
            series: vec![
                ("real".to_owned(), vec![0.06, 0.07, 0.09, 0.13, 0.65]),
                ("synthetic".to_owned(), vec![0.05, 0.08, 0.1, 0.14, 0.63]),
                ("measured privately".to_owned(), vec![0.07, 0.06, 0.1, 0.12, 0.65]),
            ],
        },
    )
}

fn scatter(wobble: &mut Wobble) -> Block {
    let mut dots = |count: usize, slope: f64| {
        (0..count)
            .map(|_| wobble.next() * 3.0)
            .collect::<Vec<_>>()
            .into_iter()
            .map(|x| {
                (10_f64.powf(x), 0.02 + 0.9 / (1.0 + (slope * (1.5 - x) + 2.0 * (wobble.next() - 0.5)).exp()))
            })
            .collect()
    };
    chart(
        "scatter",
        "Power and participation of members",
        "Each mark is a member: mean power against the share of proposals voted on.",
        Plot::Xy {
            x: axis("mean power (tokens)", Scale::Log),
            y: axis("share of proposals voted on", Scale::Linear),
            series: vec![
                series("real", Role::Real, Mark::Dots, dots(180, 1.1)),
                series("synthetic", Role::Synthetic, Mark::Dots, dots(180, 1.0)),
            ],
        },
    )
}

fn blocs(wobble: &mut Wobble) -> Section {
    let size = 60;
    let mut agreement = |blocs: usize, inside: f64| -> Vec<f64> {
        let mut map = vec![0.0; size * size];
        for row in 0..size {
            for column in 0..=row {
                let same = row * blocs / size == column * blocs / size;
                let value = if row == column {
                    1.0
                } else {
                    (if same { inside } else { 0.12 }) + 0.22 * (wobble.next() - 0.5)
                };
                map[row * size + column] = value;
                map[column * size + row] = value;
            }
        }
        map
    };
    let (real, synthetic) = (agreement(4, 0.72), agreement(4, 0.5));
    let mut difference: Vec<f64> = synthetic.iter().zip(&real).map(|(a, b)| a - b).collect();
    difference[5 * size + 7] = f64::NAN;
    let names = ["power", "votes", "gap", "time", "age", "share"].map(str::to_owned).to_vec();
    let correlation = |tilt: f64| -> Vec<f64> {
        (0..36_i32)
            .map(|index| (index / 6, index % 6))
            .map(|(row, column)| {
                if row == column {
                    1.0
                } else {
                    tilt * f64::from((row * column * 7 + row + column) % 17 - 8) / 9.0
                }
            })
            .collect()
    };
    let (real_c, synthetic_c) = (correlation(1.0), correlation(0.92));
    let difference_c = synthetic_c.iter().zip(&real_c).map(|(a, b)| a - b).collect();
    Section {
        id: "structure".to_owned(),
        title: "Structure: who votes with whom".to_owned(),
        blocks: vec![
            chart(
                "covoting",
                "Agreement of the 60 most active members",
                "Each cell is the share of common proposals on which two members chose the same, above what chance gives. Four blocs stand out; they are fainter in the twin.",
                Plot::Heatmaps {
                    rows: (1..=size).map(|index| format!("member {index}")).collect(),
                    columns: Vec::new(),
                    maps: vec![
                        ("real".to_owned(), real),
                        ("synthetic".to_owned(), synthetic),
                        ("difference (synthetic − real)".to_owned(), difference),
                    ],
                    range: (-1.0, 1.0),
                },
            ),
            chart(
                "correlation",
                "Rank correlation of member features",
                "Spearman correlation over members.",
                Plot::Heatmaps {
                    rows: names,
                    columns: Vec::new(),
                    maps: vec![
                        ("real".to_owned(), real_c),
                        ("synthetic".to_owned(), synthetic_c),
                        ("difference".to_owned(), difference_c),
                    ],
                    range: (-1.0, 1.0),
                },
            ),
        ],
    }
}

fn privacy() -> Section {
    let attack = |id: &str, label: &str, value: f64, meaning: &str| Score {
        id: format!("privacy.{id}"),
        label: label.to_owned(),
        value,
        interval: Some((value - 0.018, value + 0.018)),
        references: vec![
            ("chance".to_owned(), 0.5),
            ("leaking control".to_owned(), 0.97),
            ("holdout".to_owned(), 0.503),
        ],
        bar: Some(0.55),
        outcome: if value <= 0.55 { Outcome::Good } else { Outcome::Bad },
        meaning: meaning.to_owned(),
    };
    let roc = |power: f64| {
        (1..=60)
            .map(|index| 10_f64.powf(-3.0 * f64::from(60 - index) / 59.0))
            .map(|x| (x, x.powf(power)))
            .collect()
    };
    Section {
        id: "privacy".to_owned(),
        title: "Privacy: can an attacker find a member?".to_owned(),
        blocks: vec![
            Block::Scores {
                scores: vec![
                    attack(
                        "membership.density.auc",
                        "Membership inference by density ratio, AUC",
                        0.512,
                        "An attacker who knows a member's whole record cannot tell whether it was in the history.",
                    ),
                    attack(
                        "membership.shadow.auc",
                        "Membership inference by shadow models, AUC",
                        0.507,
                        "The same, with an attacker who trains models.",
                    ),
                    Score {
                        id: "privacy.copies.share".to_owned(),
                        label: "Copied vote records".to_owned(),
                        value: 0.000_02,
                        references: vec![("between two real halves".to_owned(), 0.0031)],
                        meaning: "Records of the twin that equal a real member's.".to_owned(),
                        ..Score::default()
                    },
                ],
            },
            chart(
                "roc",
                "Membership inference",
                "True against false accusations at every threshold, on log axes; the diagonal is guessing.",
                Plot::Xy {
                    x: axis("false positive rate", Scale::Log),
                    y: axis("true positive rate", Scale::Log),
                    series: vec![
                        series("density ratio", Role::Other(0), Mark::Line, roc(0.98)),
                        series("shadow models", Role::Other(1), Mark::Line, roc(0.96)),
                        series("leaking control", Role::Other(3), Mark::Line, roc(0.2)),
                        series("guessing", Role::Other(2), Mark::Line, roc(1.0)),
                    ],
                },
            ),
            Block::Table(Table {
                caption: "The price of privacy: facts within their bars".to_owned(),
                columns: ["DAO", "ballots", "members", "ε = 1", "ε = 3", "ε = 10", "none", "at ε = 3"]
                    .map(str::to_owned)
                    .to_vec(),
                rows: [
                    [
                        "Decentraland",
                        "49 816",
                        "6 180",
                        "7",
                        "9",
                        "10",
                        "11",
                        "✓ within three times the bars",
                    ],
                    ["Aave V2", "5 312", "1 204", "5", "8", "10", "11", "✓ within three times the bars"],
                    ["Compound Bravo", "7 915", "2 731", "4", "7", "10", "10", "✗ one fact outside"],
                ]
                .map(|row| row.map(str::to_owned).to_vec())
                .to_vec(),
            }),
        ],
    }
}

fn limits() -> Section {
    Section {
        id: "limits".to_owned(),
        title: "What the figures do not say".to_owned(),
        blocks: vec![text(
            "A fact that holds says that one distance is small, not that the twin is right. Nothing is said about proposals' texts, about collusion off the platform, or about what members would do under rules they never met.\n\nAttacks bound what these attackers found, not what a better one could find; only ε bounds that.",
        )],
    }
}
