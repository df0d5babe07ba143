//! Values, codes and scalars, there and back.

use daotwin_core::Seed;

use super::*;

fn column(name: &str, kind: Kind, optional: bool, bounds: (f64, f64)) -> Column {
    Column { name: name.to_owned(), kind, optional, bounds }
}

fn many_labels(count: usize) -> Kind {
    Kind::Categorical { labels: (0..count).map(|label| format!("label {label:06}")).collect() }
}

/// A heavy tail with a spike at zero and missing values, whole numbers, labels of Zipf's law.
fn frame(rows: usize) -> Frame {
    let mut stream = Seed(3).stream("mixed");
    let (mut amount, mut age, mut label) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rows {
        let tail = (2.0 * stream.normal() + 3.0).exp();
        amount.push(if stream.chance(0.4) {
            0.0
        } else if stream.chance(0.05) {
            f64::NAN
        } else {
            (100.0 * tail).round() / 100.0
        });
        age.push((40.0 + 12.0 * stream.normal()).round().clamp(17.0, 90.0));
        label.push((1.0 / stream.uniform().max(1e-3)) as u32 - 1);
    }
    let most = amount.iter().copied().fold(0.0, f64::max);
    let columns = vec![
        column("amount", Kind::Numeric { decimals: Some(2) }, true, (0.0, most)),
        column("age", Kind::Integer, false, (17.0, 90.0)),
        column("label", many_labels(1_000), false, (0.0, 0.0)),
    ];
    Frame::new(columns, vec![Values::Number(amount), Values::Number(age), Values::Code(label)]).unwrap()
}

fn forms() -> [Form; 4] {
    [Form::Score, Form::Bins(1), Form::Bins(24), Form::Modes(10)]
}

fn fitted(frame: &Frame, form: Form) -> Mixed {
    Mixed::fit(frame, &MixedOptions { form, labels: 64, ..MixedOptions::default() })
}

fn round_trip(frame: &Frame, form: Form) -> (Mixed, Encoded, Frame) {
    let mixed = fitted(frame, form);
    let encoded = mixed.encode(frame, Seed(5));
    let again = mixed.decode(&encoded, &[], &mut Seed(6).stream("decode")).unwrap();
    (mixed, encoded, again)
}

#[test]
fn values_come_back_near_and_spikes_exactly() {
    let real = frame(20_000);
    for form in forms() {
        let (mixed, encoded, again) = round_trip(&real, form);
        for (row, (before, after)) in
            real.values(0).numbers().iter().zip(again.values(0).numbers()).enumerate()
        {
            assert_eq!(before.is_nan(), after.is_nan());
            assert_eq!(*before == 0.0, encoded.codes_of(row)[0] == 0, "{form:?}");
            if *before == 0.0 {
                assert_eq!(*after, 0.0);
            }
        }
        // A piece of a curve holds at least 1/512 of the rows, a mode reaches a deviation: ranks stay near.
        let distance = daotwin_core::statistics::kolmogorov_smirnov(
            &real.values(0).numbers().iter().copied().filter(|value| !value.is_nan()).collect::<Vec<_>>(),
            &again.values(0).numbers().iter().copied().filter(|value| !value.is_nan()).collect::<Vec<_>>(),
        );
        assert!(distance < 0.02, "{form:?} {distance}");
        for (code, scalar) in encoded.codes.iter().zip(&encoded.scalars) {
            assert!(scalar.abs() <= 5.0 && (*code as usize) < 70);
        }
        let labels = real.values(2).codes().iter().zip(again.values(2).codes());
        let own = labels.filter(|(before, after)| before == after).count();
        assert!(own > 18_000, "{own}");
        assert_eq!(mixed.sizes()[2], 64);
    }
}

/// Every age is shared by many rows or drawn within half a year of it: rounding gives it back.
#[test]
fn whole_numbers_come_back_exactly_from_a_curve() {
    let real = frame(20_000);
    for form in [Form::Score, Form::Bins(16)] {
        let (_, _, again) = round_trip(&real, form);
        let ages = real.values(1).numbers().iter().zip(again.values(1).numbers());
        let same = ages.filter(|(before, after)| before == after).count();
        assert!(same > 19_900, "{form:?} {same}");
    }
}

/// Scores of 20,000 rows are standard normal: the mean has deviation 0.0071 and the mean square 0.01; 5 of each.
#[test]
fn scores_are_standard_normal() {
    let real = frame(20_000);
    let encoded = fitted(&real, Form::Score).encode(&real, Seed(1));
    let (first, last) = fitted(&real, Form::Score).parts()[1].scalars().unwrap();
    let own = |row: &usize| (first..=last).contains(&encoded.codes_of(*row)[1]);
    let scores: Vec<f64> = (0..20_000).filter(own).map(|row| f64::from(encoded.scalars_of(row)[1])).collect();
    let count = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / count;
    let square = scores.iter().map(|score| score * score).sum::<f64>() / count;
    let scale = (20_000.0 / count).sqrt();
    assert!(mean.abs() < 0.036 * scale && (square - 1.0).abs() < 0.05 * scale, "{mean} {square} {count}");
}

/// 3,000 different real numbers: a value drawn anew is none of them, but where the grid of floats meets one.
#[test]
fn rare_numbers_are_not_copied() {
    let mut stream = Seed(4).stream("copies");
    let numbers: Vec<f64> = (0..3_000).map(|_| stream.normal().exp()).collect();
    let kind = Kind::Numeric { decimals: None };
    let ends = numbers.iter().fold((f64::MAX, f64::MIN), |(low, high), &at| (low.min(at), high.max(at)));
    let real =
        Frame::new(vec![column("a", kind, false, ends)], vec![Values::Number(numbers.clone())]).unwrap();
    for form in forms() {
        let mixed = fitted(&real, form);
        let mut encoded = mixed.encode(&real, Seed(1));
        encoded
            .scalars
            .iter_mut()
            .for_each(|scalar| *scalar = (*scalar + 0.01 * stream.normal() as f32).clamp(-5.0, 5.0));
        let again = mixed.decode(&encoded, &[], &mut stream).unwrap();
        let copied = again.values(0).numbers().iter().filter(|value| numbers.contains(value)).count();
        // The least and the greatest are the bounds, which the columns tell anyway.
        assert!(copied < 100, "{form:?} {copied}");
    }
}

#[test]
fn no_label_is_lost() {
    let codes: Vec<u32> =
        (0..5_000_u32).map(|row| if row < 4_000 { row % 10 } else { row % 1_000 }).collect();
    let real =
        Frame::new(vec![column("label", many_labels(2_000), false, (0.0, 0.0))], vec![Values::Code(codes)])
            .unwrap();
    let mixed = fitted(&real, Form::Score);
    assert_eq!(mixed.sizes(), [64]);
    let mut encoded = Encoded::new(1, 30_000);
    encoded.codes.fill(63);
    let again = mixed.decode(&encoded, &[], &mut Seed(1).stream("labels")).unwrap();
    let mut drawn: Vec<u32> = again.values(0).codes().to_vec();
    drawn.sort_unstable();
    drawn.dedup();
    // 937 labels of one row each share the code, so a label is missing with probability 937 (1 - 1/937)^30000,
    // below 1e-10; no label without a row is drawn.
    assert_eq!(drawn.len(), 937);
    assert!(drawn.iter().all(|label| *label < 1_000));
    // And yet a label without a row can be asked for.
    let allowed = mixed.allowed(&vec![(0, Condition::Code(1_999))]).unwrap();
    let again = mixed.decode(&encoded, &allowed, &mut Seed(1).stream("labels")).unwrap();
    assert!(again.values(0).codes().iter().all(|label| *label == 1_999));
}

#[test]
fn conditions_hold_whatever_the_codes() {
    let real = frame(5_000);
    let declared = |frame: &Frame| Mixed::declared(frame.columns(), 16);
    let mut stream = Seed(9).stream("codes");
    let all = forms().map(|form| fitted(&real, form));
    for mixed in all.into_iter().chain([declared(&real)]) {
        let mut encoded = Encoded::new(3, 2_000);
        for row in 0..2_000 {
            for (index, size) in mixed.sizes().into_iter().enumerate() {
                encoded.codes[row * 3 + index] = stream.below(size as u64) as u32;
                encoded.scalars[row * 3 + index] = (3.0 * stream.normal()) as f32;
            }
        }
        for conditions in [
            vec![(0, Condition::Range(1.0, 2.5)), (1, Condition::Range(20.2, 29.9))],
            vec![(0, Condition::Range(0.0, 0.0)), (2, Condition::Code(3))],
            vec![(0, Condition::Range(5.0, 9e9))],
            vec![(1, Condition::Range(17.0, 17.0))],
            vec![(0, Condition::Range(0.01, 0.01))],
        ] {
            let allowed = mixed.allowed(&conditions).unwrap();
            for (index, allowed) in allowed.iter().enumerate() {
                if let Some(allowed) = allowed {
                    assert!(allowed.shares.iter().any(|share| *share > 0.0), "column {index}");
                    assert!(allowed.shares.iter().all(|share| (0.0..=1.0 + 1e-9).contains(share)));
                }
            }
            let rows = mixed.decode(&encoded, &allowed, &mut stream).unwrap();
            for (index, condition) in &conditions {
                for row in 0..2_000 {
                    match (condition, rows.values(*index)) {
                        (Condition::Code(code), Values::Code(codes)) => assert_eq!(codes[row], *code),
                        (Condition::Range(low, high), Values::Number(values)) => {
                            let value = values[row];
                            assert!((*low..=*high).contains(&value), "{value} of {condition:?}");
                            assert_eq!(real.columns()[*index].kind.round(value), value);
                        }
                        _ => unreachable!(),
                    }
                }
            }
        }
        let gone = vec![(0, Condition::Code(0)), (1, Condition::Range(17.2, 17.8)), (7, Condition::Code(0))];
        assert_eq!(mixed.allowed(&gone).unwrap_err().to_string().lines().count(), 3);
    }
}

/// The shares of a range that a curve tells are those of the data.
#[test]
fn shares_are_those_of_the_data() {
    let real = frame(20_000);
    let among = |low: f64, high: f64| {
        let values = real.values(1).numbers();
        values.iter().filter(|value| (low..=high).contains(*value)).count() as f64 / 20_000.0
    };
    for form in [Form::Score, Form::Bins(20)] {
        let mixed = fitted(&real, form);
        let encoded = mixed.encode(&real, Seed(2));
        let mut rows = vec![0.0; mixed.sizes()[1]];
        (0..20_000).for_each(|row| rows[encoded.codes_of(row)[1] as usize] += 1.0 / 20_000.0);
        for (low, high) in [(17.0, 30.0), (40.0, 40.0), (33.0, 61.0)] {
            let allowed = mixed.allowed(&vec![(1, Condition::Range(low, high))]).unwrap();
            let shares = &allowed[1].as_ref().unwrap().shares;
            let sum: f64 = shares.iter().zip(&rows).map(|(share, rows)| share * rows).sum();
            assert!((sum - among(low, high)).abs() < 0.01, "{form:?} {low} {high} {sum}");
        }
    }
}

#[test]
fn hostile_columns_have_a_code() {
    let number = Kind::Numeric { decimals: None };
    for numbers in [
        vec![f64::NAN],
        vec![1.0],
        vec![f64::MAX, f64::MIN, 0.0, f64::NAN],
        vec![3.0; 100],
        (0..200).map(|at| f64::MAX / 200.0 * f64::from(at)).collect(),
        (0..200).map(|at| f64::MIN_POSITIVE * f64::from(at)).collect(),
    ] {
        let ends = numbers
            .iter()
            .filter(|at| !at.is_nan())
            .fold((0.0_f64, 0.0_f64), |(low, high), &at| (low.min(at), high.max(at)));
        let real =
            Frame::new(vec![column("a", number.clone(), true, ends)], vec![Values::Number(numbers)]).unwrap();
        for form in forms() {
            let (mixed, _, again) = round_trip(&real, form);
            assert!(mixed.sizes()[0] >= 1);
            for (before, after) in real.values(0).numbers().iter().zip(again.values(0).numbers()) {
                assert_eq!(before.is_nan(), after.is_nan());
                assert!(after.is_nan() || (ends.0..=ends.1).contains(after), "{form:?} {after}");
            }
            // What a model that diverged would hand over.
            let mut encoded = Encoded::new(1, 3);
            encoded.scalars.copy_from_slice(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY]);
            assert!(mixed.decode(&encoded, &[], &mut Seed(1).stream("x")).is_ok());
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_scalars() {
    let real = frame(30_000);
    let encode = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fitted(&real, Form::Modes(5)).encode(&real, Seed(1)))
    };
    assert_eq!(encode(1), encode(3));
    assert_ne!(encode(1), fitted(&real, Form::Modes(5)).encode(&real, Seed(2)));
}

#[test]
fn files_give_the_same_codes_and_damage_is_refused() {
    let real = frame(2_000);
    for mixed in
        forms().map(|form| fitted(&real, form)).into_iter().chain([Mixed::declared(real.columns(), 9)])
    {
        let text = serde_json::to_string(mixed.parts()).unwrap();
        let parts: Vec<MixedColumn> = serde_json::from_str(&text).unwrap();
        assert_eq!(Mixed::new(Arc::clone(real.columns()), parts).unwrap(), mixed);
        let mut parts: Vec<MixedColumn> = serde_json::from_str(&text).unwrap();
        parts.swap(0, 2);
        assert!(Mixed::new(Arc::clone(real.columns()), parts).is_err());
    }
    let mixed = fitted(&real, Form::Score);
    let text = serde_json::to_string(mixed.parts()).unwrap();
    for (from, to) in
        [("\"rank\":[0.", "\"rank\":[7."), ("\"own\":[0,", "\"own\":[1,"), ("\"low\":[", "\"low\":[9e99,")]
    {
        assert!(text.contains(from), "{from}");
        let parts: Vec<MixedColumn> = serde_json::from_str(&text.replacen(from, to, 1)).unwrap();
        assert!(Mixed::new(Arc::clone(real.columns()), parts).is_err(), "{from}");
    }
}

/// The modes of a mixture of two are found: means within 5 standard errors, shares too.
#[test]
fn modes_are_found() {
    let mut stream = Seed(8).stream("modes");
    let numbers: Vec<f64> = (0..20_000)
        .map(|_| if stream.chance(0.3) { stream.normal() } else { 20.0 + 2.0 * stream.normal() })
        .collect();
    let ends = numbers.iter().fold((f64::MAX, f64::MIN), |(low, high), &at| (low.min(at), high.max(at)));
    let kind = Kind::Numeric { decimals: None };
    let real =
        Frame::new(vec![column("a", kind, false, ends)], vec![Values::Number(numbers.clone())]).unwrap();
    let mixed = fitted(&real, Form::Modes(2));
    assert_eq!(mixed.sizes(), [2]);
    let encoded = mixed.encode(&real, Seed(1));
    let lower = encoded.codes.iter().filter(|code| **code == 0).count() as f64 / 20_000.0;
    assert!((lower - 0.3).abs() < 0.017, "{lower}");
    for (row, &number) in numbers.iter().enumerate() {
        assert_eq!(encoded.codes[row] == 0, number < 9.0, "{number}");
    }
}
