//! What one series shows over time: a pure function of its key and the step.

use mneme_model::Histogram;
use mneme_model::histogram::Span;

use super::mix::{below, mix, unit};

/// Buckets of a native histogram.
const BUCKETS: u32 = 12;

/// Steps from one knot of [`Form::Pages`] to the next.
const KNOT: u32 = 512;

/// The form of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    /// Never changes.
    Constant,
    /// Is always this.
    Always(f64),
    /// A whole number that rises by about this much per step, over four decades from series to series.
    Counter,
    /// Seconds to two decimals that rise.
    Seconds,
    /// Small whole numbers that come and go.
    Gauge,
    /// All 52 bits of the mantissa are used.
    Noise,
    /// The share of a rising total that one cumulative bucket holds.
    Bucket(f64),
    /// The sum that belongs to the buckets' total.
    Sum,
    /// A native histogram.
    Native,
    /// Never changes: 0, 1, a size, a time or a quarter.
    Still,
    /// A number below 12 that changes with each step.
    Level,
    /// Bytes in pages of 4096 that come and go, by up to 64 pages per step.
    Pages,
}

/// One series' values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signal {
    form: Form,
    key: u64,
    /// The rise per step, or the height.
    scale: f64,
    /// Counters begin anew every so many steps.
    period: u32,
    phase: u32,
}

impl Signal {
    /// The signal of `form` and `key`, of a target whose counters restart together by `target`.
    pub(super) fn new(form: Form, key: u64, target: u64) -> Self {
        let scale = match form {
            Form::Constant => below(mix(key, 1), 1000) as f64,
            Form::Gauge => 2.0 + below(mix(key, 1), 60) as f64,
            Form::Seconds => 0.05 + 14.0 * unit(mix(key, 1)),
            _ => 10f64.powf(4.0 * unit(mix(key, 1)) - 0.5),
        };
        let period = 300 + below(mix(target, 2), 1000) as u32;
        let phase = below(mix(target, 3), u64::from(period)) as u32;
        Self { form, key, scale, period, phase }
    }

    /// The same, whose counters do not begin anew.
    pub(super) fn without_restarts(form: Form, key: u64) -> Self {
        let phase = below(mix(key, 4), 100_000) as u32;
        Self { period: u32::MAX, phase, ..Self::new(form, key, key) }
    }

    /// Whether the values are histograms.
    pub(super) fn is_native(&self) -> bool {
        self.form == Form::Native
    }

    /// The float at `step`.
    pub(super) fn value(&self, step: u32) -> f64 {
        match self.form {
            Form::Constant => self.scale,
            Form::Always(value) => value,
            Form::Counter | Form::Native => self.total(step).floor(),
            Form::Seconds => (self.total(step) * 100.0).floor() / 100.0,
            Form::Gauge => (self.scale * unit(mix(self.key, u64::from(step / 4)))).floor(),
            Form::Noise => self.scale * (1.0 + unit(mix(self.key, u64::from(step)))),
            Form::Bucket(share) => (self.total(step) * share).floor(),
            Form::Sum => self.total(step) * 0.0371,
            Form::Still => {
                let number = below(mix(self.key, 5), 1 << 20) as f64;
                [0.0, 1.0, 1_699_000_000.0 + number, 4096.0 * number, 0.25]
                    [below(mix(self.key, 6), 5) as usize]
            }
            Form::Level => below(mix(self.key, u64::from(step)), 12) as f64,
            Form::Pages => self.pages(step) * 4096.0,
        }
    }

    /// Pages that drift from knot to knot, and some that come and go.
    fn pages(&self, step: u32) -> f64 {
        let knot = |number: u32| 10_000.0 + 4000.0 * unit(mix(self.key ^ 0x9a6e, u64::from(number)));
        let (knot_before, part) = (step / KNOT, f64::from(step % KNOT) / f64::from(KNOT));
        let drift = knot(knot_before) * (1.0 - part) + knot(knot_before + 1) * part;
        drift.floor() + below(mix(self.key, u64::from(step)), 64) as f64
    }

    /// The histogram at `step`.
    pub(super) fn histogram(&self, step: u32) -> Histogram {
        let total = self.total(step);
        let counts: Vec<i64> = (0..BUCKETS)
            .map(|bucket| (total * unit(mix(self.key, 100 + u64::from(bucket)))).floor() as i64)
            .collect();
        let before = std::iter::once(0).chain(counts.iter().copied());
        let deltas = counts.iter().zip(before).map(|(count, before)| count - before).collect();
        let zero_count = (total / 7.0).floor() as u64;
        Histogram {
            schema: 3,
            zero_threshold: 1e-6,
            zero_count,
            count: zero_count + counts.iter().sum::<i64>().cast_unsigned(),
            sum: total * 0.0371,
            positive_spans: vec![Span { offset: -8, length: BUCKETS }],
            positive_deltas: deltas,
            ..Histogram::default()
        }
    }

    /// A total that rises with each step, and begins anew with the target.
    fn total(&self, step: u32) -> f64 {
        let age = step.wrapping_add(self.phase) % self.period;
        self.scale * (f64::from(age) + unit(mix(self.key, u64::from(step))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_rise_until_their_target_restarts() {
        for form in [Form::Counter, Form::Seconds, Form::Bucket(0.5), Form::Sum] {
            let signal = Signal::new(form, 42, 7);
            let values: Vec<f64> = (0..2000).map(|step| signal.value(step)).collect();
            let falls = values.windows(2).filter(|pair| pair[1] < pair[0]).count();
            assert!((1..=6).contains(&falls), "{form:?} fell {falls} times");
        }
    }

    #[test]
    fn without_restarts_counters_only_rise() {
        for form in [Form::Counter, Form::Seconds, Form::Bucket(0.5), Form::Sum] {
            let signal = Signal::without_restarts(form, 42);
            assert!((0..9000).all(|step| signal.value(step) <= signal.value(step + 1)), "{form:?}");
        }
    }

    #[test]
    fn what_is_in_pages_changes_by_few_of_them() {
        let signal = Signal::without_restarts(Form::Pages, 42);
        let values: Vec<f64> = (0..2000).map(|step| signal.value(step) / 4096.0).collect();
        assert!(values.iter().all(|pages| pages.fract() == 0.0 && *pages > 0.0));
        assert!(values.windows(2).all(|pair| (pair[1] - pair[0]).abs() <= 72.0));
    }

    #[test]
    fn histograms_are_valid_and_count_what_they_hold() {
        let signal = Signal::new(Form::Native, 5, 1);
        for step in 0..400 {
            let h = signal.histogram(step);
            assert_eq!(h.validate(), Ok(()), "step {step}");
        }
    }

    #[test]
    fn cumulative_buckets_do_not_cross() {
        let (low, high) = (Signal::new(Form::Bucket(0.3), 9, 1), Signal::new(Form::Bucket(0.6), 9, 1));
        assert!((0..500).all(|step| low.value(step) <= high.value(step)));
    }
}
