#![cfg(test)]

use super::*;

/// Phrases as DAOs have them, written for this test and labelled by hand.
const PHRASES: [(&str, i8); 40] = [
    ("I love this proposal, excellent work by the authors", 1),
    ("Great discussion everyone, happy with the outcome", 1),
    ("Congratulations to the new council, well deserved", 1),
    ("Thanks for the clear and helpful report", 1),
    ("Strong support from me, this is a good step", 1),
    ("The team did an amazing job with the audit", 1),
    ("I am excited about the new grants round", 1),
    ("Very pleased with the progress this season", 1),
    ("This improves security and I trust the process", 1),
    ("Impressive turnout, nice to see so many delegates", 1),
    ("The onboarding was friendly and easy", 1),
    ("A fair compromise, I am glad we agreed", 1),
    ("Best call we had this year", 1),
    ("The working group is brilliant and reliable", 1),
    ("I appreciate the thoughtful answers", 1),
    ("This is terrible, the vote was a disaster", -1),
    ("I hate how this proposal was rushed", -1),
    ("The treasury was robbed, this is awful", -1),
    ("Scam accounts everywhere, very worrying", -1),
    ("I am angry about the broken promises", -1),
    ("The process is unfair and corrupt", -1),
    ("We failed our members again, what a shame", -1),
    ("Sad to see such poor communication", -1),
    ("This decision is stupid and dangerous", -1),
    ("I am disappointed by the lack of answers", -1),
    ("The attack destroyed trust in the council", -1),
    ("Useless meeting, a waste of time", -1),
    ("The delegates ignored us, I am upset", -1),
    ("Nobody trusts these liars anymore", -1),
    ("A horrible week for the community", -1),
    ("This is not good, I have serious doubts", -1),
    ("I don't like the new charter", -1),
    ("The vote closes on Thursday", 0),
    ("The report has twelve pages", 0),
    ("Delegates met on the call at noon", 0),
    ("The second draft is in the forum", 0),
    ("The quorum is counted from the snapshot block", 0),
    ("Which channel is used by the working group", 0),
    ("The proposal moves to the next phase on Monday", 0),
    ("Read the document before the call", 0),
];

#[test]
fn signs_of_governance_phrases_are_mostly_right() {
    let lexicon = Lexicon::new();
    let sign = |text: &str| {
        let score = lexicon.score(text);
        i8::from(score > 0.05) - i8::from(score < -0.05)
    };
    let right = PHRASES.iter().filter(|(text, label)| sign(text) == *label).count();
    let inverted = PHRASES.iter().filter(|(text, label)| *label != 0 && sign(text) == -label).count();
    assert!(right >= 34, "{right} of 40");
    assert!(inverted <= 1, "{inverted} have the opposite sign");
    // Negative control: with words in reverse, labels of another phrase are right no more often than by chance.
    let shifted = (0..40).filter(|&place| sign(PHRASES[place].0) == PHRASES[(place + 15) % 40].1).count();
    assert!(shifted < 25, "{shifted}");
}

#[test]
fn known_texts_have_the_scores_of_the_reference() {
    // Published examples of vaderSentiment's own page (version 3.3.2).
    let lexicon = Lexicon::new();
    for (text, compound) in [
        ("VADER is smart, handsome, and funny.", 0.8316),
        ("VADER is not smart, handsome, nor funny.", -0.7424),
        ("The book was good.", 0.4404),
        ("At least it isn't a horrible book.", 0.431),
        ("", 0.0),
    ] {
        assert_eq!(lexicon.score(text), compound, "{text}");
    }
}

#[test]
fn days_are_means_of_their_messages() {
    let days = by_day(&[(-1, 0.5), (0, 1.0), (86_399, 0.0), (86_400, -1.0)]);
    assert_eq!(days, [(-1, 0.5, 1), (0, 0.5, 2), (1, -1.0, 1)]);
}
