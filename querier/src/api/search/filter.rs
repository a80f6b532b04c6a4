//! Which texts pass, and how well.

use super::jaro_winkler::jaro_winkler;
use super::params::{Algorithm, Params};
use super::subsequence::subsequence;

/// All terms of a search.
pub(super) struct Filter {
    terms: Vec<String>,
    threshold: f64,
    algorithm: Algorithm,
    case_sensitive: bool,
}

impl Filter {
    /// Empty terms say nothing.
    pub(super) fn new(params: &Params) -> Self {
        let fold = |term: &String| if params.case_sensitive { term.clone() } else { term.to_lowercase() };
        Self {
            terms: params.terms.iter().filter(|term| !term.is_empty()).map(fold).collect(),
            threshold: params.threshold,
            algorithm: params.algorithm,
            case_sensitive: params.case_sensitive,
        }
    }

    /// The best score among the terms that the text passes; `None` if it passes none.
    pub(super) fn score(&self, text: &str) -> Option<f64> {
        if self.terms.is_empty() {
            return Some(1.0);
        }
        let folded;
        let text = if self.case_sensitive {
            text
        } else {
            folded = text.to_lowercase();
            &folded
        };
        self.terms.iter().filter_map(|term| self.score_term(term, text)).max_by(f64::total_cmp)
    }

    fn score_term(&self, term: &str, text: &str) -> Option<f64> {
        match self.algorithm {
            Algorithm::Subsequence if text.starts_with(term) => Some(1.0),
            Algorithm::Subsequence => {
                Some(subsequence(term, text)).filter(|score| *score > 0.0 && *score >= self.threshold)
            }
            Algorithm::JaroWinkler => substring(term, text).or_else(|| {
                let fuzzy = || jaro_winkler(term, text);
                (self.threshold > 0.0).then(fuzzy).filter(|score| *score >= self.threshold)
            }),
        }
    }
}

/// 1 at the start of the text, down to 0.1 at its end; `None` if it is no part of it.
fn substring(term: &str, text: &str) -> Option<f64> {
    let at = text.find(term)?;
    let at = text[..at].chars().count();
    let last = text.chars().count() - term.chars().count();
    Some(if at == 0 || last == 0 { 1.0 } else { 1.0 - 0.9 * at as f64 / last as f64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(terms: &[&str], algorithm: Algorithm, percent: u8, case_sensitive: bool) -> Filter {
        let fold = |term: &&str| if case_sensitive { (*term).to_owned() } else { term.to_lowercase() };
        Filter {
            terms: terms.iter().map(fold).collect(),
            threshold: f64::from(percent) / 100.0,
            algorithm,
            case_sensitive,
        }
    }

    #[test]
    fn parts_of_a_text_score_by_their_place() {
        let filter = filter(&["cpu"], Algorithm::JaroWinkler, 0, true);
        assert_eq!(filter.score("cpu_seconds"), Some(1.0));
        assert_eq!(filter.score("my_cpu"), Some(1.0 - 0.9));
        assert_eq!(filter.score("é_cpu_x"), Some(1.0 - 0.9 * 2.0 / 4.0));
        assert_eq!((filter.score("memory"), filter.score("CPU")), (None, None));
    }

    #[test]
    fn any_term_suffices_and_the_best_counts() {
        let filter = filter(&["xyz", "CPU"], Algorithm::Subsequence, 0, false);
        assert_eq!(filter.score("Cpu_total"), Some(1.0));
        assert!(filter.score("c_p_u").is_some_and(|score| score > 0.0 && score < 1.0));
        assert_eq!(filter.score("memory"), None);
    }
}
