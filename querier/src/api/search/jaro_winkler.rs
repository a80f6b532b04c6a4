//! How alike two texts are, by Jaro with Winkler's bonus for a common prefix of up to four characters.

/// From 0 (nothing in common) to 1 (equal).
pub(super) fn jaro_winkler(a: &str, b: &str) -> f64 {
    if a == b {
        return 1.0;
    }
    if a.is_ascii() && b.is_ascii() {
        return of(a.as_bytes(), b.as_bytes());
    }
    of(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>())
}

fn of<C: PartialEq + Copy>(a: &[C], b: &[C]) -> f64 {
    let (short, long) = if a.len() > b.len() { (b, a) } else { (a, b) };
    let reach = (long.len() / 2).saturating_sub(1);
    let mut taken = vec![false; long.len()];
    let mut matched = Vec::with_capacity(short.len());
    for (at, c) in short.iter().enumerate() {
        let window = at.saturating_sub(reach)..(at + reach + 1).min(long.len());
        if let Some(place) = window.into_iter().find(|&place| !taken[place] && long[place] == *c) {
            taken[place] = true;
            matched.push(*c);
        }
    }
    if matched.is_empty() {
        return 0.0;
    }
    let there = long.iter().zip(&taken).filter(|(_, taken)| **taken).map(|(c, _)| c);
    let swapped = matched.iter().zip(there).filter(|(a, b)| a != b).count() as f64;
    let matches = matched.len() as f64;
    let jaro =
        (matches / short.len() as f64 + matches / long.len() as f64 + (matches - swapped * 0.5) / matches)
            / 3.0;
    let prefix = short.iter().zip(long).take(4).take_while(|(a, b)| a == b).count() as f64;
    jaro + prefix * 0.1 * (1.0 - jaro)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_textbook_cases() {
        let close = |a: &str, b: &str, score: f64| {
            let got = jaro_winkler(a, b);
            assert!((got - score).abs() < 5e-4, "{a} {b}: {got}");
            assert!((jaro_winkler(b, a) - got).abs() < 1e-12);
        };
        close("MARTHA", "MARHTA", 0.9611);
        close("DIXON", "DICKSONX", 0.8133);
        close("DWAYNE", "DUANE", 0.84);
        close("é", "e", 0.0);
        close("same", "same", 1.0);
        close("", "x", 0.0);
    }
}
