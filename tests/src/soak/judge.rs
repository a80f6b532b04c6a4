//! What was wrong with a soak.

use super::{Look, Plan, Soaked};

/// How much the highest memory may move without a cause of its own: allocator, requests under way, the moment of a look.
pub(super) const NOISE: u64 = 32 << 20;
/// Recent data goes into blocks so often in each half at least, or memory was not filled and emptied.
const FLUSHES: usize = 2;

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
    let (first, second) = halves(looks);
    if first.is_empty() {
        return vec!["too short to say anything".to_owned()];
    }
    let most = highest(looks);
    if most > plan.most() {
        wrong.push(format!("{most} bytes of memory, more than {}", plan.most()));
    }
    let growth = highest(second).saturating_sub(highest(first));
    if growth > NOISE {
        wrong.push(format!("{growth} bytes more in the second half than in the first, over {NOISE}"));
    }
    if looks.iter().any(|look| look.behind) {
        wrong.push("the process fell behind: its series alone did not fit into the budget".to_owned());
    }
    let flushes = [first, second].map(flushes);
    if flushes.iter().any(|flushes| *flushes < FLUSHES) {
        wrong.push(format!(
            "recent data was flushed {} and {} times in the halves, so that nothing is shown: take a smaller --budget-mib",
            flushes[0], flushes[1]
        ));
    }
    wrong
}

pub(super) fn halves(looks: &[Look]) -> (&[Look], &[Look]) {
    looks.split_at(looks.len() / 2)
}

/// Memory goes up and down with the flushes: its highest is what a machine must have.
pub(super) fn highest(looks: &[Look]) -> u64 {
    looks.iter().map(|look| look.rss).max().unwrap_or(0)
}

/// How often blocks were committed between two looks.
fn flushes(looks: &[Look]) -> usize {
    looks.windows(2).filter(|pair| pair[0].flushed < pair[1].flushed).count()
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
        let look = |n: u64| Look {
            seconds: 10.0 * n as f64,
            rss: rss_mib(n) << 20,
            flushed: n / 4,
            ..Look::default()
        };
        Soaked {
            looks: (1..=24).map(look).collect(),
            write: json!({}),
            verify: json!({"missing": 0, "doubled": 0, "wrong": 0}),
        }
    }

    #[test]
    fn memory_that_goes_up_and_down_passes() {
        assert_eq!(judge(&plan(), &soaked(|n| 300 + n % 4 * 50)), Vec::<String>::new());
    }

    #[test]
    fn growth_in_the_second_half_and_too_much_at_any_time_are_told() {
        let wrong = judge(&plan(), &soaked(|n| 300 + n * 6));
        assert!(wrong.len() == 1 && wrong[0].contains("in the second half"), "{wrong:?}");
        let wrong = judge(&plan(), &soaked(|n| if n == 3 { 1100 } else { 300 }));
        assert!(wrong.len() == 1 && wrong[0].contains("bytes of memory"), "{wrong:?}");
    }

    #[test]
    fn a_soak_that_shows_nothing_does_not_pass() {
        let mut nothing = soaked(|_| 300);
        nothing.looks.iter_mut().for_each(|look| look.flushed = 1);
        assert!(judge(&plan(), &nothing)[0].contains("flushed 0 and 0 times"));
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
