//! Adding and subtracting histograms, also of different schemas, zero buckets and bounds.

use std::borrow::Cow;

use super::bounds::{exponential_bound, is_exponential_schema};
use super::custom::{add_mapped, intersect};
use super::kahan::kahan_add;
use super::layout::{Positions, SpanBuilder};
use super::reduce::reduce_kahan;
use super::{CounterResetHint, Error, FloatHistogram, Span};

/// What a caller may want to tell the user of an addition or subtraction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// One side said "counter reset", the other "no counter reset": the result says "unknown".
    pub counter_reset_collision: bool,
    /// The custom bounds differed: the result has those that both had.
    pub bounds_reconciled: bool,
}

impl FloatHistogram {
    /// Adds `other`, in the coarser schema, the wider zero bucket and the common custom bounds of both.
    ///
    /// The result may have empty buckets: see [`Self::compact`].
    ///
    /// # Errors
    /// [`Error::IncompatibleSchema`]: exponential and custom buckets. Then nothing has changed.
    pub fn add(&mut self, other: &Self) -> Result<Added, Error> {
        self.combine(other, false)
    }

    /// Subtracts `other`; everything else as in [`Self::add`].
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn sub(&mut self, other: &Self) -> Result<Added, Error> {
        self.combine(other, true)
    }

    fn combine(&mut self, other: &Self, negative: bool) -> Result<Added, Error> {
        let mut added = self.begin(other)?;
        let sign = if negative { -1.0 } else { 1.0 };
        if !self.uses_custom_buckets() {
            let zero = self.reconcile_zero(other, None);
            self.zero_count += sign * zero.sum;
        }
        self.count += sign * other.count;
        self.sum += sign * other.sum;
        if self.uses_custom_buckets() && self.custom_values != other.custom_values {
            added.bounds_reconciled = true;
            self.combine_mapped(other, negative, None);
            return Ok(added);
        }
        if other.schema < self.schema {
            self.reduce_to(other.schema);
        }
        let theirs = other.in_schema(self.schema);
        let grid = Grid { schema: self.schema, threshold: self.zero_threshold };
        let add = |sum: &mut f64, count: f64| *sum += sign * count;
        grid.merge(
            &mut self.positive_spans,
            &mut self.positive_buckets,
            &theirs.positive_spans,
            &theirs.positive_buckets,
            add,
        );
        grid.merge(
            &mut self.negative_spans,
            &mut self.negative_buckets,
            &theirs.negative_spans,
            &theirs.negative_buckets,
            add,
        );
        Ok(added)
    }

    /// [`Self::add`] as one step of a Kahan summation: `compensation` is what rounding has taken so far, `None` at first;
    /// `self.add(&compensation)` ends the summation.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn kahan_add(&mut self, other: &Self, compensation: &mut Option<Self>) -> Result<Added, Error> {
        let mut added = self.begin(other)?;
        let mut owned = compensation.take().unwrap_or_else(|| self.no_compensation());
        let c = &mut owned;
        if !self.uses_custom_buckets() {
            let zero = self.reconcile_zero(other, Some(c));
            self.add_zero(c, zero);
        }
        kahan_add(other.count, &mut self.count, &mut c.count);
        kahan_add(other.sum, &mut self.sum, &mut c.sum);
        if self.uses_custom_buckets() && self.custom_values != other.custom_values {
            added.bounds_reconciled = true;
            self.combine_mapped(other, false, Some(c));
        } else {
            self.kahan_merge(other, c);
        }
        *compensation = Some(owned);
        Ok(added)
    }

    /// Buckets of `other` into those of `self` and `c`, which share their layout.
    fn kahan_merge(&mut self, other: &Self, c: &mut Self) {
        let reduced = other.schema < self.schema;
        let (origin, target) = (self.schema, self.schema.min(other.schema));
        let grid = Grid { schema: target, threshold: self.zero_threshold };
        let sides = [
            (
                &mut self.positive_spans,
                &mut self.positive_buckets,
                &mut c.positive_buckets,
                &other.positive_spans,
                &other.positive_buckets,
            ),
            (
                &mut self.negative_spans,
                &mut self.negative_buckets,
                &mut c.negative_buckets,
                &other.negative_spans,
                &other.negative_buckets,
            ),
        ];
        for (spans, sums, compensations, other_spans, other_counts) in sides {
            compensations.resize(sums.len(), 0.0);
            if reduced {
                (*spans, *sums, *compensations) = reduce_kahan(spans, sums, compensations, origin, target);
            }
            let mut pairs: Vec<(f64, f64)> =
                sums.iter().copied().zip(compensations.iter().copied()).collect();
            let add = |(sum, c): &mut (f64, f64), (count, more): (f64, f64)| {
                kahan_add(count, sum, c);
                if more != 0.0 {
                    kahan_add(more, sum, c);
                }
            };
            if target < other.schema {
                let (other_spans, counts, more) =
                    reduce_kahan(other_spans, other_counts, &[], other.schema, target);
                let counts: Vec<_> = counts.into_iter().zip(more).collect();
                grid.merge(spans, &mut pairs, &other_spans, &counts, add);
            } else {
                let counts: Vec<_> = other_counts.iter().map(|count| (*count, 0.0)).collect();
                grid.merge(spans, &mut pairs, other_spans, &counts, add);
            }
            (*sums, *compensations) = pairs.into_iter().unzip();
        }
        self.schema = target;
        c.schema = target;
        c.zero_threshold = self.zero_threshold;
        c.positive_spans.clone_from(&self.positive_spans);
        c.negative_spans.clone_from(&self.negative_spans);
    }

    /// Custom buckets of different bounds.
    fn combine_mapped(&mut self, other: &Self, negative: bool, c: Option<&mut Self>) {
        let bounds = intersect(&self.custom_values, &other.custom_values);
        let compensations = c.as_deref().map_or(&[][..], |c| &c.positive_buckets);
        let mapped = add_mapped(self, compensations, other, negative, &bounds);
        self.positive_spans = mapped.spans;
        self.positive_buckets = mapped.sums;
        if let Some(c) = c {
            c.positive_spans.clone_from(&self.positive_spans);
            c.positive_buckets = mapped.compensations;
            c.custom_values.clone_from(&bounds);
        }
        self.custom_values = bounds;
    }

    /// Checks that both can be added and settles the hint.
    fn begin(&mut self, other: &Self) -> Result<Added, Error> {
        if self.uses_custom_buckets() != other.uses_custom_buckets() {
            return Err(Error::IncompatibleSchema);
        }
        Ok(Added { counter_reset_collision: self.merge_hint(other), bounds_reconciled: false })
    }

    /// Gauge beats unknown beats the two that say something; those two beside each other are a collision: unknown, true.
    fn merge_hint(&mut self, other: &Self) -> bool {
        use CounterResetHint::{Gauge, Unknown};
        let (ours, theirs) = (self.counter_reset_hint, other.counter_reset_hint);
        self.counter_reset_hint = match (ours, theirs) {
            _ if ours == theirs => ours,
            (Gauge, _) | (_, Gauge) => Gauge,
            _ => Unknown,
        };
        ours != theirs && ![ours, theirs].iter().any(|hint| matches!(hint, Gauge | Unknown))
    }

    fn in_schema(&self, schema: i32) -> Cow<'_, Self> {
        if self.schema == schema { Cow::Borrowed(self) } else { Cow::Owned(self.copy_to_schema(schema)) }
    }

    /// A compensation of nothing, in the layout of `self`.
    fn no_compensation(&self) -> Self {
        Self {
            counter_reset_hint: self.counter_reset_hint,
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            custom_values: self.custom_values.clone(),
            positive_spans: self.positive_spans.clone(),
            negative_spans: self.negative_spans.clone(),
            positive_buckets: vec![0.0; self.positive_buckets.len()],
            negative_buckets: vec![0.0; self.negative_buckets.len()],
            ..Self::default()
        }
    }
}

/// The buckets that an addition works on.
struct Grid {
    schema: i32,
    /// Buckets of the right side that end at or below this are in the zero bucket already.
    threshold: f64,
}

impl Grid {
    /// Adds the buckets `theirs` to `ours`, with `add` where both have one.
    fn merge<T: Copy + Default>(
        &self,
        spans: &mut Vec<Span>,
        ours: &mut Vec<T>,
        their_spans: &[Span],
        theirs: &[T],
        add: impl Fn(&mut T, T),
    ) {
        let inside = self.count_inside(their_spans, theirs.len());
        if *spans == their_spans && ours.len() == theirs.len() {
            for (sum, count) in ours.iter_mut().zip(theirs).skip(inside) {
                add(sum, *count);
            }
            return;
        }
        let (mut out, mut sums) = (SpanBuilder::default(), Vec::with_capacity(ours.len() + theirs.len()));
        let mut left = Positions::new(spans, ours.len()).peekable();
        let mut right = Positions::new(their_spans, theirs.len()).skip(inside).peekable();
        loop {
            let (l, r) = (left.peek().copied(), right.peek().copied());
            let index = match (l, r) {
                (Some((l, _)), Some((r, _))) => l.min(r),
                (Some((index, _)), None) | (None, Some((index, _))) => index,
                (None, None) => break,
            };
            let mut sum = T::default();
            if let Some((_, at)) = l.filter(|(l, _)| *l == index) {
                sum = ours[at];
                left.next();
            }
            if let Some((_, at)) = r.filter(|(r, _)| *r == index) {
                add(&mut sum, theirs[at]);
                right.next();
            }
            out.push(index);
            sums.push(sum);
        }
        *spans = out.finish();
        *ours = sums;
    }

    /// How many of the first buckets are inside of the zero bucket.
    fn count_inside(&self, spans: &[Span], buckets: usize) -> usize {
        if !is_exponential_schema(self.schema) || self.threshold == 0.0 {
            return 0;
        }
        Positions::new(spans, buckets)
            .take_while(|(index, _)| exponential_bound(*index, self.schema) <= self.threshold)
            .count()
    }
}
