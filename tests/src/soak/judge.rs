//! What was wrong with a soak.

use super::{Look, Plan, Soaked};

/// How much the memory may move between two quarters without a cause of its own: allocator, requests under way.
const NOISE: u64 = 32 << 20;

/// What was wrong, in words; nothing where the soak was passed.
#[must_use]
pub fn judge(plan: &Plan, soaked: &Soaked) -> Vec<String> {
    let mut wrong = memory(plan, &soaked.looks);
    for kind in ["missing", "doubled", "wrong"] {
        match soaked.verify[kind].as_u64() {
            Some(0) => {}
            Some(n) => wrong.push(format!("{n} samples {kind} when read back")),
            None => wrong.push(format!("samples {kind}: not reported")),
        }
    }
    wrong
}

fn memory(plan: &Plan, looks: &[Look]) -> Vec<String> {
    let mut wrong = Vec::new();
    let (first, second) = looks.split_at(looks.len() / 2);
    let (third, fourth) = second.split_at(second.len() / 2);
    if first.is_empty() || third.is_empty() {
        return vec!["too short to say anything".to_owned()];
    }
    let most = looks.iter().map(|look| look.rss).max().unwrap_or(0);
    if most > plan.most() {
        wrong.push(format!("{most} bytes of memory, more than {}", plan.most()));
    }
    let growth = median_rss(fourth).saturating_sub(median_rss(third));
    let allowed = allowed_growth(plan, looks);
    if growth > allowed {
        wrong.push(format!("{growth} bytes more in the last quarter than in the third, over {allowed}"));
    }
    if looks.iter().any(|look| look.behind) {
        wrong.push("the process fell behind: its series alone did not fit into the budget".to_owned());
    }
    if looks.last().is_some_and(|look| look.spilled == 0) {
        wrong.push("nothing was spilled, so that nothing is shown: take a smaller --budget-mib".to_owned());
    }
    wrong
}

/// How much more the last quarter may take than the third: what cannot be spilled.
#[must_use]
pub(super) fn allowed_growth(plan: &Plan, looks: &[Look]) -> u64 {
    let quarter = looks.last().map_or(0.0, |look| look.seconds) / 4.0;
    plan.growth(quarter) + NOISE
}

/// The middle one, so that a single query or checkpoint decides nothing.
pub(super) fn median_rss(looks: &[Look]) -> u64 {
    let mut rss: Vec<u64> = looks.iter().map(|look| look.rss).collect();
    rss.sort_unstable();
    rss.get(rss.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan() -> Plan {
        Plan {
            mneme: "mneme".into(),
            minutes: 4,
            series: 1000,
            churn: 0.1,
            budget: 800 << 20,
            slack: 100 << 20,
        }
    }

    fn soaked(rss_mib: impl Fn(u64) -> u64) -> Soaked {
        let look =
            |n: u64| Look { seconds: 10.0 * n as f64, rss: rss_mib(n) << 20, spilled: n, ..Look::default() };
        Soaked {
            looks: (1..=24).map(look).collect(),
            write: json!({}),
            verify: json!({"missing": 0, "doubled": 0, "wrong": 0}),
        }
    }

    #[test]
    fn flat_memory_passes_also_with_a_rise_at_the_beginning() {
        assert_eq!(judge(&plan(), &soaked(|n| 300 + n.min(12) * 50 + n % 3)), Vec::<String>::new());
    }

    #[test]
    fn growth_in_the_second_half_and_too_much_at_any_time_are_told() {
        let wrong = judge(&plan(), &soaked(|n| 300 + n * 6));
        assert!(wrong.len() == 1 && wrong[0].contains("last quarter"), "{wrong:?}");
        let wrong = judge(&plan(), &soaked(|n| if n == 3 { 1100 } else { 300 }));
        assert!(wrong.len() == 1 && wrong[0].contains("bytes of memory"), "{wrong:?}");
    }

    #[test]
    fn a_soak_that_shows_nothing_does_not_pass() {
        let mut nothing = soaked(|_| 300);
        nothing.looks.iter_mut().for_each(|look| look.spilled = 0);
        assert!(judge(&plan(), &nothing)[0].contains("nothing was spilled"));
        nothing.looks.truncate(1);
        assert!(judge(&plan(), &nothing)[0].contains("too short"));
    }

    #[test]
    fn samples_that_are_not_as_sent_are_told_and_so_is_a_missing_report() {
        let mut bad = soaked(|_| 300);
        bad.verify = json!({"missing": 3, "doubled": 0});
        let wrong = judge(&plan(), &bad);
        assert_eq!(wrong, ["3 samples missing when read back", "samples wrong: not reported"]);
    }
}
