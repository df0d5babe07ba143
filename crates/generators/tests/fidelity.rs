//! The twin against the real DAOs: at most one of eleven facts outside its tolerance for each.

#[path = "../examples/fidelity.rs"]
mod fidelity;

#[test]
fn at_most_one_fact_of_a_dao_is_outside_its_tolerance() {
    let Some(tables) = fidelity::tables(&[], 5, 5, 60).unwrap() else {
        println!("skipped: no real data beside the checkout");
        return;
    };
    assert_eq!(tables.len(), 11, "DAOs with at least 900 votes");
    for table in &tables {
        let outside: Vec<&str> =
            table.rows.iter().filter(|row| !row.holds).map(|row| row.name.as_str()).collect();
        assert!(outside.len() <= 1, "{}: {outside:?}", table.dao);
    }
}
