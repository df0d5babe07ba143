//! Names and hosts that look like others.

/// A name as the eye takes it: letters in lower case, signs that look alike made one, others left out; at most 48 of them.
pub(super) fn skeleton(name: &str) -> Vec<char> {
    let mut out: Vec<char> = Vec::new();
    for sign in name.chars().flat_map(char::to_lowercase) {
        let sign = match sign {
            '0' | 'о' | 'ο' => 'o',
            '1' | 'i' | '|' | 'і' | 'ı' => 'l',
            '3' | 'е' => 'e',
            '4' | '@' | 'а' | 'α' => 'a',
            '5' | '$' | 'ѕ' => 's',
            'с' => 'c',
            'р' => 'p',
            'х' => 'x',
            'у' => 'y',
            other => other,
        };
        if !sign.is_alphanumeric() {
            continue;
        }
        match (out.last(), sign) {
            // Two letters that look like one.
            (Some('r'), 'n') => {
                out.pop();
                out.push('m');
            }
            (Some('v'), 'v') => {
                out.pop();
                out.push('w');
            }
            _ => out.push(sign),
        }
        if out.len() == 48 {
            break;
        }
    }
    out
}

/// Insertions, deletions, replacements and swaps of neighbours between two texts (optimal string alignment), at most 3.
pub(super) fn distance(left: &[char], right: &[char]) -> usize {
    const FAR: usize = 3;
    if left.len().abs_diff(right.len()) >= FAR {
        return FAR;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut line = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let mut least = (last[j] + usize::from(a != b)).min(last[j + 1] + 1).min(line[j] + 1);
            if i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b {
                least = least.min(before[j - 1] + 1);
            }
            line.push(least);
        }
        before = std::mem::replace(&mut last, line);
    }
    last[right.len()].min(FAR)
}

/// How alike a text is to the nearest of others that are not itself: 1 where it looks the same, 0.5 and 0.25 one and two changes
/// away, else 0. Texts shorter than five signs are like nothing.
pub(super) fn likeness<'a>(text: &[char], others: impl Iterator<Item = &'a [char]>) -> f64 {
    if text.len() < 5 {
        return 0.0;
    }
    others.map(|other| [1.0, 0.5, 0.25, 0.0][distance(text, other)]).fold(0.0, f64::max)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn the_eye_is_fooled_by_these() {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        assert_eq!(skeleton("Adm1n-Of_DAO"), skeleton("admin.0f.dao"));
        assert_eq!(skeleton("rnoderator"), skeleton("moderator"));
        assert_ne!(skeleton("alice"), skeleton("bob"));
        for (left, right, asked) in [
            ("kitten", "kitten", 0),
            ("kitten", "kittne", 1),
            ("kitten", "sitting", 3),
            ("abcd", "bcd", 1),
            ("", "abc", 3),
        ] {
            assert_eq!(distance(&chars(left), &chars(right)), asked, "{left} {right}");
        }
        assert_eq!(likeness(&chars("votedao"), [chars("voteda0").as_slice()].into_iter()), 0.5);
        assert_eq!(likeness(&chars("abc"), [chars("abc").as_slice()].into_iter()), 0.0);
    }
}
