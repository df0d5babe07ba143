//! The tables that models are measured on, as they stand beside a checkout; the excerpt of the American Community
//! Survey may also stand where the variable `DAOTWIN_ACS` says.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};

use daotwin::core::Run;
use daotwin::history::frame::{Constraint, Declaration, DeclaredColumn, Frame, read};

/// A table.
pub(crate) struct Table {
    /// The name on the page.
    pub(crate) name: &'static str,
    /// What it is, in words.
    pub(crate) what: &'static str,
    /// Its file below the shared data.
    pub(crate) path: &'static str,
    /// The file of the rows held out; without one, every fifth row of the first file.
    holdout: Option<&'static str>,
    /// The column that is predicted.
    pub(crate) target: &'static str,
    /// Columns whose whole numbers are codes of labels.
    codes: &'static [&'static str],
    /// The columns that are learned; all where none is named.
    columns: &'static [&'static str],
    /// At most so many rows are learned from.
    rows: usize,
    /// Labels that stand in exactly the rows of a range: column, label, number, least, greatest.
    exactly: &'static [Exactly],
}

type Exactly = (&'static str, &'static str, &'static str, Option<f64>, Option<f64>);

const ADULT: Table = Table {
    name: "adult",
    what: "census, people",
    path: "benchmark-tables/adult_train.csv.gz",
    holdout: Some("benchmark-tables/adult_test.csv.gz"),
    target: "income",
    codes: &[],
    columns: &[],
    rows: usize::MAX,
    exactly: &[],
};

const ACS: &str = "acs";

const CODES: [&str; 9] =
    ["SEX", "MSP", "RAC1P", "HOUSING_TYPE", "OWN_RENT", "EDU", "PINCP_DECILE", "DVET", "DEYE"];

/// Every table, in the order of the page.
pub(crate) const TABLES: &[Table] = &[
    ADULT,
    Table {
        name: "votes",
        what: "votes of two DAOs, heavy tails",
        path: "benchmark-tables/votes_train.csv.gz",
        holdout: Some("benchmark-tables/votes_test.csv.gz"),
        target: "dao",
        exactly: &[
            ("whale", "yes", "weight", Some(10_000.0), None),
            ("weight_change", "first", "voter_prior_votes", None, Some(0.0)),
        ],
        ..ADULT
    },
    Table { name: "small", what: "500 rows of `adult`", rows: 500, ..ADULT },
    Table {
        name: "wide",
        what: "activity of addresses, most columns heavy-tailed",
        path: "eth-fraud/address_features.csv.gz",
        holdout: None,
        target: "FLAG",
        codes: &["FLAG"],
        ..ADULT
    },
    Table {
        name: ACS,
        what: "American Community Survey, national excerpt of 2019, the ten columns of its demographic subset",
        path: "acs-excerpt/national2019.csv.gz",
        holdout: None,
        target: "DEYE",
        codes: &CODES,
        columns: &[
            "AGEP", CODES[0], CODES[1], CODES[2], CODES[3], CODES[4], CODES[5], CODES[6], CODES[7], CODES[8],
        ],
        ..ADULT
    },
];

/// A table's rows.
pub(crate) struct Loaded {
    /// Learned from.
    pub(crate) train: Frame,
    /// Held out.
    pub(crate) holdout: Frame,
    /// What holds in every row.
    pub(crate) constraints: Vec<Constraint>,
}

/// Reads a table; none where it does not stand beside the checkout.
pub(crate) fn load(table: &Table) -> Result<Option<Loaded>, Box<dyn Error>> {
    let data = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    let elsewhere = std::env::var_os("DAOTWIN_ACS").filter(|_| table.name == ACS);
    let path = elsewhere.map_or_else(|| data.join(table.path), PathBuf::from);
    if !path.is_file() {
        return Ok(None);
    }
    let run = Run::default();
    let (first, _) = read(&path, &Declaration::default(), &run)?;
    let mut columns = BTreeMap::new();
    for (place, column) in first.columns().iter().enumerate() {
        let name = column.name.as_str();
        if !table.columns.is_empty() && !table.columns.contains(&name) {
            columns.insert(name.to_owned(), DeclaredColumn::LeaveOut);
        } else if table.codes.contains(&name) && column.kind.labels().is_none() {
            let known = first.values(place).numbers().iter().filter(|value| !value.is_nan());
            let labels: BTreeSet<String> = known.map(f64::to_string).collect();
            let (labels, optional) = (labels.into_iter().collect(), column.optional);
            columns.insert(name.to_owned(), DeclaredColumn::Categorical { labels, optional });
        }
    }
    let declaration = Declaration { columns, ..Declaration::default() };
    let (frame, _) = read(&path, &declaration, &run)?;
    let (train, holdout) = match table.holdout {
        Some(holdout) => (frame, read(&data.join(holdout), &declaration, &run)?.0),
        None => {
            let (unseen, learned): (Vec<usize>, Vec<usize>) = (0..frame.rows()).partition(|row| row % 5 == 4);
            (frame.take(&learned), frame.take(&unseen))
        }
    };
    let train =
        if train.rows() > table.rows { train.take(&(0..table.rows).collect::<Vec<_>>()) } else { train };
    let exactly = |&(column, label, number, minimum, maximum): &Exactly| Constraint::Exactly {
        column: column.to_owned(),
        label: label.to_owned(),
        number: number.to_owned(),
        minimum,
        maximum,
    };
    Ok(Some(Loaded { train, holdout, constraints: table.exactly.iter().map(exactly).collect() }))
}
