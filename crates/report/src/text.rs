//! Text that somebody else wrote, made harmless before it is shown.

/// Replaces what could deceive a reader or a terminal by `�`: control characters, overrides of the writing
/// direction, invisible tags and non-characters. Line ends and tabs become plain ones.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' => {
                if characters.peek() != Some(&'\n') {
                    out.push('\n');
                }
            }
            '\n' => out.push('\n'),
            '\t' => out.push(' '),
            character if is_deceptive(character) => out.push('\u{fffd}'),
            character => out.push(character),
        }
    }
    out
}

/// As [`clean`], on one line and cut to `limit` characters with an ellipsis.
pub(crate) fn line(text: &str, limit: usize) -> String {
    let clean = clean(text).replace('\n', " ");
    if clean.chars().nth(limit).is_none() {
        return clean;
    }
    let end = clean.char_indices().nth(limit.saturating_sub(1)).map_or(0, |(index, _)| index);
    format!("{}…", clean[..end].trim_end())
}

fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
        || (u32::from(character) & 0xfffe) == 0xfffe
}

/// [`clean`] text with the five characters of XML escaped: for SVG text and attribute values.
pub(crate) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for character in clean(text).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            character => out.push(character),
        }
    }
    out
}

/// A name for a link target: letters, digits and hyphens of `text`, or `fallback` where none is left.
pub(crate) fn slug(text: &str, fallback: &str) -> String {
    let mut out = String::new();
    for character in text.chars().take(80) {
        if character.is_ascii_alphanumeric() {
            out.push(character.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    let out = out.trim_end_matches('-');
    if out.is_empty() { fallback.to_owned() } else { out.to_owned() }
}

/// The width of `text` in a system sans-serif at `size`, on the generous side.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    let ems: f64 = text
        .chars()
        .map(|character| match character {
            '\u{202f}' => 0.25,
            'i' | 'j' | 'l' | 'I' | 't' | 'f' | 'r' | '.' | ',' | ':' | ';' | '\'' | '|' | '(' | ')'
            | ' ' => 0.36,
            'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.92,
            'A'..='Z' | '−' | '×' | '=' | '+' | '<' | '>' => 0.7,
            '\u{1100}'..='\u{1fff}' | '\u{2c00}'.. => 1.05,
            _ => 0.58,
        })
        .sum();
    ems * size
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn deceptive_characters_become_visible() {
        assert_eq!(
            clean("a\u{202e}b\u{0}c\u{1b}[31m\u{200b}\u{fffe}"),
            "a\u{fffd}b\u{fffd}c\u{fffd}[31m\u{fffd}\u{fffd}"
        );
        assert_eq!(clean("a\r\nb\rc\td"), "a\nb\nc d");
        assert_eq!(clean("שלום 👩\u{200d}🌾 ½ é"), "שלום 👩\u{200d}🌾 ½ é");
    }

    #[test]
    fn a_line_is_cut_at_a_character() {
        assert_eq!(line("éééé", 4), "éééé");
        assert_eq!(line("ééééé", 4), "ééé…");
        assert_eq!(line("a\nb", 10), "a b");
    }

    #[test]
    fn markup_is_escaped() {
        assert_eq!(xml("<a b=\"'\">&"), "&lt;a b=&quot;&#39;&quot;&gt;&amp;");
    }

    #[test]
    fn slugs_are_safe_link_targets() {
        assert_eq!(slug("Fidelity: \"<x>\"", "s1"), "fidelity-x");
        assert_eq!(slug("投票", "s1"), "s1");
    }
}
