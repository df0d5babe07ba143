use super::*;

/// Rows of which `b` follows `a`, `c` follows both, and `n` is a number beside them.
fn table(rows: usize, stream: u64) -> Frame {
    let mut stream = Seed(3).streams("test table").stream(stream);
    let labels =
        |count: usize| Kind::Categorical { labels: (0..count).map(|label| format!("l{label}")).collect() };
    let column =
        |name: &str, kind: Kind, bounds| Column { name: name.to_owned(), kind, optional: false, bounds };
    let (mut a, mut b, mut c, mut n) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rows {
        let x = stream.below(4) as u32;
        let y = if stream.chance(0.8) { x } else { stream.below(4) as u32 };
        a.push(x);
        b.push(y);
        c.push(u32::from(stream.chance(if x == y { 0.7 } else { 0.1 })));
        n.push((stream.normal() + f64::from(x)).exp());
    }
    Frame::new(
        vec![
            column("a", labels(4), (0.0, 0.0)),
            column("b", labels(4), (0.0, 0.0)),
            column("c", labels(2), (0.0, 0.0)),
            column("n", Kind::Numeric { decimals: None }, (0.0, 1e6)),
        ],
        vec![Values::Code(a), Values::Code(b), Values::Code(c), Values::Number(n)],
    )
    .unwrap()
}

fn evaluation(real: &Frame, synthetic: &Frame, holdout: &Frame) -> TableEvaluation {
    let options = TableOptions { seed: Seed(1), target: Some("c".to_owned()) };
    evaluate_table(real, synthetic, Some(holdout), &options, &Run::default()).unwrap()
}

fn value(evaluation: &TableEvaluation, id: &str) -> f64 {
    evaluation.score(id).unwrap().value
}

#[test]
fn fresh_rows_copies_and_shuffled_columns_are_told_apart() {
    let (real, fresh, holdout) = (table(4_000, 0), table(4_000, 1), table(2_000, 2));
    let good = evaluation(&real, &fresh, &holdout);
    let copy = evaluation(&real, &real, &holdout);
    let bad = evaluation(&real, &independent(&real, Seed(9)), &holdout);
    // The detection test halves 4,000 rows a side: the area of equal laws has standard deviation
    // sqrt((2*2000+1)/(12*2000*2000)) < 0.0092; five of them and folding give 0.546 at 1e-6.
    assert!(value(&good, "table.detection.auc") < 0.546, "{}", value(&good, "table.detection.auc"));
    assert!(value(&bad, "table.detection.auc") > 0.7);
    assert!(value(&good, "table.fidelity.marginals3") < value(&bad, "table.fidelity.marginals3") / 2.0);
    assert_eq!(value(&copy, "table.fidelity.marginals3"), 0.0);
    assert!(value(&copy, "table.privacy.copies") == 1.0 && value(&good, "table.privacy.copies") < 0.01);
    // A copy gives every learned row away; fresh rows give none: 1,000 against 1,000 rows, as above with
    // standard deviation 0.0129, six of them.
    assert!(value(&copy, "table.privacy.membership") > 0.9);
    assert!((value(&good, "table.privacy.membership") - 0.5).abs() < 0.08);
    // Half of the 4,000 learned rows are compared, as many as are held out; the copies of the others are as
    // near to either side: 3/4.
    assert!(value(&copy, "table.privacy.nearest") > 0.7);
    assert!(value(&good, "table.utility.auc") > 0.65 && value(&bad, "table.utility.auc") < 0.6);
}

#[test]
fn distances_of_a_small_case() {
    let labels = vec!["x".to_owned(), "y".to_owned()];
    let column = |name: &str| Column {
        name: name.to_owned(),
        kind: Kind::Categorical { labels: labels.clone() },
        optional: false,
        bounds: (0.0, 0.0),
    };
    let frame = |a: Vec<u32>, b: Vec<u32>| {
        Frame::new(vec![column("a"), column("b")], vec![Values::Code(a), Values::Code(b)]).unwrap()
    };
    // By hand: single columns agree; the pairs (x,x),(y,y) against (x,y),(y,x) share no cell.
    for cut in [marginals::Cut::Quantiles, marginals::Cut::Ranks] {
        let [left, right] = [vec![0, 1], vec![1, 0]].map(|b| frame(vec![0, 1], b));
        let distances = marginals::Marginals::of(&left, &right, cut);
        assert_eq!(distances.distance(1), Some(0.0));
        assert_eq!(distances.distance(2), Some(1.0));
        assert_eq!(distances.distance(3), None);
        assert_eq!((distances.score(1), distances.score(2)), (Some(1_000.0), Some(0.0)));
    }
}

#[test]
fn ranks_cut_numbers_as_sdnist_does() {
    let frame = |values: Vec<f64>| {
        let kind = Kind::Numeric { decimals: None };
        let column = Column { name: "n".to_owned(), kind, optional: true, bounds: (0.0, 100.0) };
        Frame::new(vec![column], vec![Values::Number(values)]).unwrap()
    };
    let score = |left: &[f64], right: &[f64]| {
        marginals::Marginals::of(&frame(left.to_vec()), &frame(right.to_vec()), marginals::Cut::Ranks)
            .score(1)
            .unwrap()
    };
    // Number `i` of forty has rank `i / 40`, hence bin `i / 2` rounded down, 19 at most: [1], [2, 3], ...,
    // [36, 37], [38, 39, 40].
    let forty: Vec<f64> = (1..=40).map(f64::from).collect();
    assert_eq!(score(&forty, &forty), 1_000.0);
    // Within a bin nothing is told apart, nor beyond the greatest value; between bins it is.
    let mut moved = forty.clone();
    moved[1] = 3.0;
    moved[39] = 70.0;
    assert_eq!(score(&forty, &moved), 1_000.0);
    moved[2] = 4.0;
    assert!((score(&forty, &moved) - 975.0).abs() < 1e-9);
    // Equal values stay together: thirty zeros have mean rank 15.5 of 40, which is bin 7.
    let mut zeros = forty.clone();
    zeros[..30].fill(0.0);
    assert_eq!(score(&zeros, &zeros), 1_000.0);
    // A missing value is a bin of its own.
    let mut gone = forty.clone();
    gone[0] = f64::NAN;
    assert!((score(&forty, &gone) - 975.0).abs() < 1e-9);
}

#[test]
fn tables_of_other_columns_are_refused_with_all_differences() {
    let real = table(50, 0);
    let other = Frame::new(vec![real.columns()[0].clone()], vec![real.values(0).clone()]).unwrap();
    let error = evaluate_table(&real, &other, None, &TableOptions::default(), &Run::default()).unwrap_err();
    let text = error.to_string();
    assert!(["`b`", "`c`", "`n`"].iter().all(|name| text.contains(name)), "{text}");
}

#[test]
fn hostile_tables_have_a_figure_or_a_reason() {
    let real = table(60, 0);
    for rows in [1, 2, 19] {
        let small = table(rows, 1);
        let options = TableOptions { seed: Seed(1), target: None };
        let evaluation = evaluate_table(&real, &small, Some(&small), &options, &Run::default()).unwrap();
        assert!(evaluation.scores.iter().all(|score| score.value.is_finite()), "{rows}");
        assert!(evaluation.skipped.iter().any(|(id, _)| id == "table.detection.auc"), "{rows}");
    }
}
