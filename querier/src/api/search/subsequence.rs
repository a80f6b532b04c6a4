//! How well a text contains the characters of a pattern in their order (Prometheus 3.14 `util/strutil/subsequence.go`).
//!
//! The sum of the squares of the lengths of runs, less the gaps before them as parts of the text's length and half of the
//! gap behind, over the square of the pattern's length: the best over all places where the pattern may begin.

/// Keeps what is nearly equal below what is equal.
const NOT_EQUAL: f64 = 0.999;

/// 1 only for equal texts, 0 where the pattern is not contained.
pub(super) fn subsequence(pattern: &str, text: &str) -> f64 {
    if pattern.is_empty() || pattern == text {
        return 1.0;
    }
    if pattern.len() > text.len() {
        return 0.0;
    }
    let best = if pattern.is_ascii() && text.is_ascii() {
        best(pattern.as_bytes(), text.as_bytes())
    } else {
        best(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>())
    };
    best.map_or(0.0, |score| score / (chars(pattern) * chars(pattern)) * NOT_EQUAL)
}

fn chars(text: &str) -> f64 {
    text.chars().count() as f64
}

fn best<C: PartialEq>(pattern: &[C], text: &[C]) -> Option<f64> {
    let last = text.len().checked_sub(pattern.len())?;
    let mut best = None;
    for start in (0..=last).filter(|&start| text[start] == pattern[0]) {
        // Where it cannot be completed from here, it cannot from any later place.
        let Some(score) = score_from(pattern, text, start) else { break };
        if score >= 0.0 && best.is_none_or(|best| score > best) {
            best = Some(score);
        }
    }
    best
}

/// The greedy match whose first character is at `start`.
fn score_from<C: PartialEq>(pattern: &[C], text: &[C], start: usize) -> Option<f64> {
    let part = 1.0 / text.len() as f64;
    let (mut score, mut matched, mut at, mut behind) = (0.0, 0, start, 0);
    while matched < pattern.len() {
        let from = at + text.get(at..)?.iter().position(|c| *c == pattern[matched])?;
        let run = pattern[matched..].iter().zip(&text[from..]).take_while(|(p, t)| p == t).count();
        score += (run * run) as f64 - (from - behind) as f64 * part;
        matched += run;
        at = from + run;
        behind = at;
    }
    Some(score - (text.len() - behind) as f64 * part * 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_rewarded_and_gaps_cost() {
        assert_eq!(subsequence("", "abc"), 1.0);
        assert_eq!(subsequence("abc", "abc"), 1.0);
        assert_eq!(subsequence("abd", "abc"), 0.0);
        assert_eq!(subsequence("abcd", "abc"), 0.0);
        let close = |a: f64, b: f64| (a - b).abs() < 1e-12;
        assert!(close(subsequence("abc", "abcd"), (9.0 - 0.125) / 9.0 * 0.999));
        assert!(close(subsequence("ac", "abc"), (2.0 - 1.0 / 3.0) / 4.0 * 0.999));
        assert!(close(subsequence("bc", "aabc"), (4.0 - 0.5) / 4.0 * 0.999));
        assert!(close(subsequence("né", "nané"), (4.0 - 0.5) / 4.0 * 0.999));
    }

    #[test]
    fn the_best_place_to_begin_counts() {
        assert!(subsequence("ab", "a_ab") > subsequence("ab", "a_xb"));
    }
}
