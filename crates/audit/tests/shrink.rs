//! Findings made minimal: measured on attacks with more calls and larger values than they need.

mod known;

use daotwin_audit::chain::Machine;
use daotwin_audit::shrink::{Budget, is_minimal, shrink};
use daotwin_audit::words::{Words, wait};

/// The steps in words, callbacks after a comma.
fn sentences(words: &Words<'_>, steps: &[daotwin_audit::Step]) -> Vec<String> {
    let line = |step: &daotwin_audit::Step| {
        let calls = step.inner.iter().map(|call| words.call(call));
        let all: Vec<String> = std::iter::once(words.sentence(step)).chain(calls).collect();
        all.join(", ")
    };
    steps.iter().map(line).collect()
}

#[test]
fn known_attacks_become_minimal() {
    let mut seen = Vec::new();
    for (case, world, finding) in known::all() {
        let mut machine = Machine::new(world.fork);
        assert!(finding.holds(&mut machine, &world.state).unwrap(), "{case}");
        assert_ne!(is_minimal(&mut machine, &world, &finding).unwrap(), [], "{case} is minimal already");
        let budget = Budget::default();
        let shrunk = shrink(&mut machine, &world, &finding, budget).unwrap().unwrap();
        let words = Words::new(&world);
        eprintln!("{case}: {} calls, {} transactions", shrunk.calls_before, shrunk.transactions);
        eprintln!("  {}", sentences(&words, &shrunk.finding.steps).join("\n  "));
        assert_eq!(shrunk.simpler, [], "{case}");
        assert!(shrunk.finding.holds(&mut machine, &world.state).unwrap(), "{case}");
        assert_eq!(is_minimal(&mut machine, &world, &shrunk.finding).unwrap(), [], "{case}");
        assert!(shrunk.transactions < budget.calls + budget.values, "{case}");
        let again = shrink(&mut Machine::new(world.fork), &world, &finding, budget).unwrap().unwrap();
        assert_eq!(shrunk, again, "{case} is another every time");
        seen.push((case, shrunk));
    }
    let of = |case: &str| {
        let (_, world, _) = known::all().into_iter().find(|(name, ..)| *name == case).unwrap();
        let shrunk = &seen.iter().find(|(name, _)| *name == case).unwrap().1;
        (sentences(&Words::new(&world), &shrunk.finding.steps), shrunk.clone())
    };
    // Two thirds of 99,000 + x beans are x from 198,000 on, of which the attacker has 1,000: the loan is the least that is
    // enough, and all that belongs to it went down with it.
    let (lines, shrunk) = of("incidents/beanstalk");
    let expected = [
        "attacker calls bean.approve(spender: silo, amount: 198000e18)",
        "attacker calls silo.deposit(amount: 1e18)",
        "attacker calls silo.propose(init: attacker, data: 0x)",
        "1 day later, attacker calls lender.flashLoan(receiver: attacker, token: bean, amount: 197000e18, data: 0x), \
         silo.deposit(amount: 197999e18), silo.vote(id: 1), silo.emergencyCommit(id: 1), \
         silo.withdraw(amount: 197000e18), bean.approve(spender: lender, amount: 197000e18)",
    ];
    assert_eq!(lines, expected);
    let why =
        |place: &str| shrunk.explained.iter().find(|note| note.place == place).map(|note| note.why.as_str());
    assert_eq!(why("wait"), Some("`silo.EMERGENCY_PERIOD()`"));
    assert_eq!(why("id"), Some("what step 3 answered"));
    // The number of the proposal followed when the one before it was left out, and what the purse has is known.
    let (lines, shrunk) = of("incidents/build-finance");
    assert_eq!(lines.len(), 5, "{lines:?}");
    assert!(lines[2].contains("vote(id: 0, support: true"), "{lines:?}");
    let whole = shrunk.explained.iter().any(|note| note.why == "all that `dao` has of `token`");
    assert!(whole && shrunk.explained.iter().any(|note| note.why == "the same as `data` of step 1"));
    // A list loses a row; a wait that nothing asks for goes.
    let (lines, _) = of("incidents/parity-july");
    assert_eq!(lines[0], "attacker calls wallet.initWallet(owners_: [attacker], required_: 1)");
    // Nothing but what is needed of the callbacks.
    let (lines, _) = of("incidents/the-dao");
    assert_eq!(lines[1], "attacker calls dao.splitDao(), dao.splitDao()");
}

#[test]
fn what_does_not_hold_is_not_shrunk_and_a_small_budget_says_so() {
    let (_, world, mut finding) = known::all().into_iter().next().unwrap();
    let mut machine = Machine::new(world.fork);
    let little = Budget { calls: 10, values: 10 };
    let shrunk = shrink(&mut machine, &world, &finding, little).unwrap().unwrap();
    assert!(shrunk.finding.holds(&mut machine, &world.state).unwrap());
    assert_ne!(shrunk.simpler, []);
    finding.steps.pop();
    assert_eq!(shrink(&mut machine, &world, &finding, Budget::default()).unwrap(), None);
    let empty = daotwin_audit::Finding { effects: Vec::new(), ..finding };
    assert!(!empty.holds(&mut machine, &world.state).unwrap());
    assert_eq!(wait(daotwin_audit::Wait::default()), "");
}
