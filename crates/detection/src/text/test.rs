use super::synthetic::Mixture;
use super::*;

#[test]
fn features_see_kinds_and_not_digits() {
    assert_eq!(features("Claim 100 NOW https://a.example"), features("claim 999 now https://b.example/x"));
    assert_ne!(features("claim now"), features("vote now"));
    assert_eq!(gist("gm, FRIENDS! 12"), gist("gm friends"));
    // Of numbers, signs and links nothing is left to be the same.
    assert_eq!(gist("1 2 3 - 4 https://example.org").1, 0);
    assert_eq!(host("https://vote.dao.example/7?x"), "vote.dao.example");
    assert!(features(&"é".repeat(20_000)).len() < 20);
    assert!(features("").is_empty());
}

#[test]
fn the_fit_is_where_the_gradient_vanishes() {
    let mut stream = Seed(2).stream("logistic test");
    let documents: Vec<Vec<u32>> =
        (0..400).map(|_| (0..20).filter(|_| stream.chance(0.3)).collect()).collect();
    let labels: Vec<bool> = documents
        .iter()
        .map(|document| stream.chance(if document.contains(&3) { 0.8 } else { 0.2 }))
        .collect();
    let model = Logistic::fit(&documents, &labels, 2.0);
    // Gradient of the loss at each feature: the penalty's must cancel it.
    for feature in 0..20_u32 {
        let slope: f64 = documents
            .iter()
            .zip(&labels)
            .filter(|(document, _)| document.contains(&feature))
            .map(|(document, &label)| {
                1.0 / (1.0 + (-model.log_odds(document)).exp()) - f64::from(u8::from(label))
            })
            .sum();
        let whole = slope + 2.0 * model.weights()[feature as usize];
        assert!(whole.abs() < 0.05, "feature {feature}: {whole}");
    }
    assert!(model.weights()[3] > 1.0);
}

#[test]
fn synthetic_documents_teach_what_real_ones_teach() {
    let mut stream = Seed(8).stream("mixture test");
    // Two kinds of documents in each class; the classes differ in features 0 to 9.
    let mut draw = |count: usize| -> (Vec<Vec<u32>>, Vec<bool>) {
        (0..count)
            .map(|_| {
                let (label, kind) = (stream.chance(0.3), stream.chance(0.5));
                let document = (0..200_u32)
                    .filter(|&feature| {
                        let chance = match feature {
                            0..10 => {
                                if label {
                                    0.3
                                } else {
                                    0.1
                                }
                            }
                            10..100 if kind => 0.2,
                            100..200 if !kind => 0.2,
                            _ => 0.01,
                        };
                        stream.chance(chance)
                    })
                    .collect();
                (document, label)
            })
            .unzip()
    };
    let (train, labels) = draw(2000);
    let (test, truth) = draw(2000);
    let (mut documents, mut classes) = (Vec::new(), Vec::new());
    for class in [false, true] {
        let of: Vec<&[u32]> = train
            .iter()
            .zip(&labels)
            .filter(|(_, label)| **label == class)
            .map(|(d, _)| d.as_slice())
            .collect();
        let mixture = Mixture::fit(&of, 2, Seed(1));
        let drawn = mixture.sample(of.len(), Seed(2));
        assert!(drawn.iter().all(|document| !of.contains(&document.as_slice())), "a document was copied");
        classes.extend(std::iter::repeat_n(class, drawn.len()));
        documents.extend(drawn);
    }
    let reach = |documents: &[Vec<u32>], labels: &[bool]| {
        let model = Logistic::fit(documents, labels, PENALTY);
        let scores: Vec<f64> = test.iter().map(|document| model.log_odds(document)).collect();
        crate::measure::average_precision(&scores, &truth)
    };
    let (real, synthetic) = (reach(&train, &labels), reach(&documents, &classes));
    assert!(real > 0.6 && synthetic > real - 0.05, "{real} {synthetic}");
    // The control: labels that say nothing.
    let mut shuffled = classes.clone();
    Seed(3).stream("mixture control").shuffle(&mut shuffled);
    assert!(reach(&documents, &shuffled) < real - 0.1);
    assert!(both_classes(&[true, true]).unwrap_err().to_string().contains("both kinds"));
}
