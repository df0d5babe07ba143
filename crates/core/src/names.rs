//! Names that people type: what one that does not exist probably means.

/// Letters of a name that are compared.
const LETTERS: usize = 64;

/// The known name that differs least from this one, where the two differ in no more than a third of its letters:
/// inserted, removed or replaced ones (Levenshtein). Of several the first in order.
///
/// ```
/// assert_eq!(daotwin_core::names::nearest("quorm", ["approval", "quorum"]), Some("quorum"));
/// assert_eq!(daotwin_core::names::nearest("price", ["approval", "quorum"]), None);
/// ```
pub fn nearest<'k>(found: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let most = found.chars().count().div_ceil(3);
    let nearest = known.into_iter().map(|candidate| (distance(found, candidate), candidate)).min();
    nearest.filter(|(distance, _)| *distance <= most).map(|(_, candidate)| candidate)
}

/// Levenshtein's distance.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(LETTERS).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().take(LETTERS).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, r) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(l != *r);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn distances_count_letters() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
