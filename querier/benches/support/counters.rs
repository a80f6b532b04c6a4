//! Counters that are computed when they are asked for, so that no memory holds them.

use mneme_block::Error;
use mneme_block::meta::SeriesKey;
use mneme_block::write::Source;
use mneme_model::chunk::RawSamples;
use mneme_model::{Exemplar, Labels, TimestampMs};

/// Series `m` of 200 targets, of which most are scraped on an exact grid, a quarter some milliseconds off it, few up to 400. A third
/// of the counters stands still, a fiftieth has values without a pattern.
#[derive(Clone)]
pub(crate) struct Counters {
    /// Labels, and the number that everything follows from; sorted.
    series: Vec<(Labels, u64)>,
    step: i64,
    /// What is written: from here, and before there.
    pub(crate) range: (TimestampMs, TimestampMs),
}

impl Counters {
    pub(crate) fn new(count: u64, step: i64) -> Self {
        let labels = |i: u64| {
            Labels::from_pairs([
                ("__name__", "m".to_owned()),
                ("cluster", "prod-eu-west-1".to_owned()),
                ("instance", format!("10.0.0.{}:9100", i % 200)),
                ("pod", format!("deployment-{}-{:06x}", i % 50, hash(i) >> 40)),
                ("x", format!("value-{}", i % 10)),
            ])
        };
        let mut series: Vec<(Labels, u64)> = (0..count).map(|i| (labels(i), i)).collect();
        series.sort_by(|(a, _), (b, _)| SeriesKey::order(a.view(), b.view()));
        Self { series, step, range: (0, 0) }
    }

    fn value(number: u64, at: u64) -> f64 {
        let kind = hash(number) % 100;
        let rate = 2 << (hash(number) / 100 % 10);
        let noise = hash(number.wrapping_mul(0x5851_f42d_4c95_7f2d) ^ at);
        match kind {
            0..33 => (number * 17) as f64,
            33..35 => noise as f64 / 3.0e9,
            35..50 => (at * rate + noise % rate) as f64 / 100.0,
            _ => (at * rate + noise % rate) as f64,
        }
    }

    fn time(&self, number: u64, at: u64) -> TimestampMs {
        let target = number % 200;
        let jitter = match target % 20 {
            0..14 => 0,
            14..19 => 3,
            _ => 400,
        };
        let off = if jitter == 0 { 0 } else { (hash(target << 32 ^ at) % (2 * jitter)) as i64 };
        (hash(target) % (self.step as u64 - 800)) as i64 + at as i64 * self.step + off
    }
}

fn hash(x: u64) -> u64 {
    let x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

impl Source for Counters {
    fn len(&self) -> usize {
        self.series.len()
    }

    fn labels(&self, series: usize) -> Labels {
        self.series[series].0.clone()
    }

    fn bytes(&self, _: usize) -> u64 {
        ((self.range.1 - self.range.0) / self.step) as u64
    }

    fn windows(&mut self, _: usize, window_ms: i64, out: &mut Vec<TimestampMs>) -> Result<(), Error> {
        out.extend((self.range.0..self.range.1).step_by(window_ms as usize));
        Ok(())
    }

    fn read(
        &mut self,
        series: usize,
        start: TimestampMs,
        end: TimestampMs,
        out: &mut RawSamples,
    ) -> Result<(), Error> {
        let number = self.series[series].1;
        let (start, end) = (start.max(self.range.0), end.min(self.range.1 - 1));
        for at in (start / self.step - 1).max(0)..=end / self.step {
            let t = self.time(number, at as u64);
            if (start..=end).contains(&t) {
                out.t.push(t);
                out.v.push(Self::value(number, at as u64));
            }
        }
        Ok(())
    }

    fn exemplars(&mut self, _: usize, _: &mut Vec<Exemplar>) -> Result<(), Error> {
        Ok(())
    }
}
