//! Natural order of texts, as `sort_by_label` uses it: runs of digits compare as numbers.

/// Whether `a` comes before `b`.
pub(crate) fn natural_less(a: &str, b: &str) -> bool {
    let (a_parts, b_parts) = (parts(a), parts(b));
    for (i, a_part) in a_parts.iter().enumerate() {
        let Some(b_part) = b_parts.get(i) else { return false };
        let digits = |part: &str| part.bytes().next().is_some_and(|b| b.is_ascii_digit());
        if digits(a_part) && digits(b_part) {
            match (a_part.parse::<u64>(), b_part.parse::<u64>()) {
                (Ok(x), Ok(y)) if x != y => return x < y,
                (Ok(_), Ok(_)) if a_part.len() != b_part.len() => return a_part.len() < b_part.len(),
                (Ok(_), Ok(_)) => continue,
                _ => {}
            }
        }
        if a_part != b_part {
            return a_part < b_part;
        }
    }
    a_parts.len() < b_parts.len()
}

/// The runs of digits and of other characters, in order.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let bytes = text.as_bytes();
    for i in 1..=bytes.len() {
        if i == bytes.len() || bytes[i].is_ascii_digit() != bytes[i - 1].is_ascii_digit() {
            parts.extend(text.get(start..i));
            start = i;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_compare_as_numbers() {
        let mut texts = ["cpu10", "cpu2", "cpu", "10", "9", "cpu02"];
        texts.sort_by(|a, b| {
            if natural_less(a, b) { std::cmp::Ordering::Less } else { std::cmp::Ordering::Greater }
        });
        assert_eq!(texts, ["9", "10", "cpu", "cpu2", "cpu02", "cpu10"]);
    }
}
