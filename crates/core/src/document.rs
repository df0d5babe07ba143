//! The neutral document that rooms return and the `report` room renders.
//!
//! A room computes numbers and says what they mean; how they look is the renderer's business. Every score
//! carries its references, so that no figure is ever shown alone.
//!
//! All text is plain text: a renderer escapes it, whoever wrote it. In JSON a number that is not finite is
//! `null`, and `null` is read back as NaN.

use serde::{Deserialize, Serialize};

/// A whole report.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// The heading: `Decentraland DAO: synthetic against real`.
    pub title: String,
    /// The answer in one or two sentences.
    pub verdict: Verdict,
    /// The few answers of the first screen: is it faithful, is it useful, is it private. Usually three.
    #[serde(default)]
    pub highlights: Vec<Highlight>,
    /// What a reader must know before trusting a figure: "not private", "no privacy claim".
    pub warnings: Vec<String>,
    /// Label and value pairs: version, seed, fingerprint, epsilon, delta, unit of privacy, ledger head.
    pub manifest: Vec<(String, String)>,
    /// The body.
    pub sections: Vec<Section>,
}

/// The answer of a report, and whether it is a good one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The mark beside the sentence.
    pub outcome: Outcome,
    /// The sentence.
    pub text: String,
}

/// One answer of the first screen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Highlight {
    /// The question in a word or two: `Fidelity`, `Privacy`.
    pub label: String,
    /// The answer's figure, short: `10 of 11 facts hold`, `ε = 3, δ = 10⁻⁶`.
    pub figure: String,
    /// The mark beside it.
    pub outcome: Outcome,
    /// What the figure means, in one sentence.
    pub text: String,
}

/// How a score stands to its bar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Within the bar.
    Good,
    /// Outside the bar.
    Bad,
    /// There is no bar.
    #[default]
    Neutral,
}

/// A chapter of a report.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// A stable name for links: `fidelity`.
    pub id: String,
    /// The heading.
    pub title: String,
    /// The content, in order.
    pub blocks: Vec<Block>,
}

/// One piece of a chapter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "block", rename_all = "lowercase")]
pub enum Block {
    /// A paragraph of plain text.
    Text {
        /// The text.
        text: String,
    },
    /// Scores beside their references.
    Scores {
        /// The scores.
        scores: Vec<Score>,
    },
    /// A table.
    Table(Table),
    /// A picture.
    Chart(Chart),
    /// Moments one after the other, of which one is shown at a time.
    Player(Player),
}

/// Moments one after the other: what happened in each, and how things stood after it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Player {
    /// The stable id.
    pub id: String,
    /// The title.
    pub title: String,
    /// The moments.
    pub frames: Vec<Frame>,
}

/// A moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// A word or number by which it is chosen.
    pub label: String,
    /// What happened, in one sentence.
    pub title: String,
    /// More of it, a line each.
    pub lines: Vec<String>,
    /// How things stood after it.
    pub table: Table,
}

/// A number beside what it is to be compared with.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The stable metric id: `fidelity.votes_per_member.ks`.
    pub id: String,
    /// The name in words.
    pub label: String,
    /// The figure.
    #[serde(deserialize_with = "nullable::read")]
    pub value: f64,
    /// The interval around it, where one was computed.
    #[serde(default, deserialize_with = "nullable::read")]
    pub interval: Option<(f64, f64)>,
    /// Name and figure of each reference: `holdout`, `chance`, `independent columns`, `bootstrap floor`.
    #[serde(default, deserialize_with = "nullable::read")]
    pub references: Vec<(String, f64)>,
    /// The largest (or smallest, see `outcome`) figure that is accepted, where there is one.
    #[serde(default)]
    pub bar: Option<f64>,
    /// How the figure stands to its bar.
    pub outcome: Outcome,
    /// What the figure says, in one sentence.
    pub meaning: String,
}

/// Rows of text under headings. Numbers are given as text so that the room decides their precision.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// The caption.
    pub caption: String,
    /// The headings.
    pub columns: Vec<String>,
    /// The rows, each as long as `columns`.
    pub rows: Vec<Vec<String>>,
}

/// A picture, as data. Renderers also show it as a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// A stable name, unique in the document.
    pub id: String,
    /// The heading.
    pub title: String,
    /// What it shows, for those who cannot see it.
    pub description: String,
    /// The content.
    pub plot: Plot,
}

/// What a picture draws.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "plot", rename_all = "lowercase")]
pub enum Plot {
    /// Lines, steps, dots or bands over two axes.
    Xy {
        /// The horizontal axis.
        x: Axis,
        /// The vertical axis.
        y: Axis,
        /// What is drawn.
        series: Vec<Series>,
    },
    /// Grouped bars: one group a category, one bar a series.
    Bars {
        /// The categories.
        categories: Vec<String>,
        /// The vertical axis.
        y: Axis,
        /// Name and heights of each series, a height for each category. A name that begins with `real`,
        /// `synthetic` or `measured` is drawn in that role.
        #[serde(deserialize_with = "nullable::read")]
        series: Vec<(String, Vec<f64>)>,
    },
    /// A coloured matrix. Several are drawn side by side on one scale: real, synthetic, difference.
    Heatmaps {
        /// The labels of the rows and, where `columns` is empty, of the columns.
        rows: Vec<String>,
        /// The labels of the columns.
        columns: Vec<String>,
        /// Name and values of each map, row by row; NaN is drawn as missing.
        #[serde(deserialize_with = "nullable::read")]
        maps: Vec<(String, Vec<f64>)>,
        /// The scale's ends. Where they lie on both sides of zero, zero is the neutral colour.
        #[serde(deserialize_with = "nullable::read")]
        range: (f64, f64),
    },
}

/// An axis.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// The label with its unit.
    pub label: String,
    /// The scale.
    pub scale: Scale,
}

/// The scale of an axis.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// Equal steps, equal differences.
    #[default]
    Linear,
    /// Equal steps, equal ratios; values that are not positive are left out.
    Log,
    /// Seconds since 1970, shown as dates.
    Time,
}

/// One drawn series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// The name in the legend.
    pub name: String,
    /// Which of the fixed roles it has; the role decides colour and dash.
    pub role: Role,
    /// How it is drawn.
    pub mark: Mark,
    /// The points, in drawing order. A point that is not finite interrupts the line.
    #[serde(deserialize_with = "nullable::read")]
    pub points: Vec<(f64, f64)>,
    /// For [`Mark::Band`]: the upper edge, a value for each point; empty otherwise.
    #[serde(default, deserialize_with = "nullable::read")]
    pub upper: Vec<f64>,
}

/// What a series stands for; the same role looks the same in every picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Measured on the real DAO.
    Real,
    /// Sampled from the twin.
    Synthetic,
    /// What the twin measured privately.
    Measured,
    /// Anything else, numbered.
    Other(u8),
}

/// How a series is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// A line through the points.
    Line,
    /// A step at each point.
    Step,
    /// A dot a point.
    Dots,
    /// The area between each point and its upper edge.
    Band,
}

/// Reads `null` as NaN, which is how JSON carries a number that is not finite.
mod nullable {
    use serde::{Deserialize, Deserializer};

    /// The same shape with `null` allowed where it has a number.
    pub(super) trait FromNullable: Sized {
        /// The shape as JSON has it.
        type Json: for<'de> Deserialize<'de>;
        /// Puts NaN where the JSON has `null`.
        fn from_nullable(json: Self::Json) -> Self;
    }

    impl FromNullable for f64 {
        type Json = Option<f64>;
        fn from_nullable(json: Self::Json) -> Self {
            json.unwrap_or(Self::NAN)
        }
    }

    impl FromNullable for String {
        type Json = String;
        fn from_nullable(json: Self::Json) -> Self {
            json
        }
    }

    impl<A: FromNullable, B: FromNullable> FromNullable for (A, B) {
        type Json = (A::Json, B::Json);
        fn from_nullable((first, second): Self::Json) -> Self {
            (A::from_nullable(first), B::from_nullable(second))
        }
    }

    impl<T: FromNullable> FromNullable for Vec<T> {
        type Json = Vec<T::Json>;
        fn from_nullable(json: Self::Json) -> Self {
            json.into_iter().map(T::from_nullable).collect()
        }
    }

    impl<T: FromNullable> FromNullable for Option<T> {
        type Json = Option<T::Json>;
        fn from_nullable(json: Self::Json) -> Self {
            json.map(T::from_nullable)
        }
    }

    pub(super) fn read<'de, D: Deserializer<'de>, T: FromNullable>(deserializer: D) -> Result<T, D::Error> {
        T::Json::deserialize(deserializer).map(T::from_nullable)
    }
}
