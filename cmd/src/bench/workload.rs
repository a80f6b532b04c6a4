//! What is sent: which targets there are, what each exposes, and at which times.

use std::ops::Range;

use anyhow::{Context, ensure};
use mneme_model::stale_nan;

use super::args::{Shape, WorkloadArgs};
use super::kube::{self, Pairs, SERIES_PER_TARGET, Target, Template};
use super::mix::{below, mix, unit};
use super::mixed::{self, Mixed};
use super::replay::Replay;
use super::signal::Signal;

/// The most steps by which a late sample is late.
pub(super) const LATEST: u32 = 20;

/// Where a series' values come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// Computed.
    Signal(Signal),
    /// A row of the snapshots, from this snapshot on.
    Row {
        /// Which series of the snapshots.
        row: u32,
        /// Which snapshot is step 0.
        offset: u32,
    },
}

/// The series of one target in one generation.
pub(super) type TargetSeries = Vec<(Pairs, Source)>;

enum Kind {
    Kube(Template),
    Mixed(Mixed),
    Replay(Replay),
}

/// The whole load, as the flags say: a pure function of them.
pub(super) struct Workload {
    kind: Kind,
    /// Series at any one time.
    pub(super) series: u64,
    /// How many times each is scraped.
    pub(super) steps: u32,
    /// Milliseconds of step 0.
    pub(super) start: i64,
    interval: i64,
    churn: f64,
    out_of_order: f64,
    histograms: f64,
    exemplars: f64,
    seed: u64,
}

impl Workload {
    /// The load of `args`; `now` in milliseconds is for loads without a start.
    ///
    /// # Errors
    /// What cannot be sent, such as snapshots that cannot be read.
    pub(super) fn new(args: &WorkloadArgs, now: i64) -> anyhow::Result<Self> {
        let interval = i64::try_from(args.interval.as_millis()).context("--interval")?;
        ensure!(interval > 0, "--interval must be at least 1ms");
        let (kind, series, steps) = match args.shape {
            Shape::Kube => {
                (Kind::Kube(Template::new()), args.series.unwrap_or(100_000), args.steps.unwrap_or(240))
            }
            Shape::Mixed => {
                (Kind::Mixed(Mixed::new()), args.series.unwrap_or(100_000), args.steps.unwrap_or(240))
            }
            Shape::Snapshots => {
                let path = args.snapshots.as_ref().context("--shape snapshots needs --snapshots FILE")?;
                let replay = Replay::open(path, args.instances)?;
                let steps = args.steps.unwrap_or(replay.snapshots()).min(replay.snapshots());
                let series = replay.series_per_instance() as u64 * u64::from(args.instances);
                (Kind::Replay(replay), series, steps)
            }
        };
        ensure!(series > 0 && steps > 0, "--series and --steps must be above 0");
        let is_mixed = matches!(kind, Kind::Mixed(_));
        let minutes = f64::from(steps) * interval as f64 / 60_000.0;
        let from = now - now.rem_euclid(interval) - i64::from(steps) * interval;
        Ok(Self {
            kind,
            series,
            steps,
            start: args.start.unwrap_or(from),
            interval,
            churn: if is_mixed && args.churn == 0.0 { mixed::REPLACED / minutes } else { args.churn },
            out_of_order: args.out_of_order,
            histograms: args.histograms,
            exemplars: args.exemplars,
            seed: args.seed,
        })
    }

    /// How many targets there are.
    pub(super) fn targets(&self) -> u64 {
        self.series.div_ceil(self.series_per_target())
    }

    /// How many series a target exposes, except the last one, which has the rest.
    pub(super) fn series_per_target(&self) -> u64 {
        match &self.kind {
            Kind::Kube(_) | Kind::Mixed(_) => SERIES_PER_TARGET as u64,
            Kind::Replay(replay) => replay.series_per_instance() as u64,
        }
    }

    /// The slots of a target.
    pub(super) fn slots(&self, target: u64) -> Range<u64> {
        let first = target * self.series_per_target();
        first..self.series.min(first + self.series_per_target())
    }

    /// The value of the label `instance` of a target, which no other target has.
    pub(super) fn instance(&self, target: u64) -> String {
        match &self.kind {
            Kind::Kube(_) | Kind::Mixed(_) => kube::instance(target),
            Kind::Replay(_) => Replay::instance(target),
        }
    }

    /// The steps after which everything is sent: late samples come after the last scrape.
    pub(super) fn rounds(&self) -> u32 {
        if self.out_of_order > 0.0 { self.steps + LATEST } else { self.steps }
    }

    /// Which pod stands behind a target at `step`: each minute of data time the share `churn` of them is replaced.
    pub(super) fn generation(&self, target: u64, step: u32) -> u64 {
        if self.churn <= 0.0 {
            return 0;
        }
        let minutes = f64::from(step) * self.interval as f64 / 60_000.0;
        let phase = match &self.kind {
            Kind::Mixed(_) => mixed::phase(self.seed, target),
            _ => unit(mix(self.seed ^ 0xc0de, target)),
        };
        (minutes * self.churn + phase) as u64
    }

    /// The series of some slots of a target in a generation.
    pub(super) fn load_slots(&self, target: u64, generation: u64, slots: Range<u64>) -> TargetSeries {
        let first = self.slots(target).start;
        match &self.kind {
            Kind::Kube(template) => {
                let pod = Target::new(self.seed, target, generation);
                let series = |slot| {
                    let (labels, signal) =
                        template.series(&pod, (slot - first) as usize, self.is_native(slot));
                    (labels, Source::Signal(signal))
                };
                slots.map(series).collect()
            }
            Kind::Mixed(mixed) => {
                let pod = mixed::Target::new(self.seed, target, generation);
                let series = |slot| {
                    let (labels, signal) = mixed.series(&pod, (slot - first) as usize, self.is_native(slot));
                    (labels, Source::Signal(signal))
                };
                slots.map(series).collect()
            }
            Kind::Replay(replay) => {
                let (skip, count) = ((slots.start - first) as usize, (slots.end - slots.start) as usize);
                replay.target(target, self.steps).into_iter().skip(skip).take(count).collect()
            }
        }
    }

    fn is_native(&self, slot: u64) -> bool {
        self.histograms > 0.0 && unit(mix(self.seed ^ 0x4157, slot)) < self.histograms
    }

    /// When a target is scraped for the `step`th time: each has its own moment within the interval, some are a little off it.
    pub(super) fn timestamp(&self, target: u64, step: u32) -> i64 {
        let interval = self.interval as u64;
        let jitter = match &self.kind {
            Kind::Mixed(_) => mixed::jitter(self.seed, target).min(interval / 8),
            _ => 0,
        };
        let moment = below(mix(self.seed ^ 0x7173, target), interval - 2 * jitter);
        let off = match jitter {
            0 => 0,
            _ => below(mix(mix(self.seed ^ 0x717e, target), u64::from(step)), 2 * jitter + 1),
        };
        self.begin_of(step) + (moment + off) as i64
    }

    /// Whether a target shows anything at `step`.
    pub(super) fn is_scraped(&self, target: u64, step: u32) -> bool {
        match &self.kind {
            Kind::Mixed(_) => !mixed::is_missed(self.seed, target, step),
            _ => true,
        }
    }

    /// The float of a target's source at `step`, if it has one: a scrape may fail, snapshots may lack a series. Of the mixed load each
    /// series ends with a stale marker.
    pub(super) fn value(&self, target: u64, source: &Source, step: u32) -> Option<f64> {
        match (source, &self.kind) {
            (Source::Signal(signal), Kind::Mixed(_)) => {
                let is_last = self.generation(target, step) != self.generation(target, step + 1);
                let value = || if is_last { stale_nan() } else { signal.value(step) };
                self.is_scraped(target, step).then(value)
            }
            (Source::Signal(signal), _) => Some(signal.value(step)),
            (Source::Row { row, offset }, Kind::Replay(replay)) => replay.value(*row, offset + step),
            (Source::Row { .. }, _) => None,
        }
    }

    /// How many steps late the sample of a slot at `step` is sent; 0 = in time.
    pub(super) fn delay(&self, slot: u64, step: u32) -> u32 {
        if self.out_of_order > 0.0 && unit(mix(self.seed ^ slot, u64::from(step))) < self.out_of_order {
            self.usual_delay(slot)
        } else {
            0
        }
    }

    /// How late the late samples of a slot are.
    pub(super) fn usual_delay(&self, slot: u64) -> u32 {
        1 + below(mix(self.seed ^ 0x1a7e, slot), u64::from(LATEST)) as u32
    }

    /// The trace of the sample of a slot at `step`, if it has an exemplar.
    pub(super) fn trace(&self, slot: u64, step: u32) -> Option<u64> {
        if self.exemplars <= 0.0 {
            return None;
        }
        let hash = mix(self.seed ^ 0x7ace ^ slot << 20, u64::from(step));
        (unit(hash) < self.exemplars).then_some(hash)
    }

    /// Milliseconds at which a step begins; its scrapes end before the next one begins.
    pub(super) fn begin_of(&self, step: u32) -> i64 {
        self.start + i64::from(step) * self.interval
    }
}
